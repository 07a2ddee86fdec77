// Package account answers one question for the commands: "a valid token for
// this account". It signs in, keeps what came of it in the vault, judges
// whether it is still good, renews it under the account's lock, mints JWTs
// about the person and forgets everything at sign-out.
//
// It is the only package that knows both the protocol (package oauth) and the
// store (package vault), and it speaks to people through nobody: it returns
// values and typed errors, and the commands word them.
//
// Two rules shape it. A token is saved before it is shown to anyone, and a
// record belongs to the server it came from: when the settings now point
// somewhere else, the token stays where it is (C23, S17).
package account

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/socialauth/socialauth/internal/oauth"
	"github.com/socialauth/socialauth/internal/provider"
	"github.com/socialauth/socialauth/internal/secret"
	"github.com/socialauth/socialauth/internal/vault"
)

// Service is the accounts of one person on one machine.
type Service struct {
	Vault *vault.Vault
	// Items is the OS keyring, for minted JWTs that are kept there as items of
	// their own.
	Items vault.Keyring
	HTTP  *http.Client
	Now   func() time.Time
	// Provider finds the current data of a preset or a user-defined provider.
	Provider func(id string) (*provider.Provider, error)
	// Worker has a job done by [Service.RenewHere] in a process that outlives
	// this one; nil does it here, where a killed caller loses the answer.
	Worker func(context.Context, Job) (*Renewal, error)
}

// Ref names an account: a provider and, if there are several accounts at it, a
// name.
type Ref struct{ Provider, Name string }

// String is "facebook" or "facebook/work".
func (r Ref) String() string {
	if r.Name == "" {
		return r.Provider
	}
	return r.Provider + "/" + r.Name
}

// RefError is an account name that cannot be one.
type RefError struct{ Text, Reason string }

// Error says why.
func (e *RefError) Error() string { return fmt.Sprintf("%q is not an account: %s", e.Text, e.Reason) }

// ParseRef reads "provider", "provider/name" or an issuer URL, whose account is
// named after its host.
func ParseRef(s string) (Ref, error) {
	if IsIssuer(s) {
		u, err := url.Parse(s)
		if err != nil || !isProvider(strings.ToLower(u.Host)) {
			return Ref{}, &RefError{s, "the issuer is not a URL with a host"}
		}
		return Ref{Provider: strings.ToLower(u.Host)}, nil
	}
	id, name, named := strings.Cut(s, "/")
	switch {
	case id == "" || named && name == "":
		return Ref{}, &RefError{s, "it is written provider or provider/name"}
	case !isProvider(id):
		return Ref{}, &RefError{s, "a provider is written with a-z, 0-9, dot and hyphen"}
	case len(name) > 64 || strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._@+-") != "":
		return Ref{}, &RefError{s, "a name has up to 64 letters, digits and . _ @ + -"}
	}
	return Ref{id, name}, nil
}

// isProvider reports whether s can be a provider's id or an issuer's host.
func isProvider(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789.:-[]") == ""
}

// IsIssuer reports whether s is an issuer URL rather than the name of a
// provider.
func IsIssuer(s string) bool {
	return strings.HasPrefix(s, "https://") || strings.HasPrefix(s, "http://")
}

func recordName(r Ref) vault.Name { return vault.Name{Kind: vault.KindAccount, ID: r.String()} }

// client is the registration an entry was made with.
func (s *Service) client(p *provider.Provider, id string, clientSecret secret.Text) *oauth.Client {
	return &oauth.Client{Provider: p, ClientID: id, ClientSecret: clientSecret, HTTP: s.HTTP, Now: s.Now}
}

// load reads an account.
func (s *Service) load(ctx context.Context, ref Ref) (*entry, error) {
	rec, err := s.Vault.Get(ctx, recordName(ref))
	if err != nil {
		return nil, notSignedIn(ref, err)
	}
	return decodeEntry(ref, rec)
}

// save writes an account, replacing what was there. A record that was damaged
// is moved aside first: a new sign-in is one of the two things that may do so.
func (s *Service) save(ctx context.Context, ref Ref, e *entry) error {
	rec, err := e.record(ref)
	if err != nil {
		return err
	}
	if _, err := s.Vault.MoveAside(ctx, rec.Name); err != nil {
		return err
	}
	_, err = s.Vault.Update(ctx, rec.Name, func(*vault.Record) (*vault.Record, error) { return rec, nil })
	return err
}

// server is the host a login belongs to.
func server(p *provider.Provider) string {
	u, err := url.Parse(p.TokenEndpoint)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// bound finds the provider of an entry and refuses when the settings now name
// another server than the one the tokens came from.
func (s *Service) bound(ref Ref, e *entry) (*provider.Provider, error) {
	p := e.secrets.discovered
	if p == nil {
		var err error
		if p, err = s.Provider(e.meta.Provider); err != nil {
			return nil, err
		}
	}
	if now := server(p); now != e.meta.Server {
		return nil, &OtherServerError{Account: ref, Stored: e.meta.Server, Now: now}
	}
	return p, nil
}

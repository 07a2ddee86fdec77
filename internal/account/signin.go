package account

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/socialauth/socialauth/internal/oauth"
	"github.com/socialauth/socialauth/internal/provider"
	"github.com/socialauth/socialauth/internal/secret"
	"github.com/socialauth/socialauth/internal/vault"
)

// SignIn is what a sign-in needs to know.
type SignIn struct {
	Account  Ref
	Provider *provider.Provider
	// Discovered: Provider came from discovery and is kept with the account.
	Discovered   bool
	ClientID     string
	ClientSecret secret.Text
	Port         int    // 0 = the provider's rule
	RedirectURI  string // empty = the provider's rule
	// Scopes replace the provider's own when not empty; AddScopes come on top
	// of them or of what the account has already.
	Scopes, AddScopes []string
	Params            map[string]string
	LoginHint         string
	// ExpectSub, if set, is who must have signed in.
	ExpectSub string
	// Timeout is how long the person has.
	Timeout time.Duration
	// Show gives the URL to the person. It is called once, with the listener up.
	Show func(ctx context.Context, authorizationURL, redirectURI string) error
	// Pasted delivers what the person pastes instead of being redirected.
	Pasted <-chan string
	// Notice takes one line about what happens meanwhile; it may hold text from elsewhere.
	Notice func(string)
	// JWT says how to mint the account's JWT; nil means not at all.
	JWT *Mint
}

// SignedIn is what came of it.
type SignedIn struct {
	Account  Ref
	Meta     Meta
	Warnings []string // the scopes that were not granted among them
	Storage  string
}

// SignIn signs the person in and keeps the tokens. Storage is proved before
// the URL is shown, so that no sign-in is made that could not be kept (S01).
// Nothing is changed unless everything succeeded. A second sign-in to the same
// account waits for the first, and takes what that got: a person is not asked
// twice, and two tabs do not spoil each other's redirect.
func (s *Service) SignIn(ctx context.Context, r SignIn) (*SignedIn, error) {
	if err := s.Vault.Prove(ctx); err != nil {
		return nil, err
	}
	if err := s.replaceable(ctx, r.Account); err != nil {
		return nil, err
	}
	if r.JWT != nil && r.JWT.Keyring {
		if err := s.proveItems(ctx, r.Account); err != nil {
			return nil, err
		}
	}
	patience, cancel := context.WithTimeout(ctx, r.Timeout)
	defer cancel()
	var (
		done   *SignedIn
		waited bool
		start  = s.Now()
	)
	err := s.Vault.Alone(patience, recordName(r.Account), purposeLogin, func(pid int) error {
		waited = true
		r.Notice(fmt.Sprintf("another socialauth (pid %d) is signing in to %s; waiting for it", pid, r.Account))
		return nil
	}, func() (err error) {
		if waited {
			if info, err := s.Info(r.Account); err == nil && !info.SignedInAt.Before(start.Truncate(time.Second)) {
				done, err = s.signedIn(r.Account, info.Meta, nil)
				return err
			}
		}
		done, err = s.signInAlone(ctx, r)
		return err
	})
	return done, err
}

// replaceable refuses where the account's record could not be replaced once the
// person has signed in, because of what stands in its place (S07).
func (s *Service) replaceable(ctx context.Context, ref Ref) error {
	_, err := s.Vault.Get(ctx, recordName(ref))
	var damaged *vault.RecordDamagedError
	if errors.Is(err, vault.ErrNotFound) || errors.As(err, &damaged) {
		return nil
	}
	return err
}

// signInAlone is the sign-in itself.
func (s *Service) signInAlone(ctx context.Context, r SignIn) (*SignedIn, error) {
	scopes, err := s.scopes(r)
	if err != nil {
		return nil, err
	}
	listener, err := oauth.Listen(ctx, oauth.ListenOptions{Redirect: r.Provider.Redirect, Port: r.Port, RedirectURI: r.RedirectURI})
	if err != nil {
		return nil, err
	}
	defer listener.Close()
	client := s.client(r.Provider, r.ClientID, r.ClientSecret)
	attempt, err := client.Authorize(oauth.AuthorizeOptions{
		RedirectURI: listener.RedirectURI(), Scopes: scopes, Params: r.Params, LoginHint: r.LoginHint,
	})
	if err != nil {
		return nil, err
	}
	if err := r.Show(ctx, attempt.URL, listener.RedirectURI()); err != nil {
		return nil, err
	}
	waiting, cancel := context.WithTimeout(ctx, r.Timeout)
	defer cancel()
	var done *SignedIn
	err = listener.Wait(waiting, oauth.WaitOptions{
		Attempt: attempt, Pasted: r.Pasted, Notice: r.Notice,
		// The exchange has limits of its own; an answer in the last second of
		// the person's time is still an answer.
		Finish: func(_ context.Context, resp *oauth.Response) (err error) {
			done, err = s.complete(ctx, client, r, attempt, resp)
			return err
		},
	})
	if err != nil {
		return nil, err
	}
	return done, nil
}

// scopes are the ones to ask for; nil means the provider's own.
func (s *Service) scopes(r SignIn) ([]string, error) {
	if len(r.AddScopes) == 0 {
		return r.Scopes, nil
	}
	scopes := slices.Clone(r.Scopes)
	if len(scopes) == 0 {
		scopes = slices.Clone(r.Provider.Scopes)
		info, err := s.Info(r.Account)
		var missing *NotSignedInError
		switch {
		case err == nil:
			scopes = slices.Clone(info.Scopes)
		case !errors.As(err, &missing):
			return nil, err
		}
	}
	for _, scope := range r.AddScopes {
		if !slices.Contains(scopes, scope) {
			scopes = append(scopes, scope)
		}
	}
	return scopes, nil
}

// complete turns the authorization response into a kept account.
func (s *Service) complete(ctx context.Context, c *oauth.Client, r SignIn, a *oauth.Attempt, resp *oauth.Response) (*SignedIn, error) {
	tokens, err := c.Exchange(ctx, a, resp)
	if err != nil {
		return nil, err
	}
	profile, err := c.Profile(ctx, tokens)
	if err != nil {
		return nil, err
	}
	if r.ExpectSub != "" && profile.Sub != r.ExpectSub {
		s.abandon(ctx, c, tokens, profile.Sub)
		return nil, &SubjectError{Want: r.ExpectSub, Got: profile.Sub}
	}
	e := newEntry(r, tokens, profile, s.Now())
	warnings := slices.Clone(tokens.Warnings)
	// From here on the tokens exist only in this process: a Ctrl-C must not
	// lose them between the answer and the disk.
	ctx = context.WithoutCancel(ctx)
	if r.JWT != nil {
		warning, err := s.mintAtSignIn(ctx, r.Account, e, *r.JWT)
		if err != nil {
			return nil, err
		}
		warnings = append(warnings, warning...)
	}
	before, _ := s.Info(r.Account)
	if err := s.save(ctx, r.Account, e); err != nil {
		return nil, err
	}
	if before != nil && before.hasItem() && !e.meta.hasItem() {
		if err := s.removeItem(ctx, r.Account); err != nil {
			warnings = append(warnings, "the JWT of the last sign-in is still in the keyring: "+err.Error())
		}
	}
	return s.signedIn(r.Account, e.meta, warnings)
}

// signedIn is the result of a sign-in that has been kept.
func (s *Service) signedIn(ref Ref, meta Meta, warnings []string) (*SignedIn, error) {
	info, err := s.Vault.Info()
	if err != nil {
		return nil, err
	}
	return &SignedIn{Account: ref, Meta: meta, Warnings: warnings, Storage: string(info.Storage)}, nil
}

// abandon gives tokens back that will not be kept; it is a courtesy and may fail.
func (s *Service) abandon(ctx context.Context, c *oauth.Client, t *oauth.Tokens, sub string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), revokeTimeout)
	defer cancel()
	_ = c.Revoke(ctx, t, sub)
}

func newEntry(r SignIn, t *oauth.Tokens, p *oauth.Profile, now time.Time) *entry {
	e := &entry{
		meta: Meta{
			Provider: r.Provider.ID, Issuer: r.Provider.Issuer, Discovered: r.Discovered, Server: server(r.Provider),
			ClientID: r.ClientID, SignedInAt: now.UTC().Round(0),
		},
		secrets: secrets{clientSecret: r.ClientSecret},
	}
	if r.Discovered {
		e.secrets.discovered = r.Provider
	}
	e.setTokens(t, r.Provider)
	e.setProfile(p)
	return e
}

func (e *entry) setProfile(p *oauth.Profile) {
	e.meta.Identity = Identity{
		Sub: p.Sub, Username: p.Username, Name: p.Name, Email: p.Email, EmailVerified: p.EmailVerified, Picture: p.Picture,
	}
	e.secrets.profile = p.Raw
}

// proveItems finds out whether the OS keyring can hold the JWT, before anyone
// signs in.
func (s *Service) proveItems(ctx context.Context, ref Ref) error {
	_, err := s.Items.Get(ctx, vault.Service, itemUser(ref))
	if err != nil && !errors.Is(err, vault.ErrNotFound) {
		return fmt.Errorf("keep the JWT in the keyring: %w", err)
	}
	return nil
}

package account

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/socialauth/socialauth/internal/oauth"
	"github.com/socialauth/socialauth/internal/secret"
	"github.com/socialauth/socialauth/internal/vault"
)

// revokeTimeout is how long a sign-out waits for the provider (T29).
const revokeTimeout = 5 * time.Second

// Profile asks the provider who the account is, and remembers it.
func (s *Service) Profile(ctx context.Context, ref Ref) (*oauth.Profile, error) {
	c, tokens, err := s.ready(ctx, ref)
	if err != nil {
		return nil, err
	}
	profile, err := c.Profile(ctx, tokens)
	if err != nil {
		return nil, ended(ref, "the provider does not take its token any more", err)
	}
	_, err = s.Vault.Update(ctx, recordName(ref), func(old *vault.Record) (*vault.Record, error) {
		if old == nil {
			return nil, nil
		}
		e, err := decodeEntry(ref, old)
		if err != nil {
			return nil, err
		}
		e.setProfile(profile)
		return e.record(ref)
	})
	return profile, err
}

// Introspect asks the provider what it thinks of the access token.
func (s *Service) Introspect(ctx context.Context, ref Ref) (*oauth.Introspection, error) {
	e, err := s.load(ctx, ref)
	if err != nil {
		return nil, err
	}
	p, err := s.bound(ref, e)
	if err != nil {
		return nil, err
	}
	// The token is asked about as it is: renewing it first would answer
	// another question.
	in, err := s.client(p, e.meta.ClientID, e.secrets.clientSecret).Introspect(ctx, e.tokens())
	if err != nil {
		return nil, err
	}
	in.Raw = withoutToken(in.Raw, e.secrets.accessToken)
	return in, nil
}

// withoutToken takes the token out of an answer that repeats it, as GitHub's
// does: a question about a token is no place where one expects to see it.
func withoutToken(raw json.RawMessage, token secret.Text) json.RawMessage {
	for _, spelling := range []string{token.Reveal(), strings.ReplaceAll(token.Reveal(), "/", `\/`)} {
		raw = bytes.ReplaceAll(raw, []byte(spelling), []byte("[redacted]"))
	}
	return raw
}

// ready returns the client of an account and tokens that are good now.
func (s *Service) ready(ctx context.Context, ref Ref) (*oauth.Client, *oauth.Tokens, error) {
	if _, err := s.Token(ctx, ref, TokenRequest{Type: Access}); err != nil {
		return nil, nil, err
	}
	e, err := s.load(ctx, ref)
	if err != nil {
		return nil, nil, err
	}
	p, err := s.bound(ref, e)
	if err != nil {
		return nil, nil, err
	}
	return s.client(p, e.meta.ClientID, e.secrets.clientSecret), e.tokens(), nil
}

// Revocation is what became of a sign-out.
type Revocation struct {
	Account Ref
	// Revoked: the provider confirmed that the grant has ended.
	Revoked bool
	// Problem is why it could not be asked or did not confirm; nil if it was
	// not to be asked.
	Problem error
}

// Revoke ends the grant at the provider and keeps the account, whose tokens
// are then of no use until the next sign-in.
func (s *Service) Revoke(ctx context.Context, ref Ref) error {
	e, err := s.load(ctx, ref)
	if err != nil {
		return err
	}
	refused, err := s.revokeLatest(ctx, ref, e)
	return cmp.Or(err, refused)
}

func (s *Service) revoke(ctx context.Context, ref Ref, e *entry) error {
	p, err := s.bound(ref, e)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, revokeTimeout)
	defer cancel()
	return s.client(p, e.meta.ClientID, e.secrets.clientSecret).Revoke(ctx, e.tokens(), e.meta.Identity.Sub)
}

// revokeLatest ends the grant under the account's lock: a renewal that is under way
// is waited for, and it is what that got that is revoked (R10). The second error
// is about this machine.
func (s *Service) revokeLatest(ctx context.Context, ref Ref, e *entry) (refused, err error) {
	err = s.Vault.Hold(ctx, recordName(ref), func(h *vault.Held) error {
		rec, err := h.Get()
		if err == nil {
			e, err = decodeEntry(ref, rec)
		}
		if err != nil && !errors.Is(err, vault.ErrNotFound) {
			return err
		}
		refused = s.revoke(ctx, ref, e)
		return nil
	})
	return refused, err
}

// SignOut ends the grant at the provider, unless localOnly, and forgets the
// account and its item in the OS keyring. Forgetting does not wait on the
// provider's consent: what it said is in the result. The error is about this
// machine alone. An account that cannot be read, because its keyring is locked
// or its record damaged, is forgotten with localOnly only: its grant could not
// be ended any more.
func (s *Service) SignOut(ctx context.Context, ref Ref, localOnly bool) (*Revocation, error) {
	done := &Revocation{Account: ref}
	info, unknown := s.Info(ref)
	if unknown != nil || !localOnly {
		e, err := s.load(ctx, ref)
		var damaged *vault.RecordDamagedError
		switch {
		case localOnly && errors.As(err, &damaged):
		case err != nil:
			return nil, err
		case !localOnly:
			if done.Problem, err = s.revokeLatest(ctx, ref, e); err != nil {
				return nil, err
			}
			done.Revoked = done.Problem == nil
		}
	}
	// The item first: with the record gone nothing would say that there is one.
	switch {
	case unknown != nil:
		_ = s.removeItem(ctx, ref) // nothing says whether there is one
	case info.hasItem():
		if err := s.removeItem(ctx, ref); err != nil {
			return nil, err
		}
	}
	return done, s.Vault.Delete(ctx, recordName(ref))
}

package account

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/socialauth/socialauth/internal/oauth"
	"github.com/socialauth/socialauth/internal/provider"
	"github.com/socialauth/socialauth/internal/secret"
)

// The types of token an account can print.
const (
	Access  = "access"
	ID      = "id"
	Refresh = "refresh"
	JWT     = "jwt"
)

// TokenRequest says which token is wanted and how good it must be.
type TokenRequest struct {
	Type string
	// MinValidity is how long the token must still be good; nil means the
	// default margin, the smaller of 60 s and a tenth of its lifetime (R18).
	MinValidity *time.Duration
	// NoRefresh forbids asking the provider; Force demands it.
	NoRefresh, Force bool
}

// Token is a token that may be used now.
type Token struct {
	Account   Ref
	Value     secret.Text
	Type      string // of the request: "access", …
	TokenType string // of the provider: "Bearer"; empty for others than access tokens
	ExpiresAt time.Time
	Expiry    oauth.Expiry
	Scopes    []string
	Renewed   bool
	// Unsaved: the disk did not take it, so this is the only time it is seen.
	Unsaved  bool
	Warnings []string
}

// Token returns a token of the account. It never involves the person: when
// that would be needed the error is a [*SignInAgainError] or a
// [*NotSignedInError]. Meanwhile other processes may renew the same account;
// one of them asks the provider and the others take what it got (R01).
func (s *Service) Token(ctx context.Context, ref Ref, r TokenRequest) (*Token, error) {
	e, err := s.load(ctx, ref)
	if err != nil {
		return nil, err
	}
	p, err := s.bound(ref, e)
	if err != nil {
		return nil, err
	}
	switch r.Type {
	case JWT:
		return s.jwtToken(ctx, ref, e, r)
	case Refresh:
		if e.secrets.refreshToken.IsZero() {
			return nil, &NoTokenError{ref, Refresh, p.Name + " gave none"}
		}
		return &Token{Account: ref, Value: e.secrets.refreshToken, Type: Refresh, ExpiresAt: e.meta.RefreshExpiresAt}, nil
	case ID:
		if e.secrets.idToken.IsZero() {
			return nil, &NoTokenError{ref, ID, p.Name + " gave none"}
		}
	}
	need := s.judge(e, p, r)
	if need == fresh || r.NoRefresh {
		return s.present(ref, e, r, need)
	}
	return s.renew(ctx, ref, e, p, r, need)
}

// Renew asks the provider for new tokens whatever the old ones are worth.
func (s *Service) Renew(ctx context.Context, ref Ref) (*Token, error) {
	return s.Token(ctx, ref, TokenRequest{Type: Access, Force: true})
}

// need is how urgently a token wants renewing.
type need int

const (
	fresh   need = iota // good for as long as was asked
	welcome             // good, but now is a good time to renew it
	due                 // good, but not for as long as was asked
	unknown             // nobody said how long it is good
	over                // no longer good
)

// judge looks at the clock, on the wall: a laptop's suspended hours count (C19).
func (s *Service) judge(e *entry, p *provider.Provider, r TokenRequest) need {
	now := s.Now().Round(0)
	expires, lifetime := e.meta.ExpiresAt, e.meta.ExpiresAt.Sub(e.meta.ObtainedAt)
	if r.Type == ID {
		// An ID token has a lifetime of its own, often shorter.
		if exp, ok := idTokenExpiry(e.secrets.claims); ok {
			expires, lifetime = exp, exp.Sub(e.meta.ObtainedAt)
		}
	} else if e.meta.Expiry == oauth.ExpiryNever {
		if r.Force {
			return due
		}
		return fresh
	} else if e.meta.Expiry == oauth.ExpiryUnknown {
		return unknown
	}
	margin := max(0, min(time.Minute, lifetime/10))
	margin -= rand.N(margin/10 + 1) // so that a crowd of processes does not come in the same second
	if r.MinValidity != nil {
		margin = *r.MinValidity
	}
	left := expires.Sub(now)
	switch {
	case left <= 0:
		return over
	case left > lifetime+time.Minute: // the clock was set back, or the record is not what it seems (R16)
		return due
	case r.Force, left < margin:
		return due
	case p.Refresh == provider.RefreshFB && left < lifetime/4:
		// An expired token cannot be exchanged any more, so the last minute is
		// the wrong time to try.
		return welcome
	}
	return fresh
}

// unsaved is a token that the provider gave and the disk did not take.
func unsaved(ref Ref, e *entry, done *Renewal) *Token {
	return &Token{
		Account: ref, Value: secret.New(done.Unsaved), Type: Access, TokenType: e.meta.TokenType,
		ExpiresAt: done.ExpiresAt, Expiry: oauth.ExpiryKnown, Scopes: e.meta.Scopes, Renewed: true, Unsaved: true, Warnings: done.Warnings,
	}
}

// present shows the entry's token as it is.
func (s *Service) present(ref Ref, e *entry, r TokenRequest, n need) (*Token, error) {
	if n == over {
		return nil, &SignInAgainError{Account: ref, Reason: "the " + r.Type + " token has expired"}
	}
	t := &Token{
		Account: ref, Value: e.secrets.accessToken, Type: r.Type, TokenType: e.meta.TokenType,
		ExpiresAt: e.meta.ExpiresAt, Expiry: e.meta.Expiry, Scopes: e.meta.Scopes,
	}
	if r.Type == ID {
		t.Value, t.TokenType = e.secrets.idToken, ""
		t.Expiry = oauth.ExpiryUnknown
		if exp, ok := idTokenExpiry(e.secrets.claims); ok {
			t.ExpiresAt, t.Expiry = exp, oauth.ExpiryKnown
		}
	}
	if n == unknown {
		t.Warnings = append(t.Warnings, "the provider did not say how long this token is good")
	}
	return t, nil
}

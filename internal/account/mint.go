package account

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/socialauth/socialauth/internal/jose"
	"github.com/socialauth/socialauth/internal/oauth"
	"github.com/socialauth/socialauth/internal/secret"
	"github.com/socialauth/socialauth/internal/vault"
)

// What a minted JWT says when nobody says otherwise.
const (
	DefaultIssuer   = "socialauth"
	DefaultAudience = "socialauth"
	DefaultTTL      = time.Hour
)

// Mint says how a JWT about an account is made.
type Mint struct {
	Key string // name of a signing key; empty = the default key, made if there is none
	TTL time.Duration
	// ExpiresAt, if set, is when it expires, to the second, whatever TTL says.
	ExpiresAt time.Time
	Issuer    string
	Audience  []string
	// Claims are added after the registered and the identity claims.
	Claims []Claim
	// Header fields are added to alg, typ and kid.
	Header jose.Claims
	// Keyring: put the JWT into the OS keyring as well.
	Keyring bool
}

// Claim is one claim that the caller adds.
type Claim struct {
	Name  string
	Value any
}

// withDefaults fills what was left open.
func (m Mint) withDefaults() Mint {
	if m.TTL == 0 {
		m.TTL = DefaultTTL
	}
	if m.Issuer == "" {
		m.Issuer = DefaultIssuer
	}
	if len(m.Audience) == 0 {
		m.Audience = []string{DefaultAudience}
	}
	return m
}

// Mint signs a JWT about the account without asking the provider. The account
// itself is changed only with m.Keyring, where the JWT becomes the account's
// own, an item of the OS keyring that is renewed and removed with it.
func (s *Service) Mint(ctx context.Context, ref Ref, m Mint) (*Token, error) {
	e, err := s.load(ctx, ref)
	if err != nil {
		return nil, err
	}
	if !m.Keyring {
		text, expires, _, err := s.mint(ctx, e, m)
		if err != nil {
			return nil, err
		}
		return jwtOf(ref, secret.New(text), expires), nil
	}
	return s.remint(ctx, ref, m)
}

// jwtToken is the account's JWT, minted anew when it is not good for long enough.
func (s *Service) jwtToken(ctx context.Context, ref Ref, e *entry, r TokenRequest) (*Token, error) {
	margin := time.Minute
	if r.MinValidity != nil {
		margin = *r.MinValidity
	}
	if j := e.meta.JWT; j != nil && !e.secrets.jwt.IsZero() && j.ExpiresAt.Sub(s.Now()) > margin && !r.Force {
		return jwtOf(ref, e.secrets.jwt, j.ExpiresAt), nil
	}
	if e.meta.JWT == nil {
		return nil, &NoTokenError{ref, JWT, "none was minted at sign-in"}
	}
	j := e.meta.JWT
	return s.remint(ctx, ref, Mint{Key: j.Key, TTL: j.TTL, Issuer: j.Issuer, Audience: j.Audience, Keyring: j.Keyring})
}

func jwtOf(ref Ref, value secret.Text, expires time.Time) *Token {
	return &Token{Account: ref, Value: value, Type: JWT, ExpiresAt: expires, Expiry: oauth.ExpiryKnown}
}

// remint mints the account's own JWT and keeps it.
func (s *Service) remint(ctx context.Context, ref Ref, m Mint) (*Token, error) {
	var token *Token
	_, err := s.Vault.Update(ctx, recordName(ref), func(old *vault.Record) (*vault.Record, error) {
		if old == nil {
			return nil, &NotSignedInError{ref}
		}
		e, err := decodeEntry(ref, old)
		if err != nil {
			return nil, err
		}
		if err := s.mintInto(ctx, ref, e, m); err != nil {
			return nil, err
		}
		token = jwtOf(ref, e.secrets.jwt, e.meta.JWT.ExpiresAt)
		return e.record(ref)
	})
	return token, err
}

// mintInto mints a JWT and makes it the account's own.
func (s *Service) mintInto(ctx context.Context, ref Ref, e *entry, m Mint) error {
	text, expires, key, err := s.mint(ctx, e, m)
	if err != nil {
		return err
	}
	m = m.withDefaults()
	keyring := m.Keyring
	if keyring {
		if err := s.Items.Set(ctx, vault.Service, itemUser(ref), text); err != nil {
			return err
		}
	} else if e.meta.JWT != nil {
		keyring = e.meta.JWT.Keyring
	}
	e.secrets.jwt = secret.New(text)
	e.meta.JWT = &JWTMeta{Key: key, Issuer: m.Issuer, Audience: m.Audience, TTL: m.TTL, ExpiresAt: expires, Keyring: keyring}
	return nil
}

// mintAtSignIn mints the JWT of a new sign-in. A keyring that does not take it
// is no reason to lose the sign-in: the JWT stays in the vault alone, and a
// warning says so.
func (s *Service) mintAtSignIn(ctx context.Context, ref Ref, e *entry, m Mint) (warnings []string, err error) {
	err = s.mintInto(ctx, ref, e, m)
	var refused *vault.KeyringError
	if err == nil || !m.Keyring || !errors.As(err, &refused) || !strings.HasSuffix(refused.Item, "/"+itemUser(ref)) {
		return nil, err
	}
	m.Keyring = false
	warning := "the JWT is kept in the vault only: " + refused.Error()
	return []string{warning}, s.mintInto(ctx, ref, e, m)
}

// mint signs.
func (s *Service) mint(ctx context.Context, e *entry, m Mint) (text string, expires time.Time, keyName string, err error) {
	m = m.withDefaults()
	keyName, key, err := s.signingKey(ctx, m.Key)
	if err != nil {
		return "", time.Time{}, "", err
	}
	now := s.Now().Truncate(time.Second)
	expires = now.Add(m.TTL).UTC()
	if !m.ExpiresAt.IsZero() {
		expires = m.ExpiresAt.UTC().Truncate(time.Second)
	}
	if err := s.noteExpiry(ctx, keyName, key.KeyID(), expires); err != nil {
		return "", time.Time{}, "", err
	}
	payload, err := claims(e, m, now, expires)
	if err != nil {
		return "", time.Time{}, "", err
	}
	text, err = jose.Sign(key, jose.Header{Typ: jose.TypeMinted, Extra: m.Header}, payload)
	return text, expires, keyName, err
}

// claims are the registered claims, who the person is, and the caller's own.
// The tutorial's two, username and email, are there whenever they are known.
func claims(e *entry, m Mint, now, expires time.Time) (json.RawMessage, error) {
	id := e.meta.Identity
	username := id.Username
	if username == "" {
		username = id.Name
	}
	var aud any = m.Audience
	if len(m.Audience) == 1 {
		aud = m.Audience[0]
	}
	all := []Claim{
		{"iss", m.Issuer},
		{"sub", e.meta.Provider + "|" + id.Sub},
		{"aud", aud},
		{"iat", now.Unix()},
		{"nbf", now.Unix()},
		{"exp", expires.Unix()},
		{"jti", rand.Text()},
		{"provider", e.meta.Provider},
	}
	for _, c := range []Claim{{"username", username}, {"name", id.Name}, {"email", id.Email}, {"picture", id.Picture}} {
		if c.Value != "" {
			all = append(all, c)
		}
	}
	if id.Email != "" {
		all = append(all, Claim{"email_verified", id.EmailVerified})
	}
	var c jose.Claims
	for _, claim := range append(all, m.Claims...) {
		if err := c.Set(claim.Name, claim.Value); err != nil {
			return nil, err
		}
	}
	return c.Bytes(), nil
}

// itemUser is the user name of the JWT's item in the OS keyring; the service
// is [vault.Service]. People read it there, so it never changes.
func itemUser(ref Ref) string { return "jwt:" + ref.String() }

// removeItem takes the JWT out of the OS keyring.
func (s *Service) removeItem(ctx context.Context, ref Ref) error {
	err := s.Items.Delete(ctx, vault.Service, itemUser(ref))
	if errors.Is(err, vault.ErrNotFound) {
		return nil
	}
	return err
}

// idTokenExpiry is the exp claim of verified ID token claims.
func idTokenExpiry(claims json.RawMessage) (time.Time, bool) {
	var c struct {
		Exp json.Number `json:"exp"`
	}
	if json.Unmarshal(claims, &c) != nil {
		return time.Time{}, false
	}
	seconds, err := c.Exp.Int64()
	if err != nil {
		f, ferr := c.Exp.Float64()
		if ferr != nil {
			return time.Time{}, false
		}
		seconds = int64(f)
	}
	return time.Unix(seconds, 0).UTC(), true
}

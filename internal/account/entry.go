package account

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/socialauth/socialauth/internal/oauth"
	"github.com/socialauth/socialauth/internal/provider"
	"github.com/socialauth/socialauth/internal/secret"
	"github.com/socialauth/socialauth/internal/vault"
)

// Identity is who signed in, in the same words for every provider.
type Identity struct {
	Sub           string `json:"sub"`
	Username      string `json:"username,omitempty"`
	Name          string `json:"name,omitempty"`
	Email         string `json:"email,omitempty"`
	EmailVerified bool   `json:"email_verified"`
	Picture       string `json:"picture,omitempty"`
}

// Display is the best short name there is.
func (i Identity) Display() string {
	for _, s := range []string{i.Name, i.Username, i.Email} {
		if s != "" {
			return s
		}
	}
	return i.Sub
}

// Meta is the part of an account that is kept in clear, so that `status` needs
// neither keyring nor network. It is authenticated with the sealed part.
type Meta struct {
	Provider   string       `json:"provider"`
	Issuer     string       `json:"issuer,omitempty"`
	Discovered bool         `json:"discovered,omitempty"` // the provider's data came from its metadata
	Server     string       `json:"server"`               // scheme://host of the token endpoint
	ClientID   string       `json:"client_id"`
	Identity   Identity     `json:"identity"`
	Scopes     []string     `json:"scopes"`
	Denied     []string     `json:"denied,omitempty"`
	TokenType  string       `json:"token_type"`
	ObtainedAt time.Time    `json:"obtained_at"`
	ExpiresAt  time.Time    `json:"expires_at,omitzero"`
	Expiry     oauth.Expiry `json:"expiry"`
	// Renewable: the token can be renewed without the person.
	Renewable        bool      `json:"renewable"`
	RefreshExpiresAt time.Time `json:"refresh_expires_at,omitzero"`
	SignedInAt       time.Time `json:"signed_in_at"`
	HasIDToken       bool      `json:"has_id_token"`
	JWT              *JWTMeta  `json:"jwt,omitempty"`
	// Attempt is a renewal whose answer was never saved, Failure the last one
	// that was refused or did not get through; success clears both.
	Attempt *Attempt `json:"renewal_attempt,omitempty"`
	Failure *Failure `json:"renewal_failure,omitempty"`
}

// hasItem reports whether the JWT is an item of the OS keyring too.
func (m *Meta) hasItem() bool { return m.JWT != nil && m.JWT.Keyring }

// JWTMeta is how the account's JWT is minted and where else it is kept.
type JWTMeta struct {
	Key       string        `json:"key"`
	Issuer    string        `json:"issuer"`
	Audience  []string      `json:"audience"`
	TTL       time.Duration `json:"ttl"`
	ExpiresAt time.Time     `json:"expires_at"`
	// Keyring: the JWT is an item of the OS keyring too.
	Keyring bool `json:"keyring,omitempty"`
}

// entry is an account as this package works with it.
type entry struct {
	meta    Meta
	secrets secrets
}

// secrets is the sealed part of an account.
type secrets struct {
	clientSecret, accessToken, refreshToken, idToken, jwt secret.Text
	// previous is the refresh token before the last renewal, kept until the next
	// one for a person who has to find out what became of a chain of them.
	previous        secret.Text
	claims, profile json.RawMessage
	// discovered is the provider as discovery found it at sign-in; nil for
	// presets and user-defined ones, whose data is current.
	discovered *provider.Provider
}

// body is the sealed part as it is written.
type body struct {
	ClientSecret string             `json:"client_secret,omitempty"`
	AccessToken  string             `json:"access_token"`
	RefreshToken string             `json:"refresh_token,omitempty"`
	Previous     string             `json:"previous_refresh_token,omitempty"`
	IDToken      string             `json:"id_token,omitempty"`
	JWT          string             `json:"jwt,omitempty"`
	Claims       json.RawMessage    `json:"claims,omitempty"`
	Profile      json.RawMessage    `json:"profile,omitempty"`
	Discovered   *provider.Provider `json:"discovered,omitempty"`
}

// record seals e.
func (e *entry) record(ref Ref) (*vault.Record, error) {
	meta, err := json.Marshal(e.meta)
	if err != nil {
		return nil, fmt.Errorf("write the account: %w", err)
	}
	s := e.secrets
	sealed, err := json.Marshal(body{
		ClientSecret: s.clientSecret.Reveal(),
		AccessToken:  s.accessToken.Reveal(),
		RefreshToken: s.refreshToken.Reveal(),
		Previous:     s.previous.Reveal(),
		IDToken:      s.idToken.Reveal(),
		JWT:          s.jwt.Reveal(),
		Claims:       s.claims,
		Profile:      s.profile,
		Discovered:   s.discovered,
	})
	if err != nil {
		return nil, fmt.Errorf("write the account: %w", err)
	}
	return &vault.Record{Name: recordName(ref), Meta: meta, Body: sealed}, nil
}

// decodeEntry is the opposite of record.
func decodeEntry(ref Ref, rec *vault.Record) (*entry, error) {
	e := &entry{}
	var b body
	if err := json.Unmarshal(rec.Meta, &e.meta); err != nil {
		return nil, fmt.Errorf("read the account %s: %w", ref, err)
	}
	if err := json.Unmarshal(rec.Body, &b); err != nil {
		return nil, fmt.Errorf("read the account %s: %w", ref, err)
	}
	e.secrets = secrets{
		clientSecret: secret.New(b.ClientSecret),
		accessToken:  secret.New(b.AccessToken),
		refreshToken: secret.New(b.RefreshToken),
		previous:     secret.New(b.Previous),
		idToken:      secret.New(b.IDToken),
		jwt:          secret.New(b.JWT),
		claims:       b.Claims,
		profile:      b.Profile,
		discovered:   b.Discovered,
	}
	return e, nil
}

// tokens is the entry as package oauth wants it.
func (e *entry) tokens() *oauth.Tokens {
	return &oauth.Tokens{
		AccessToken:      e.secrets.accessToken,
		RefreshToken:     e.secrets.refreshToken,
		IDToken:          e.secrets.idToken,
		TokenType:        e.meta.TokenType,
		Scopes:           e.meta.Scopes,
		Denied:           e.meta.Denied,
		ObtainedAt:       e.meta.ObtainedAt,
		ExpiresAt:        e.meta.ExpiresAt,
		Expiry:           e.meta.Expiry,
		RefreshExpiresAt: e.meta.RefreshExpiresAt,
		Claims:           e.secrets.claims,
	}
}

// setTokens takes over what the provider gave.
func (e *entry) setTokens(t *oauth.Tokens, p *provider.Provider) {
	e.secrets.accessToken = t.AccessToken
	e.secrets.refreshToken = t.RefreshToken
	e.secrets.idToken = t.IDToken
	e.secrets.claims = t.Claims
	e.meta.TokenType = t.TokenType
	e.meta.Scopes = append([]string{}, t.Scopes...)
	e.meta.Denied = t.Denied
	e.meta.ObtainedAt = t.ObtainedAt.Round(0)
	e.meta.ExpiresAt = t.ExpiresAt.Round(0)
	e.meta.Expiry = t.Expiry
	e.meta.RefreshExpiresAt = t.RefreshExpiresAt.Round(0)
	e.meta.HasIDToken = !t.IDToken.IsZero()
	e.meta.Renewable = p.Refresh == provider.RefreshFB ||
		p.Refresh == provider.RefreshToken && !t.RefreshToken.IsZero()
}

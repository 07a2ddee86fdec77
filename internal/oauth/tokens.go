package oauth

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/socialauth/socialauth/internal/secret"
)

// Expiry says what is known about the end of an access token.
type Expiry string

// Values of [Expiry].
const (
	// ExpiryKnown: ExpiresAt holds the time.
	ExpiryKnown Expiry = "known"
	// ExpiryUnknown: the answer did not say, or not readably. The token is good
	// for one use now and is to be renewed before the next.
	ExpiryUnknown Expiry = "unknown"
	// ExpiryNever: the provider's tokens do not expire (GitHub OAuth Apps).
	ExpiryNever Expiry = "never"
)

// Tokens are what a sign-in or a refresh brought. The secrets print redacted.
type Tokens struct {
	AccessToken, RefreshToken, IDToken secret.Text
	// TokenType is "Bearer"; another type is refused (RFC 6749 section 7.1).
	TokenType string
	// Scopes were granted. An answer that names none grants what was asked for
	// (RFC 6749 section 5.1). Denied were asked for and not granted.
	Scopes, Denied []string
	// ObtainedAt is the time of the request by our clock. ExpiresAt counts from
	// it and is zero unless Expiry is ExpiryKnown.
	ObtainedAt, ExpiresAt time.Time
	Expiry                Expiry
	// RefreshExpiresAt is zero if the provider did not say.
	RefreshExpiresAt time.Time
	// Claims is the payload of the verified ID token, byte for byte; nil if
	// there was none.
	Claims json.RawMessage
	// Warnings are printable sentences about what was odd but usable. They are
	// about this answer only and not worth keeping.
	Warnings []string
}

// newTokens makes Tokens of a checked answer to a request sent at time at.
func newTokens(a *answer, at time.Time, unlimited bool) *Tokens {
	t := &Tokens{
		AccessToken:  secret.New(a.accessToken),
		RefreshToken: secret.New(a.refreshToken),
		IDToken:      secret.New(a.idToken),
		TokenType:    "Bearer",
		ObtainedAt:   at,
		Warnings:     a.warnings,
	}
	t.Expiry, t.ExpiresAt = expiry(a.expiresIn, at, unlimited)
	if a.refreshExpiresIn.state == lifetimeStated && a.refreshExpiresIn.length > 0 {
		t.RefreshExpiresAt = at.Add(a.refreshExpiresIn.length)
	}
	if a.expiresIn.state == lifetimeGarbage {
		t.warn("the provider's expires_in cannot be read; the token will be renewed before its next use")
	}
	if a.expiresIn.clamped {
		t.warn("the provider's expires_in is more than ten years; it is taken as ten years")
	}
	if a.skew != 0 {
		t.warn("this machine's clock and the provider's are " + a.skew.Abs().String() + " apart")
	}
	return t
}

func (t *Tokens) warn(text string) { t.Warnings = append(t.Warnings, text) }

// grant fills Scopes and Denied (T16).
func (t *Tokens) grant(asked, granted, denied []string, stated bool) {
	if !stated {
		granted = without(asked, denied)
	}
	t.Scopes = granted
	t.Denied = slices.Clone(denied)
	for _, s := range asked {
		if !hasScope(granted, s) && !slices.Contains(t.Denied, s) {
			t.Denied = append(t.Denied, s)
		}
	}
	if len(t.Denied) > 0 {
		t.warn("not granted: " + printable(strings.Join(t.Denied, " ")))
	}
}

func without(list, remove []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return slices.Contains(remove, s) })
}

// hasScope knows the two long names Google gives to short ones.
func hasScope(granted []string, s string) bool {
	const google = "https://www.googleapis.com/auth/userinfo."
	if slices.Contains(granted, s) {
		return true
	}
	return (s == "email" || s == "profile") && slices.Contains(granted, google+s)
}

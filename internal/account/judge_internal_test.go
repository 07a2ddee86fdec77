package account

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/socialauth/socialauth/internal/oauth"
	"github.com/socialauth/socialauth/internal/provider"
	"github.com/socialauth/socialauth/internal/secret"
)

// A token of an hour: how urgent is its renewal at which moment of its life?
func TestJudge(t *testing.T) {
	start := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	explicit := func(d time.Duration) TokenRequest { return TokenRequest{Type: Access, MinValidity: &d} }
	plain := TokenRequest{Type: Access}
	facebook := provider.RefreshFB
	for _, tc := range []struct {
		name     string
		lifetime time.Duration
		expiry   oauth.Expiry
		after    time.Duration
		refresh  provider.RefreshStyle
		r        TokenRequest
		want     need
	}{
		{"new", time.Hour, oauth.ExpiryKnown, 0, "", plain, fresh},
		{"two minutes left", time.Hour, oauth.ExpiryKnown, 58 * time.Minute, "", plain, fresh},
		{"half a minute left", time.Hour, oauth.ExpiryKnown, 59*time.Minute + 30*time.Second, "", plain, due},
		{"at the second", time.Hour, oauth.ExpiryKnown, time.Hour, "", plain, over},
		{"a short token is not renewed at every call (R18)", 5 * time.Minute, oauth.ExpiryKnown, 4 * time.Minute, "", plain, fresh},
		{"a short token near its end", 5 * time.Minute, oauth.ExpiryKnown, 4*time.Minute + 50*time.Second, "", plain, due},
		{"more was asked than is left", time.Hour, oauth.ExpiryKnown, 40 * time.Minute, "", explicit(30 * time.Minute), due},
		{"less was asked than is left", time.Hour, oauth.ExpiryKnown, 59*time.Minute + 30*time.Second, "", explicit(10 * time.Second), fresh},
		{"the clock was set back (R16)", time.Hour, oauth.ExpiryKnown, -48 * time.Hour, "", plain, due},
		{"nobody said until when", 0, oauth.ExpiryUnknown, 0, "", plain, unknown},
		{"it does not expire", 0, oauth.ExpiryNever, 1000 * time.Hour, "", plain, fresh},
		{"it does not expire, but must be renewed", 0, oauth.ExpiryNever, 0, "", TokenRequest{Type: Access, Force: true}, due},
		{"forced", time.Hour, oauth.ExpiryKnown, 0, "", TokenRequest{Type: Access, Force: true}, due},
		{"a long-lived token in its last quarter", 60 * 24 * time.Hour, oauth.ExpiryKnown, 50 * 24 * time.Hour, facebook, plain, welcome},
		{"a long-lived token before that", 60 * 24 * time.Hour, oauth.ExpiryKnown, 40 * 24 * time.Hour, facebook, plain, fresh},
		{"expired on arrival", -time.Hour, oauth.ExpiryKnown, 0, "", plain, over},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e := &entry{meta: Meta{ObtainedAt: start, ExpiresAt: start.Add(tc.lifetime), Expiry: tc.expiry}}
			s := &Service{Now: func() time.Time { return start.Add(tc.after) }}
			if got := s.judge(e, &provider.Provider{Refresh: tc.refresh}, tc.r); got != tc.want {
				t.Errorf("judge = %d, want %d", got, tc.want)
			}
		})
	}
}

// An ID token is judged by its own exp, not by the access token's.
func TestJudgeIDToken(t *testing.T) {
	start := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	e := &entry{
		meta:    Meta{ObtainedAt: start, ExpiresAt: start.Add(24 * time.Hour), Expiry: oauth.ExpiryKnown},
		secrets: secrets{claims: json.RawMessage(fmt.Sprintf(`{"exp":%d}`, start.Add(time.Hour).Unix()))},
	}
	for after, want := range map[time.Duration]need{0: fresh, 59*time.Minute + 30*time.Second: due, 2 * time.Hour: over} {
		s := &Service{Now: func() time.Time { return start.Add(after) }}
		if got := s.judge(e, &provider.Provider{}, TokenRequest{Type: ID}); got != want {
			t.Errorf("after %v: %d, want %d", after, got, want)
		}
	}
}

// What the tutorial puts into its JWT is there, and what is not known is left out.
func TestClaims(t *testing.T) {
	now := time.Unix(1893553445, 0)
	e := &entry{meta: Meta{Provider: "facebook", Identity: Identity{Sub: "9007199254740993", Name: "김민준"}}}
	got, err := claims(e, Mint{Issuer: "me", Audience: []string{"a", "b"}, Claims: []Claim{{"role", "admin"}, {"n", json.Number("1.50")}}}, now, now.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	var c map[string]json.RawMessage
	if err := json.Unmarshal(got, &c); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"iss": `"me"`, "sub": `"facebook|9007199254740993"`, "aud": `["a","b"]`, "iat": "1893553445", "nbf": "1893553445", "exp": "1893557045",
		"username": `"김민준"`, "name": `"김민준"`, "provider": `"facebook"`, "role": `"admin"`, "n": "1.50",
	} {
		if string(c[name]) != want {
			t.Errorf("%s = %s, want %s", name, c[name], want)
		}
	}
	for _, name := range []string{"email", "email_verified", "picture"} {
		if _, there := c[name]; there {
			t.Errorf("%s is there although nobody gave one", name)
		}
	}
	if _, err := claims(e, Mint{Claims: []Claim{{"sub", "somebody else"}}}, now, now); err == nil {
		t.Error("a claim was set twice")
	}
}

// A record comes back as it was written, and its secrets are not in the clear part.
func TestEntryComesBack(t *testing.T) {
	ref := Ref{"facebook", "work"}
	e := &entry{
		meta: Meta{Provider: "facebook", Scopes: []string{"email"}, Expiry: oauth.ExpiryNever},
		secrets: secrets{
			clientSecret: secret.New("CANARY-CLIENT-3"), accessToken: secret.New("CANARY-ACCESS-3"), refreshToken: secret.New("CANARY-REFRESH-3"),
			idToken: secret.New("CANARY-ID-3"), jwt: secret.New("CANARY-JWT-3"), previous: secret.New("CANARY-PREVIOUS-3"),
		},
	}
	rec, err := e.record(ref)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(rec.Meta, []byte("CANARY-")) {
		t.Errorf("the clear part holds a secret: %s", rec.Meta)
	}
	back, err := decodeEntry(ref, rec)
	if err != nil {
		t.Fatal(err)
	}
	again, err := back.record(ref)
	if err != nil || string(again.Meta) != string(rec.Meta) || string(again.Body) != string(rec.Body) {
		t.Errorf("it comes back as\n%s\n%s", again.Meta, again.Body)
	}
}

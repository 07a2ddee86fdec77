package oauth

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/socialauth/socialauth/internal/plain"
	"github.com/socialauth/socialauth/internal/provider"
	"github.com/socialauth/socialauth/internal/secret"
)

func fuzzAttempt() *Attempt {
	return &Attempt{
		RedirectURI: "http://127.0.0.1:4711/callback", State: secret.New("the-state"), issuer: "https://idp.example", granted: true, objectError: true,
	}
}

// Nothing but a query with exactly one right state is ever believed, and what
// is believed is fit to be used.
func FuzzCallback(f *testing.F) {
	for _, s := range []string{
		"", "code=x&state=the-state", "state=the-state&error=access_denied", "code=x&state=the-state&iss=https%3A%2F%2Fidp.example", "response=a.b.c",
		"state=the-state&state=the-state", "code=%zz", "code=x;state=the-state", "error_message=x&error_code=1&state=the-state", "a=%00",
		"granted_scopes=a,b&denied_scopes=c&code=x&state=the-state",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		r, err := fuzzAttempt().Check(raw)
		if errors.Is(err, ErrNotOurs) {
			return
		}
		if strings.HasPrefix(raw, "response=") || strings.Contains(raw, "&response=") {
			return
		}
		q, perr := url.ParseQuery(raw)
		if perr != nil || len(q["state"]) != 1 || q.Get("state") != "the-state" {
			t.Fatalf("%q was believed: %v %v", raw, r, err)
		}
		if err == nil && (!visible(r.Code.Reveal()) || q.Get("iss") != "" && q.Get("iss") != "https://idp.example") {
			t.Fatalf("%q gave code %q", raw, r.Code.Reveal())
		}
		printableError(t, err)
	})
}

func FuzzPastedURL(f *testing.F) {
	for _, s := range []string{
		"", "x", "http://127.0.0.1:4711/callback?code=x&state=the-state", "http://127.0.0.1:4711/callback?code=x&state=the-state#_=_",
		"http://127.0.0.1:4711@evil/callback?code=x&state=the-state", "http:///callback?x", "://?", "http://[::1/callback?x",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, pasted string) {
		_, err := fuzzAttempt().CheckURL(pasted)
		if err == nil && !strings.HasPrefix(strings.ToLower(strings.TrimSpace(pasted)), "http://127.0.0.1:4711/callback?") {
			t.Fatalf("%q was taken", pasted)
		}
		printableError(t, err)
	})
}

// Whatever a token endpoint answers, the result is either usable or an error,
// and neither can hurt what it reaches.
func FuzzTokenAnswer(f *testing.F) {
	for _, body := range badAnswers() {
		f.Add(200, "application/json", []byte(body))
	}
	f.Add(200, "application/x-www-form-urlencoded", []byte("access_token=a&scope=b"))
	f.Add(400, "application/json", []byte(`{"error":{"message":"m","code":190}}`))
	f.Add(200, "text/plain", []byte(`{"access_token":"a","expires_in":1e400,"scope":["x"]}`))
	f.Fuzz(func(t *testing.T, status int, kind string, body []byte) {
		in := &reply{
			op: opExchange, host: "idp.example", status: status, header: http.Header{"Content-Type": {kind}}, body: body, form: true,
			secrets: []string{testSecret},
		}
		a, err := normalise(in)
		if (a == nil) == (err == nil) {
			t.Fatalf("answer %v, error %v", a, err)
		}
		if err != nil {
			printableError(t, err)
			return
		}
		if status < 200 || status > 299 {
			t.Fatalf("status %d gave tokens", status)
		}
		tokens := newTokens(a, testNow(), false)
		for _, s := range []secret.Text{tokens.AccessToken, tokens.RefreshToken, tokens.IDToken} {
			if !s.IsZero() && !visible(s.Reveal()) || len(s.Reveal()) > maxToken {
				t.Fatalf("token %q", s.Reveal())
			}
		}
		if tokens.AccessToken.IsZero() || checkScopes(a.scopes) != nil {
			t.Fatalf("%+v", a)
		}
		if e := tokens.ExpiresAt; !e.IsZero() && (e.Before(testNow()) || e.After(testNow().Add(maxLifetime))) {
			t.Fatalf("expires at %s", e)
		}
		for _, w := range tokens.Warnings {
			printableError(t, errors.New(w))
		}
	})
}

func FuzzDiscovery(f *testing.F) {
	for _, s := range []string{
		`{}`, `{"issuer":"https://idp.example","authorization_endpoint":"https://idp.example/a","token_endpoint":"https://idp.example/t"}`,
		`{"issuer":"https://idp.example","authorization_endpoint":"javascript:x","token_endpoint":"https://127.0.0.1/t"}`,
		`{"issuer":"https://idp.example","authorization_endpoint":"https://A.example/a?x","token_endpoint":"https://b.example/t","scopes_supported":["openid"],"jwks_uri":"https://c.example/k"}`,
	} {
		f.Add([]byte(s))
	}
	at, err := checkIssuer("https://idp.example")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		doc, err := parseObject(body)
		if err != nil {
			printableError(t, err)
			return
		}
		p, err := (&metadata{issuer: "https://idp.example", at: at, doc: doc}).provider()
		if err != nil {
			printableError(t, err)
			return
		}
		for _, e := range p.Endpoints() {
			u, err := url.Parse(e.URL)
			if err != nil || u.Scheme != "https" || !p.Trusts(u) || reachOf(u.Hostname()) != reachPublic {
				t.Fatalf("%s = %q was taken", e.Name, e.URL)
			}
		}
		if p.CodeChallengeMethod != provider.S256 || p.Issuer != "https://idp.example" {
			t.Fatalf("%+v", p)
		}
	})
}

func FuzzIssuer(f *testing.F) {
	for _, s := range []string{"idp.example", "https://idp.example/a?b#c", "HTTP://[::1]:80/..", "https://u:p@h"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		u, err := checkIssuer(typed)
		if err != nil {
			printableError(t, err)
			return
		}
		if u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Scheme != "https" && !isLoopback(u.Hostname()) {
			t.Fatalf("%q was taken", typed)
		}
	})
}

func FuzzLifetime(f *testing.F) {
	for _, s := range []string{"3600", `"3600"`, "1e999", "-0", `""`, "null", "[]", `" 5 "`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		l := parseLifetime(raw)
		if l.length < 0 || l.length > maxLifetime || l.length%time.Second != 0 || l.state != lifetimeStated && l.length != 0 {
			t.Fatalf("%q gave %+v", raw, l)
		}
	})
}

// printableError fails if an error's text could move a cursor.
func printableError(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		return
	}
	text := err.Error()
	if !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return r < 0x20 || r >= 0x7f && r <= 0x9f || plain.Hidden(r) }) {
		t.Fatalf("the error is not printable: %q", text)
	}
	if len(text) > 8*maxText {
		t.Fatalf("the error has %d bytes", len(text))
	}
}

// mustIssuer parses an issuer that is good.
func mustIssuer(t *testing.T, s string) *url.URL {
	t.Helper()
	u, err := checkIssuer(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

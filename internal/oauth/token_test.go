package oauth

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialauth/socialauth/internal/provider"
)

func TestExpiresIn(t *testing.T) { // T01
	never := time.Time{}
	in := func(d time.Duration) time.Time { return testNow().Add(d) }
	tenYears := in(maxLifetime)
	for _, c := range []struct {
		member  string // of the token answer
		expiry  Expiry
		at      time.Time
		warning bool
	}{
		{`"expires_in":3600`, ExpiryKnown, in(time.Hour), false},
		{`"expires_in":"3600"`, ExpiryKnown, in(time.Hour), false},
		{`"expires_in":3600.5`, ExpiryKnown, in(time.Hour), false},
		{`"expires_in":"3600.5"`, ExpiryKnown, in(time.Hour), false},
		{`"expires_in":1e3`, ExpiryKnown, in(1000 * time.Second), false},
		{`"expires_in":0`, ExpiryKnown, in(0), false},
		{`"expires_in":0.2`, ExpiryKnown, in(0), false},
		{`"expires_in":-5`, ExpiryKnown, in(0), false},
		{`"expires_in":-9223372036854775808`, ExpiryKnown, in(0), false},
		{`"expires_in":-1e999`, ExpiryKnown, in(0), false},
		{`"expires_in":9223372036854775807`, ExpiryKnown, tenYears, true},
		{`"expires_in":9223372036854775808000`, ExpiryKnown, tenYears, true},
		{`"expires_in":1e999`, ExpiryKnown, tenYears, true},
		{`"expires_in":""`, ExpiryUnknown, never, true},
		{`"expires_in":"abc"`, ExpiryUnknown, never, true},
		{`"expires_in":"inf"`, ExpiryUnknown, never, true},
		{`"expires_in":"NaN"`, ExpiryUnknown, never, true},
		{`"expires_in":"0x10"`, ExpiryUnknown, never, true},
		{`"expires_in":"1_000"`, ExpiryUnknown, never, true},
		{`"expires_in":true`, ExpiryUnknown, never, true},
		{`"expires_in":[]`, ExpiryUnknown, never, true},
		{`"expires_in":{}`, ExpiryUnknown, never, true},
		{`"expires_in":null`, ExpiryUnknown, never, false},
		{`"x":1`, ExpiryUnknown, never, false},
		{`"Expires_In":3600`, ExpiryUnknown, never, false},
	} {
		t.Run(c.member, func(t *testing.T) {
			i := newIDP(t)
			i.json("POST /token", 200, `{"access_token":"a","token_type":"bearer",`+c.member+`}`)
			got, err := exchange(t, i.client(nil))
			if err != nil {
				t.Fatalf("the login is lost: %v", err)
			}
			if got.Expiry != c.expiry || !got.ExpiresAt.Equal(c.at) {
				t.Errorf("expiry %s at %s, want %s at %s", got.Expiry, got.ExpiresAt, c.expiry, c.at)
			}
			if (len(got.Warnings) > 0) != c.warning {
				t.Errorf("warnings: %q", got.Warnings)
			}
			i.only("POST /token")
		})
	}
}

func TestUnlimitedLifetime(t *testing.T) {
	i := newIDP(t)
	c := i.client(func(p *provider.Provider) { p.Lifetime = provider.LifetimeUnlimited })
	for answer, want := range map[string]Expiry{
		`{"access_token":"a"}`: ExpiryNever, `{"access_token":"a","expires_in":60}`: ExpiryKnown,
		`{"access_token":"a","expires_in":"x"}`: ExpiryUnknown,
	} {
		i.json("POST /token", 200, answer)
		got, err := exchange(t, c)
		if err != nil || got.Expiry != want {
			t.Errorf("%s: %v %v, want %s", answer, got, err, want)
		}
	}
}

// badAnswers are token answers with status 200 that must not become tokens.
func badAnswers() map[string]string {
	return map[string]string{
		"T04 missing":            `{"token_type":"bearer"}`,
		"T04 other case":         `{"Access_Token":"a","token_type":"bearer"}`,
		"T04 empty":              `{"access_token":""}`,
		"T04 null":               `{"access_token":null}`,
		"T04 number":             `{"access_token":1}`,
		"T04 array":              `{"access_token":["a"]}`,
		"T04 65 KiB":             `{"access_token":"` + strings.Repeat("a", maxToken+1) + `"}`,
		"T03 newline":            `{"access_token":"CANARY-a\nb"}`,
		"T03 CR":                 `{"access_token":"CANARY-a\rb"}`,
		"T03 NUL":                `{"access_token":"CANARY-a\u0000b"}`,
		"T03 ESC":                `{"access_token":"CANARY-a\u001b[31m"}`,
		"T03 space":              `{"access_token":"CANARY-a b"}`,
		"T03 DEL":                `{"access_token":"CANARY-a\u007f"}`,
		"T03 non-ASCII":          `{"access_token":"CANARY-é"}`,
		"T03 invalid UTF-8":      "{\"access_token\":\"CANARY-\xff\"}",
		"T03 refresh token":      `{"access_token":"a","refresh_token":"CANARY-b\nc"}`,
		"T17 id token no string": `{"access_token":"a","id_token":{}}`,
		"duplicate":              `{"access_token":"CANARY-a","access_token":"CANARY-b"}`,
		"duplicate, escaped":     `{"access_token":"CANARY-a","access\u005ftoken":"CANARY-b"}`,
		"nested duplicate":       `{"access_token":"a","x":{"y":1,"y":2}}`,
		"two values":             `{"access_token":"a"}{"access_token":"b"}`,
		"array":                  `[{"access_token":"a"}]`,
		"deep":                   `{"access_token":"a","x":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}`,
		"null":                   `null`,
		"empty body":             ``,
		"cut off":                `{"access_token":"CANARY-a`,
		"token type mac":         `{"access_token":"a","token_type":"mac"}`,
		"scope with escape":      `{"access_token":"a","scope":"\u001b[2J"}`,
		"scope a number":         `{"access_token":"a","scope":7}`,
		"200 with an error":      `{"error":"bad_verification_code","error_description":"CANARY-CODE-1 is wrong\u001b]0;x\u0007"}`,
	}
}

func TestBadAnswers(t *testing.T) {
	for name, body := range badAnswers() {
		t.Run(name, func(t *testing.T) {
			i := newIDP(t)
			i.json("POST /token", 200, body)
			got, err := exchange(t, i.client(nil))
			var protocol *ProtocolError
			var server *ServerError
			if got != nil || !errors.As(err, &protocol) && !errors.As(err, &server) {
				t.Fatalf("got %v, %v; want a *ProtocolError or *ServerError", got, err)
			}
			noSecret(t, err)
			i.only("POST /token")
		})
	}
}

func TestContentTypes(t *testing.T) { // T14
	form := func(p *provider.Provider) { p.Quirks = []provider.Quirk{provider.QuirkFormResponse} }
	const object, encoded = `{"access_token":"a","expires_in":60}`, `access_token=a&scope=x%20y&expires_in=60`
	for _, c := range []struct {
		name, kind, body string
		change           func(*provider.Provider)
		ok               bool
	}{
		{"JSON", "application/json", object, nil, true},
		{"JSON with charset", "application/json; charset=utf-8", object, nil, true},
		{"JSON with odd charset", "application/json; charset=\"", object, nil, true},
		{"JSON with byte order mark", "application/json", "\xef\xbb\xbf" + object, nil, true},
		{"JSON as text/plain", "text/plain; charset=UTF-8", object, nil, true},
		{"JSON as text/javascript", "text/javascript", object, nil, true},
		{"JSON as form", "application/x-www-form-urlencoded", object, form, true},
		{"JSON as HTML", "text/html", object, nil, false},
		{"HTML", "text/html", "<html>CANARY", nil, false},
		{"HTML as JSON", "application/json", "<html>CANARY", nil, false},
		{"form, allowed", "application/x-www-form-urlencoded", encoded, form, true},
		{"form as text/plain, allowed", "text/plain", encoded, form, true},
		{"form, not allowed", "application/x-www-form-urlencoded", encoded, nil, false},
		{"form as JSON", "application/json", encoded, form, false},
		{"form with a name twice", "application/x-www-form-urlencoded", "access_token=a&access_token=b", form, false},
		{"form with a broken escape", "application/x-www-form-urlencoded", "access_token=%zz", form, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			i := newIDP(t)
			i.on("POST /token", answerWith(200, c.kind, c.body))
			got, err := exchange(t, i.client(c.change))
			if !c.ok {
				if _, ok := errors.AsType[*ProtocolError](err); !ok {
					t.Fatalf("error is %v, want *ProtocolError", err)
				}
				noSecret(t, err)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got.AccessToken.Reveal() != "a" || !got.ExpiresAt.Equal(testNow().Add(time.Minute)) {
				t.Errorf("token %q until %s", got.AccessToken.Reveal(), got.ExpiresAt)
			}
		})
	}
	i := newIDP(t)
	i.on("POST /token", answerWith(200, "application/x-www-form-urlencoded", encoded))
	_, err := exchange(t, i.client(nil))
	if text := fmt.Sprint(err); !strings.Contains(text, "application/json") || !strings.Contains(text, "x-www-form-urlencoded") {
		t.Errorf("the error does not name both types: %s", text)
	}
}

func TestErrorAnswers(t *testing.T) { // T06, T18
	for _, c := range []struct {
		name   string
		status int
		body   string
		want   ServerError
		signIn bool
	}{
		{"RFC 6749", 400, `{"error":"invalid_grant","error_description":"expired"}`, ServerError{Code: "invalid_grant", Description: "expired"}, true},
		{"client", 401, `{"error":"invalid_client"}`, ServerError{Code: "invalid_client"}, false},
		{"GitHub with 200", 200, `{"error":"bad_verification_code","error_description":"The code"}`, ServerError{Code: "invalid_grant", Description: "The code", Detail: "bad_verification_code"}, true},
		{"GitHub, client", 200, `{"error":"incorrect_client_credentials"}`, ServerError{Code: "invalid_client", Detail: "incorrect_client_credentials"}, false},
		{"X", 400, `{"error":"invalid_request"}`, ServerError{Code: "invalid_request"}, false},
		{"Kakao", 400, `{"error":"invalid_grant","error_description":"x","error_code":"KOE320"}`, ServerError{Code: "invalid_grant", Description: "x", Detail: "KOE320"}, true},
		{
			"Facebook", 400, `{"error":{"message":"Error validating","type":"OAuthException","code":190,"error_subcode":463,"fbtrace_id":"Az8or2yhqkZfEZ"}}`,
			ServerError{Code: "190", Subcode: "463", Description: "Error validating", Detail: "OAuthException", TraceID: "Az8or2yhqkZfEZ"},
			true,
		},
		{"Facebook with 200", 200, `{"error":{"message":"m","type":"OAuthException","code":100}}`, ServerError{Code: "100", Description: "m", Detail: "OAuthException"}, false},
		{"Google API", 401, `{"error":{"code":401,"message":"m","status":"UNAUTHENTICATED"}}`, ServerError{Code: "401", Description: "m", Detail: "UNAUTHENTICATED"}, false},
		{"Twitch", 400, `{"status":400,"message":"Invalid"}`, ServerError{Description: "Invalid"}, false},
		{"HTML", 502, `<html>CANARY-SECRET-9</html>`, ServerError{Detail: "the body is not one that can be shown"}, false},
		{"empty", 500, ``, ServerError{}, false},
		{"escapes", 400, `{"error":"x\u001b]0;t\u0007","error_description":"a\n\u202eb\u009b"}`, ServerError{Code: `x\x1b]0;t\x07`, Description: `a\x0a\u{202e}b\u{009b}`}, false},
		{
			"echo of what was sent", 400, `{"error":"invalid_grant","error_description":"code ` + testCode + ` with ` + testSecret + `"}`,
			ServerError{Code: "invalid_grant", Description: "code [redacted] with [redacted]"},
			true,
		},
		{"a megabyte", 400, `{"error":"x","error_description":"` + strings.Repeat("y", 1<<19) + `"}`, ServerError{Code: "x", Description: strings.Repeat("y", maxText) + "…"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			i := newIDP(t)
			i.json("POST /token", c.status, c.body)
			_, err := exchange(t, i.client(nil))
			var got *ServerError
			if !errors.As(err, &got) {
				t.Fatalf("error is %T %v, want *ServerError", err, err)
			}
			want := c.want
			want.Op, want.Status, want.Host = opExchange, c.status, strings.TrimPrefix(i.URL, "http://")
			if diff := cmp.Diff(want, *got); diff != "" {
				t.Error(diff)
			}
			if got.SignInNeeded() != c.signIn {
				t.Errorf("SignInNeeded is %t", got.SignInNeeded())
			}
			noSecret(t, err)
			i.only("POST /token") // T09
		})
	}
}

func TestRetryAfter(t *testing.T) { // T18
	for header, want := range map[string]time.Duration{
		"": 0, "30": 30 * time.Second, "-1": 0, "x": 0, "99999999999": 0, "2000000000": maxRetryAfter,
		testNow().Add(time.Minute).Format(http.TimeFormat): time.Minute, testNow().Add(-time.Minute).Format(http.TimeFormat): 0,
	} {
		i := newIDP(t)
		i.on("POST /token", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", header)
			w.WriteHeader(429)
		})
		_, err := exchange(t, i.client(nil))
		var got *ServerError
		if !errors.As(err, &got) || got.RetryAfter != want {
			t.Errorf("%q: %v, want %s", header, err, want)
		}
		i.only("POST /token")
	}
}

package oauth

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialauth/socialauth/internal/httpx"
	"github.com/socialauth/socialauth/internal/provider"
	"github.com/socialauth/socialauth/internal/secret"
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

// A redirect is an error that names where it leads, and nothing goes there.
func TestNoRedirect(t *testing.T) { // T08, T26
	for _, status := range []int{301, 302, 303, 307, 308} {
		other := newIDP(t)
		other.json("POST /token", 200, `{"access_token":"evil"}`)
		other.json("GET /token", 200, `{"access_token":"evil"}`)
		i := newIDP(t)
		for _, route := range []string{"POST /token", "GET /me", "POST /revoke", "POST /introspect"} {
			i.on(route, func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, other.URL+"/token?CANARY-QUERY-1", status)
			})
		}
		c := i.client(nil)
		c.HTTP = &http.Client{} // even with a client that would follow
		tokens := &Tokens{AccessToken: secret.New(testAccess), RefreshToken: secret.New(testRefresh)}
		_, exchangeErr := exchange(t, c)
		_, refreshErr := c.Refresh(t.Context(), tokens)
		_, profileErr := c.Profile(t.Context(), tokens)
		_, introspectErr := c.Introspect(t.Context(), tokens)
		for what, err := range map[string]error{
			"exchange": exchangeErr, "refresh": refreshErr, "profile": profileErr, "introspect": introspectErr,
			"revoke": c.Revoke(t.Context(), tokens, "1"),
		} {
			var got *RedirectError
			if !errors.As(err, &got) || got.Target != other.URL || got.Status != status {
				t.Errorf("%s, %d: error is %v, want *RedirectError to %s", what, status, err, other.URL)
			}
			noSecret(t, err)
		}
		if n := len(other.log); n != 0 {
			t.Errorf("%d: the other host got %d requests", status, n)
		}
	}
}

func TestOneRequestWhateverHappens(t *testing.T) { // T09
	for name, h := range map[string]http.HandlerFunc{
		"400":             answerWith(400, "application/json", `{"error":"invalid_client"}`),
		"401":             answerWith(401, "application/json", `{"error":"invalid_client"}`),
		"500":             answerWith(500, "text/html", "oops"),
		"503":             answerWith(503, "text/plain", ""),
		"429":             answerWith(429, "text/plain", ""),
		"200 of nonsense": answerWith(200, "application/json", "}"),
		"dropped": func(w http.ResponseWriter, _ *http.Request) {
			if c, _, err := http.NewResponseController(w).Hijack(); err == nil {
				_ = c.Close()
			}
		},
		"cut off": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, `{"access_token":`)
		},
	} {
		for _, method := range []provider.AuthMethod{provider.ClientSecretBasic, provider.ClientSecretPost} {
			i := newIDP(t)
			i.on("POST /token", h)
			c := i.client(func(p *provider.Provider) { p.TokenEndpointAuthMethod = method })
			if _, err := exchange(t, c); err == nil {
				t.Errorf("%s: no error", name)
			} else {
				noSecret(t, err)
			}
			i.only("POST /token")
			if _, err := c.Refresh(t.Context(), &Tokens{RefreshToken: secret.New(testRefresh)}); err == nil {
				t.Errorf("%s: no error at refresh", name)
			} else {
				noSecret(t, err)
			}
			if n := len(i.requests("POST /token")); n != 2 {
				t.Errorf("%s: %d requests for one code and one refresh token", name, n)
			}
		}
	}
}

func TestBodyLimit(t *testing.T) { // T10, T12
	huge := `{"access_token":"` + strings.Repeat("a", 2<<20) + `"}`
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	_, _ = io.WriteString(z, strings.Repeat(" ", 8<<20)+"{}")
	_ = z.Close()
	for name, h := range map[string]http.HandlerFunc{
		"2 MiB":                         answerWith(200, "application/json", huge),
		"2 MiB form, cut by the engine": answerWith(200, "application/x-www-form-urlencoded", "access_token="+huge),
		"endless": func(w http.ResponseWriter, r *http.Request) {
			chunk := bytes.Repeat([]byte("a"), 64<<10)
			for r.Context().Err() == nil {
				if _, err := w.Write(chunk); err != nil {
					return
				}
			}
		},
		"gzip bomb": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(bomb.Bytes())
		},
	} {
		i := newIDP(t)
		i.on("POST /token", h)
		_, err := exchange(t, i.client(nil))
		var got *ProtocolError
		if !errors.As(err, &got) || !strings.Contains(got.Reason, "1 MiB") {
			t.Errorf("%s: error is %v", name, err)
		}
		i.only("POST /token")
	}
}

func TestNetworkErrorsNameHostAndPhase(t *testing.T) { // T11, T21
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dead := l.Addr().String()
	_ = l.Close()
	i := newIDP(t)
	c := i.client(func(p *provider.Provider) {
		p.TokenEndpoint, p.Hosts = "http://"+dead+"/token?CANARY-QUERY-1", append(p.Hosts, dead)
	})
	_, err = exchange(t, c)
	var got *httpx.Error
	if !errors.As(err, &got) || got.Host != dead || got.Phase != "connect" {
		t.Errorf("error is %v", err)
	}
	noSecret(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	i.on("POST /token", func(_ http.ResponseWriter, r *http.Request) { cancel(); <-r.Context().Done() })
	c = i.client(nil)
	if _, err := c.Exchange(ctx, authorize(t, c), respond(testCode)); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want context.Canceled", err)
	}
	i.only("POST /token")
}

func TestClientAuthentication(t *testing.T) { // T24, X
	const awkward = "s:%+ ü/="
	for _, c := range []struct {
		method provider.AuthMethod
		rule   provider.SecretRule
		secret string
		basic  string // user:password before base64, or empty
		id     string
		body   string // client_secret in the body
	}{
		{provider.ClientSecretPost, provider.SecretRequired, awkward, "", "client-1", awkward},
		{provider.ClientSecretBasic, provider.SecretOptional, awkward, "client-1:s%3A%25%2B+%C3%BC%2F%3D", "", ""},
		{provider.ClientSecretBasic, provider.SecretOptional, "", "", "client-1", ""},
		{provider.ClientSecretPost, provider.SecretOptional, "", "", "client-1", ""},
		{provider.AuthNone, provider.SecretNever, "ignored-secret", "", "client-1", ""},
	} {
		i := newIDP(t)
		i.json("POST /token", 200, `{"access_token":"a"}`)
		i.json("POST /revoke", 200, ``)
		client := i.client(func(p *provider.Provider) { p.TokenEndpointAuthMethod, p.ClientSecret = c.method, c.rule })
		client.ClientSecret = secret.New(c.secret)
		tokens, err := exchange(t, client)
		if err != nil {
			t.Fatal(err)
		}
		if err := client.Revoke(t.Context(), tokens, ""); err != nil {
			t.Fatal(err)
		}
		want := ""
		if c.basic != "" {
			want = "Basic " + base64.StdEncoding.EncodeToString([]byte(c.basic))
		}
		for _, r := range []logged{i.only("POST /token"), i.only("POST /revoke")} {
			if got := r.Header.Get("Authorization"); got != want {
				t.Errorf("%s: Authorization %q, want %q", c.method, got, want)
			}
			if r.Form.Get("client_id") != c.id || r.Form.Get("client_secret") != c.body || r.Form.Has("client_secret") != (c.body != "") {
				t.Errorf("%s: form %v", c.method, r.Form)
			}
			if len(r.Query) > 0 {
				t.Errorf("%s: query %v", c.method, r.Query)
			}
		}
	}
}

func TestScopes(t *testing.T) { // T16
	for _, c := range []struct {
		member         string
		scopes, denied []string
		asked          []string
	}{
		{``, []string{"a", "b"}, nil, []string{"a", "b"}},
		{`,"scope":null`, []string{"a", "b"}, nil, []string{"a", "b"}},
		{`,"scope":"a b"`, []string{"a", "b"}, nil, []string{"a", "b"}},
		{`,"scope":"a,b"`, []string{"a", "b"}, nil, []string{"a", "b"}},
		{`,"scope":["a","b"]`, []string{"a", "b"}, nil, []string{"a", "b"}},
		{`,"scope":"a"`, []string{"a"}, []string{"b"}, []string{"a", "b"}},
		{`,"scope":""`, []string{}, []string{"a"}, []string{"a"}},
		{`,"scope":"a b c"`, []string{"a", "b", "c"}, nil, []string{"a", "b"}},
		{`,"scope":"openid https://www.googleapis.com/auth/userinfo.email"`, []string{"openid", "https://www.googleapis.com/auth/userinfo.email"}, nil, []string{"email"}},
	} {
		i := newIDP(t)
		i.json("POST /token", 200, `{"access_token":"x"`+c.member+`}`)
		client := i.client(func(p *provider.Provider) { p.Scopes = c.asked })
		got, err := exchange(t, client)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.scopes, got.Scopes); diff != "" {
			t.Errorf("%s: scopes %s", c.member, diff)
		}
		if diff := cmp.Diff(c.denied, got.Denied); diff != "" {
			t.Errorf("%s: denied %s", c.member, diff)
		}
		if (len(got.Warnings) > 0) != (len(c.denied) > 0) {
			t.Errorf("%s: warnings %q", c.member, got.Warnings)
		}
	}
}

func TestRefresh(t *testing.T) { // T15
	old := &Tokens{
		AccessToken: secret.New("old-access"), RefreshToken: secret.New("old-refresh"), Scopes: []string{"a"}, Denied: []string{"b"},
		RefreshExpiresAt: testNow().Add(time.Hour),
	}
	for _, c := range []struct {
		name, member, refresh string
		until                 time.Time
	}{
		{"none", ``, "old-refresh", old.RefreshExpiresAt},
		{"empty", `,"refresh_token":""`, "old-refresh", old.RefreshExpiresAt},
		{"null", `,"refresh_token":null`, "old-refresh", old.RefreshExpiresAt},
		{"same", `,"refresh_token":"old-refresh"`, "old-refresh", old.RefreshExpiresAt},
		{"new", `,"refresh_token":"new-refresh"`, "new-refresh", time.Time{}},
		{"new with its end", `,"refresh_token":"new-refresh","refresh_token_expires_in":5183999`, "new-refresh", testNow().Add(5183999 * time.Second)},
	} {
		i := newIDP(t)
		i.json("POST /token", 200, `{"access_token":"new-access","expires_in":"3600"`+c.member+`}`)
		got, err := i.client(nil).Refresh(t.Context(), old)
		if err != nil {
			t.Fatal(err)
		}
		if got.AccessToken.Reveal() != "new-access" || got.RefreshToken.Reveal() != c.refresh || !got.RefreshExpiresAt.Equal(c.until) {
			t.Errorf("%s: %q %q %s", c.name, got.AccessToken.Reveal(), got.RefreshToken.Reveal(), got.RefreshExpiresAt)
		}
		if diff := cmp.Diff([][]string{{"a"}, {"b"}}, [][]string{got.Scopes, got.Denied}); diff != "" {
			t.Error(diff)
		}
		form := i.only("POST /token").Form
		want := url.Values{
			"grant_type": {"refresh_token"}, "refresh_token": {"old-refresh"}, "client_id": {"client-1"}, "client_secret": {testSecret},
		}
		if diff := cmp.Diff(want, form); diff != "" {
			t.Error(diff)
		}
	}
	if old.AccessToken.Reveal() != "old-access" {
		t.Error("the old tokens were changed")
	}
}

func TestRefreshImpossible(t *testing.T) {
	i := newIDP(t)
	_, none := i.client(func(p *provider.Provider) { p.Refresh = provider.RefreshNone }).Refresh(t.Context(), &Tokens{RefreshToken: secret.New("x")})
	_, without := i.client(nil).Refresh(t.Context(), &Tokens{})
	for _, err := range []error{none, without} {
		if !errors.Is(err, ErrUnsupported) {
			t.Errorf("error is %v, want ErrUnsupported", err)
		}
	}
	if len(i.log) != 0 {
		t.Error("a request was sent")
	}
}

func TestClockSkewIsRemembered(t *testing.T) { // T30
	i := newIDP(t)
	for offset, want := range map[time.Duration]time.Duration{0: 0, time.Minute: 0, time.Hour: time.Hour, -time.Hour: -time.Hour} {
		i.on("POST /token", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Date", testNow().Add(offset).Format(http.TimeFormat))
			_, _ = io.WriteString(w, `{"error":"invalid_grant"}`)
		})
		_, err := exchange(t, i.client(nil))
		var got *ServerError
		if !errors.As(err, &got) || got.Skew != want {
			t.Errorf("offset %s: %v", offset, err)
		}
	}
	i.on("POST /token", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", testNow().Add(time.Hour).Format(http.TimeFormat))
		_, _ = io.WriteString(w, `{"access_token":"a"}`)
	})
	got, err := exchange(t, i.client(nil))
	if err != nil || len(got.Warnings) != 1 || !strings.Contains(got.Warnings[0], "1h0m0s apart") {
		t.Errorf("%v %v", got, err)
	}
}

func TestTokensPrintRedacted(t *testing.T) { // T17, S19
	i := newIDP(t)
	i.json("POST /token", 200, `{"access_token":"`+testAccess+`","refresh_token":"`+testRefresh+`"}`)
	c := i.client(nil)
	a := authorize(t, c)
	got, err := c.Exchange(t.Context(), a, respond(testCode))
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("%v %+v %#v %v %#v", got, *got, got, c, respond(testCode))
	if strings.Contains(text, "CANARY") {
		t.Errorf("a secret is printed: %s", text)
	}
}

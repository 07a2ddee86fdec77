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

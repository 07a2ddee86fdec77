package oauth

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/socialauth/socialauth/internal/httpx"
	"github.com/socialauth/socialauth/internal/jose"
	"github.com/socialauth/socialauth/internal/provider"
	"github.com/socialauth/socialauth/internal/secret"
)

const (
	testSecret  = "CANARY-CLIENT-SECRET-1"
	testCode    = "CANARY-CODE-1"
	testAccess  = "CANARY-ACCESS-1"
	testRefresh = "CANARY-REFRESH-1"
)

// testNow is the clock of every test. The idp's Date header agrees with it.
func testNow() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }

// idp is a scriptable provider. Every endpoint is a handler the test may
// replace; every request is logged.
type idp struct {
	*httptest.Server
	t   *testing.T
	key *jose.Key

	mu     sync.Mutex
	routes map[string]http.HandlerFunc // "POST /token"
	log    []logged
}

type logged struct {
	Method, Path string
	Header       http.Header
	Query        url.Values
	Form         url.Values
	Body         string
}

func newIDP(t *testing.T) *idp {
	t.Helper()
	key, err := jose.GenerateKey("ES256", rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	i := &idp{t: t, key: key, routes: map[string]http.HandlerFunc{}}
	i.Server = httptest.NewServer(http.HandlerFunc(i.serve))
	t.Cleanup(i.Close)
	i.on("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		body, err := jose.NewSet(key).Marshal()
		if err != nil {
			t.Error(err)
		}
		_, _ = w.Write(body)
	})
	return i
}

func (i *idp) serve(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	form, _ := url.ParseQuery(string(body))
	i.mu.Lock()
	i.log = append(i.log, logged{r.Method, r.URL.Path, r.Header.Clone(), r.URL.Query(), form, string(body)})
	h := i.routes[r.Method+" "+r.URL.Path]
	i.mu.Unlock()
	w.Header().Set("Date", testNow().Format(http.TimeFormat))
	if h == nil {
		http.NotFound(w, r)
		return
	}
	r.Form = form
	h(w, r)
}

// on sets what "METHOD /path" answers.
func (i *idp) on(route string, h http.HandlerFunc) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.routes[route] = h
}

// json makes route answer body with a status, as application/json.
func (i *idp) json(route string, status int, body string) {
	i.on(route, answerWith(status, "application/json", body))
}

func answerWith(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// requests returns what route was sent so far.
func (i *idp) requests(route string) []logged {
	i.mu.Lock()
	defer i.mu.Unlock()
	var out []logged
	for _, l := range i.log {
		if l.Method+" "+l.Path == route {
			out = append(out, l)
		}
	}
	return out
}

func (i *idp) only(route string) logged {
	i.t.Helper()
	got := i.requests(route)
	if len(got) != 1 {
		i.t.Fatalf("%s was sent %d requests, want exactly 1", route, len(got))
	}
	return got[0]
}

// idToken signs claims over the defaults of a good ID token; a nil value
// removes a claim.
func (i *idp) idToken(over map[string]any) string {
	i.t.Helper()
	claims := map[string]any{
		"iss": i.URL, "sub": "4711", "aud": "client-1",
		"exp": testNow().Add(time.Hour).Unix(), "iat": testNow().Unix(),
	}
	for k, v := range over {
		if claims[k] = v; v == nil {
			delete(claims, k)
		}
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		i.t.Fatal(err)
	}
	token, err := jose.Sign(i.key, jose.Header{Typ: "JWT"}, payload)
	if err != nil {
		i.t.Fatal(err)
	}
	return token
}

// client is a client of the idp. change may turn the plain OAuth provider into
// another kind.
func (i *idp) client(change func(*provider.Provider)) *Client {
	i.t.Helper()
	p := &provider.Provider{
		ID: "test", Name: "Test", Protocol: provider.OAuth2,
		AuthorizationEndpoint: i.URL + "/authorize", TokenEndpoint: i.URL + "/token",
		UserinfoEndpoint: i.URL + "/me", RevocationEndpoint: i.URL + "/revoke",
		IntrospectionEndpoint: i.URL + "/introspect",
		Hosts:                 []string{strings.TrimPrefix(i.URL, "http://")},
		Scopes:                []string{"profile", "email"}, ScopeSeparator: " ",
		TokenEndpointAuthMethod: provider.ClientSecretPost, CodeChallengeMethod: provider.S256,
		ClientSecret: provider.SecretRequired, Refresh: provider.RefreshToken,
		Revocation: provider.RevokeRFC7009, Introspection: provider.IntrospectRFC7662,
		Profile: provider.ProfileMap{
			Sub: []string{"sub"}, Username: []string{"preferred_username"}, Name: []string{"name"},
			Email: []string{"email"}, EmailVerified: []string{"email_verified"}, Picture: []string{"picture"},
		},
	}
	if change != nil {
		change(p)
	}
	return &Client{
		Provider: p, ClientID: "client-1", ClientSecret: secret.New(testSecret),
		HTTP: httpx.NewClient(httpx.Options{}), Now: testNow,
	}
}

// oidc makes the idp's provider one with verified ID tokens.
func (i *idp) oidc(p *provider.Provider) {
	p.Protocol, p.Issuer, p.JWKSURI = provider.OIDC, i.URL, i.URL+"/keys"
	p.Scopes = []string{"openid", "email"}
}

func authorize(t *testing.T, c *Client) *Attempt {
	t.Helper()
	a, err := c.Authorize(AuthorizeOptions{RedirectURI: "http://127.0.0.1:4711/callback"})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func respond(code string) *Response { return &Response{Code: secret.New(code)} }

// exchange runs a whole code exchange against what the idp answers now.
func exchange(t *testing.T, c *Client) (*Tokens, error) {
	t.Helper()
	return c.Exchange(t.Context(), authorize(t, c), respond(testCode))
}

// noSecret fails if an error shows one of the secrets of the tests.
func noSecret(t *testing.T, err error) {
	t.Helper()
	for _, text := range []string{fmt.Sprint(err), fmt.Sprintf("%+v", err), fmt.Sprintf("%#v", err)} {
		if strings.Contains(text, "CANARY") {
			t.Errorf("the error shows a secret: %s", text)
		}
		if strings.ContainsFunc(text, func(r rune) bool { return r < 0x20 || r >= 0x7f && r <= 0x9f }) {
			t.Errorf("the error has control characters: %q", text)
		}
	}
}

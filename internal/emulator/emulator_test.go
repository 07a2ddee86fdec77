package emulator_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialauth/socialauth/internal/emulator"
	"github.com/socialauth/socialauth/internal/jose"
	"github.com/socialauth/socialauth/internal/provider"
)

const (
	clientID     = "app-1"
	clientSecret = "CANARY-CLIENT-SECRET-1"
	verifier     = "CANARY-VERIFIER-1-0123456789012345678901234"
	state        = "CANARY-STATE-1"
	nonce        = "CANARY-NONCE-1"
)

// clock is a clock that tests move.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// stand is a running emulator and a client app beside it.
type stand struct {
	t     *testing.T
	s     *emulator.Server
	base  string
	clock *clock
	ps    map[string]*provider.Provider // rebased
	http  *http.Client
	app   *httptest.Server
}

func allProviders(t testing.TB) []*provider.Provider {
	t.Helper()
	var all []*provider.Provider
	for _, id := range []string{"facebook", "github", "google", "kakao", "naver", "x"} {
		p, err := provider.Preset(id)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	return all
}

func start(t *testing.T, change func(*emulator.Options)) *stand {
	t.Helper()
	st := &stand{t: t, clock: &clock{t: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)}, ps: map[string]*provider.Provider{}}
	o := emulator.Options{Providers: allProviders(t), Now: st.clock.now, Key: testKey(t)}
	if change != nil {
		change(&o)
	}
	s, err := emulator.New(o)
	if err != nil {
		t.Fatal(err)
	}
	st.s = s
	server := httptest.NewUnstartedServer(nil)
	st.base = "http://" + server.Listener.Addr().String()
	server.Config.Handler = s.Handler(st.base)
	server.Start()
	t.Cleanup(server.Close)
	for _, p := range o.Providers {
		if st.ps[p.ID], err = p.Rebase(st.base); err != nil {
			t.Fatal(err)
		}
	}
	st.http = server.Client()
	st.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	st.app = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "<!DOCTYPE html><body><h1>Signed&nbsp;in</h1></body>")
	}))
	t.Cleanup(st.app.Close)
	return st
}

func testKey(t testing.TB) *jose.Key {
	t.Helper()
	k, err := jose.ParsePEM([]byte(testKeyPEM), "RS256")
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// redirectURI is the callback of the app on the host the provider wants.
func (st *stand) redirectURI(id string) string {
	port := st.app.URL[strings.LastIndexByte(st.app.URL, ':'):]
	return "http://" + st.ps[id].Redirect.Host + port + "/callback"
}

func challenge() string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// authorizeURL is what a client with PKCE sends the browser to.
func (st *stand) authorizeURL(id string, change func(url.Values)) string {
	p := st.ps[id]
	q := url.Values{
		"client_id": {clientID}, "redirect_uri": {st.redirectURI(id)}, "response_type": {"code"}, "state": {state},
		"scope": {strings.Join(p.Scopes, p.ScopeSeparator)}, "nonce": {nonce},
		"code_challenge": {challenge()}, "code_challenge_method": {"S256"},
	}
	for k, v := range p.AuthorizationParams {
		q.Set(k, v)
	}
	if change != nil {
		change(q)
	}
	return p.AuthorizationEndpoint + "?" + q.Encode()
}

// callback signs somebody in and returns the query the client gets.
func (st *stand) callback(id string, who emulator.Choice, change func(url.Values)) url.Values {
	st.t.Helper()
	who.Stop = true
	o, err := emulator.Play(context.Background(), st.http, st.authorizeURL(id, change), who)
	if err != nil {
		st.t.Fatal(err)
	}
	u, err := url.Parse(o.Callback)
	if err != nil {
		st.t.Fatal(err)
	}
	return u.Query()
}

// answer is a response to a test.
type answer struct {
	status int
	header http.Header
	body   string
	json   map[string]any
}

func (a answer) text(name string) string {
	s, _ := a.json[name].(string)
	return s
}

func (a answer) number(name string) string {
	n, _ := a.json[name].(json.Number)
	return n.String()
}

func (st *stand) do(req *http.Request) answer {
	st.t.Helper()
	res, err := st.http.Do(req)
	if err != nil {
		st.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		st.t.Fatal(err)
	}
	a := answer{status: res.StatusCode, header: res.Header, body: string(body)}
	d := json.NewDecoder(strings.NewReader(a.body))
	d.UseNumber()
	_ = d.Decode(&a.json)
	return a
}

func (st *stand) request(method, target string, form url.Values) *http.Request {
	st.t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	req, err := http.NewRequest(method, target, body)
	if err != nil {
		st.t.Fatal(err)
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	req.Header.Set("Accept", "application/json")
	return req
}

// asClient adds the client's credentials the provider's way.
func (st *stand) asClient(id string, req *http.Request, form url.Values) *http.Request {
	form = maps.Clone(form)
	form.Set("client_id", clientID)
	if st.ps[id].TokenEndpointAuthMethod == provider.ClientSecretPost {
		form.Set("client_secret", clientSecret)
	}
	next := st.request(req.Method, req.URL.String(), form)
	if st.ps[id].TokenEndpointAuthMethod == provider.ClientSecretBasic {
		next.SetBasicAuth(clientID, clientSecret)
	}
	return next
}

func (st *stand) token(id string, form url.Values) answer {
	st.t.Helper()
	return st.do(st.asClient(id, st.request(http.MethodPost, st.ps[id].TokenEndpoint, nil), form))
}

func (st *stand) exchange(id string, q url.Values) answer {
	st.t.Helper()
	form := url.Values{
		"grant_type": {"authorization_code"}, "code": {q.Get("code")}, "redirect_uri": {st.redirectURI(id)}, "code_verifier": {verifier},
	}
	if st.ps[id].Has(provider.QuirkStateInTokenRequest) {
		form.Set("state", q.Get("state"))
	}
	return st.token(id, form)
}

// signIn is callback and exchange for the first person.
func (st *stand) signIn(id string) answer {
	st.t.Helper()
	a := st.exchange(id, st.callback(id, emulator.Choice{}, nil))
	if a.status != http.StatusOK || a.text("access_token") == "" {
		st.t.Fatalf("%s: no token: %d %s", id, a.status, a.body)
	}
	return a
}

func (st *stand) bearer(method, target, token string) answer {
	st.t.Helper()
	req := st.request(method, target, nil)
	req.Header.Set("Authorization", "Bearer "+token)
	return st.do(req)
}

// wantLog compares the log with lines and empties it.
func (st *stand) wantLog(lines ...string) {
	st.t.Helper()
	var got []string
	for _, e := range st.s.Log() {
		got = append(got, e.String())
	}
	if d := cmp.Diff(lines, got); d != "" {
		st.t.Errorf("request log (-want +got):\n%s", d)
	}
	st.s.ClearLog()
}

// checkSignature reports whether a token's signature fits a JWK.
func (st *stand) checkSignature(jwk []byte, token string) bool {
	st.t.Helper()
	set, err := jose.ParseSet(jwk)
	if err != nil {
		st.t.Fatal(err)
	}
	v := jose.Verifier{Keys: set, SkipIssuer: true, SkipAudience: true, Algorithms: []string{"RS256"}, Now: st.clock.now}
	_, err = v.Verify(context.Background(), []byte(token))
	return err == nil
}

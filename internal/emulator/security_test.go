package emulator_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/socialauth/socialauth/internal/emulator"
)

// authorize sends one authorization request and says what became of it: "page"
// for a sign-in page, "refused" for an error page, else the error in the redirect.
func (st *stand) authorize(target string) string {
	st.t.Helper()
	a := st.do(st.request("GET", target, nil))
	if a.status == http.StatusOK {
		return "page"
	}
	if a.header.Get("Location") == "" {
		return "refused"
	}
	u, err := url.Parse(a.header.Get("Location"))
	if err != nil {
		st.t.Fatal(err)
	}
	return u.Query().Get("error")
}

// The one request parameter that must not be trusted before redirect_uri is
// known is told to the person, all others to the client.
func TestAuthorizationRequest(t *testing.T) {
	st := start(t, nil)
	for name, tc := range map[string]struct {
		id, want string
		change   func(url.Values)
	}{
		"good":                   {"google", "page", nil},
		"no client":              {"google", "refused", func(q url.Values) { q.Del("client_id") }},
		"two clients":            {"google", "refused", func(q url.Values) { q.Add("client_id", "other") }},
		"two states":             {"google", "refused", func(q url.Values) { q.Add("state", "other") }},
		"token":                  {"google", "unsupported_response_type", func(q url.Values) { q.Set("response_type", "token") }},
		"no response type":       {"google", "unsupported_response_type", func(q url.Values) { q.Del("response_type") }},
		"form_post":              {"google", "invalid_request", func(q url.Values) { q.Set("response_mode", "form_post") }},
		"silent":                 {"google", "login_required", func(q url.Values) { q.Set("prompt", "none") }},
		"request object":         {"google", "request_not_supported", func(q url.Values) { q.Set("request", "x") }},
		"no state, optional":     {"google", "page", func(q url.Values) { q.Del("state") }},
		"no state, Naver":        {"naver", "invalid_request", func(q url.Values) { q.Del("state") }},
		"long state":             {"x", "invalid_request", func(q url.Values) { q.Set("state", strings.Repeat("x", 501)) }},
		"odd scope":              {"google", "invalid_scope", func(q url.Values) { q.Set("scope", "a\"b") }},
		"no scope":               {"facebook", "page", func(q url.Values) { q.Del("scope") }},
		"PKCE missing, X":        {"x", "invalid_request", func(q url.Values) { q.Del("code_challenge"); q.Del("code_challenge_method") }},
		"PKCE missing, optional": {"facebook", "page", func(q url.Values) { q.Del("code_challenge"); q.Del("code_challenge_method") }},
		"PKCE plain":             {"x", "invalid_request", func(q url.Values) { q.Set("code_challenge_method", "plain") }},
		"PKCE plain by default":  {"facebook", "invalid_request", func(q url.Values) { q.Del("code_challenge_method") }},
		"PKCE method alone":      {"facebook", "invalid_request", func(q url.Values) { q.Del("code_challenge") }},
		"PKCE hex":               {"google", "invalid_request", func(q url.Values) { q.Set("code_challenge", strings.Repeat("ab", 32)) }},
		"PKCE padded":            {"google", "invalid_request", func(q url.Values) { q.Set("code_challenge", challenge()+"=") }},
	} {
		if got := st.authorize(st.authorizeURL(tc.id, tc.change)); got != tc.want {
			t.Errorf("%s: %s, want %s", name, got, tc.want)
		}
	}
}

// Row I03.
func TestCodeVerifier(t *testing.T) {
	for name, tc := range map[string]struct {
		challenge bool
		verifier  string
		want      int
	}{
		"right":                   {true, verifier, 200},
		"missing":                 {true, "", 400},
		"wrong":                   {true, strings.Repeat("x", 43), 400},
		"the challenge itself":    {true, challenge(), 400},
		"too short":               {true, "x", 400},
		"without challenge":       {false, verifier, 400},
		"neither, where optional": {false, "", 200},
	} {
		st := start(t, nil)
		q := st.callback("google", emulator.Choice{}, func(q url.Values) {
			if !tc.challenge {
				q.Del("code_challenge")
				q.Del("code_challenge_method")
			}
		})
		form := url.Values{"grant_type": {"authorization_code"}, "code": {q.Get("code")}, "redirect_uri": {st.redirectURI("google")}}
		if tc.verifier != "" {
			form.Set("code_verifier", tc.verifier)
		}
		if a := st.token("google", form); a.status != tc.want {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
		if a := st.exchange("google", q); tc.want != 200 && a.status == 200 {
			t.Errorf("%s: the code can be tried again", name)
		}
	}
}

func TestCodeIsTiedToItsRequest(t *testing.T) {
	for name, change := range map[string]func(url.Values){
		"other redirect_uri": func(f url.Values) { f.Set("redirect_uri", "http://127.0.0.1:1/callback") },
		"no redirect_uri":    func(f url.Values) { f.Del("redirect_uri") },
		"made-up code":       func(f url.Values) { f.Set("code", "made-up") },
		"no code":            func(f url.Values) { f.Del("code") },
		"two codes":          func(f url.Values) { f.Add("code", "other") },
		"no grant_type":      func(f url.Values) { f.Del("grant_type") },
		"password":           func(f url.Values) { f.Set("grant_type", "password") },
	} {
		st := start(t, nil)
		form := url.Values{
			"grant_type": {"authorization_code"}, "redirect_uri": {st.redirectURI("google")}, "code_verifier": {verifier},
			"code": {st.callback("google", emulator.Choice{}, nil).Get("code")},
		}
		change(form)
		if a := st.token("google", form); a.status != 400 || a.text("error") == "" {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	st := start(t, nil)
	form := url.Values{
		"grant_type": {"authorization_code"}, "redirect_uri": {st.redirectURI("google")}, "code_verifier": {verifier},
		"code": {st.callback("google", emulator.Choice{}, nil).Get("code")}, "client_id": {"other"}, "client_secret": {"other"},
	}
	if a := st.do(st.request("POST", st.ps["google"].TokenEndpoint, form)); a.text("error") != "invalid_grant" {
		t.Errorf("other client: %d %s", a.status, a.body)
	}
	q := st.callback("naver", emulator.Choice{}, nil)
	q.Set("state", "other")
	if a := st.exchange("naver", q); a.text("error") != "invalid_request" {
		t.Errorf("other state at Naver: %d %s", a.status, a.body)
	}
}

// A code that comes twice ends what it gave.
func TestCodeReuseRevokes(t *testing.T) {
	st := start(t, nil)
	q := st.callback("google", emulator.Choice{}, nil)
	a := st.exchange("google", q)
	if again := st.exchange("google", q); again.text("error") != "invalid_grant" {
		t.Errorf("second use = %d %s", again.status, again.body)
	}
	if me := st.bearer("GET", st.ps["google"].UserinfoEndpoint, a.text("access_token")); me.status != 401 {
		t.Errorf("the first token still works: %d", me.status)
	}
	if r := st.token("google", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {a.text("refresh_token")}}); r.status != 400 {
		t.Errorf("the refresh token still works: %d", r.status)
	}
}

// Row I05.
func TestRefreshReuseRevokesTheFamily(t *testing.T) {
	st := start(t, nil)
	refresh := func(token string) answer {
		return st.token("x", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}})
	}
	first := st.signIn("x")
	second := refresh(first.text("refresh_token"))
	if second.status != 200 {
		t.Fatalf("refresh = %d %s", second.status, second.body)
	}
	if again := refresh(first.text("refresh_token")); again.status != 400 {
		t.Errorf("reuse = %d %s", again.status, again.body)
	}
	if next := refresh(second.text("refresh_token")); next.status != 400 {
		t.Errorf("the newest refresh token still works: %d", next.status)
	}
	if me := st.bearer("GET", st.ps["x"].UserinfoEndpoint, second.text("access_token")); me.status != 401 {
		t.Errorf("the newest access token still works: %d", me.status)
	}
}

func TestClientAuthentication(t *testing.T) {
	st := start(t, func(o *emulator.Options) {
		o.Clients = map[string]string{clientID: clientSecret, "public": "", "odd": "a:b%c+d é"}
	})
	basic := func(id, secret string) func(*http.Request, url.Values) {
		return func(r *http.Request, _ url.Values) { r.SetBasicAuth(url.QueryEscape(id), url.QueryEscape(secret)) }
	}
	post := func(id, secret string) func(*http.Request, url.Values) {
		return func(_ *http.Request, f url.Values) { f.Set("client_id", id); f.Set("client_secret", secret) }
	}
	for name, tc := range map[string]struct {
		id   string
		auth func(*http.Request, url.Values)
		want string // the error of a made-up code, once the client is believed
	}{
		"Facebook, body":         {"facebook", post(clientID, clientSecret), "100"},
		"Facebook, header":       {"facebook", basic(clientID, clientSecret), "1"},
		"Facebook, wrong secret": {"facebook", post(clientID, "x"), "1"},
		"Facebook, no secret":    {"facebook", post(clientID, ""), "1"},
		"Facebook, nobody":       {"facebook", func(*http.Request, url.Values) {}, "101"},
		"X, header":              {"x", basic(clientID, clientSecret), "invalid_request"},
		"X, body":                {"x", post(clientID, clientSecret), "unauthorized_client"},
		"X, both": {"x", func(r *http.Request, f url.Values) {
			basic(clientID, clientSecret)(r, f)
			post(clientID, clientSecret)(r, f)
		}, "invalid_request"},
		"X, public":            {"x", post("public", ""), "invalid_request"},
		"X, public with Basic": {"x", basic("public", ""), "unauthorized_client"},
		"X, odd characters":    {"x", basic("odd", "a:b%c+d é"), "invalid_request"},
		"X, confidential bare": {"x", post(clientID, ""), "unauthorized_client"},
		"X, not Basic":         {"x", func(r *http.Request, _ url.Values) { r.Header.Set("Authorization", "Bearer x") }, "unauthorized_client"},
		"Google, body":         {"google", post(clientID, clientSecret), "invalid_grant"},
		"Google, header":       {"google", basic(clientID, clientSecret), "invalid_grant"},
		"Kakao, unknown":       {"kakao", post("nobody", "x"), "invalid_client"},
		"Kakao, header":        {"kakao", basic(clientID, clientSecret), "invalid_client"},
		"Naver, no secret":     {"naver", post("public", ""), "invalid_client"},
		"GitHub, wrong secret": {"github", post(clientID, "x"), "incorrect_client_credentials"},
	} {
		form := url.Values{"grant_type": {"authorization_code"}, "code": {"made-up"}, "redirect_uri": {"http://localhost/callback"}}
		probe := st.request("POST", st.ps[tc.id].TokenEndpoint, nil)
		tc.auth(probe, form)
		req := st.request("POST", st.ps[tc.id].TokenEndpoint, form)
		if h := probe.Header.Get("Authorization"); h != "" {
			req.Header.Set("Authorization", h)
		}
		a := st.do(req)
		got := a.text("error")
		if got == "" {
			got = fmt.Sprint(dig(a.json, "error.code"))
		}
		if got != tc.want {
			t.Errorf("%s: %d %s, want %s", name, a.status, a.body, tc.want)
		}
	}
	if got := st.authorize(st.authorizeURL("google", func(q url.Values) { q.Set("client_id", "nobody") })); got != "refused" {
		t.Errorf("authorization request of an unknown client: %s", got)
	}
}

// Names that point to this machine do not (DNS rebinding).
func TestHostHeader(t *testing.T) {
	s, err := emulator.New(emulator.Options{Providers: allProviders(t), Now: (&clock{}).now})
	if err != nil {
		t.Fatal(err)
	}
	for host, want := range map[string]int{
		"127.0.0.1:4400": 200, "127.0.0.1": 200, "[::1]:4400": 200, "localhost:4400": 200, "LOCALHOST": 200, "127.9.9.9:1": 200,
		"evil.example": 421, "localhost.evil.example:4400": 421, "127.0.0.1.nip.io": 421, "192.168.0.1:4400": 421, "": 421,
		"localhost:x": 421, "0.0.0.0:4400": 421, "[fe80::1%25lo]": 421,
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Host = host
		w := httptest.NewRecorder()
		s.Handler("").ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("Host %q: %d, want %d", host, w.Code, want)
		}
	}
}

func TestPlayOnRefusals(t *testing.T) {
	st := start(t, nil)
	for name, tc := range map[string]struct {
		change func(url.Values)
		choice emulator.Choice
		want   string
	}{
		"error page":     {func(q url.Values) { q.Set("redirect_uri", "http://evil.example/") }, emulator.Choice{}, "not allowed"},
		"unknown person": {nil, emulator.Choice{Person: "nobody"}, "no button"},
	} {
		_, err := emulator.Play(context.Background(), st.http, st.authorizeURL("facebook", tc.change), tc.choice)
		if e, ok := errors.AsType[*emulator.PageError](err); !ok || !strings.Contains(e.Text, tc.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, choice := range map[string]emulator.Choice{"deny": {Deny: true}, "cancel": {Cancel: true}} {
		if q := st.callback("facebook", choice, nil); q.Get("error") != "access_denied" || q.Get("error_reason") != "user_denied" || q.Get("state") != state {
			t.Errorf("%s: %v", name, q)
		}
	}
}

// A token of one client is worth nothing to another, even with the same secret.
func TestTokensBelongToTheirClient(t *testing.T) {
	st := start(t, nil)
	a := st.signIn("naver")
	as := func(endpoint string, form url.Values) answer {
		form.Set("client_id", "other")
		form.Set("client_secret", clientSecret)
		return st.do(st.request("POST", endpoint, form))
	}
	refresh := as(st.ps["naver"].TokenEndpoint, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {a.text("refresh_token")}})
	diff(t, "refresh", "invalid_request", refresh.text("error"))
	revoke := as(st.ps["naver"].RevocationEndpoint, url.Values{"token": {a.text("access_token")}})
	diff(t, "revoke", "invalid_client", revoke.text("error"))
	diff(t, "profile", 200, st.bearer("GET", st.ps["naver"].UserinfoEndpoint, a.text("access_token")).status)
	facebook := st.signIn("facebook").text("access_token")
	exchange := as(st.ps["facebook"].TokenEndpoint, url.Values{"grant_type": {"fb_exchange_token"}, "fb_exchange_token": {facebook}})
	diff(t, "exchange", 400, exchange.status)
	diff(t, "another provider", 401, st.bearer("GET", st.ps["naver"].UserinfoEndpoint, facebook).status)
}

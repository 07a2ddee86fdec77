package emulator_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/socialauth/socialauth/internal/emulator"
)

// post sends a form of the pages.
func (st *stand) post(path string, form url.Values, header ...string) answer {
	st.t.Helper()
	req := st.request("POST", st.base+path, form)
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	return st.do(req)
}

// handle opens the sign-in page and returns the hidden field of its form.
func (st *stand) handle(id string) string {
	st.t.Helper()
	page := st.do(st.request("GET", st.authorizeURL(id, nil), nil)).body
	m := regexp.MustCompile(`name="request" value="([^"]+)"`).FindStringSubmatch(page)
	if m == nil {
		st.t.Fatal("there is no form")
	}
	return m[1]
}

func TestPagesAreLockedDown(t *testing.T) {
	st := start(t, nil)
	pages := map[string]answer{
		"sign-in": st.do(st.request("GET", st.authorizeURL("facebook", nil), nil)),
		"consent": st.post("/facebook/emulator/sign-in", url.Values{"request": {st.handle("facebook")}, "person": {"ada"}}),
		"error":   st.do(st.request("GET", st.authorizeURL("facebook", func(q url.Values) { q.Set("redirect_uri", "x") }), nil)),
		"index":   st.do(st.request("GET", st.base+"/", nil)),
	}
	for name, a := range pages {
		style := regexp.MustCompile(`(?s)<style>(.*?)</style>`).FindStringSubmatch(a.body)
		if style == nil {
			t.Fatalf("%s has no style: %s", name, a.body)
		}
		sum := sha256.Sum256([]byte(style[1]))
		form := "'none'"
		if name == "sign-in" || name == "consent" {
			form = "'self' http://localhost:*"
		}
		diff(t, name+": policy", "default-src 'none'; style-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+
			"'; img-src data:; form-action "+form+"; frame-ancestors 'none'; base-uri 'none'", a.header.Get("Content-Security-Policy"))
		for header, want := range map[string]string{
			"X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Referrer-Policy": "same-origin",
			"Set-Cookie": "", "Access-Control-Allow-Origin": "", "Content-Type": "text/html; charset=utf-8",
		} {
			diff(t, name+": "+header, want, a.header.Get(header))
		}
		for _, want := range []string{`<html lang="en">`, "<title>", "<h1>", "stand-in", `name="viewport"`, "prefers-color-scheme: dark"} {
			if !strings.Contains(a.body, want) {
				t.Errorf("%s lacks %s", name, want)
			}
		}
		if strings.Contains(strings.ToLower(a.body), "<script") {
			t.Errorf("%s has a script", name)
		}
	}
}

// Row I07: nothing that comes in leaves as markup.
func TestPagesEscape(t *testing.T) {
	payloads := []string{
		`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `'><svg/onload=alert(1)>`, `</title><script>x</script>`,
		`</style><script>x</script>`, `javascript:alert(1)`, "{{.CSS}}", `&lt;script&gt;`, "\u202e\u2066x", "`${x}`", "-->",
	}
	tag := regexp.MustCompile(`<[a-z/!][^>]*`)
	for _, payload := range payloads {
		people := []emulator.Person{{ID: "p", Name: payload, Email: payload, Username: payload}}
		st := start(t, func(o *emulator.Options) { o.People = people })
		tags := func(a answer) string { return strings.Join(tag.FindAllString(a.body, -1), "\n") }
		plain := start(t, func(o *emulator.Options) {
			o.People = []emulator.Person{{ID: "p", Name: "x", Email: "x", Username: "x"}}
		})
		hostile := func(q url.Values) {
			q.Set("client_id", strings.Map(ascii, payload))
			q.Set("login_hint", payload)
			q.Set("state", payload)
		}
		a, b := st.do(st.request("GET", st.authorizeURL("google", hostile), nil)), plain.do(plain.request("GET", plain.authorizeURL("google", nil), nil))
		blank := regexp.MustCompile(`value="[^"]{43}"`)
		diff(t, "sign-in page with "+payload, blank.ReplaceAllString(tags(b), ""), blank.ReplaceAllString(tags(a), ""))
		for name, change := range map[string]func(url.Values){
			"redirect_uri": func(q url.Values) { q.Set("redirect_uri", payload) },
			"client_id":    func(q url.Values) { q.Set("client_id", payload); q.Set("redirect_uri", payload) },
		} {
			a := st.do(st.request("GET", st.authorizeURL("google", change), nil))
			if a.status != 400 || strings.Count(a.body, "<") != strings.Count(errorPage(plain).body, "<") {
				t.Errorf("error page with %s in %s: %d\n%s", payload, name, a.status, a.body)
			}
		}
		for scope := range strings.FieldsSeq(strings.Map(ascii, payload)) {
			a := st.do(st.request("GET", st.authorizeURL("facebook", func(q url.Values) { q.Set("scope", scope) }), nil))
			if strings.Contains(a.body, payload) && strings.ContainsAny(payload, "<>") {
				t.Errorf("scope %s comes back raw", scope)
			}
		}
	}
}

func ascii(r rune) rune {
	if r < 0x20 || r > 0x7e {
		return -1
	}
	return r
}

func errorPage(st *stand) answer {
	return st.do(st.request("GET", st.authorizeURL("google", func(q url.Values) { q.Set("redirect_uri", "x") }), nil))
}

// Everybody's name and address come through whole, on the page and in the profile.
func TestPeopleComeThrough(t *testing.T) {
	st := start(t, nil)
	for _, p := range emulator.People() {
		for _, id := range []string{"google", "kakao", "naver", "facebook"} {
			scope := func(q url.Values) {
				if id == "kakao" {
					q.Set("scope", "profile_nickname account_email")
				}
			}
			a := st.exchange(id, st.callback(id, emulator.Choice{Person: p.ID}, scope))
			me := st.bearer("GET", st.ps[id].UserinfoEndpoint, a.text("access_token"))
			name := dig(me.json, st.ps[id].Profile.Name[0])
			email, _ := dig(me.json, st.ps[id].Profile.Email[0]).(string)
			diff(t, id+"/"+p.ID, []any{p.Name, p.Email}, []any{name, email})
		}
	}
}

func TestFormsCannotBeForged(t *testing.T) {
	st := start(t, nil)
	good := st.handle("facebook")
	allow := url.Values{"request": {good}, "decision": {"allow"}}
	for name, tc := range map[string]struct {
		path   string
		form   url.Values
		header []string
		want   int
	}{
		"no handle":             {"/facebook/emulator/sign-in", url.Values{"person": {"ada"}}, nil, 400},
		"made-up handle":        {"/facebook/emulator/sign-in", url.Values{"request": {"x"}, "person": {"ada"}}, nil, 400},
		"handle of other realm": {"/google/emulator/sign-in", url.Values{"request": {good}, "person": {"ada"}}, nil, 400},
		"consent before person": {"/facebook/emulator/consent", allow, nil, 400},
		"cross-site":            {"/facebook/emulator/sign-in", url.Values{"request": {good}, "person": {"ada"}}, []string{"Sec-Fetch-Site", "cross-site"}, 403},
		"same-site":             {"/facebook/emulator/sign-in", url.Values{"request": {good}, "person": {"ada"}}, []string{"Sec-Fetch-Site", "same-site"}, 403},
		"other origin":          {"/facebook/emulator/sign-in", url.Values{"request": {good}, "person": {"ada"}}, []string{"Origin", "http://evil.example"}, 403},
		"JSON":                  {"/facebook/emulator/sign-in", url.Values{"request": {good}, "person": {"ada"}}, []string{"Content-Type", "application/json"}, 400},
		"nobody":                {"/facebook/emulator/sign-in", url.Values{"request": {good}, "person": {"nobody"}}, nil, 400},
	} {
		if a := st.post(tc.path, tc.form, tc.header...); a.status != tc.want || a.header.Get("Location") != "" {
			t.Errorf("%s: %d, want %d", name, a.status, tc.want)
		}
	}
	if a := st.post("/facebook/emulator/sign-in", url.Values{"request": {good}, "person": {"ada"}}); a.status != 200 {
		t.Fatalf("sign-in = %d", a.status)
	}
	if a := st.post("/facebook/emulator/consent", allow); a.status != 303 {
		t.Errorf("consent = %d", a.status)
	}
	if a := st.post("/facebook/emulator/consent", allow); a.status != 400 {
		t.Errorf("the same consent again = %d", a.status)
	}
	late := st.handle("facebook")
	st.clock.advance(10 * time.Minute)
	if a := st.post("/facebook/emulator/sign-in", url.Values{"request": {late}, "person": {"ada"}}); a.status != 400 {
		t.Errorf("after ten minutes = %d", a.status)
	}
}

// Row I10. The row's million would take minutes; past the limit nothing grows.
func TestMemoryIsBounded(t *testing.T) {
	c := &clock{t: time.Unix(1_800_000_000, 0)}
	s, err := emulator.New(emulator.Options{Providers: allProviders(t), Now: c.now})
	if err != nil {
		t.Fatal(err)
	}
	h := s.Handler("http://127.0.0.1:1")
	for i := range 12_000 {
		q := url.Values{
			"client_id": {fmt.Sprint("app", i)}, "redirect_uri": {"http://127.0.0.1:1/callback"}, "response_type": {"code"}, "scope": {"openid"},
		}
		r := httptest.NewRequest(http.MethodGet, "http://127.0.0.1:1/google/o/oauth2/v2/auth?"+q.Encode(), nil)
		h.ServeHTTP(httptest.NewRecorder(), r)
	}
	for name, n := range s.Remembered() {
		if n[0] > n[1] {
			t.Errorf("%s: %d of %d", name, n[0], n[1])
		}
	}
	if n := s.Remembered()["requests"]; n[0] != n[1] {
		t.Errorf("requests: %d of %d, so the test tests nothing", n[0], n[1])
	}
	if n := len(s.Log()); n > 10_000 {
		t.Errorf("the log has %d entries", n)
	}
	c.advance(time.Hour)
	r := httptest.NewRequest(http.MethodGet, "http://127.0.0.1:1/google/o/oauth2/v2/auth?client_id=a&redirect_uri=http://127.0.0.1:1/callback&response_type=code", nil)
	h.ServeHTTP(httptest.NewRecorder(), r)
	if n := s.Remembered()["requests"]; n[0] != 1 {
		t.Errorf("after an hour %d requests are remembered", n[0])
	}
}

func TestIndexAndPictures(t *testing.T) {
	st := start(t, nil)
	page := st.do(st.request("GET", st.base+"/", nil)).body
	for _, want := range []string{
		"SOCIALAUTH_EMULATOR=" + st.base, "SOCIALAUTH_FACEBOOK_CLIENT_ID=", "SOCIALAUTH_FACEBOOK_CLIENT_SECRET=",
		st.ps["facebook"].TokenEndpoint, st.ps["google"].Issuer, "김민준",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the first page lacks %s", want)
		}
	}
	picture := st.do(st.request("GET", st.base+"/emulator/people/minjun.svg", nil))
	if picture.header.Get("Content-Type") != "image/svg+xml; charset=utf-8" || !strings.Contains(picture.body, ">김</text>") {
		t.Errorf("picture = %s", picture.body)
	}
	for _, path := range []string{"/nothing", "/facebook", "/facebook/", "/myspace/x", "/emulator/people/nobody.svg", "/google/../x"} {
		if a := st.do(st.request("GET", st.base+path, nil)); a.status != 404 {
			t.Errorf("%s = %d", path, a.status)
		}
	}
	if a := st.do(st.request("GET", st.base+"/google/o/oauth2/v2/auth?x="+strings.Repeat("x", 17<<10), nil)); a.status != 414 {
		t.Errorf("a long query = %d", a.status)
	}
	if a := st.post("/google/token", url.Values{"code": {strings.Repeat("x", 65<<10)}}); a.status != 400 {
		t.Errorf("a long body = %d", a.status)
	}
}

// No secret and no parameter reaches the log.
func TestLogHasNoSecrets(t *testing.T) {
	st := start(t, nil)
	secrets := []string{clientSecret, verifier, state, nonce, "CANARY"}
	for id := range st.ps {
		a := st.signIn(id)
		secrets = append(secrets, a.text("access_token"))
		st.bearer("GET", st.ps[id].UserinfoEndpoint, a.text("access_token"))
	}
	st.token("google", url.Values{"grant_type": {"CANARY-GRANT-1"}})
	st.do(st.request("GET", st.base+"/google/x?token=CANARY-QUERY-1", nil))
	for _, e := range st.s.Log() {
		line, err := e.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range secrets {
			if strings.Contains(string(line)+e.String(), s) {
				t.Errorf("%s has a secret", e)
			}
		}
	}
}

func TestNewRefuses(t *testing.T) {
	all := allProviders(t)
	now := (&clock{}).now
	for name, o := range map[string]emulator.Options{
		"no clock":        {Providers: all},
		"twice":           {Providers: append(all, all[0]), Now: now},
		"nobody":          {Providers: all, Now: now, People: []emulator.Person{}},
		"person's id":     {Providers: all, Now: now, People: []emulator.Person{{ID: "A b", Name: "x"}}},
		"same person":     {Providers: all, Now: now, People: []emulator.Person{{ID: "a", Name: "x"}, {ID: "a", Name: "y"}}},
		"nameless person": {Providers: all, Now: now, People: []emulator.Person{{ID: "a"}}},
		"redirect URI":    {Providers: all, Now: now, Redirects: map[string][]string{"x": {"http://127.0.0.1:1"}}},
		"redirect of who": {Providers: all, Now: now, Redirects: map[string][]string{"myspace": {"http://127.0.0.1:1/"}}},
		"fault":           {Providers: all, Now: now, Faults: []string{"nonsense"}},
	} {
		if _, err := emulator.New(o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// Play gives up when its context ends, and its errors have no query in them.
func TestPlayErrors(t *testing.T) {
	st := start(t, nil)
	st.app.Close()
	_, err := emulator.Play(context.Background(), st.http, st.authorizeURL("facebook", nil), emulator.Choice{})
	if err == nil || strings.Contains(err.Error(), "code") {
		t.Errorf("callback that is gone: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := emulator.Play(ctx, st.http, st.authorizeURL("facebook", nil), emulator.Choice{}); err == nil {
		t.Error("ended context: no error")
	}
}

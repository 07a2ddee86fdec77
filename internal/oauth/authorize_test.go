package oauth

import (
	"errors"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/socialauth/socialauth/internal/provider"
	"github.com/socialauth/socialauth/internal/secret"
)

func TestAuthorizationURL(t *testing.T) {
	i := newIDP(t)
	c := i.client(func(p *provider.Provider) {
		i.oidc(p)
		p.AuthorizationEndpoint += "?tenant=a%20b"
		p.AuthorizationParams = map[string]string{"access_type": "offline", "prompt": "consent"}
	})
	a, err := c.Authorize(AuthorizeOptions{
		RedirectURI: "http://127.0.0.1:1/callback", Params: map[string]string{"prompt": "login"}, LoginHint: "ada@example.com",
	})
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(a.URL)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	if challenge := q.Get("code_challenge"); len(challenge) != 43 || challenge == a.CodeVerifier.Reveal() {
		t.Errorf("code_challenge = %q", challenge)
	}
	q.Del("code_challenge")
	want := url.Values{
		"tenant": {"a b"}, "response_type": {"code"}, "client_id": {"client-1"}, "redirect_uri": {"http://127.0.0.1:1/callback"},
		"scope": {"openid email"}, "state": {a.State.Reveal()}, "nonce": {a.Nonce.Reveal()}, "code_challenge_method": {"S256"},
		"access_type": {"offline"}, "prompt": {"login"}, "login_hint": {"ada@example.com"},
	}
	if diff := cmp.Diff(want, q); diff != "" {
		t.Error(diff)
	}
	if a.Host != u.Host {
		t.Errorf("Host = %q", a.Host)
	}
	for what, s := range map[string]string{"client secret": testSecret, "verifier": a.CodeVerifier.Reveal()} { // B07
		if strings.Contains(a.URL, s) {
			t.Errorf("the URL holds the %s", what)
		}
	}
}

func TestRandomValues(t *testing.T) { // A01, A02
	shape := regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)
	i := newIDP(t)
	c := i.client(i.oidc)
	seen := map[string]bool{}
	for range 3000 {
		a := authorize(t, c)
		for _, v := range []secret.Text{a.State, a.CodeVerifier, a.Nonce} {
			if !shape.MatchString(v.Reveal()) {
				t.Fatalf("%q is not 32 bytes in base64url", v.Reveal())
			}
			if seen[v.Reveal()] {
				t.Fatal("a value came twice")
			}
			seen[v.Reveal()] = true
		}
	}
}

func TestScopeSeparatorAndNoPKCE(t *testing.T) {
	i := newIDP(t)
	c := i.client(func(p *provider.Provider) {
		p.ScopeSeparator, p.CodeChallengeMethod = ",", provider.ChallengeNone
	})
	a := authorize(t, c)
	u, _ := url.Parse(a.URL)
	q := u.Query()
	if q.Get("scope") != "profile,email" || q.Has("code_challenge") || q.Has("nonce") || !a.CodeVerifier.IsZero() || !a.Nonce.IsZero() {
		t.Errorf("query %v", q)
	}
	i.json("POST /token", 200, `{"access_token":"a"}`)
	if _, err := c.Exchange(t.Context(), a, respond("c")); err != nil {
		t.Fatal(err)
	}
	if i.only("POST /token").Form.Has("code_verifier") {
		t.Error("a verifier was sent without a challenge")
	}
}

// Nothing that is not plainly an https page is ever handed to a browser, and
// nothing is ever sent to a host the provider's data does not name.
func TestUnsafeEndpoints(t *testing.T) { // B01, B10, A05
	for _, raw := range []string{
		"", "file:///etc/passwd", "javascript:alert(1)", "data:text/html,x", "smb://h/x", "search-ms:query=x", "ms-msdt:/id",
		"vscode://x/y", "--version", "-x", "http://idp.example/a", "//idp.example/a", "/a", "https:///a", "https://", "https:idp.example/a",
		"https://accounts.google.com@evil.example/", "https://u:p@idp.example/", "https://idp.example/a#x", "https://idp.example/a#",
		"https://idp.example/$(id)`x`", "https://idp.example/a b", "https://idp.example/a\n", "https://idp.example/\x1b[2J", "https://idp.example/\"",
		"https://idp.example/'", "https://idp.example/a|b", "https://idp.example/{user-id}", "https://idp.example/a\\b", "https://idp.example\\@evil.example/",
		"HTTPS://evil.example/", "https://evil.example/", "https://idp.example.evil.example/", "https://idp.example:8443/", "https://-x.example/",
		"http://127.0.0.1.evil.example/", "http://0x7f.1/", "http://2130706433/", "http://[::ffff:127.0.0.1]/", "http://[::1%25eth0]/", "https://idp.example/é",
		"https://idp.example/a?state=x", "https://idp.example/a?client_id=x", "https://idp.example/a?code_challenge=x", "https://idp.example/%zz",
	} {
		i := newIDP(t)
		c := i.client(func(p *provider.Provider) { p.AuthorizationEndpoint, p.Hosts = raw, append(p.Hosts, "idp.example") })
		a, err := c.Authorize(AuthorizeOptions{RedirectURI: "http://127.0.0.1:1/callback"})
		var unsafe *UnsafeURLError
		if !errors.As(err, &unsafe) {
			t.Errorf("%q: got %v, %v, want *UnsafeURLError", raw, a, err)
			continue
		}
		noSecret(t, err)
		if strings.Contains(raw, "code_challenge=") || strings.Contains(raw, "state=") || strings.Contains(raw, "client_id=") {
			continue
		}
		c.Provider.TokenEndpoint, c.Provider.UserinfoEndpoint = raw, raw
		if _, err := c.Exchange(t.Context(), &Attempt{tokenEndpoint: raw}, respond("c")); !errors.As(err, &unsafe) {
			t.Errorf("token_endpoint %q: %v", raw, err)
		}
		if len(i.log) > 0 {
			t.Errorf("%q: a request was sent", raw)
		}
	}
}

func TestAuthorizeRefusesArguments(t *testing.T) {
	i := newIDP(t)
	c := i.client(nil)
	for _, o := range []AuthorizeOptions{
		{Params: map[string]string{"state": "x"}},
		{Params: map[string]string{"redirect_uri": "x"}},
		{Params: map[string]string{"": "x"}},
		{Params: map[string]string{"response_mode": "form_post"}},
		{Params: map[string]string{"code_challenge_method": "plain"}},
		{Params: map[string]string{"client_secret": "x"}},
		{Scopes: []string{"a b"}},
		{Scopes: []string{""}},
		{Scopes: []string{"a\n"}},
	} {
		o.RedirectURI = "http://127.0.0.1:1/callback"
		_, err := c.Authorize(o)
		if _, ok := errors.AsType[*ParamError](err); !ok {
			t.Errorf("%v: error is %v, want *ParamError", o, err)
		}
	}
	if _, err := c.Authorize(AuthorizeOptions{}); err == nil {
		t.Error("no redirect_uri is no error")
	}
	_, err := c.Authorize(AuthorizeOptions{RedirectURI: "http://127.0.0.1:1/callback", Scopes: []string{strings.Repeat("s", 200<<10)}}) // B14
	var long *TooLongError
	if !errors.As(err, &long) || long.Length < 200<<10 {
		t.Errorf("error is %v, want *TooLongError", err)
	}
	c.ClientID = ""
	if _, err := c.Authorize(AuthorizeOptions{RedirectURI: "http://127.0.0.1:1/callback"}); err == nil {
		t.Error("no client_id is no error")
	}
}

// A code goes to the provider its sign-in was started at, or nowhere.
func TestCodeStaysWithItsProvider(t *testing.T) { // A05
	honest, other := newIDP(t), newIDP(t)
	_, err := other.client(nil).Exchange(t.Context(), authorize(t, honest.client(nil)), respond(testCode))
	if _, ok := errors.AsType[*ParamError](err); !ok || len(honest.log)+len(other.log) > 0 {
		t.Errorf("error is %v", err)
	}
}

// attempt is a sign-in at an issuer that is known or not.
func attempt(t *testing.T, issuer string, required bool) *Attempt {
	t.Helper()
	i := newIDP(t)
	return authorize(t, i.client(func(p *provider.Provider) { p.Issuer, p.IssInResponse = issuer, required }))
}

func TestStateIsComparedFirst(t *testing.T) { // A01
	a := attempt(t, "https://idp.example", true)
	s := a.State.Reveal()
	var wrong []string
	for n := range len(s) {
		other := byte('A')
		if s[n] == 'A' {
			other = 'B'
		}
		wrong = append(wrong, s[:n]+string(other)+s[n+1:])
	}
	wrong = append(wrong, "", s[1:], s[:len(s)-1], s+"=", s+"%20", "%20"+s, s+"%00", strings.ToLower(s), strings.ToUpper(s), s+"+", "null")
	for _, state := range wrong {
		for _, rest := range []string{"code=x", "error=access_denied", "code=x&iss=https://evil.example", "code="} {
			if _, err := a.Check(rest + "&state=" + state); !errors.Is(err, ErrNotOurs) {
				t.Fatalf("state %q with %s: error is %v, want ErrNotOurs", state, rest, err)
			}
		}
	}
	for _, q := range []string{
		"", "code=x", "state", "state=", "=" + s, "STATE=" + s + "&code=x", "state=" + s + "&state=" + s + "&code=x", "state=" + s + "&code=x&code=y",
		"state=" + s + "&code=%zz", "state=" + s + ";code=x", "state=" + s + "&x=%ff", "state=" + s + "&a=1&a=1", strings.Repeat("a", maxQuery+1),
	} {
		if _, err := a.Check(q); !errors.Is(err, ErrNotOurs) {
			t.Errorf("%.60q: error is %v, want ErrNotOurs", q, err)
		}
	}
	r, err := a.Check("code=x&iss=https%3A%2F%2Fidp.example&extra=1&state=" + s)
	if err != nil || r.Code.Reveal() != "x" {
		t.Fatalf("the right one: %v %v", r, err)
	}
	if _, err := a.Check("code=x&iss=https%3A%2F%2Fidp.example&state=" + s); !errors.Is(err, ErrNotOurs) {
		t.Errorf("a replay: %v, want ErrNotOurs", err)
	}
}

func TestIssuerOfTheResponse(t *testing.T) { // A04, RFC 9207
	const known = "https://idp.example"
	for _, c := range []struct {
		name, issuer string
		required     bool
		iss          string
		ok           bool
	}{
		{"right", known, true, "&iss=" + known, true},
		{"right, not advertised", known, false, "&iss=" + known, true},
		{"absent, not advertised", known, false, "", true},
		{"absent, advertised", known, true, "", false},
		{"empty", known, false, "&iss=", false},
		{"wrong", known, true, "&iss=https://evil.example", false},
		{"wrong, not advertised", known, false, "&iss=https://evil.example", false},
		{"slash", known, true, "&iss=" + known + "/", false},
		{"case", known, true, "&iss=https://IDP.example", false},
		{"nothing to compare with", "", false, "&iss=https://x.example", true},
	} {
		for _, rest := range []string{"code=x", "error=access_denied"} {
			a := attempt(t, c.issuer, c.required)
			_, err := a.Check(rest + "&state=" + a.State.Reveal() + c.iss)
			var wrong *IssuerError
			var denied *AuthorizationError
			good := err == nil
			if strings.HasPrefix(rest, "error") {
				good = errors.As(err, &denied)
			}
			if good != c.ok || !c.ok && !errors.As(err, &wrong) {
				t.Errorf("%s, %s: error is %v", c.name, rest, err)
			}
		}
	}
}

func TestErrorResponses(t *testing.T) { // A09, A11, A12
	a := attempt(t, "", false)
	_, err := a.Check("error=access_denied&error_description=" + url.QueryEscape("no\x1b]0;x\x07\u202e"+strings.Repeat("y", 1000)) +
		"&error_uri=javascript:alert(1)&state=" + a.State.Reveal())
	var no *AuthorizationError
	if !errors.As(err, &no) || no.Code != "access_denied" || no.URI != "javascript:alert(1)" {
		t.Fatalf("error is %#v", err)
	}
	if want := `no\x1b]0;x\x07\u{202e}` + strings.Repeat("y", 491) + "…"; no.Description != want {
		t.Errorf("description %q", no.Description)
	}
	noSecret(t, err)

	a = attempt(t, "", false)
	_, err = a.Check("code=x&error=server_error&state=" + a.State.Reveal())
	if !errors.As(err, &no) {
		t.Errorf("code and error: %v", err)
	}
	for _, rest := range []string{"", "code=", "code=%0a", "code=a%20b", "code=%C3%A9"} {
		a = attempt(t, "", false)
		_, err = a.Check(rest + "&state=" + a.State.Reveal())
		if _, ok := errors.AsType[*ProtocolError](err); !ok {
			t.Errorf("%q: error is %v, want *ProtocolError", rest, err)
		}
	}
}

func TestJARM(t *testing.T) { // A11
	a := attempt(t, "", false)
	jwt := func(state string) string {
		return "e30." + strings.TrimRight(encode(`{"code":"x","state":"`+state+`"}`), "=") + ".c2ln"
	}
	for _, r := range []string{"x", "..", "a.b.c", jwt("wrong"), jwt("")} {
		if _, err := a.Check("response=" + r); !errors.Is(err, ErrNotOurs) {
			t.Errorf("%q: error is %v, want ErrNotOurs", r, err)
		}
	}
	_, err := a.Check("response=" + jwt(a.State.Reveal()))
	var protocol *ProtocolError
	if !errors.As(err, &protocol) || !strings.Contains(protocol.Reason, "JARM") {
		t.Errorf("error is %v, want a *ProtocolError about JARM", err)
	}
}

func TestCheckURL(t *testing.T) { // L33
	for _, c := range []struct {
		name, url string
		want      error // nil: good; else the sentinel or a *PastedURLError
	}{
		{"good", "http://127.0.0.1:4711/callback?code=x&state=STATE", nil},
		{"space around", "\t http://127.0.0.1:4711/callback?code=x&state=STATE\r\n", nil},
		{"Facebook's tail", "http://127.0.0.1:4711/callback?code=x&state=STATE#_=_", nil},
		{"bare code", "x", ErrBareCode},
		{"bare code of Google", "4/0AbCd-e_f", ErrBareCode},
		{"code and state", "code=x&state=STATE", ErrBareCode},
		{"wrong state", "http://127.0.0.1:4711/callback?code=x&state=y", ErrNotOurs},
		{"no query", "http://127.0.0.1:4711/callback", ErrNotOurs},
		{"no scheme", "127.0.0.1:4711/callback?code=x&state=STATE", &PastedURLError{}},
		{"other host", "http://localhost:4711/callback?code=x&state=STATE", &PastedURLError{}},
		{"other port", "http://127.0.0.1:4712/callback?code=x&state=STATE", &PastedURLError{}},
		{"other path", "http://127.0.0.1:4711/other?code=x&state=STATE", &PastedURLError{}},
		{"other scheme", "https://127.0.0.1:4711/callback?code=x&state=STATE", &PastedURLError{}},
		{"user name", "http://x@127.0.0.1:4711/callback?code=x&state=STATE", &PastedURLError{}},
		{"user name as host", "http://127.0.0.1:4711@evil.example/callback?code=x&state=STATE", &PastedURLError{}},
		{"broken", "http://127.0.0.1:4711/%zz?code=x&state=STATE", &PastedURLError{}},
		{"long", "http://127.0.0.1:4711/callback?" + strings.Repeat("a", 1<<20), &PastedURLError{}},
	} {
		a := attempt(t, "", false)
		r, err := a.CheckURL(strings.ReplaceAll(c.url, "STATE", a.State.Reveal()))
		_, isPasted := errors.AsType[*PastedURLError](err)
		_, wantPasted := errors.AsType[*PastedURLError](c.want)
		switch {
		case c.want == nil:
			if err != nil || r.Code.Reveal() != "x" {
				t.Errorf("%s: %v %v", c.name, r, err)
			}
		case wantPasted:
			if !isPasted {
				t.Errorf("%s: error is %v, want *PastedURLError", c.name, err)
			}
		case !errors.Is(err, c.want):
			t.Errorf("%s: error is %v, want %v", c.name, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), a.State.Reveal()) {
			t.Errorf("%s: the error shows the state", c.name)
		}
	}
}

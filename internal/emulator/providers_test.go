package emulator_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialauth/socialauth/internal/emulator"
	"github.com/socialauth/socialauth/internal/jose"
)

// dig follows a dotted path through a decoded answer.
func dig(v any, path string) any {
	for name := range strings.SplitSeq(path, ".") {
		m, _ := v.(map[string]any)
		v = m[name]
	}
	return v
}

// pick is the members of an answer a test is about.
func pick(a answer, names ...string) map[string]any {
	out := map[string]any{}
	for _, n := range names {
		if v := dig(a.json, n); v != nil {
			out[n] = v
		}
	}
	return out
}

func diff(t *testing.T, what string, want, got any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

// verify checks an ID token as a client does and returns its payload.
func (st *stand) verify(id, token string) map[string]any {
	st.t.Helper()
	set, err := jose.ParseSet([]byte(st.do(st.request("GET", st.ps[id].JWKSURI, nil)).body))
	if err != nil {
		st.t.Fatal(err)
	}
	v := jose.Verifier{
		Keys: set, Issuers: []string{st.ps[id].Issuer}, Audiences: []string{clientID},
		Algorithms: []string{"RS256"}, Now: st.clock.now,
	}
	got, err := v.VerifyIDToken(context.Background(), []byte(token), jose.IDTokenOptions{})
	if err != nil {
		st.t.Fatalf("%s: ID token: %v", id, err)
	}
	var payload map[string]any
	if err := json.Unmarshal(got.Payload, &payload); err != nil {
		st.t.Fatal(err)
	}
	return payload
}

func TestGoogle(t *testing.T) {
	st := start(t, nil)
	a := st.signIn("google")
	if strings.Join(a.header["Cache-Control"], "") != "no-store" || a.header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("headers of the token answer = %v", a.header)
	}
	diff(t, "token answer", map[string]any{
		"expires_in": json.Number("3599"), "token_type": "Bearer",
		"scope": "openid https://www.googleapis.com/auth/userinfo.email https://www.googleapis.com/auth/userinfo.profile",
	}, pick(a, "expires_in", "token_type", "scope"))
	claims := st.verify("google", a.text("id_token"))
	me := st.bearer("GET", st.ps["google"].UserinfoEndpoint, a.text("access_token"))
	diff(t, "userinfo", map[string]any{
		"sub": claims["sub"], "email": "ada@example.com", "email_verified": true, "name": "Ada Park", "picture": claims["picture"],
	}, pick(me, "sub", "email", "email_verified", "name", "picture"))
	if claims["nonce"] != nonce || claims["email"] != "ada@example.com" {
		t.Errorf("ID token claims = %v", claims)
	}
	info := st.do(st.request("GET", st.ps["google"].IntrospectionEndpoint+"?access_token="+url.QueryEscape(a.text("access_token")), nil))
	diff(t, "tokeninfo", map[string]any{"aud": clientID, "expires_in": "3599", "email_verified": "true"},
		pick(info, "aud", "expires_in", "email_verified"))
	again := st.token("google", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {a.text("refresh_token")}})
	if again.text("access_token") == "" || again.json["refresh_token"] != nil {
		t.Errorf("refresh = %s", again.body)
	}
	if r := st.do(st.request("POST", st.ps["google"].RevocationEndpoint, url.Values{"token": {a.text("refresh_token")}})); r.status != 200 {
		t.Errorf("revoke = %d %s", r.status, r.body)
	}
	if r := st.do(st.request("POST", st.ps["google"].RevocationEndpoint, url.Values{"token": {a.text("refresh_token")}})); r.text("error") != "invalid_token" {
		t.Errorf("second revoke = %d %s", r.status, r.body)
	}
	if me := st.bearer("GET", st.ps["google"].UserinfoEndpoint, again.text("access_token")); me.status != 401 {
		t.Errorf("userinfo after the revocation = %d", me.status)
	}
	st.wantLog(
		"GET /google/o/oauth2/v2/auth 200",
		"POST /google/emulator/sign-in 200",
		"POST /google/emulator/consent 303",
		"POST /google/token authorization_code 200",
		"GET /google/oauth2/v3/certs 200",
		"GET /google/v1/userinfo 200",
		"GET /google/tokeninfo 200",
		"POST /google/token refresh_token 200",
		"POST /google/revoke 200",
		"POST /google/revoke 400",
		"GET /google/v1/userinfo 401",
	)
}

func TestGoogleRefreshTokenOnlyWithFreshConsent(t *testing.T) {
	st := start(t, nil)
	for _, tc := range []struct {
		name, accessType, prompt string
		want                     bool
	}{
		{"online", "", "consent", false},
		{"offline, known from before", "offline", "", false},
		{"offline with a fresh consent", "offline", "consent", true},
	} {
		a := st.exchange("google", st.callback("google", emulator.Choice{}, func(q url.Values) {
			q.Set("access_type", tc.accessType)
			q.Set("prompt", tc.prompt)
		}))
		if got := a.text("refresh_token") != ""; got != tc.want {
			t.Errorf("%s: refresh token %v, want %v", tc.name, got, tc.want)
		}
	}
	first := st.exchange("google", st.callback("google", emulator.Choice{Person: "minjun"}, func(q url.Values) { q.Del("prompt") }))
	if first.text("refresh_token") == "" {
		t.Error("the first consent of a person gave no refresh token")
	}
}

func TestGitHub(t *testing.T) {
	st := start(t, nil)
	q := st.callback("github", emulator.Choice{}, nil)
	if q.Get("iss") != st.ps["github"].Issuer {
		t.Errorf("iss = %q, want %q", q.Get("iss"), st.ps["github"].Issuer)
	}
	a := st.exchange("github", q)
	diff(t, "token answer", map[string]any{"scope": "read:user,user:email", "token_type": "bearer"},
		pick(a, "scope", "token_type", "expires_in", "refresh_token"))
	me := st.bearer("GET", st.ps["github"].UserinfoEndpoint, a.text("access_token"))
	if _, ok := me.json["id"].(json.Number); !ok || me.json["email"] != nil || me.text("login") != "adapark" {
		t.Errorf("user = %s", me.body)
	}
	emails := st.bearer("GET", st.ps["github"].Profile.EmailsEndpoint, a.text("access_token"))
	if !strings.Contains(emails.body, `{"email":"ada@example.com","primary":true,"verified":true,"visibility":"private"}`) {
		t.Errorf("emails = %s", emails.body)
	}
	api := strings.ReplaceAll(st.ps["github"].RevocationEndpoint, "{client_id}", clientID)
	send := func(method, secret string) answer {
		req, err := http.NewRequest(method, api, strings.NewReader(`{"access_token":"`+a.text("access_token")+`"}`))
		if err != nil {
			t.Fatal(err)
		}
		req.SetBasicAuth(clientID, secret)
		return st.do(req)
	}
	if r := send("POST", clientSecret); dig(r.json, "user.login") != "adapark" || r.json["expires_at"] != nil {
		t.Errorf("check = %d %s", r.status, r.body)
	}
	for _, want := range []struct {
		secret string
		status int
	}{{"wrong", 404}, {clientSecret, 204}, {clientSecret, 404}} {
		if r := send("DELETE", want.secret); r.status != want.status {
			t.Errorf("delete = %d %s, want %d", r.status, r.body, want.status)
		}
	}
	if me := st.bearer("GET", st.ps["github"].UserinfoEndpoint, a.text("access_token")); me.text("message") != "Bad credentials" {
		t.Errorf("user after the deletion = %d %s", me.status, me.body)
	}
	st.wantLog(
		"GET /github/login/oauth/authorize 200",
		"POST /github/emulator/sign-in 200",
		"POST /github/emulator/consent 303",
		"POST /github/login/oauth/access_token authorization_code 200",
		"GET /github/user 200",
		"GET /github/user/emails 200",
		"POST /github/applications/app-1/token 200",
		"DELETE /github/applications/app-1/token 404",
		"DELETE /github/applications/app-1/token 204",
		"DELETE /github/applications/app-1/token 404",
		"GET /github/user 401",
	)
}

func TestGitHubAnswersAForm(t *testing.T) {
	st := start(t, nil)
	ask := func(code string) (int, url.Values) {
		form := url.Values{
			"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {st.redirectURI("github")},
			"code_verifier": {verifier}, "client_id": {clientID}, "client_secret": {clientSecret},
		}
		req := st.request("POST", st.ps["github"].TokenEndpoint, form)
		req.Header.Del("Accept")
		a := st.do(req)
		v, err := url.ParseQuery(a.body)
		if err != nil || !strings.HasPrefix(a.header.Get("Content-Type"), "application/x-www-form-urlencoded") {
			t.Errorf("answer = %s %s", a.header.Get("Content-Type"), a.body)
		}
		return a.status, v
	}
	if status, v := ask(st.callback("github", emulator.Choice{}, nil).Get("code")); status != 200 || v.Get("access_token") == "" {
		t.Errorf("answer = %d %v", status, v)
	}
	if status, v := ask("made-up"); status != 200 || v.Get("error") != "bad_verification_code" {
		t.Errorf("error = %d %v", status, v)
	}
}

func TestX(t *testing.T) {
	st := start(t, nil)
	a := st.signIn("x")
	diff(t, "token answer", map[string]any{
		"expires_in": json.Number("7200"), "token_type": "bearer", "scope": "users.read tweet.read users.email offline.access",
	}, pick(a, "expires_in", "token_type", "scope"))
	me := st.bearer("GET", st.ps["x"].UserinfoEndpoint, a.text("access_token"))
	diff(t, "profile", map[string]any{"data.username": "adapark", "data.confirmed_email": "ada@example.com", "data.name": "Ada Park"},
		pick(me, "data.username", "data.confirmed_email", "data.name"))
	second := st.token("x", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {a.text("refresh_token")}})
	if second.text("refresh_token") == "" || second.text("refresh_token") == a.text("refresh_token") {
		t.Errorf("refresh = %s", second.body)
	}
	gone := st.do(st.asClient("x", st.request("POST", st.ps["x"].RevocationEndpoint, nil), url.Values{"token": {second.text("access_token")}}))
	if gone.body != `{"revoked":true}` {
		t.Errorf("revoke = %d %s", gone.status, gone.body)
	}
	if me := st.bearer("GET", st.ps["x"].UserinfoEndpoint, second.text("access_token")); me.status != 401 || me.text("title") != "Unauthorized" {
		t.Errorf("profile after the revocation = %d %s", me.status, me.body)
	}
	st.wantLog(
		"GET /x/i/oauth2/authorize 200",
		"POST /x/emulator/sign-in 200",
		"POST /x/emulator/consent 303",
		"POST /x/2/oauth2/token authorization_code 200",
		"GET /x/2/users/me 200",
		"POST /x/2/oauth2/token refresh_token 200",
		"POST /x/2/oauth2/revoke 200",
		"GET /x/2/users/me 401",
	)
}

func TestXCodeLivesThirtySeconds(t *testing.T) {
	st := start(t, nil)
	for _, tc := range []struct {
		age  time.Duration
		want int
	}{{29 * time.Second, 200}, {30 * time.Second, 400}} {
		q := st.callback("x", emulator.Choice{}, nil)
		st.clock.advance(tc.age)
		if a := st.exchange("x", q); a.status != tc.want {
			t.Errorf("after %s: %d %s", tc.age, a.status, a.body)
		}
	}
}

func TestXHidesAnUnconfirmedEmail(t *testing.T) {
	st := start(t, nil)
	for person, want := range map[string]any{"awkward": nil, "noemail": nil, "minjun": "minjun@example.com"} {
		a := st.exchange("x", st.callback("x", emulator.Choice{Person: person}, nil))
		me := st.bearer("GET", st.ps["x"].UserinfoEndpoint, a.text("access_token"))
		diff(t, person, want, dig(me.json, "data.confirmed_email"))
	}
}

func TestKakao(t *testing.T) {
	st := start(t, nil)
	scope := func(q url.Values) { q.Set("scope", "profile_nickname profile_image account_email openid") }
	a := st.exchange("kakao", st.callback("kakao", emulator.Choice{Person: "minjun"}, scope))
	diff(t, "token answer", map[string]any{
		"expires_in": json.Number("21599"), "refresh_token_expires_in": json.Number("5183999"), "token_type": "bearer",
	}, pick(a, "expires_in", "refresh_token_expires_in", "token_type"))
	claims := st.verify("kakao", a.text("id_token"))
	me := st.bearer("GET", st.ps["kakao"].UserinfoEndpoint, a.text("access_token"))
	id, _ := me.json["id"].(json.Number)
	diff(t, "profile", map[string]any{
		"id": json.Number(claims["sub"].(string)), "kakao_account.email": "minjun@example.com", //nolint:errcheck // a panic fails the test
		"kakao_account.is_email_valid": true, "kakao_account.is_email_verified": true, "kakao_account.profile.nickname": "김민준",
	}, pick(me, "id", "kakao_account.email", "kakao_account.is_email_valid", "kakao_account.is_email_verified", "kakao_account.profile.nickname"))
	if claims["nickname"] != "김민준" || claims["nonce"] != nonce {
		t.Errorf("claims = %v", claims)
	}
	again := st.token("kakao", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {a.text("refresh_token")}})
	if again.text("access_token") == "" || again.json["refresh_token"] != nil {
		t.Errorf("early refresh = %s", again.body)
	}
	st.clock.advance(31 * 24 * time.Hour)
	late := st.token("kakao", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {a.text("refresh_token")}})
	if late.text("refresh_token") == "" || late.text("refresh_token") == a.text("refresh_token") {
		t.Errorf("late refresh = %s", late.body)
	}
	info := st.bearer("GET", st.ps["kakao"].IntrospectionEndpoint, late.text("access_token"))
	diff(t, "token info", map[string]any{"id": id, "expires_in": json.Number("21599")}, pick(info, "id", "expires_in"))
	if gone := st.bearer("POST", st.ps["kakao"].RevocationEndpoint, late.text("access_token")); gone.body != `{"id":`+id.String()+`}` {
		t.Errorf("unlink = %d %s", gone.status, gone.body)
	}
	if info := st.bearer("GET", st.ps["kakao"].IntrospectionEndpoint, late.text("access_token")); info.number("code") != "-401" {
		t.Errorf("token info after unlink = %d %s", info.status, info.body)
	}
	st.wantLog(
		"GET /kakao/oauth/authorize 200",
		"POST /kakao/emulator/sign-in 200",
		"POST /kakao/emulator/consent 303",
		"POST /kakao/oauth/token authorization_code 200",
		"GET /kakao/.well-known/jwks.json 200",
		"GET /kakao/v2/user/me 200",
		"POST /kakao/oauth/token refresh_token 200",
		"POST /kakao/oauth/token refresh_token 200",
		"GET /kakao/v1/user/access_token_info 200",
		"POST /kakao/v1/user/unlink 200",
		"GET /kakao/v1/user/access_token_info 401",
	)
}

func TestNaver(t *testing.T) {
	st := start(t, nil)
	a := st.exchange("naver", st.callback("naver", emulator.Choice{Person: "minjun"}, nil))
	if a.json["expires_in"] != "3600" || !strings.ContainsAny(a.text("access_token"), "+/=") {
		t.Errorf("token answer = %s", a.body)
	}
	if log := st.s.Log(); !log[len(log)-1].State {
		t.Error("the log does not say that the state was repeated")
	}
	claims := st.verify("naver", a.text("id_token"))
	me := st.bearer("GET", st.ps["naver"].UserinfoEndpoint, a.text("access_token"))
	diff(t, "profile", map[string]any{
		"resultcode": "00", "message": "success", "response.id": claims["sub"], "response.name": "김민준", "response.email": "minjun@example.com",
	}, pick(me, "resultcode", "message", "response.id", "response.name", "response.email"))
	again := st.token("naver", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {a.text("refresh_token")}})
	if again.text("access_token") == "" || again.json["refresh_token"] != nil {
		t.Errorf("refresh = %s", again.body)
	}
	if ok := st.bearer("GET", st.ps["naver"].IntrospectionEndpoint, a.text("access_token")); ok.text("resultcode") != "00" {
		t.Errorf("verify = %s", ok.body)
	}
	gone := st.do(st.asClient("naver", st.request("POST", st.ps["naver"].RevocationEndpoint, nil),
		url.Values{"token": {a.text("access_token")}, "token_type_hint": {"access_token"}}))
	if gone.status != 200 || gone.body != "" {
		t.Errorf("revoke = %d %q", gone.status, gone.body)
	}
	if me := st.bearer("GET", st.ps["naver"].UserinfoEndpoint, a.text("access_token")); me.status != 401 || me.text("resultcode") != "024" {
		t.Errorf("profile after the revocation = %d %s", me.status, me.body)
	}
	if bad := st.exchange("naver", url.Values{"code": {"made-up"}, "state": {state}}); bad.status != 200 || bad.text("error") != "invalid_request" {
		t.Errorf("bad code = %d %s", bad.status, bad.body)
	}
	st.wantLog(
		"GET /naver/oauth2/authorize 200",
		"POST /naver/emulator/sign-in 200",
		"POST /naver/emulator/consent 303",
		"POST /naver/oauth2/token authorization_code 200",
		"GET /naver/oauth2/jwks 200",
		"GET /naver/v1/nid/me 200",
		"POST /naver/oauth2/token refresh_token 200",
		"GET /naver/v1/nid/verify 200",
		"POST /naver/oauth2.0/revoke 200",
		"GET /naver/v1/nid/me 401",
		"POST /naver/oauth2/token authorization_code 200",
	)
}

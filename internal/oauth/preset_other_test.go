package oauth

import (
	"errors"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/socialauth/socialauth/internal/secret"
)

func TestGitHub(t *testing.T) {
	i := newIDP(t)
	c := i.preset("github")
	i.json("POST /github/login/oauth/access_token", 200, `{"access_token":"gho_x","scope":"read:user,user:email","token_type":"bearer"}`)
	a := authorize(t, c)
	r, err := a.Check("code=x&iss=" + url.QueryEscape(c.Provider.Issuer) + "&state=" + a.State.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	tokens, err := c.Exchange(t.Context(), a, r)
	if err != nil || tokens.Expiry != ExpiryNever || len(tokens.Denied) != 0 {
		t.Fatalf("%v %v", tokens, err)
	}
	if got := i.only("POST /github/login/oauth/access_token").Header.Get("Accept"); got != "application/json" {
		t.Errorf("Accept %q", got)
	}
	for _, v := range []struct {
		name, user string
		status     int
		emails     string
		email      string
		verified   bool
	}{
		{"hidden", `null`, 200, `[{"email":"a@x.example","primary":false,"verified":true},{"email":"b@x.example","primary":true,"verified":true}]`, "b@x.example", true},
		{"shown", `"A@x.example"`, 200, `[{"email":"b@x.example","primary":true,"verified":true},{"email":"a@x.example","primary":false,"verified":true}]`, "a@x.example", true},
		{"shown, unconfirmed", `"a@x.example"`, 200, `[{"email":"a@x.example","primary":true,"verified":false}]`, "a@x.example", false},
		{"primary unconfirmed", `null`, 200, `[{"email":"a@x.example","primary":true,"verified":false}]`, "", false},
		{"verified as text", `null`, 200, `[{"email":"a@x.example","primary":true,"verified":"true"}]`, "", false},
		{"no scope", `"a@x.example"`, 404, `{"message":"Not Found"}`, "a@x.example", false},
		{"empty", `null`, 200, `[]`, "", false},
	} {
		i.json("GET /github/user", 200, `{"id":9007199254740993,"login":"ada","name":null,"email":`+v.user+`,"avatar_url":"https://avatars.example/u/1"}`)
		i.json("GET /github/user/emails", v.status, v.emails)
		got, err := c.Profile(t.Context(), tokens)
		if err != nil {
			t.Fatalf("%s: %v", v.name, err)
		}
		want := &Profile{Sub: "9007199254740993", Username: "ada", Name: "ada", Email: v.email, EmailVerified: v.verified, Picture: "https://avatars.example/u/1"}
		if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(Profile{}, "Raw")); diff != "" {
			t.Errorf("%s: %s", v.name, diff)
		}
	}
	const token = "/github/applications/client-1/token"
	i.json("POST "+token, 200, `{"id":1,"app":{"client_id":"client-1"},"user":{"id":42,"login":"ada"},"scopes":["read:user"],"expires_at":null}`)
	intro, err := c.Introspect(t.Context(), tokens)
	if err != nil || !intro.Active || intro.ClientID != "client-1" || intro.Sub != "42" || intro.Scope != "read:user" {
		t.Errorf("%v %v", intro, err)
	}
	i.json("POST "+token, 404, `{"message":"Not Found"}`)
	if intro, err := c.Introspect(t.Context(), tokens); err != nil || intro.Active {
		t.Errorf("%v %v", intro, err)
	}
	for _, status := range []int{204, 404} {
		i.json("DELETE "+token, status, ``)
		if err := c.Revoke(t.Context(), tokens, ""); err != nil {
			t.Errorf("%d: %v", status, err)
		}
	}
	sent := i.requests("DELETE " + token)[0]
	if user, pass, _ := (&http.Request{Header: sent.Header}).BasicAuth(); user != "client-1" || pass != testSecret || sent.Body != `{"access_token":"gho_x"}` {
		t.Errorf("%q %q %s", user, pass, sent.Body)
	}
	i.json("DELETE "+token, 503, ``)
	if err := c.Revoke(t.Context(), tokens, ""); err == nil {
		t.Error("503 is success")
	}
}

func TestGoogle(t *testing.T) {
	i := newIDP(t)
	c := i.preset("google")
	i.json("GET /google/tokeninfo", 200, `{"azp":"client-1","aud":"client-1","sub":"1122","scope":"openid https://www.googleapis.com/auth/userinfo.email","exp":"1795521600","expires_in":"3599"}`)
	tokens := &Tokens{AccessToken: secret.New(testAccess), RefreshToken: secret.New(testRefresh)}
	got, err := c.Introspect(t.Context(), tokens)
	want := &Introspection{
		Active: true, Scope: "openid https://www.googleapis.com/auth/userinfo.email", ClientID: "client-1", Sub: "1122", Exp: time.Unix(1795521600, 0).UTC(),
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(Introspection{}, "Raw")); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
	if sent := i.only("GET /google/tokeninfo"); sent.Query.Get("access_token") != testAccess || sent.Header.Get("Authorization") != "" {
		t.Errorf("%v %v", sent.Query, sent.Header)
	}
	i.json("GET /google/tokeninfo", 400, `{"error":"invalid_token","error_description":"Invalid Value"}`)
	if got, err := c.Introspect(t.Context(), tokens); err != nil || got.Active {
		t.Errorf("%v %v", got, err)
	}
	// The second revocation finds the grant gone, which is what was wanted.
	i.on("POST /google/revoke", func(w http.ResponseWriter, r *http.Request) {
		if r.Form.Get("token") != testRefresh {
			answerWith(400, "application/json", `{"error":"invalid_token"}`)(w, r)
		}
	})
	if err := c.Revoke(t.Context(), tokens, ""); err != nil {
		t.Error(err)
	}
	var hints []string
	for _, r := range i.requests("POST /google/revoke") {
		hints = append(hints, r.Form.Get("token_type_hint"))
	}
	if diff := cmp.Diff([]string{"refresh_token", "access_token"}, hints); diff != "" {
		t.Error(diff)
	}
	u, _ := url.Parse(authorize(t, c).URL)
	if q := u.Query(); q.Get("access_type") != "offline" || q.Get("nonce") == "" || q.Get("scope") != "openid email profile" {
		t.Errorf("%v", q)
	}
}

func TestX(t *testing.T) {
	for _, with := range []bool{true, false} {
		i := newIDP(t)
		c := i.preset("x")
		if !with {
			c.ClientSecret = secret.Text{}
		}
		i.json("POST /x/2/oauth2/token", 200, `{"token_type":"bearer","expires_in":7200,"access_token":"a","scope":"users.read tweet.read users.email offline.access","refresh_token":"r"}`)
		tokens, err := exchange(t, c)
		if err != nil {
			t.Fatal(err)
		}
		sent := i.only("POST /x/2/oauth2/token")
		_, pass, basic := (&http.Request{Header: sent.Header}).BasicAuth()
		if basic != with || with && pass != testSecret || !with && sent.Form.Get("client_id") != "client-1" || sent.Form.Has("client_secret") {
			t.Errorf("secret %t: %v %v", with, sent.Header, sent.Form)
		}
		i.json("GET /x/2/users/me", 200, `{"data":{"id":"2244994945","name":"X Dev","username":"XDevelopers","confirmed_email":"d@x.example","profile_image_url":"https://p.example/a.png"}}`)
		got, err := c.Profile(t.Context(), tokens)
		want := &Profile{Sub: "2244994945", Name: "X Dev", Username: "XDevelopers", Email: "d@x.example", EmailVerified: true, Picture: "https://p.example/a.png"}
		if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(Profile{}, "Raw")); diff != "" || err != nil {
			t.Errorf("%v %s", err, diff)
		}
		if q := i.only("GET /x/2/users/me").Query; q.Get("user.fields") != "profile_image_url,confirmed_email" {
			t.Errorf("%v", q)
		}
		i.json("GET /x/2/users/me", 401, `{"title":"Unauthorized","type":"about:blank","status":401,"detail":"Unauthorized"}`)
		_, err = c.Profile(t.Context(), tokens)
		var no *ServerError
		if !errors.As(err, &no) || !no.SignInNeeded() || no.Description != "Unauthorized" {
			t.Errorf("%v", err)
		}
		if _, err := c.Introspect(t.Context(), tokens); !errors.Is(err, ErrUnsupported) {
			t.Errorf("%v", err)
		}
	}
}

func TestKakao(t *testing.T) {
	i := newIDP(t)
	c := i.preset("kakao")
	i.json("POST /kakao/oauth/token", 200, `{"access_token":"a","token_type":"bearer","refresh_token":"r","expires_in":21599,"refresh_token_expires_in":5183999,"scope":"profile_image profile_nickname"}`)
	tokens, err := exchange(t, c)
	if err != nil || !tokens.RefreshExpiresAt.Equal(testNow().Add(5183999*time.Second)) || len(tokens.Warnings) > 0 {
		t.Fatalf("%+v %v", tokens, err)
	}
	for _, v := range []struct {
		valid, verified string
		want            bool
	}{{"true", "true", true}, {"true", "false", false}, {"false", "true", false}, {`"true"`, "true", false}, {"null", "true", false}} {
		i.json("GET /kakao/v2/user/me", 200, `{"id":9007199254740993,"kakao_account":{"profile":{"nickname":"홍길동","profile_image_url":"http://k.kakaocdn.net/a.jpg"},
			"is_email_valid":`+v.valid+`,"is_email_verified":`+v.verified+`,"email":"sample@kakao.example"}}`)
		got, err := c.Profile(t.Context(), tokens)
		want := &Profile{Sub: "9007199254740993", Name: "홍길동", Email: "sample@kakao.example", EmailVerified: v.want, Picture: "http://k.kakaocdn.net/a.jpg"}
		if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(Profile{}, "Raw")); diff != "" || err != nil {
			t.Errorf("%v %s", err, diff)
		}
	}
	i.json("GET /kakao/v1/user/access_token_info", 200, `{"id":123,"expires_in":7199,"app_id":1234}`)
	intro, err := c.Introspect(t.Context(), tokens)
	if err != nil || !intro.Active || intro.Sub != "123" || intro.ClientID != "1234" || !intro.Exp.Equal(testNow().Add(7199*time.Second)) {
		t.Errorf("%v %v", intro, err)
	}
	i.json("GET /kakao/v1/user/access_token_info", 401, `{"msg":"this access token does not exist","code":-401}`)
	if intro, err := c.Introspect(t.Context(), tokens); err != nil || intro.Active {
		t.Errorf("%v %v", intro, err)
	}
	i.json("POST /kakao/v1/user/unlink", 200, `{"id":123}`)
	if err := c.Revoke(t.Context(), tokens, "123"); err != nil {
		t.Error(err)
	}
	if got := i.only("POST /kakao/v1/user/unlink").Header.Get("Authorization"); got != "Bearer a" {
		t.Errorf("Authorization %q", got)
	}
}

func TestNaver(t *testing.T) {
	i := newIDP(t)
	c := i.preset("naver")
	i.on("GET /naver/oauth2/jwks", i.routes["GET /keys"])
	a := authorize(t, c)
	// Tokens of theirs contain + / and =, and the ID token may lack the nonce.
	i.json("POST /naver/oauth2/token", 200, `{"access_token":"AAAA+b/c=","token_type":"bearer","refresh_token":"r+/=","expires_in":"3600","id_token":"`+
		i.idToken(map[string]any{"iss": c.Provider.Issuer, "sub": "abc"})+`"}`)
	tokens, err := c.Exchange(t.Context(), a, respond(testCode))
	if err != nil || !tokens.ExpiresAt.Equal(testNow().Add(time.Hour)) {
		t.Fatalf("%v %v", tokens, err)
	}
	if got := i.only("POST /naver/oauth2/token").Form.Get("state"); got != a.State.Reveal() {
		t.Errorf("state %q", got)
	}
	i.json("GET /naver/v1/nid/me", 200, `{"resultcode":"00","message":"success","response":{"id":"abc","nickname":"nick","name":"오픈","email":"openapi@naver.example","profile_image":"https://n.example/a.gif"}}`)
	got, err := c.Profile(t.Context(), tokens)
	want := &Profile{Sub: "abc", Username: "nick", Name: "오픈", Email: "openapi@naver.example", Picture: "https://n.example/a.gif"}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(Profile{}, "Raw")); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
	if got := i.only("GET /naver/v1/nid/me").Header.Get("Authorization"); got != "Bearer AAAA+b/c=" {
		t.Errorf("Authorization %q", got)
	}
	i.json("GET /naver/v1/nid/me", 200, `{"resultcode":"024","message":"Authentication failed"}`)
	_, err = c.Profile(t.Context(), tokens)
	var no *ServerError
	if !errors.As(err, &no) || no.Code != "024" || no.Description != "Authentication failed" {
		t.Errorf("%v", err)
	}
	i.json("GET /naver/v1/nid/verify", 200, `{"resultcode":"00","message":"success"}`)
	if intro, err := c.Introspect(t.Context(), tokens); err != nil || !intro.Active {
		t.Errorf("%v %v", intro, err)
	}
	i.json("GET /naver/v1/nid/verify", 401, `{"resultcode":"024","message":"x"}`)
	if intro, err := c.Introspect(t.Context(), tokens); err != nil || intro.Active {
		t.Errorf("%v %v", intro, err)
	}
}

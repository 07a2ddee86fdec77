package emulator_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/socialauth/socialauth/internal/emulator"
)

// How each provider says no at its token endpoint.
func TestTokenErrorShapes(t *testing.T) {
	badCode := url.Values{"grant_type": {"authorization_code"}, "code": {"made-up"}, "redirect_uri": {"http://localhost/callback"}}
	badRefresh := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"made-up"}}
	other := url.Values{"grant_type": {"password"}}
	for name, tc := range map[string]struct {
		id     string
		form   url.Values
		status int
		want   map[string]any
	}{
		"facebook code":    {"facebook", badCode, 400, map[string]any{"error.type": "OAuthException", "error.code": json.Number("100"), "error.error_subcode": json.Number("36007")}},
		"facebook refresh": {"facebook", badRefresh, 400, map[string]any{"error.type": "OAuthException", "error.code": json.Number("100")}},
		"facebook exchange": {
			"facebook",
			url.Values{"grant_type": {"fb_exchange_token"}, "fb_exchange_token": {"made-up"}},
			400,
			map[string]any{"error.type": "OAuthException", "error.code": json.Number("190"), "error.error_subcode": json.Number("463")},
		},
		"google code":    {"google", badCode, 400, map[string]any{"error": "invalid_grant"}},
		"google refresh": {"google", badRefresh, 400, map[string]any{"error": "invalid_grant", "error_description": "Token has been expired or revoked."}},
		"google other":   {"google", other, 400, map[string]any{"error": "unsupported_grant_type"}},
		"github code":    {"github", badCode, 200, map[string]any{"error": "bad_verification_code"}},
		"github refresh": {"github", badRefresh, 200, map[string]any{"error": "bad_refresh_token"}},
		"github other":   {"github", other, 200, map[string]any{"error": "unsupported_grant_type"}},
		"x code":         {"x", badCode, 400, map[string]any{"error": "invalid_request", "error_description": "Value passed for the authorization code was invalid."}},
		"x refresh":      {"x", badRefresh, 400, map[string]any{"error": "invalid_request", "error_description": "Value passed for the token was invalid."}},
		"kakao code":     {"kakao", badCode, 400, map[string]any{"error": "invalid_grant", "error_code": "KOE320"}},
		"kakao refresh":  {"kakao", badRefresh, 400, map[string]any{"error": "invalid_grant", "error_code": "KOE322"}},
		"naver code":     {"naver", badCode, 200, map[string]any{"error": "invalid_request"}},
		"naver refresh":  {"naver", badRefresh, 200, map[string]any{"error": "invalid_request"}},
	} {
		st := start(t, nil)
		a := st.token(tc.id, tc.form)
		names := []string{"error", "error.type", "error.code", "error.error_subcode", "error_code", "error_description"}
		got := pick(a, names...)
		for n := range got {
			if _, wanted := tc.want[n]; !wanted {
				delete(got, n)
			}
		}
		diff(t, name+": status", tc.status, a.status)
		diff(t, name, tc.want, got)
		if tc.id == "facebook" && !strings.HasPrefix(dig(a.json, "error.fbtrace_id").(string), "A") { //nolint:errcheck // a panic fails the test
			t.Errorf("%s: no fbtrace_id", name)
		}
	}
}

// The words of a fault that names a code and a status.
func TestForcedErrorShapes(t *testing.T) {
	for spec, want := range map[string]string{
		"facebook:token_error=invalid_grant": `"code":190`,
		"facebook:token_status=500":          `"code":2`,
		"github:token_error=invalid_grant":   `"error":"invalid_grant"`,
		"kakao:token_error=invalid_grant":    `"error_code":"KOE322"`,
		"naver:token_status=500":             `"error":"server_error"`,
		"naver:token_error=invalid_grant":    `"error":"invalid_grant"`,
		"x:token_status=429":                 `"error":"invalid_request"`,
	} {
		st := start(t, func(o *emulator.Options) { o.Faults = []string{spec} })
		id, _, _ := strings.Cut(spec, ":")
		if a := st.exchange(id, st.callback(id, emulator.Choice{}, nil)); !strings.Contains(a.body, want) {
			t.Errorf("%s: %d %s, want %s", spec, a.status, a.body, want)
		}
	}
}

// How each provider's API says that a token is not good.
func TestProfileErrorShapes(t *testing.T) {
	for id, want := range map[string]map[string]any{
		"facebook": {"error.code": json.Number("190"), "error.error_subcode": json.Number("463")},
		"google":   {"error": "invalid_request"},
		"github":   {"message": "Bad credentials"},
		"x":        {"title": "Unauthorized", "status": json.Number("401")},
		"kakao":    {"code": json.Number("-401")},
		"naver":    {"resultcode": "024"},
	} {
		st := start(t, nil)
		token := st.signIn(id).text("access_token")
		st.s.ExpireAccessTokens()
		for name, a := range map[string]answer{
			"expired": st.bearer("GET", st.ps[id].UserinfoEndpoint, token),
			"made up": st.bearer("GET", st.ps[id].UserinfoEndpoint, "made-up"),
			"none":    st.do(st.request("GET", st.ps[id].UserinfoEndpoint, nil)),
		} {
			if a.status != 400 && a.status != 401 {
				t.Errorf("%s %s: %d", id, name, a.status)
			}
			if name == "expired" {
				for path, v := range want {
					diff(t, id+" "+path, v, dig(a.json, path))
				}
			}
		}
	}
}

func TestScopesLimitTheProfile(t *testing.T) {
	st := start(t, nil)
	get := func(id, scope, endpoint string) answer {
		a := st.exchange(id, st.callback(id, emulator.Choice{}, func(q url.Values) { q.Set("scope", scope) }))
		return st.bearer("GET", endpoint, a.text("access_token"))
	}
	diff(t, "X without tweet.read", 403, get("x", "users.read", st.ps["x"].UserinfoEndpoint).status)
	diff(t, "GitHub without user:email", 404, get("github", "read:user", st.ps["github"].Profile.EmailsEndpoint).status)
	diff(t, "Google without email", nil, get("google", "openid profile", st.ps["google"].UserinfoEndpoint).json["email"])
	diff(t, "Kakao without account_email", nil, dig(get("kakao", "profile_nickname", st.ps["kakao"].UserinfoEndpoint).json, "kakao_account.email"))
	if got := dig(get("kakao", "", st.ps["kakao"].UserinfoEndpoint).json, "kakao_account.email"); got != "ada@example.com" {
		t.Errorf("Kakao without scope = %v, want all items of the console", got)
	}
	claims := get("kakao", "openid account_email profile_nickname", st.base+"/kakao/v1/oidc/userinfo")
	diff(t, "Kakao's OIDC profile", map[string]any{"nickname": "Ada Park", "email": "ada@example.com", "email_verified": true},
		pick(claims, "nickname", "email", "email_verified"))
}

// What Facebook has and no client of ours asks for.
func TestFacebookGraph(t *testing.T) {
	st := start(t, nil)
	a := st.exchange("facebook", st.callback("facebook", emulator.Choice{Decline: []string{"email"}}, nil))
	token := a.text("access_token")
	graph := st.base + "/facebook/v26.0/"
	permissions := st.bearer("GET", graph+"me/permissions", token)
	diff(t, "permissions", `{"data":[{"permission":"public_profile","status":"granted"},{"permission":"email","status":"declined"}]}`, permissions.body)
	byQuery := st.do(st.request("GET", graph+"me?fields=first_name,last_name,picture{url}&access_token="+url.QueryEscape(token), nil))
	diff(t, "token in the query", map[string]any{"first_name": "Ada", "last_name": "Park"}, pick(byQuery, "first_name", "last_name", "error"))
	for path, want := range map[string]string{"me?fields=shoe_size": "100", "1": "100", "1/permissions": "100"} {
		if got := st.bearer("GET", graph+path, token); got.status != 400 || dig(got.json, "error.code") != json.Number(want) {
			t.Errorf("%s = %d %s", path, got.status, got.body)
		}
	}
	debug := func(input, app string) answer {
		q := url.Values{"input_token": {input}, "access_token": {app}}
		return st.do(st.request("GET", st.ps["facebook"].IntrospectionEndpoint+"?"+q.Encode(), nil))
	}
	app := clientID + "|" + clientSecret
	diff(t, "made-up token", any(false), dig(debug("made-up", app).json, "data.is_valid"))
	diff(t, "wrong app token", any(json.Number("100")), dig(debug(token, clientID+"|wrong").json, "error.code"))
	diff(t, "no app token", any(json.Number("100")), dig(debug(token, "").json, "error.code"))
	st.clock.advance(2 * time.Hour)
	diff(t, "expired token", any(json.Number("463")), dig(debug(token, app).json, "data.error.subcode"))
	st.s.RevokeAll("")
	diff(t, "revoked token", any(json.Number("458")), dig(debug(token, app).json, "data.error.subcode"))
}

// The guide shows a GET with the secret in the query, and no grant_type.
func TestTokenRequestByGet(t *testing.T) {
	st := start(t, nil)
	q := url.Values{
		"client_id": {clientID}, "client_secret": {clientSecret}, "redirect_uri": {st.redirectURI("facebook")}, "code_verifier": {verifier},
		"code": {st.callback("facebook", emulator.Choice{}, nil).Get("code")},
	}
	if a := st.do(st.request("GET", st.ps["facebook"].TokenEndpoint+"?"+q.Encode(), nil)); a.text("access_token") == "" {
		t.Errorf("Facebook = %d %s", a.status, a.body)
	}
	if a := st.do(st.request("GET", st.ps["google"].TokenEndpoint+"?"+q.Encode(), nil)); a.status != 405 {
		t.Errorf("Google = %d", a.status)
	}
}

func TestOlderWaysToRevoke(t *testing.T) {
	st := start(t, nil)
	naver := st.signIn("naver").text("access_token")
	form := url.Values{"grant_type": {"delete"}, "access_token": {naver}, "service_provider": {"NAVER"}}
	diff(t, "Naver", "success", st.token("naver", form).text("result"))
	diff(t, "Naver again", "invalid_request", st.token("naver", form).text("error"))
	kakao := st.signIn("kakao").text("access_token")
	diff(t, "Kakao logout", 200, st.bearer("POST", st.base+"/kakao/v1/user/logout", kakao).status)
	diff(t, "Kakao logout again", 401, st.bearer("POST", st.base+"/kakao/v1/user/logout", kakao).status)
}

func TestLoginHintComesFirst(t *testing.T) {
	st := start(t, nil)
	q := func(q url.Values) { q.Set("login_hint", "minjun@example.com") }
	a := st.exchange("google", st.callback("google", emulator.Choice{}, q))
	me := st.bearer("GET", st.ps["google"].UserinfoEndpoint, a.text("access_token"))
	diff(t, "name", "김민준", me.text("name"))
}

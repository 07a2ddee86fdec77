package emulator_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialauth/socialauth/internal/emulator"
)

func proof(token string) string {
	mac := hmac.New(sha256.New, []byte(clientSecret))
	mac.Write([]byte(token))
	return hex.EncodeToString(mac.Sum(nil))
}

func TestFacebookWhole(t *testing.T) {
	st := start(t, nil)
	o, err := emulator.Play(context.Background(), st.http, st.authorizeURL("facebook", nil), emulator.Choice{})
	if err != nil {
		t.Fatal(err)
	}
	if o.Status != http.StatusOK || o.Text() != "Signed in" || !strings.HasSuffix(o.Callback, "#_=_") {
		t.Errorf("outcome = %d %q, callback %q", o.Status, o.Text(), o.Callback)
	}
	u, err := url.Parse(o.Callback)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	if q.Get("granted_scopes") != "public_profile,email" || !q.Has("denied_scopes") || q.Get("state") != state {
		t.Errorf("callback query = %v", q)
	}
	short := st.exchange("facebook", q)
	if short.number("expires_in") != "7200" || short.json["refresh_token"] != nil {
		t.Errorf("code exchange = %s", short.body)
	}
	long := st.token("facebook", url.Values{
		"grant_type": {"fb_exchange_token"}, "fb_exchange_token": {short.text("access_token")},
	})
	if long.number("expires_in") != "5183944" {
		t.Errorf("long-lived exchange = %s", long.body)
	}
	token := long.text("access_token")
	me := st.bearer("GET", st.ps["facebook"].UserinfoEndpoint+"&appsecret_proof="+proof(token), token)
	if len(me.text("id")) != 17 || me.text("email") != "ada@example.com" {
		t.Errorf("me = %s", me.body)
	}
	debug := st.do(st.request("GET", st.ps["facebook"].IntrospectionEndpoint+"?"+url.Values{
		"input_token": {token}, "access_token": {clientID + "|" + clientSecret},
	}.Encode(), nil))
	data, _ := debug.json["data"].(map[string]any)
	if data["is_valid"] != true || data["app_id"] != clientID || data["user_id"] != me.text("id") {
		t.Errorf("debug_token = %s", debug.body)
	}
	permissions := strings.ReplaceAll(st.ps["facebook"].RevocationEndpoint, "{user-id}", me.text("id"))
	if gone := st.bearer("DELETE", permissions, token); gone.body != `{"success":true}` {
		t.Errorf("DELETE permissions = %d %s", gone.status, gone.body)
	}
	after := st.bearer("GET", st.ps["facebook"].UserinfoEndpoint, token)
	failure, _ := after.json["error"].(map[string]any)
	if after.status != 400 || failure["type"] != "OAuthException" || failure["fbtrace_id"] == "" {
		t.Errorf("me after the revocation = %d %s", after.status, after.body)
	}
	st.wantLog(
		"GET /facebook/v26.0/dialog/oauth 200",
		"POST /facebook/emulator/sign-in 200",
		"POST /facebook/emulator/consent 303",
		"POST /facebook/v26.0/oauth/access_token authorization_code 200",
		"POST /facebook/v26.0/oauth/access_token fb_exchange_token 200",
		"GET /facebook/v26.0/me 200",
		"GET /facebook/debug_token 200",
		"DELETE /facebook/v26.0/"+me.text("id")+"/permissions 200",
		"GET /facebook/v26.0/me 400",
	)
}

func TestFacebookDeclinedEmail(t *testing.T) {
	st := start(t, nil)
	q := st.callback("facebook", emulator.Choice{Person: "minjun", Decline: []string{"email", "public_profile"}}, nil)
	if d := cmp.Diff([]string{"public_profile", "email"}, []string{q.Get("granted_scopes"), q.Get("denied_scopes")}); d != "" {
		t.Errorf("granted and denied (-want +got):\n%s", d)
	}
	token := st.exchange("facebook", q).text("access_token")
	me := st.bearer("GET", st.ps["facebook"].UserinfoEndpoint, token)
	if me.text("name") != "김민준" || me.json["email"] != nil {
		t.Errorf("me = %s", me.body)
	}
}

func TestFacebookExpiredTokenIsNotExchanged(t *testing.T) {
	st := start(t, nil)
	token := st.signIn("facebook").text("access_token")
	st.clock.advance(2 * time.Hour)
	a := st.token("facebook", url.Values{"grant_type": {"fb_exchange_token"}, "fb_exchange_token": {token}})
	failure, _ := a.json["error"].(map[string]any)
	if a.status != 400 || failure["code"] != json.Number("190") {
		t.Errorf("exchange = %d %s", a.status, a.body)
	}
}

func TestFacebookProof(t *testing.T) {
	st := start(t, nil)
	token := st.signIn("facebook").text("access_token")
	for name, tc := range map[string]struct {
		query string
		want  int
	}{
		"none":           {"", 200},
		"right":          {"&appsecret_proof=" + proof(token), 200},
		"of other token": {"&appsecret_proof=" + proof("x"), 400},
		"upper case":     {"&appsecret_proof=" + strings.ToUpper(proof(token)), 400},
	} {
		if a := st.bearer("GET", st.ps["facebook"].UserinfoEndpoint+tc.query, token); a.status != tc.want {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
}

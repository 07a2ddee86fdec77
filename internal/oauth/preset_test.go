package oauth

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/socialauth/socialauth/internal/httpx"
	"github.com/socialauth/socialauth/internal/provider"
	"github.com/socialauth/socialauth/internal/secret"
)

// preset is a client of a provider from its data file, moved to the idp: its
// endpoints are below /ID there.
func (i *idp) preset(id string) *Client {
	i.t.Helper()
	p, err := provider.Preset(id)
	if err != nil {
		i.t.Fatal(err)
	}
	if p, err = p.Rebase(i.URL); err != nil {
		i.t.Fatal(err)
	}
	return &Client{
		Provider: p, ClientID: "client-1", ClientSecret: secret.New(testSecret),
		HTTP: httpx.NewClient(httpx.Options{}), Now: testNow,
	}
}

func proof(token string) string {
	m := hmac.New(sha256.New, []byte(testSecret))
	_, _ = io.WriteString(m, token)
	return hex.EncodeToString(m.Sum(nil))
}

const (
	fbToken   = "POST /facebook/v26.0/oauth/access_token"
	fbProfile = "GET /facebook/v26.0/me"
)

// facebook answers a code exchange and a long-lived exchange.
func (i *idp) facebook(long http.HandlerFunc) {
	i.on(fbToken, func(w http.ResponseWriter, r *http.Request) {
		if r.Form.Get("grant_type") == "fb_exchange_token" {
			long(w, r)
			return
		}
		_, _ = io.WriteString(w, `{"access_token":"CANARY-SHORT-1","token_type":"bearer","expires_in":5400}`)
	})
}

func facebookCallback(t *testing.T, a *Attempt) *Response {
	t.Helper()
	r, err := a.Check("code=" + testCode + "&granted_scopes=public_profile&denied_scopes=email&state=" + a.State.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestFacebook(t *testing.T) {
	i := newIDP(t)
	i.facebook(answerWith(200, "application/json", `{"access_token":"CANARY-LONG-1","token_type":"bearer","expires_in":5183944}`))
	c := i.preset("facebook")
	a := authorize(t, c)
	u, _ := url.Parse(a.URL)
	if q := u.Query(); q.Get("scope") != "public_profile,email" || q.Get("return_scopes") != "true" || u.Path != "/facebook/v26.0/dialog/oauth" {
		t.Errorf("authorization URL %s", a.URL)
	}
	tokens, err := c.Exchange(t.Context(), a, facebookCallback(t, a))
	if err != nil {
		t.Fatal(err)
	}
	if tokens.AccessToken.Reveal() != "CANARY-LONG-1" || !tokens.ExpiresAt.Equal(testNow().Add(5183944*time.Second)) {
		t.Errorf("token %q until %s", tokens.AccessToken.Reveal(), tokens.ExpiresAt)
	}
	if diff := cmp.Diff([][]string{{"public_profile"}, {"email"}}, [][]string{tokens.Scopes, tokens.Denied}); diff != "" {
		t.Error(diff)
	}
	sent := i.requests(fbToken)
	if len(sent) != 2 {
		t.Fatalf("%d token requests, want one for the code and one for the long-lived token", len(sent))
	}
	want := url.Values{
		"grant_type": {"fb_exchange_token"}, "fb_exchange_token": {"CANARY-SHORT-1"}, "client_id": {"client-1"}, "client_secret": {testSecret},
	}
	if diff := cmp.Diff(want, sent[1].Form); diff != "" {
		t.Error(diff)
	}
	if len(sent[0].Query)+len(sent[1].Query) != 0 {
		t.Error("something secret is in the URL")
	}

	i.json(fbProfile, 200, `{"id":"10158000000000001","name":"Ada","picture":{"data":{"url":"https://cdn.example/a.jpg?x=1&y=2"}}}`)
	profile, err := c.Profile(t.Context(), tokens)
	if err != nil {
		t.Fatal(err)
	}
	wantProfile := &Profile{Sub: "10158000000000001", Name: "Ada", Picture: "https://cdn.example/a.jpg?x=1&y=2"} // no e-mail: it was declined
	if diff := cmp.Diff(wantProfile, profile, cmpopts.IgnoreFields(Profile{}, "Raw")); diff != "" {
		t.Error(diff)
	}
	got := i.only(fbProfile)
	wantQuery := url.Values{"fields": {"id,name,email,picture.type(large)"}, "appsecret_proof": {proof("CANARY-LONG-1")}}
	if diff := cmp.Diff(wantQuery, got.Query); diff != "" {
		t.Error(diff)
	}
	if got.Header.Get("Authorization") != "Bearer CANARY-LONG-1" {
		t.Errorf("Authorization %q", got.Header.Get("Authorization"))
	}

	i.json("DELETE /facebook/v26.0/10158000000000001/permissions", 200, `{"success":true}`)
	if err := c.Revoke(t.Context(), tokens, profile.Sub); err != nil {
		t.Fatal(err)
	}
	got = i.only("DELETE /facebook/v26.0/10158000000000001/permissions")
	if got.Header.Get("Authorization") != "Bearer CANARY-LONG-1" || got.Query.Get("appsecret_proof") != proof("CANARY-LONG-1") {
		t.Errorf("%v %v", got.Header, got.Query)
	}
}

func TestFacebookRefresh(t *testing.T) {
	i := newIDP(t)
	i.facebook(answerWith(200, "application/json", `{"access_token":"CANARY-LONG-2","expires_in":5183944}`))
	c := i.preset("facebook")
	old := &Tokens{AccessToken: secret.New("CANARY-LONG-1"), Scopes: []string{"email"}, Denied: []string{"x"}}
	got, err := c.Refresh(t.Context(), old)
	if err != nil || got.AccessToken.Reveal() != "CANARY-LONG-2" || got.Scopes[0] != "email" || got.Denied[0] != "x" {
		t.Errorf("%v %v", got, err)
	}
	i.only(fbToken)
	i.facebook(answerWith(400, "application/json", `{"error":{"message":"Session expired","type":"OAuthException","code":190,"error_subcode":463,"fbtrace_id":"A1"}}`))
	_, err = c.Refresh(t.Context(), old)
	var no *ServerError
	if !errors.As(err, &no) || !no.SignInNeeded() || no.TraceID != "A1" || no.Subcode != "463" {
		t.Errorf("error is %#v", err)
	}
}

// A long-lived answer without expires_in is completed by debug_token.
func TestFacebookWithoutExpiresIn(t *testing.T) {
	for body, want := range map[string]Expiry{
		`{"data":{"is_valid":true,"expires_at":1795521600}}`:  ExpiryKnown,
		`{"data":{"is_valid":true,"expires_at":0}}`:           ExpiryNever,
		`{"data":{"is_valid":true}}`:                          ExpiryUnknown,
		`{"data":{"is_valid":false,"expires_at":1795521600}}`: ExpiryUnknown,
		`nonsense`: ExpiryUnknown,
	} {
		i := newIDP(t)
		i.facebook(answerWith(200, "application/json", `{"access_token":"CANARY-LONG-1","token_type":"bearer"}`))
		i.json("GET /facebook/debug_token", 200, body)
		got, err := i.preset("facebook").Refresh(t.Context(), &Tokens{AccessToken: secret.New("x")})
		if err != nil || got.Expiry != want || (want == ExpiryKnown) != (got.ExpiresAt.Unix() == 1795521600) {
			t.Errorf("%s: %v %v, want %s", body, got, err, want)
		}
	}
}

// The code is spent when the long-lived exchange fails: the token stays.
func TestFacebookKeepsTheShortToken(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"error":   answerWith(400, "application/json", `{"error":{"message":"no CANARY-SHORT-1","type":"x","code":1}}`),
		"garbage": answerWith(200, "application/json", `{{`),
		"500":     answerWith(500, "text/html", `CANARY-x`),
	} {
		i := newIDP(t)
		i.facebook(h)
		c := i.preset("facebook")
		a := authorize(t, c)
		got, err := c.Exchange(t.Context(), a, facebookCallback(t, a))
		if err != nil || got.AccessToken.Reveal() != "CANARY-SHORT-1" || !got.ExpiresAt.Equal(testNow().Add(90*time.Minute)) {
			t.Fatalf("%s: %v %v", name, got, err)
		}
		text := strings.Join(got.Warnings, "\n")
		if !strings.Contains(text, "long-lived") || strings.Contains(text, "CANARY") {
			t.Errorf("%s: warnings %q", name, got.Warnings)
		}
	}
}

func TestFacebookDebugToken(t *testing.T) {
	i := newIDP(t)
	c := i.preset("facebook")
	i.json("GET /facebook/debug_token", 200, `{"data":{"app_id":"138483919580948","type":"USER","is_valid":true,"expires_at":1795521600,"scopes":["email","public_profile"],"user_id":"1207059"}}`)
	tokens := &Tokens{AccessToken: secret.New("CANARY-LONG-1")}
	got, err := c.Introspect(t.Context(), tokens)
	if err != nil {
		t.Fatal(err)
	}
	want := &Introspection{Active: true, Scope: "email public_profile", ClientID: "138483919580948", Sub: "1207059", Exp: time.Unix(1795521600, 0).UTC()}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(Introspection{}, "Raw")); diff != "" {
		t.Error(diff)
	}
	sent := i.only("GET /facebook/debug_token")
	app := "client-1|" + testSecret
	if sent.Header.Get("Authorization") != "Bearer "+app || sent.Query.Get("access_token") != "" {
		t.Errorf("the app's token is not in the header: %v %v", sent.Header, sent.Query)
	}
	if diff := cmp.Diff(url.Values{"input_token": {"CANARY-LONG-1"}, "appsecret_proof": {proof(app)}}, sent.Query); diff != "" {
		t.Error(diff)
	}
	i.json("GET /facebook/debug_token", 200, `{"data":{"is_valid":false,"expires_at":0,"error":{"code":190,"message":"x"}}}`)
	if got, err := c.Introspect(t.Context(), tokens); err != nil || got.Active || !got.Exp.IsZero() {
		t.Errorf("%v %v", got, err)
	}
	i.json("GET /facebook/debug_token", 400, `{"error":{"message":"Invalid `+testSecret+` CANARY-LONG-1","type":"OAuthException","code":100}}`)
	_, err = c.Introspect(t.Context(), tokens)
	noSecret(t, err)
	i.Close()
	_, err = c.Introspect(t.Context(), tokens)
	noSecret(t, err)
}

package oauth

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialauth/socialauth/internal/provider"
)

// A whole sign-in: authorize, come back through the listener, exchange, ask
// for the profile.
func TestSignIn(t *testing.T) {
	i := newIDP(t)
	c := i.client(i.oidc)
	l, err := Listen(t.Context(), ListenOptions{Redirect: provider.Redirect{Host: "127.0.0.1", Port: provider.PortAny, Path: "/callback"}})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	a, err := c.Authorize(AuthorizeOptions{RedirectURI: l.RedirectURI()})
	if err != nil {
		t.Fatal(err)
	}
	i.json("POST /token", 200, `{"access_token":"`+testAccess+`","token_type":"bearer","refresh_token":"`+testRefresh+
		`","expires_in":3600,"scope":"openid email","id_token":"`+i.idToken(map[string]any{"nonce": a.Nonce.Reveal()})+`"}`)
	i.json("GET /me", 200, `{"sub":"4711","name":"Ada","email":"ada@example.com","email_verified":true}`)

	browser := make(chan *http.Response, 1)
	go func() {
		resp, err := http.Get(l.RedirectURI() + "?code=" + testCode + "&state=" + url.QueryEscape(a.State.Reveal()))
		if err != nil {
			t.Error(err)
		}
		browser <- resp
	}()
	var (
		tokens  *Tokens
		profile *Profile
	)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	err = l.Wait(ctx, WaitOptions{Attempt: a, Finish: func(ctx context.Context, r *Response) error {
		var err error
		if tokens, err = c.Exchange(ctx, a, r); err != nil {
			return err
		}
		profile, err = c.Profile(ctx, tokens)
		return err
	}})
	if err != nil {
		t.Fatal(err)
	}
	resp := <-browser
	page, _ := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if resp.StatusCode != 200 || !strings.Contains(string(page), "You are signed in") {
		t.Errorf("the page is %d %s", resp.StatusCode, page)
	}
	if got := resp.Request.URL; got.Path != "/done" || got.RawQuery != "" || got.Fragment != "end" {
		t.Errorf("the browser ended at %s, want a clean /done", got)
	}
	want := &Profile{Sub: "4711", Name: "Ada", Email: "ada@example.com", EmailVerified: true, Raw: profile.Raw}
	if diff := cmp.Diff(want, profile); diff != "" {
		t.Error(diff)
	}
	if tokens.Expiry != ExpiryKnown || !tokens.ExpiresAt.Equal(testNow().Add(time.Hour)) {
		t.Errorf("expiry %s %s", tokens.Expiry, tokens.ExpiresAt)
	}
	if len(tokens.Warnings) > 0 {
		t.Errorf("warnings: %q", tokens.Warnings)
	}
	form := i.only("POST /token").Form
	for name, want := range map[string]string{
		"grant_type": "authorization_code", "code": testCode, "redirect_uri": l.RedirectURI(),
		"client_id": "client-1", "client_secret": testSecret, "code_verifier": a.CodeVerifier.Reveal(),
	} {
		if form.Get(name) != want {
			t.Errorf("%s = %q, want %q", name, form.Get(name), want)
		}
	}
	if got := i.only("GET /me").Header.Get("Authorization"); got != "Bearer "+testAccess {
		t.Errorf("Authorization = %q", got)
	}
	i.only("GET /keys")
}

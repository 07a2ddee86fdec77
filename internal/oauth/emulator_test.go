package oauth_test

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialauth/socialauth/internal/emulator"
	"github.com/socialauth/socialauth/internal/httpx"
	"github.com/socialauth/socialauth/internal/jose"
	"github.com/socialauth/socialauth/internal/oauth"
	"github.com/socialauth/socialauth/internal/provider"
	"github.com/socialauth/socialauth/internal/secret"
)

// stand is an emulator of one provider and a client of it.
type stand struct {
	*oauth.Client
	server *emulator.Server
}

func newStand(t *testing.T, id string) *stand {
	t.Helper()
	p, err := provider.Preset(id)
	if err != nil {
		t.Fatal(err)
	}
	key, err := jose.GenerateKey("ES256", rand.Reader) // the default, RSA, takes its time
	if err != nil {
		t.Fatal(err)
	}
	server, err := emulator.New(emulator.Options{Providers: []*provider.Provider{p}, Now: time.Now, Key: key})
	if err != nil {
		t.Fatal(err)
	}
	listener := httptest.NewUnstartedServer(nil)
	base := "http://" + listener.Listener.Addr().String()
	listener.Config.Handler = server.Handler(base)
	listener.Start()
	t.Cleanup(listener.Close)
	if p, err = p.Rebase(base); err != nil {
		t.Fatal(err)
	}
	return &stand{
		Client: &oauth.Client{
			Provider: p, ClientID: "client-1", ClientSecret: secret.New("CANARY-CLIENT-SECRET-1"),
			HTTP: httpx.NewClient(httpx.Options{}), Now: time.Now,
		},
		server: server,
	}
}

// signIn walks the emulator's pages and comes back through the real listener.
func (s *stand) signIn(t *testing.T, choice emulator.Choice) (tokens *oauth.Tokens, profile *oauth.Profile, page *emulator.Outcome, err error) {
	t.Helper()
	redirect := s.Provider.Redirect
	redirect.Port = provider.PortAny // the tests of other packages may hold the fixed one
	l, err := oauth.Listen(t.Context(), oauth.ListenOptions{Redirect: redirect})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	a, err := s.Authorize(oauth.AuthorizeOptions{RedirectURI: l.RedirectURI()})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	played := make(chan *emulator.Outcome, 1)
	go func() {
		out, err := emulator.Play(ctx, httpx.NewClient(httpx.Options{}), a.URL, choice)
		if err != nil {
			t.Error(err)
		}
		if err != nil || out.Status == 400 { // not ours: nothing more will come
			cancel()
		}
		played <- out
	}()
	err = l.Wait(ctx, oauth.WaitOptions{Attempt: a, Finish: func(ctx context.Context, r *oauth.Response) error {
		var err error
		if tokens, err = s.Exchange(ctx, a, r); err != nil {
			return err
		}
		profile, err = s.Profile(ctx, tokens)
		return err
	}})
	return tokens, profile, <-played, err
}

// Every preset, from its data file alone, through a whole life of a token.
func TestPresetsAgainstTheEmulator(t *testing.T) {
	for _, id := range provider.Presets() {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			s := newStand(t, id)
			tokens, profile, page, err := s.signIn(t, emulator.Choice{})
			if err != nil {
				t.Fatal(err)
			}
			if page.Status != 200 || !strings.Contains(page.Text(), "You are signed in") {
				t.Errorf("the last page is %d %s", page.Status, page.Text())
			}
			if profile.Sub == "" || profile.Name == "" {
				t.Errorf("profile %+v", profile)
			}
			if len(tokens.Warnings) > 0 || len(tokens.Denied) > 0 {
				t.Errorf("warnings %q, denied %q", tokens.Warnings, tokens.Denied)
			}
			if s.Provider.Protocol == provider.OIDC && len(tokens.Claims) == 0 {
				t.Error("no verified ID token")
			}
			about, err := s.Introspect(t.Context(), tokens)
			if s.Provider.Introspection == provider.IntrospectNone {
				if !errors.Is(err, oauth.ErrUnsupported) {
					t.Errorf("introspection: %v", err)
				}
			} else if err != nil || !about.Active {
				t.Errorf("introspection: %+v %v", about, err)
			}
			fresh, err := s.Refresh(t.Context(), tokens)
			if err != nil && !errors.Is(err, oauth.ErrUnsupported) {
				t.Fatal(err)
			}
			if err == nil {
				tokens = fresh
				if _, err := s.Profile(t.Context(), tokens); err != nil {
					t.Errorf("profile after the refresh: %v", err)
				}
			}
			if err := s.Revoke(t.Context(), tokens, profile.Sub); err != nil {
				t.Fatal(err)
			}
			_, err = s.Profile(t.Context(), tokens)
			var no *oauth.ServerError
			if !errors.As(err, &no) || !no.SignInNeeded() {
				t.Errorf("profile after the revocation: %v, want an error that asks for a sign-in", err)
			}
		})
	}
}

// A refresh after the person took the permission back asks for a sign-in,
// whatever the provider calls it.
func TestRefreshAfterRevocation(t *testing.T) {
	for _, id := range provider.Presets() {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			s := newStand(t, id)
			tokens, _, _, err := s.signIn(t, emulator.Choice{})
			if err != nil {
				t.Fatal(err)
			}
			s.server.RevokeAll("")
			_, err = s.Refresh(t.Context(), tokens)
			var no *oauth.ServerError
			if !errors.Is(err, oauth.ErrUnsupported) && (!errors.As(err, &no) || !no.SignInNeeded()) {
				t.Errorf("%#v, want an error that asks for a sign-in", err)
			}
		})
	}
}

func TestDeniedAtTheEmulator(t *testing.T) {
	for _, id := range provider.Presets() {
		s := newStand(t, id)
		_, _, page, err := s.signIn(t, emulator.Choice{Deny: true})
		var no *oauth.AuthorizationError
		if !errors.As(err, &no) || no.Code != "access_denied" {
			t.Errorf("%s: %v", id, err)
		}
		if page.Status != 403 {
			t.Errorf("%s: the last page is %d", id, page.Status)
		}
	}
}

func TestDeclinedPermissionAtFacebook(t *testing.T) {
	s := newStand(t, "facebook")
	tokens, profile, _, err := s.signIn(t, emulator.Choice{Decline: []string{"email"}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][]string{{"public_profile"}, {"email"}}, [][]string{tokens.Scopes, tokens.Denied}); diff != "" {
		t.Error(diff)
	}
	if profile.Email != "" || profile.EmailVerified {
		t.Errorf("profile %+v", profile)
	}
	var log []string
	for _, e := range s.server.Log() {
		if line := e.String(); strings.Contains(line, "access_token") || strings.HasSuffix(e.Path, "/me") {
			log = append(log, line)
		}
	}
	want := []string{
		"POST /facebook/v26.0/oauth/access_token authorization_code 200",
		"POST /facebook/v26.0/oauth/access_token fb_exchange_token 200",
		"GET /facebook/v26.0/me 200",
	}
	if diff := cmp.Diff(want, log); diff != "" {
		t.Error(diff)
	}
}

// Each fault of the stand-in ends a sign-in the way it must, with one request
// for the code at most, and no text shows a secret.
func TestFaultsOfTheEmulator(t *testing.T) {
	is := func(target error) func(error) bool { return func(err error) bool { return errors.Is(err, target) } }
	var (
		server   = as[*oauth.ServerError]
		protocol = as[*oauth.ProtocolError]
		idToken  = as[*oauth.IDTokenError]
		good     = is(nil)
		waited   = is(context.Canceled) // the callback was ignored until the test gave up
	)
	for _, c := range []struct {
		provider, fault, value string
		want                   func(error) bool
		codes                  int // token requests for the code
	}{
		{"facebook", "wrong_state", "", waited, 0},
		{"facebook", "no_state", "", waited, 0},
		{"facebook", "repeat_code", "", waited, 0},
		{"google", "wrong_issuer", "", as[*oauth.IssuerError], 0},
		{"facebook", "authorize_error", "server_error", as[*oauth.AuthorizationError], 0},
		{"facebook", "deny", "", as[*oauth.AuthorizationError], 0},
		{"facebook", "token_error", "invalid_grant", server, 1},
		{"github", "token_error", "invalid_client", server, 1},
		{"kakao", "token_error", "invalid_grant", server, 1},
		{"naver", "token_error", "invalid_grant", server, 1},
		{"x", "token_error", "invalid_grant", server, 1},
		{"facebook", "token_status", "500", server, 1},
		{"x", "token_status", "429", server, 1},
		{"facebook", "token_drop", "", as[*httpx.Error], 1},
		{"facebook", "token_redirect", "http://127.0.0.1:1/", as[*oauth.RedirectError], 1},
		{"facebook", "token_html", "", protocol, 1},
		{"facebook", "token_huge", "", protocol, 1},
		{"facebook", "bad_token", "newline", protocol, 1},
		{"facebook", "bad_token", "escape", protocol, 1},
		{"facebook", "bad_token", "empty", protocol, 1},
		{"facebook", "bad_token", "number", protocol, 1},
		{"facebook", "bad_token", "missing", protocol, 1},
		{"facebook", "expires_in", "3600.5", good, 1},
		{"facebook", "expires_in", `"abc"`, good, 1},
		{"facebook", "expires_in", "omit", good, 1},
		{"facebook", "long_lived_error", "", good, 1},
		{"facebook", "no_email", "", good, 1},
		{"google", "no_refresh_token", "", good, 1},
		{"google", "no_id_token", "", idToken, 1},
		{"google", "wrong_id_token_issuer", "", idToken, 1},
		{"google", "wrong_nonce", "", idToken, 1},
		{"google", "wrong_audience", "", idToken, 1},
		{"google", "wrong_subject", "", idToken, 1},
		{"google", "bad_signature", "", idToken, 1},
		{"google", "clock_skew", "1h", idToken, 1},
		{"facebook", "profile_status", "500", server, 1},
		{"facebook", "profile_error", "", server, 1},
	} {
		t.Run(c.provider+" "+c.fault+" "+c.value, func(t *testing.T) {
			t.Parallel()
			s := newStand(t, c.provider)
			if err := s.server.SetFault(c.fault, c.value); err != nil {
				t.Fatal(err)
			}
			_, _, page, err := s.signIn(t, emulator.Choice{})
			if !c.want(err) {
				t.Errorf("error is %T %v", err, err)
			}
			if err != nil && strings.Contains(err.Error(), "CANARY") {
				t.Errorf("the error shows a secret: %v", err)
			}
			if (page.Status == 200) != (err == nil) {
				t.Errorf("the last page is %d and the error %v", page.Status, err)
			}
			codes := 0
			for _, e := range s.server.Log() {
				if e.Grant == "authorization_code" {
					codes++
				}
			}
			if codes != c.codes {
				t.Errorf("the code was sent %d times, want %d", codes, c.codes)
			}
		})
	}
}

// as reports whether err is or wraps an E.
func as[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

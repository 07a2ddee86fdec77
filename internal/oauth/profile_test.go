package oauth

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/socialauth/socialauth/internal/provider"
	"github.com/socialauth/socialauth/internal/secret"
)

func TestProfileFields(t *testing.T) { // T27, T28
	long := strings.Repeat("é", 1<<19)
	for _, c := range []struct {
		name, body string
		want       *Profile // nil: refused
	}{
		{
			"plain", `{"sub":"1","name":"Ada","preferred_username":"ada","email":"a@x.example","email_verified":true,"picture":"https://x.example/p"}`,
			&Profile{Sub: "1", Name: "Ada", Username: "ada", Email: "a@x.example", EmailVerified: true, Picture: "https://x.example/p"},
		},
		{"number above 2^53", `{"sub":9007199254740993}`, &Profile{Sub: "9007199254740993"}},
		{"number beyond 64 bits", `{"sub":123456789012345678901234567890}`, &Profile{Sub: "123456789012345678901234567890"}},
		{"nulls", `{"sub":"1","name":null,"email":null,"email_verified":true,"picture":null}`, &Profile{Sub: "1"}},
		{"objects", `{"sub":"1","name":{"a":1},"email":["a@x.example"],"picture":{}}`, &Profile{Sub: "1"}},
		{"a megabyte", `{"sub":"1","name":"` + long[:1<<19] + `"}`, &Profile{Sub: "1", Name: strings.Repeat("é", 256)}},
		{"escapes", `{"sub":"1","name":"A\u001b]0;x\u0007\u202eda\u0000"}`, &Profile{Sub: "1", Name: "A\uFFFD]0;x\uFFFD\u202eda\uFFFD"}},
		{"verified as text", `{"sub":"1","email":"a@x.example","email_verified":"true"}`, &Profile{Sub: "1", Email: "a@x.example"}},
		{"verified as number", `{"sub":"1","email":"a@x.example","email_verified":1}`, &Profile{Sub: "1", Email: "a@x.example"}},
		{"verified of other case", `{"sub":"1","email":"a@x.example","Email_Verified":true}`, &Profile{Sub: "1", Email: "a@x.example"}},
		{"verified without an address", `{"sub":"1","email_verified":true}`, &Profile{Sub: "1"}},
		{"address with a newline", `{"sub":"1","email":"a@x.example\nb@y.example","email_verified":true}`, &Profile{Sub: "1"}},
		{"javascript picture", `{"sub":"1","picture":"javascript:alert(1)"}`, &Profile{Sub: "1"}},
		{"file picture", `{"sub":"1","picture":"file:///etc/passwd"}`, &Profile{Sub: "1"}},
		{"no sub", `{"name":"Ada"}`, nil},
		{"empty sub", `{"sub":""}`, nil},
		{"null sub", `{"sub":null}`, nil},
		{"true sub", `{"sub":true}`, nil},
		{"sub of other case", `{"Sub":"1"}`, nil},
		{"sub with escapes", `{"sub":"1\u001b[2J"}`, nil},
		{"long sub", `{"sub":"` + strings.Repeat("1", 257) + `"}`, nil},
		{"sub twice", `{"sub":"1","sub":"2"}`, nil},
		{"list", `[{"sub":"1"}]`, nil},
		{"error with 200", `{"error":{"message":"m","code":1},"sub":"1"}`, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			i := newIDP(t)
			i.json("GET /me", 200, c.body)
			got, err := i.client(nil).Profile(t.Context(), &Tokens{AccessToken: secret.New(testAccess)})
			if c.want == nil {
				if got != nil || err == nil {
					t.Errorf("got %v, %v, want an error", got, err)
				}
				noSecret(t, err)
				return
			}
			if diff := cmp.Diff(c.want, got, cmpopts.IgnoreFields(Profile{}, "Raw")); diff != "" || err != nil {
				t.Errorf("%v %s", err, diff)
			}
			if string(got.Raw) != c.body {
				t.Error("Raw is not the answer byte for byte")
			}
			if len(i.log) != 1 {
				t.Errorf("%d requests, want 1: no picture is ever fetched", len(i.log))
			}
		})
	}
}

func TestProfileErrors(t *testing.T) {
	i := newIDP(t)
	c, tokens := i.client(nil), &Tokens{AccessToken: secret.New(testAccess)}
	i.on("GET /me", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("WWW-Authenticate", `Bearer realm="x", error="invalid_token", error_description="CANARY"`)
		w.WriteHeader(401)
	})
	_, err := c.Profile(t.Context(), tokens)
	var no *ServerError
	if !errors.As(err, &no) || no.Code != "invalid_token" || !no.SignInNeeded() {
		t.Errorf("error is %v", err)
	}
	noSecret(t, err)
	i.json("GET /me", 500, `CANARY-ACCESS-1`)
	_, err = c.Profile(t.Context(), tokens)
	if !errors.As(err, &no) || no.SignInNeeded() {
		t.Errorf("error is %v", err)
	}
	noSecret(t, err)
}

func TestProfileAndIDTokenAreOnePerson(t *testing.T) {
	i := newIDP(t)
	c := i.client(i.oidc)
	tokens := &Tokens{
		AccessToken: secret.New(testAccess),
		Claims:      json.RawMessage(`{"sub":"1","name":"Ada","email":"a@x.example","email_verified":true,"picture":"https://x.example/p"}`),
	}
	i.json("GET /me", 200, `{"sub":"2"}`)
	got, err := c.Profile(t.Context(), tokens)
	var refused *IDTokenError
	if got != nil || !errors.As(err, &refused) {
		t.Errorf("got %v, %v, want *IDTokenError", got, err)
	}
	// What the answer lacks comes from the claims, address and flag together.
	i.json("GET /me", 200, `{"sub":"1","name":"Ada L."}`)
	want := &Profile{Sub: "1", Name: "Ada L.", Email: "a@x.example", EmailVerified: true, Picture: "https://x.example/p"}
	got, err = c.Profile(t.Context(), tokens)
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(Profile{}, "Raw")); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
	i.json("GET /me", 200, `{"sub":"1","email":"other@x.example"}`)
	got, err = c.Profile(t.Context(), tokens)
	if err != nil || got.Email != "other@x.example" || got.EmailVerified {
		t.Errorf("the flag of one address was given to another: %+v %v", got, err)
	}
}

func TestProfileWithoutEndpoint(t *testing.T) {
	i := newIDP(t)
	c := i.client(func(p *provider.Provider) { i.oidc(p); p.UserinfoEndpoint = "" })
	got, err := c.Profile(t.Context(), &Tokens{Claims: json.RawMessage(`{"sub":"1","name":"Ada"}`)})
	if err != nil || got.Sub != "1" || got.Name != "Ada" {
		t.Errorf("%v %v", got, err)
	}
	if _, err := c.Profile(t.Context(), &Tokens{}); !errors.Is(err, ErrUnsupported) {
		t.Errorf("error is %v, want ErrUnsupported", err)
	}
}

func TestRevokeRFC7009(t *testing.T) { // T29
	tokens := &Tokens{AccessToken: secret.New(testAccess), RefreshToken: secret.New(testRefresh)}
	for _, c := range []struct {
		name    string
		refresh http.HandlerFunc
		access  http.HandlerFunc
		ok      bool
		n       int
	}{
		{"both", answerWith(200, "", ""), answerWith(200, "", ""), true, 2},
		{"access tokens are not revoked there", answerWith(200, "", ""), answerWith(400, "application/json", `{"error":"unsupported_token_type"}`), true, 2},
		{"already dead", answerWith(400, "application/json", `{"error":"invalid_token"}`), answerWith(400, "application/json", `{"error":"invalid_token"}`), true, 2},
		{"503", answerWith(503, "text/html", "CANARY"), answerWith(200, "", ""), false, 1},
		{"client refused", answerWith(401, "application/json", `{"error":"invalid_client"}`), answerWith(200, "", ""), false, 1},
		{"error with 200", answerWith(200, "application/json", `{"error":"server_error"}`), answerWith(200, "", ""), false, 1},
	} {
		i := newIDP(t)
		i.on("POST /revoke", func(w http.ResponseWriter, r *http.Request) {
			if r.Form.Get("token") == testRefresh {
				c.refresh(w, r)
			} else {
				c.access(w, r)
			}
		})
		err := i.client(nil).Revoke(t.Context(), tokens, "")
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
		noSecret(t, err)
		if n := len(i.requests("POST /revoke")); n != c.n {
			t.Errorf("%s: %d requests, want %d", c.name, n, c.n)
		}
	}
	i := newIDP(t)
	none := i.client(func(p *provider.Provider) { p.Revocation, p.RevocationEndpoint = provider.RevokeNone, "" })
	if err := none.Revoke(t.Context(), tokens, ""); !errors.Is(err, ErrUnsupported) {
		t.Errorf("error is %v, want ErrUnsupported", err)
	}
}

func TestIntrospectRFC7662(t *testing.T) {
	i := newIDP(t)
	c, tokens := i.client(nil), &Tokens{AccessToken: secret.New(testAccess)}
	i.json("POST /introspect", 200, `{"active":true,"scope":"a b","client_id":"client-1","sub":"1","exp":1795521600}`)
	got, err := c.Introspect(t.Context(), tokens)
	if err != nil || !got.Active || got.Scope != "a b" || got.ClientID != "client-1" || got.Sub != "1" || got.Exp.Unix() != 1795521600 {
		t.Errorf("%v %v", got, err)
	}
	if f := i.only("POST /introspect").Form; f.Get("token") != testAccess || f.Get("token_type_hint") != "access_token" {
		t.Errorf("%v", f)
	}
	for body, active := range map[string]bool{`{"active":false}`: false, `{"active":"true"}`: false, `{}`: false, `{"active":true}`: true} {
		i.json("POST /introspect", 200, body)
		if got, err := c.Introspect(t.Context(), tokens); err != nil || got.Active != active {
			t.Errorf("%s: %v %v", body, got, err)
		}
	}
	i.json("POST /introspect", 401, `{"error":"invalid_client"}`)
	_, err = c.Introspect(t.Context(), tokens)
	var no *ServerError
	if !errors.As(err, &no) || no.Code != "invalid_client" {
		t.Errorf("%v", err)
	}
}

package oauth

import (
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/socialauth/socialauth/internal/jose"
	"github.com/socialauth/socialauth/internal/provider"
	"github.com/socialauth/socialauth/internal/secret"
)

func encode(s string) string { return base64.URLEncoding.EncodeToString([]byte(s)) }

// exchangeWith runs an exchange whose answer has an ID token with these claims
// over good ones; NONCE is replaced by the attempt's.
func exchangeWith(t *testing.T, i *idp, c *Client, claims map[string]any) (*Tokens, error) {
	t.Helper()
	a := authorize(t, c)
	if claims == nil {
		claims = map[string]any{}
	}
	if _, ok := claims["nonce"]; !ok {
		claims["nonce"] = a.Nonce.Reveal()
	}
	i.json("POST /token", 200, `{"access_token":"`+testAccess+`","id_token":"`+i.idToken(claims)+`"}`)
	return c.Exchange(t.Context(), a, respond(testCode))
}

func TestIDTokenClaims(t *testing.T) { // A06, W08, W11 to W13
	at := func(d time.Duration) int64 { return testNow().Add(d).Unix() }
	hash := func(v string) string {
		s, err := jose.AtHash("ES256", v)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	for _, c := range []struct {
		name   string
		claims map[string]any
		ok     bool
	}{
		{"good", nil, true},
		{"nonce of another sign-in", map[string]any{"nonce": "x"}, false},
		{"no nonce", map[string]any{"nonce": nil}, false},
		{"other issuer", map[string]any{"iss": "https://evil.example"}, false},
		{"no issuer", map[string]any{"iss": nil}, false},
		{"other audience", map[string]any{"aud": "client-2"}, false},
		{"audience list", map[string]any{"aud": []string{"client-1"}}, true},
		{"two audiences without azp", map[string]any{"aud": []string{"client-1", "x"}}, false},
		{"two audiences with azp", map[string]any{"aud": []string{"client-1", "x"}, "azp": "client-1"}, true},
		{"azp of another client", map[string]any{"azp": "x"}, false},
		{"expired", map[string]any{"exp": at(-2 * time.Minute)}, false},
		{"expired within the leeway", map[string]any{"exp": at(-30 * time.Second)}, true},
		{"no exp", map[string]any{"exp": nil}, false},
		{"issued in the future", map[string]any{"iat": at(time.Hour)}, false},
		{"not yet valid", map[string]any{"nbf": at(time.Hour)}, false},
		{"no sub", map[string]any{"sub": nil}, false},
		{"empty sub", map[string]any{"sub": ""}, false},
		{"right at_hash", map[string]any{"at_hash": hash(testAccess)}, true},
		{"wrong at_hash", map[string]any{"at_hash": hash("other")}, false},
		{"right c_hash", map[string]any{"c_hash": hash(testCode)}, true},
		{"wrong c_hash", map[string]any{"c_hash": hash("other")}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			i := newIDP(t)
			got, err := exchangeWith(t, i, i.client(i.oidc), c.claims)
			i.only("POST /token")
			i.only("GET /keys")
			if c.ok {
				if err != nil || !strings.Contains(string(got.Claims), `"sub":"4711"`) {
					t.Errorf("%v, %v", got, err)
				}
				return
			}
			var refused *IDTokenError
			if got != nil || !errors.As(err, &refused) {
				t.Fatalf("got %v, %v, want *IDTokenError", got, err)
			}
			noSecret(t, err)
		})
	}
}

func TestIDTokenSignature(t *testing.T) { // W02, W15, W16
	other := newIDP(t)
	for name, token := range map[string]func(i *idp, nonce string) string{
		"another key": func(i *idp, nonce string) string {
			return other.idToken(map[string]any{"nonce": nonce, "iss": i.URL})
		},
		"none": func(i *idp, nonce string) string {
			parts := strings.Split(i.idToken(map[string]any{"nonce": nonce}), ".")
			return strings.TrimRight(encode(`{"alg":"none"}`), "=") + "." + parts[1] + "."
		},
		"changed payload": func(i *idp, nonce string) string {
			parts := strings.Split(i.idToken(map[string]any{"nonce": nonce}), ".")
			return parts[0] + "." + strings.Split(i.idToken(map[string]any{"nonce": nonce, "sub": "1"}), ".")[1] + "." + parts[2]
		},
		"at+jwt": func(i *idp, nonce string) string {
			payload := `{"iss":"` + i.URL + `","sub":"4711","aud":"client-1","exp":1795348800,"iat":1795348000,"nonce":"` + nonce + `"}`
			s, err := jose.Sign(i.key, jose.Header{Typ: "at+jwt"}, []byte(payload))
			if err != nil {
				t.Fatal(err)
			}
			return s
		},
		"HMAC with the client secret": func(i *idp, _ string) string {
			k, err := jose.HMACKey([]byte(strings.Repeat(testSecret, 3)), "HS256")
			if err != nil {
				t.Fatal(err)
			}
			s, err := jose.Sign(k, jose.Header{Typ: "JWT"}, []byte(`{"iss":"`+i.URL+`","sub":"4711","aud":"client-1","exp":1795348800,"iat":1795348000}`))
			if err != nil {
				t.Fatal(err)
			}
			return s
		},
		"not a token": func(*idp, string) string { return "abc" },
	} {
		t.Run(name, func(t *testing.T) {
			i := newIDP(t)
			c := i.client(i.oidc)
			a := authorize(t, c)
			i.json("POST /token", 200, `{"access_token":"a","id_token":"`+token(i, a.Nonce.Reveal())+`"}`)
			got, err := c.Exchange(t.Context(), a, respond(testCode))
			var refused *IDTokenError
			if got != nil || !errors.As(err, &refused) {
				t.Fatalf("got %v, %v, want *IDTokenError", got, err)
			}
			var why *jose.VerifyError
			if want := map[string]jose.Code{
				"another key": jose.CodeNoKey, "none": jose.CodeAlgorithm, "changed payload": jose.CodeSignature, "at+jwt": jose.CodeType,
				"HMAC with the client secret": jose.CodeAlgorithm, "not a token": jose.CodeMalformed,
			}[name]; !errors.As(err, &why) || !why.Has(want) {
				t.Errorf("refused because of %v, want %s", err, want)
			}
		})
	}
}

func TestIDTokenMissing(t *testing.T) { // T17
	i := newIDP(t)
	i.json("POST /token", 200, `{"access_token":"a"}`)
	if _, err := exchange(t, i.client(i.oidc)); !errors.Is(err, ErrNoIDToken) {
		t.Errorf("error is %v, want ErrNoIDToken", err)
	}
	asked := i.client(func(p *provider.Provider) { i.oidc(p); p.Protocol = provider.OAuth2 })
	if _, err := exchange(t, asked); !errors.Is(err, ErrNoIDToken) {
		t.Errorf("openid asked of an OAuth provider: %v, want ErrNoIDToken", err)
	}
	// Unasked, and nothing to check it with: it is not kept.
	i.json("POST /token", 200, `{"access_token":"a","id_token":"x.y.z"}`)
	got, err := exchange(t, i.client(nil))
	if err != nil || !got.IDToken.IsZero() || got.Claims != nil || len(got.Warnings) != 1 {
		t.Errorf("%v %v", got, err)
	}
}

func TestNonceOptional(t *testing.T) {
	i := newIDP(t)
	c := i.client(func(p *provider.Provider) { i.oidc(p); p.Quirks = []provider.Quirk{provider.QuirkNonceOptional} })
	if _, err := exchangeWith(t, i, c, map[string]any{"nonce": nil}); err != nil {
		t.Errorf("no nonce: %v", err)
	}
	if _, err := exchangeWith(t, i, c, map[string]any{"nonce": "other"}); err == nil {
		t.Error("another nonce was accepted")
	}
}

func TestIssuerAlias(t *testing.T) {
	i := newIDP(t)
	c := i.client(func(p *provider.Provider) { i.oidc(p); p.IssuerAliases = []string{"accounts.google.com"} })
	if _, err := exchangeWith(t, i, c, map[string]any{"iss": "accounts.google.com"}); err != nil {
		t.Error(err)
	}
}

func TestKeysUnavailable(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"500": answerWith(500, "text/html", "CANARY"), "HTML": answerWith(200, "text/html", "<html>"), "array": answerWith(200, "application/json", "[]"),
		"redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://evil.example/", http.StatusFound)
		},
	} {
		i := newIDP(t)
		i.on("GET /keys", h)
		got, err := exchangeWith(t, i, i.client(i.oidc), nil)
		var refused *IDTokenError
		if err == nil || got != nil || errors.As(err, &refused) {
			t.Errorf("%s: %v %v; the keys are at fault, not the token", name, got, err)
		}
		noSecret(t, err)
		i.only("GET /keys")
	}
}

func TestClockSkewInIDTokenErrors(t *testing.T) { // T30
	i := newIDP(t)
	c := i.client(i.oidc)
	a := authorize(t, c)
	body := `{"access_token":"a","id_token":"` + i.idToken(map[string]any{"nonce": a.Nonce.Reveal(), "iat": testNow().Add(time.Hour).Unix()}) + `"}`
	i.on("POST /token", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", testNow().Add(time.Hour).Format(http.TimeFormat))
		answerWith(200, "application/json", body)(w, r)
	})
	_, err := c.Exchange(t.Context(), a, respond(testCode))
	var refused *IDTokenError
	if !errors.As(err, &refused) || refused.Skew != time.Hour {
		t.Errorf("error is %#v, want an *IDTokenError with the skew", err)
	}
}

func TestRefreshedIDToken(t *testing.T) {
	old := []byte(`{"sub":"4711","nonce":"n-1"}`)
	for _, c := range []struct {
		name   string
		claims map[string]any
		ok     bool
	}{
		{"without nonce", nil, true},
		{"the nonce of the sign-in", map[string]any{"nonce": "n-1"}, true},
		{"another nonce", map[string]any{"nonce": "n-2"}, false},
		{"another person", map[string]any{"sub": "4712"}, false},
		{"another issuer", map[string]any{"iss": "https://evil.example"}, false},
	} {
		i := newIDP(t)
		i.json("POST /token", 200, `{"access_token":"b","id_token":"`+i.idToken(c.claims)+`"}`)
		before := &Tokens{RefreshToken: secret.New(testRefresh), IDToken: secret.New("old"), Claims: old}
		got, err := i.client(i.oidc).Refresh(t.Context(), before)
		if c.ok != (err == nil) {
			t.Errorf("%s: %v", c.name, err)
		}
		if err == nil && (got.IDToken.Reveal() == "old" || string(got.Claims) == string(old)) {
			t.Errorf("%s: the old ID token was kept", c.name)
		}
		i.json("POST /token", 200, `{"access_token":"b"}`)
		got, err = i.client(i.oidc).Refresh(t.Context(), before)
		if err != nil || got.IDToken.Reveal() != "old" || string(got.Claims) != string(old) {
			t.Errorf("no new ID token: %v %v", got, err)
		}
	}
}

package oauth

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/socialauth/socialauth/internal/httpx"
	"github.com/socialauth/socialauth/internal/provider"
)

// document is the metadata of the idp with members changed; "" removes one.
func (i *idp) document(change map[string]string) string {
	members := map[string]string{
		"issuer": `"` + i.URL + `"`, "authorization_endpoint": `"` + i.URL + `/auth?x=1"`, "token_endpoint": `"` + i.URL + `/token"`,
		"userinfo_endpoint": `"` + i.URL + `/me"`, "jwks_uri": `"` + i.URL + `/keys"`, "revocation_endpoint": `"` + i.URL + `/revoke"`,
		"response_types_supported": `["code"]`, "subject_types_supported": `["public"]`, "id_token_signing_alg_values_supported": `["RS256"]`,
		"code_challenge_methods_supported": `["S256","plain"]`, "authorization_response_iss_parameter_supported": "true",
	}
	var parts []string
	for k, v := range change {
		if members[k] = v; v == "" {
			delete(members, k)
		}
	}
	for k, v := range members {
		parts = append(parts, `"`+k+`":`+v)
	}
	return "{" + strings.Join(parts, ",") + "}"
}

func discover(t *testing.T, i *idp, change map[string]string) (*provider.Provider, error) {
	t.Helper()
	i.json("GET "+wellKnownOIDC, 200, i.document(change))
	return Discover(t.Context(), httpx.NewClient(httpx.Options{}), i.URL)
}

func TestDiscover(t *testing.T) {
	i := newIDP(t)
	got, err := discover(t, i, nil)
	if err != nil {
		t.Fatal(err)
	}
	host := strings.TrimPrefix(i.URL, "http://")
	want := &provider.Provider{
		ID: host, Name: host, Protocol: provider.OIDC, Issuer: i.URL, AuthorizationEndpoint: i.URL + "/auth?x=1", TokenEndpoint: i.URL + "/token",
		UserinfoEndpoint: i.URL + "/me", RevocationEndpoint: i.URL + "/revoke", JWKSURI: i.URL + "/keys", Hosts: []string{host}, IssInResponse: true,
		Scopes: []string{"openid", "profile", "email"}, TokenEndpointAuthMethod: provider.ClientSecretBasic, ClientSecret: provider.SecretOptional,
		CodeChallengeMethod: provider.S256, Profile: got.Profile,
	}
	want.SetDefaults()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if err := got.Validate(); err != nil {
		t.Error(err)
	}
}

func TestDiscoverFallsBackToRFC8414(t *testing.T) {
	i := newIDP(t)
	issuer := i.URL + "/realms/a"
	i.json("GET "+wellKnownOAuth+"/realms/a", 200, i.document(map[string]string{
		"issuer": `"` + issuer + `"`, "subject_types_supported": "", "id_token_signing_alg_values_supported": "", "jwks_uri": "", "userinfo_endpoint": "",
	}))
	got, err := Discover(t.Context(), httpx.NewClient(httpx.Options{}), issuer)
	if err != nil {
		t.Fatal(err)
	}
	if got.Protocol != provider.OAuth2 || len(got.Scopes) != 0 || got.Issuer != issuer {
		t.Errorf("%+v", got)
	}
	i.only("GET /realms/a" + wellKnownOIDC)
}

func TestDiscoverLocalhost(t *testing.T) {
	i := newIDP(t)
	i.URL = strings.Replace(i.URL, "127.0.0.1", "localhost", 1)
	got, err := discover(t, i, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(got.TokenEndpoint, "http://localhost:") || got.ID != strings.TrimPrefix(i.URL, "http://") {
		t.Errorf("%+v", got)
	}
}

func TestDiscoverRefusesDocuments(t *testing.T) { // D01, D09, D11, A02
	for _, c := range []struct {
		name   string
		change map[string]string
		field  string
		unsafe bool
	}{
		{"another issuer", map[string]string{"issuer": `"https://evil.example"`}, "issuer", true},
		{"no issuer", map[string]string{"issuer": ""}, "issuer", false},
		{"issuer no text", map[string]string{"issuer": `["x"]`}, "issuer", false},
		{"templated issuer", map[string]string{"issuer": `"https://login.example/{tenantid}/v2.0"`}, "issuer", true},
		{"no token endpoint", map[string]string{"token_endpoint": ""}, "token_endpoint", false},
		{"null token endpoint", map[string]string{"token_endpoint": "null"}, "token_endpoint", false},
		{"empty token endpoint", map[string]string{"token_endpoint": `""`}, "token_endpoint", false},
		{"no authorization endpoint", map[string]string{"authorization_endpoint": ""}, "authorization_endpoint", false},
		{"no keys", map[string]string{"jwks_uri": ""}, "jwks_uri", false},
		{"plain PKCE only", map[string]string{"code_challenge_methods_supported": `["plain"]`}, "code_challenge_methods_supported", true},
		{"PKCE list empty", map[string]string{"code_challenge_methods_supported": `[]`}, "code_challenge_methods_supported", true},
		{"HMAC and none only", map[string]string{"id_token_signing_alg_values_supported": `["HS256","none"]`}, "id_token_signing_alg_values_supported", true},
		{"no code flow", map[string]string{"response_types_supported": `["id_token"]`}, "response_types_supported", false},
		{"private_key_jwt only", map[string]string{"token_endpoint_auth_methods_supported": `["private_key_jwt"]`}, "token_endpoint_auth_methods_supported", false},
	} {
		i := newIDP(t)
		got, err := discover(t, i, c.change)
		var refused *DiscoveryError
		if got != nil || !errors.As(err, &refused) || refused.Field != c.field || refused.Unsafe != c.unsafe {
			t.Errorf("%s: got %v, %v", c.name, got, err)
		}
		if n := len(i.log); n != 1 {
			t.Errorf("%s: %d requests, want 1", c.name, n)
		}
	}
}

func TestDiscoverSuggestsTheSlash(t *testing.T) { // D01
	i := newIDP(t)
	_, err := discover(t, i, map[string]string{"issuer": `"` + i.URL + `/"`})
	var refused *DiscoveryError
	if !errors.As(err, &refused) || refused.Suggestion != i.URL+"/" {
		t.Errorf("%v", err)
	}
}

// Every endpoint field is held against every bad URL; nothing is sent there.
func TestDiscoverRefusesEndpoints(t *testing.T) { // B01, D01
	for _, field := range []string{
		"authorization_endpoint", "token_endpoint", "userinfo_endpoint", "revocation_endpoint", "introspection_endpoint",
		"device_authorization_endpoint", "jwks_uri",
	} {
		for _, raw := range []string{
			"file:///etc/passwd", "javascript:alert(1)", "--version", "http://idp.example/x", "https://u@idp.example/", "https://idp.example/#x",
			"ftp://127.0.0.1/x", "//idp.example/x", "/x", "https://", "https://idp.example/\\u0000", "https://idp.example/a/../b", "https://idp.example/a/%2e%2E/b",
			"https://idp.example/ x", "http://10.0.0.1/x",
		} {
			i := newIDP(t)
			got, err := discover(t, i, map[string]string{field: `"` + raw + `"`})
			var unsafe *UnsafeURLError
			if got != nil || !errors.As(err, &unsafe) || unsafe.What != field {
				t.Errorf("%s %q: got %v, %v", field, raw, got, err)
			}
			if n := len(i.log); n != 1 {
				t.Errorf("%s %q: %d requests, want 1", field, raw, n)
			}
		}
	}
}

// A public issuer has no business on this machine or in a private network.
func TestReach(t *testing.T) { // D01
	public := &metadata{issuer: "https://idp.example", at: mustIssuer(t, "https://idp.example")}
	private := &metadata{issuer: "https://10.0.0.5", at: mustIssuer(t, "https://10.0.0.5")}
	local := &metadata{issuer: "http://127.0.0.1:1", at: mustIssuer(t, "http://127.0.0.1:1")}
	for raw, from := range map[string]reach{
		"https://other.example/t": reachPublic, "https://192.0.2.1/t": reachPublic, "https://[2001:db8::1]/t": reachPublic,
		"https://10.1.2.3/t": reachPrivate, "https://192.168.0.1/t": reachPrivate, "https://172.16.0.1/t": reachPrivate, "https://169.254.169.254/t": reachPrivate,
		"https://[fd00::1]/t": reachPrivate, "https://[fe80::1]/t": reachPrivate, "https://100.64.0.1/t": reachPrivate, "https://[::ffff:10.0.0.1]/t": reachPrivate,
		"https://127.0.0.1/t": reachLoopback, "https://[::1]/t": reachLoopback, "https://localhost/t": reachLoopback, "https://x.localhost/t": reachLoopback,
		"https://LOCALHOST./t": reachLoopback, "https://0.0.0.0/t": reachLoopback, "https://127.1/t": reachLoopback, "https://0x7f000001/t": reachLoopback,
		"https://2130706433/t": reachLoopback, "https://017700000001/t": reachLoopback, "https://[::ffff:127.0.0.1]/t": reachLoopback,
	} {
		for m, own := range map[*metadata]reach{public: reachPublic, private: reachPrivate, local: reachLoopback} {
			m.doc = object{"token_endpoint": []byte(`"` + raw + `"`)}
			_, err := m.endpoint("token_endpoint", true)
			if (err == nil) != (from <= own) {
				t.Errorf("issuer %s, endpoint %s: %v", m.issuer, raw, err)
			}
		}
	}
}

func TestDiscoverChoosesTheAuthMethod(t *testing.T) {
	for list, want := range map[string]provider.AuthMethod{
		"": provider.ClientSecretBasic, `["client_secret_post","client_secret_basic"]`: provider.ClientSecretBasic,
		`["private_key_jwt","client_secret_post","none"]`: provider.ClientSecretPost, `["none"]`: provider.AuthNone,
	} {
		i := newIDP(t)
		got, err := discover(t, i, map[string]string{"token_endpoint_auth_methods_supported": list})
		if err != nil || got.TokenEndpointAuthMethod != want {
			t.Errorf("%s: %v %v, want %s", list, got, err, want)
		}
	}
	i := newIDP(t)
	got, err := discover(t, i, map[string]string{"scopes_supported": `["openid","email","offline_access","admin"]`, "code_challenge_methods_supported": ""})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"openid", "email", "offline_access"}, got.Scopes); diff != "" {
		t.Error(diff)
	}
}

func TestDiscoverAnswers(t *testing.T) { // D06
	for name, h := range map[string]http.HandlerFunc{
		"5 MiB":   answerWith(200, "application/json", `{"x":"`+strings.Repeat("a", 5<<20)+`"}`),
		"no JSON": answerWith(200, "application/json", `<html>`),
		"HTML":    answerWith(200, "text/html", `{}`),
		"twice":   answerWith(200, "application/json", `{"issuer":"a","issuer":"b"}`),
		"500":     answerWith(500, "application/json", `{}`),
		"redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://evil.example/", http.StatusFound)
		},
		"nothing":    http.NotFound,
		"empty body": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "") },
	} {
		i := newIDP(t)
		i.on("GET "+wellKnownOIDC, h)
		got, err := Discover(t.Context(), httpx.NewClient(httpx.Options{}), i.URL)
		if got != nil || err == nil {
			t.Errorf("%s: got %v", name, got)
		}
		noSecret(t, err)
	}
}

func TestIssuerAsTyped(t *testing.T) { // D02
	for typed, want := range map[string]string{ // the suggestion, "-" for none, "" for good
		"https://idp.example": "", "https://idp.example/": "", "https://idp.example/realms/a": "", "https://idp.example:8443": "",
		"http://127.0.0.1:8080/x": "", "http://localhost:8080": "", "http://[::1]:8080": "", "https://xn--bcher-kva.example": "",
		"": "-", "   ": "-", "https://": "-", "ftp://idp.example": "-", "https://bücher.example": "-", "https://idp.example/a b": "-", "https://-x.example": "-",
		" https://idp.example\n": "https://idp.example", "idp.example": "https://idp.example", "idp.example/realms/a": "https://idp.example/realms/a",
		"http://idp.example": "https://idp.example", "HTTPS://idp.example": "https://idp.example", "https://IDP.example/A": "https://idp.example/A",
		"https://idp.example?x=1": "https://idp.example", "https://idp.example#x": "https://idp.example", "https://idp.example/?": "https://idp.example/",
		"https://user:CANARY-1@idp.example": "https://idp.example", "https://idp.example/a/../b": "https://idp.example/b",
		"https://idp.example/%2e%2e/b":                               "https://idp.example/b",
		"https://idp.example/a/.well-known/openid-configuration":     "https://idp.example/a",
		"https://idp.example/.well-known/oauth-authorization-server": "https://idp.example",
		"javascript:alert(1)":                                        "-", "--version": "-", "file:///etc/passwd": "-",
	} {
		_, err := checkIssuer(typed)
		if want == "" {
			if err != nil {
				t.Errorf("%q: %v", typed, err)
			}
			continue
		}
		var wrong *IssuerURLError
		if !errors.As(err, &wrong) {
			t.Errorf("%q: error is %v, want *IssuerURLError", typed, err)
			continue
		}
		if got := wrong.Suggestion; got != strings.Trim(want, "-") {
			t.Errorf("%q: suggestion %q, want %q", typed, got, want)
		}
		noSecret(t, err)
	}
}

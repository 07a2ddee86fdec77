package emulator_test

import (
	"encoding/json"
	"net/url"
	"testing"

	"github.com/socialauth/socialauth/internal/emulator"
	"github.com/socialauth/socialauth/internal/provider"
)

// A provider somebody wrote a file for is emulated in the plain forms of the RFCs.
const acme = `
id = "acme"
name = "Acme"
protocol = "oidc"
issuer = "https://id.acme.example/tenant"
authorization_endpoint = "https://id.acme.example/tenant/authorize"
token_endpoint = "https://id.acme.example/tenant/token"
userinfo_endpoint = "https://id.acme.example/tenant/userinfo"
revocation_endpoint = "https://id.acme.example/tenant/revoke"
introspection_endpoint = "https://id.acme.example/tenant/introspect"
jwks_uri = "https://id.acme.example/tenant/keys"
hosts = ["id.acme.example"]
authorization_response_iss_parameter_supported = true
scopes = ["openid", "email", "profile"]
scope_separator = " "
token_endpoint_auth_method = "client_secret_basic"
code_challenge_method = "S256"
client_secret = "optional"
refresh = "refresh_token"
rotation = "always"
revocation = "rfc7009"
introspection = "rfc7662"
quirks = []
documentation = "https://acme.example/docs"
checked = "2026-11-22"
grade = "C"

[redirect]
scheme = "http"
host = "127.0.0.1"
port = "any"
path = "/callback"

[profile]
sub = ["sub"]
name = ["name"]
email = ["email"]
email_verified = ["email_verified"]
`

func TestUserDefinedProvider(t *testing.T) {
	p, err := provider.Decode("acme.toml", []byte(acme))
	if err != nil {
		t.Fatal(err)
	}
	st := start(t, func(o *emulator.Options) { o.Providers = append(o.Providers, p) })
	q := st.callback("acme", emulator.Choice{Person: "awkward"}, nil)
	diff(t, "iss", st.base+"/acme/tenant", q.Get("iss"))
	a := st.exchange("acme", q)
	diff(t, "token answer", map[string]any{"token_type": "Bearer", "expires_in": json.Number("3600"), "scope": "openid email profile"},
		pick(a, "token_type", "expires_in", "scope"))
	claims := st.verify("acme", a.text("id_token"))
	me := st.bearer("GET", st.ps["acme"].UserinfoEndpoint, a.text("access_token"))
	diff(t, "profile", map[string]any{"sub": claims["sub"], "email": "o'brien+tag@example.com", "email_verified": false},
		pick(me, "sub", "email", "email_verified"))
	ask := func(endpoint, token string) answer {
		return st.do(st.asClient("acme", st.request("POST", endpoint, nil), url.Values{"token": {token}}))
	}
	diff(t, "introspection", map[string]any{
		"active": true, "client_id": clientID, "sub": claims["sub"], "scope": "openid email profile",
		"iat": json.Number("1795341600"), "exp": json.Number("1795345200"),
	}, ask(st.ps["acme"].IntrospectionEndpoint, a.text("access_token")).json)
	again := st.token("acme", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {a.text("refresh_token")}, "scope": {"openid"}})
	if again.text("refresh_token") == "" || again.text("id_token") == "" {
		t.Errorf("refresh = %s", again.body)
	}
	wide := st.token("acme", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {again.text("refresh_token")}, "scope": {"admin"}})
	diff(t, "wider scope", "invalid_scope", wide.text("error"))
	diff(t, "revocation", 200, ask(st.ps["acme"].RevocationEndpoint, again.text("refresh_token")).status)
	diff(t, "revocation of nothing", 200, ask(st.ps["acme"].RevocationEndpoint, "made-up").status)
	diff(t, "introspection afterwards", `{"active":false}`, ask(st.ps["acme"].IntrospectionEndpoint, again.text("access_token")).body)
	if me := st.bearer("GET", st.ps["acme"].UserinfoEndpoint, "made-up"); me.status != 401 || me.header.Get("WWW-Authenticate") != `Bearer error="invalid_token"` {
		t.Errorf("made-up token = %d %v", me.status, me.header)
	}
	if me := st.do(st.request("GET", st.ps["acme"].UserinfoEndpoint, nil)); me.status != 401 || me.header.Get("WWW-Authenticate") != "Bearer" || me.body != "" {
		t.Errorf("no token = %d %v %s", me.status, me.header, me.body)
	}
}

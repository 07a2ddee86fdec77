package provider

import (
	"errors"
	"testing"
)

func TestValidateOfACodeBuiltProvider(t *testing.T) {
	build := func(change func(*Provider)) *Provider {
		p := &Provider{
			ID: "127.0.0.1:9000", Name: "127.0.0.1:9000", Protocol: OIDC,
			Issuer:                  "http://127.0.0.1:9000",
			AuthorizationEndpoint:   "http://127.0.0.1:9000/auth",
			TokenEndpoint:           "http://127.0.0.1:9000/token",
			RevocationEndpoint:      "http://127.0.0.1:9000/revoke",
			IntrospectionEndpoint:   "http://127.0.0.1:9000/introspect",
			JWKSURI:                 "http://127.0.0.1:9000/keys",
			Hosts:                   []string{"127.0.0.1:9000"},
			Scopes:                  []string{"openid"},
			TokenEndpointAuthMethod: AuthNone,
			Profile:                 ProfileMap{Sub: []string{"sub"}},
		}
		p.SetDefaults()
		change(p)
		return p
	}
	p := build(func(*Provider) {})
	if err := p.Validate(); err != nil {
		t.Errorf("Validate: %v", err)
	}
	if p.ClientSecret != SecretNever || p.Revocation != RevokeRFC7009 || p.Introspection != IntrospectRFC7662 {
		t.Errorf("SetDefaults: secret %q, revocation %q, introspection %q", p.ClientSecret, p.Revocation, p.Introspection)
	}
	for _, tt := range []struct {
		change func(*Provider)
		want   string
	}{
		{func(p *Provider) { p.ID = "a/b" }, `id is "a/b", neither a name of a-z, 0-9 and - nor a host`},
		{func(p *Provider) { p.ID = "a..b" }, `id is "a..b", neither a name of a-z, 0-9 and - nor a host`},
		{func(p *Provider) { p.TokenEndpoint = "http://evil.example/token" }, "token_endpoint must be https; http is allowed on a literal loopback address only"},
		{func(p *Provider) { p.TokenEndpoint = "https://evil.example/token" }, `token_endpoint is on host "evil.example", which is not in hosts`},
		{func(p *Provider) { p.Hosts = nil }, `authorization_endpoint is on host "127.0.0.1:9000", which is not in hosts`},
		{func(p *Provider) { p.IssuerAliases = []string{""} }, `issuer_aliases has "", which is not an issuer`},
		{func(p *Provider) { p.Issuer, p.Protocol, p.IssInResponse = "", OAuth2, true }, "authorization_response_iss_parameter_supported has no use without issuer"},
		{func(p *Provider) { p.Profile.EmailPresent, p.Profile.EmailVerified = true, []string{"v"} }, "profile.email_present_means_verified contradicts profile.email_verified"},
		{func(p *Provider) { p.Redirect = Redirect{} }, `redirect.scheme is missing; it is one of "http", "https"`},
	} {
		err := build(tt.change).Validate()
		if got, ok := errors.AsType[*FieldError](err); !ok || got.Error() != tt.want {
			t.Errorf("got %v, want %s", err, tt.want)
		}
	}
	for _, id := range []string{"acme", "login.acme.example", "[::1]:9000", "localhost:9000"} {
		if err := build(func(p *Provider) { p.ID = id }).Validate(); err != nil {
			t.Errorf("id %s: %v", id, err)
		}
	}
}

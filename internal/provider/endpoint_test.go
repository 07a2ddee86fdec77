package provider

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRebase(t *testing.T) {
	fb, err := Preset("facebook")
	if err != nil {
		t.Fatal(err)
	}
	google, err := Preset("google")
	if err != nil {
		t.Fatal(err)
	}
	own := &Provider{
		ID: "own", Issuer: "https://login.example/realms/a/", TokenEndpoint: "https://login.example:8443/t?x=1&y={client_id}",
		JWKSURI: "https://login.example", IssuerAliases: []string{"https://old.example/a", "old.example"}, Hosts: []string{"login.example", "login.example:8443"},
	}
	found := &Provider{ID: "127.0.0.1:9000", TokenEndpoint: "http://127.0.0.1:9000/token"}
	six := &Provider{ID: "[::1]:9000", TokenEndpoint: "http://[::1]:9000/token"}
	const base = "http://127.0.0.1:4400"
	for _, tt := range []struct {
		p    *Provider
		base string
		of   func(*Provider) string
		want string
	}{
		{fb, base, func(p *Provider) string { return p.AuthorizationEndpoint }, base + "/facebook/v26.0/dialog/oauth"},
		{fb, base, func(p *Provider) string { return p.TokenEndpoint }, base + "/facebook/v26.0/oauth/access_token"},
		{fb, base, func(p *Provider) string { return p.UserinfoEndpoint }, base + "/facebook/v26.0/me?fields=id,name,email,picture.type(large)"},
		{fb, base, func(p *Provider) string { return p.RevocationEndpoint }, base + "/facebook/v26.0/{user-id}/permissions"},
		{fb, base, func(p *Provider) string { return p.JWKSURI }, base + "/facebook/.well-known/oauth/openid/jwks/"},
		{fb, base, func(p *Provider) string { return p.Issuer }, base + "/facebook"},
		{fb, base, func(p *Provider) string { return strings.Join(p.Hosts, " ") }, "127.0.0.1:4400"},
		{fb, base + "/", func(p *Provider) string { return p.Issuer }, base + "/facebook"},
		{fb, base + "/under/here", func(p *Provider) string { return p.Issuer }, base + "/under/here/facebook"},
		{fb, "http://localhost:4400", func(p *Provider) string { return p.Issuer }, "http://localhost:4400/facebook"},
		{fb, "http://LocalHost:4400", func(p *Provider) string { return p.Issuer }, "http://localhost:4400/facebook"},
		{fb, "https://[::1]:4400", func(p *Provider) string { return p.TokenEndpoint }, "https://[::1]:4400/facebook/v26.0/oauth/access_token"},
		{fb, "http://127.0.0.1", func(p *Provider) string { return strings.Join(p.Hosts, " ") }, "127.0.0.1"},
		{google, base, func(p *Provider) string { return p.Issuer + " " + p.IssuerAliases[0] }, base + "/google 127.0.0.1:4400/google"},
		{own, base, func(p *Provider) string { return p.Issuer }, base + "/own/realms/a/"},
		{own, base, func(p *Provider) string { return p.TokenEndpoint }, base + "/own/t?x=1&y={client_id}"},
		{own, base, func(p *Provider) string { return p.JWKSURI }, base + "/own"},
		{own, base, func(p *Provider) string { return strings.Join(p.IssuerAliases, " ") }, base + "/own/a 127.0.0.1:4400/own"},
		{found, base, func(p *Provider) string { return p.TokenEndpoint }, base + "/127.0.0.1:9000/token"},
		{six, base, func(p *Provider) string { return p.TokenEndpoint }, base + "/%5B::1%5D:9000/token"},
	} {
		before := tt.p.clone()
		q, err := tt.p.Rebase(tt.base)
		if err != nil {
			t.Errorf("%s.Rebase(%s): %v", tt.p.ID, tt.base, err)
			continue
		}
		if got := tt.of(q); got != tt.want {
			t.Errorf("%s.Rebase(%s): got %s, want %s", tt.p.ID, tt.base, got, tt.want)
		}
		if diff := cmp.Diff(before, tt.p); diff != "" {
			t.Errorf("%s.Rebase changed its receiver (-before +after):\n%s", tt.p.ID, diff)
		}
	}
}

// No two endpoints of a preset fall together below one base, and what comes out
// follows the rules again and holds nothing of the old hosts.
func TestEveryPresetCanBeRebased(t *testing.T) {
	for id, p := range presets(t) {
		q, err := p.Rebase("http://127.0.0.1:4400")
		if err != nil {
			t.Errorf("%s: %v", id, err)
			continue
		}
		if err := q.Validate(); err != nil {
			t.Errorf("%s rebased is not valid: %v", id, err)
		}
		for _, e := range append(q.Endpoints(), Endpoint{"issuer", q.Issuer}) {
			if e.URL != "" && !strings.HasPrefix(e.URL, "http://127.0.0.1:4400/"+id) {
				t.Errorf("%s: %s stays at %s", id, e.Name, e.URL)
			}
		}
		if len(q.Endpoints()) != len(p.Endpoints()) {
			t.Errorf("%s has %d endpoints, rebased %d", id, len(p.Endpoints()), len(q.Endpoints()))
		}
		for name, path := range p.Paths() {
			if got, want := q.Paths()[name], "/"+id+path; got != want {
				t.Errorf("%s: path of %s is %s, want %s", id, name, got, want)
			}
		}
	}
}

func TestRebaseRefusesACollision(t *testing.T) {
	p := &Provider{ID: "two", TokenEndpoint: "https://a.example/token", UserinfoEndpoint: "https://b.example/token?x"}
	_, err := p.Rebase("http://127.0.0.1:1")
	want := &CollisionError{ID: "two", Path: "/token", First: "token_endpoint", Second: "userinfo_endpoint"}
	got, ok := errors.AsType[*CollisionError](err)
	if !ok {
		t.Fatalf("Rebase: %v, want a *CollisionError", err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got, want := err.Error(), "two: token_endpoint and userinfo_endpoint are on different hosts but share the path /token"; got != want {
		t.Errorf("Error() = %s, want %s", got, want)
	}
	p.UserinfoEndpoint = "https://a.example/token" // the very same: GitHub's token API
	if _, err := p.Rebase("http://127.0.0.1:1"); err != nil {
		t.Errorf("one address under two names: %v", err)
	}
}

func TestRebaseRefusesABase(t *testing.T) {
	const (
		notURL  = "is not a URL such as http://127.0.0.1:4400"
		scheme  = "must begin with http:// or https://"
		extra   = "must have no user name, query or fragment"
		path    = "has a path that cannot be used"
		machine = "must be on this machine: 127.0.0.1, [::1] or localhost"
		port    = "has no valid port"
	)
	for _, tt := range []struct{ base, reason string }{
		{"", notURL},
		{"127.0.0.1:4400", notURL},
		{"localhost:4400", notURL},
		{"http://", notURL},
		{"http:///x", notURL},
		{"http://127.0.0.1:x", notURL},
		{"http:127.0.0.1", notURL},
		{"http://127.0.0.1:4400\n", notURL},
		{"ftp://127.0.0.1", scheme},
		{"http://u:CANARY-PASSWORD-1@127.0.0.1", extra},
		{"http://127.0.0.1?x=CANARY-QUERY-1", extra},
		{"http://127.0.0.1?", extra},
		{"http://127.0.0.1#", extra},
		{"http://127.0.0.1/a/../b", path},
		{"http://127.0.0.1/a%2Fb", path},
		{"http://127.0.0.1/%2e%2e/b", path},
		{"http://127.0.0.1/a b", path},
		{"http://login.example", machine},
		{"http://127.0.0.1.example", machine},
		{"http://localhost.example", machine},
		{"http://10.0.0.1", machine},
		{"http://0.0.0.0:4400", machine},
		{"http://[::]:4400", machine},
		{"http://[::1%25lo]:4400", machine},
		{"http://127.0.0.1:0", port},
		{"http://127.0.0.1:65536", port},
		{"http://127.0.0.1:", port},
	} {
		p := &Provider{ID: "p", TokenEndpoint: "https://a.example/token"}
		_, err := p.Rebase(tt.base)
		got, ok := errors.AsType[*BaseError](err)
		if !ok || got.Reason != tt.reason {
			t.Errorf("Rebase(%q): %v, want %q", tt.base, err, tt.reason)
		}
		if err != nil && strings.Contains(err.Error(), "CANARY") {
			t.Errorf("Rebase(%q) repeats a secret: %v", tt.base, err)
		}
	}
}

func TestPaths(t *testing.T) {
	github, err := Preset("github")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"authorization_endpoint":        "/login/oauth/authorize",
		"token_endpoint":                "/login/oauth/access_token",
		"userinfo_endpoint":             "/user",
		"revocation_endpoint":           "/applications/{client_id}/token",
		"introspection_endpoint":        "/applications/{client_id}/token",
		"device_authorization_endpoint": "/login/device/code",
		"profile.emails_endpoint":       "/user/emails",
		"issuer":                        "/login/oauth",
	}
	if diff := cmp.Diff(want, github.Paths()); diff != "" {
		t.Errorf("github (-want +got):\n%s", diff)
	}
	x, err := Preset("x")
	if err != nil {
		t.Fatal(err)
	}
	if got := x.Paths()["userinfo_endpoint"]; got != "/2/users/me" {
		t.Errorf("x: a query is part of the path: %s", got)
	}
	if _, ok := x.Paths()["issuer"]; ok {
		t.Error("x has no issuer, but a path for it")
	}
}

func TestTrusts(t *testing.T) {
	p := &Provider{Hosts: []string{"a.example", "b.example:8443", "127.0.0.1:9000", "[::1]:9000", "c.example:443"}}
	for raw, want := range map[string]bool{
		"https://a.example/x":      true,
		"https://A.Example/x":      true,
		"https://a.example:443/x":  true,
		"https://a.example:8443/x": false,
		"http://a.example:443/x":   false,
		"https://a.example.:443/x": false,
		"https://x.a.example/":     false,
		"https://a.example@evil/":  false,
		"https://b.example:8443/":  true,
		"https://b.example/":       false,
		"https://c.example/":       true,
		"http://c.example/":        false,
		"http://127.0.0.1:9000/":   true,
		"http://127.0.0.1/":        false,
		"http://127.1:9000/":       false,
		"http://[::1]:9000/":       true,
		"http://[::1]/":            false,
		"/relative":                false,
		"mailto:a.example":         false,
	} {
		u, err := url.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Trusts(u); got != want {
			t.Errorf("Trusts(%s) = %v", raw, got)
		}
	}
	if p.Trusts(nil) {
		t.Error("Trusts(nil)")
	}
}

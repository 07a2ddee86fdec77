package emulator_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/socialauth/socialauth/internal/emulator"
)

func TestDiscovery(t *testing.T) {
	st := start(t, nil)
	for _, id := range []string{"google", "kakao", "naver"} {
		for _, target := range []string{
			st.ps[id].Issuer + "/.well-known/openid-configuration", st.base + "/.well-known/oauth-authorization-server/" + id,
		} {
			a := st.do(st.request("GET", target, nil))
			diff(t, target, map[string]any{
				"issuer": st.ps[id].Issuer, "token_endpoint": st.ps[id].TokenEndpoint, "jwks_uri": st.ps[id].JWKSURI,
				"authorization_endpoint": st.ps[id].AuthorizationEndpoint, "authorization_response_iss_parameter_supported": false,
			}, pick(a, "issuer", "token_endpoint", "jwks_uri", "authorization_endpoint", "authorization_response_iss_parameter_supported"))
		}
	}
}

// Each provider is emulated where [provider.Provider.Rebase] looks for it.
func TestEveryEndpointIsServed(t *testing.T) {
	st := start(t, nil)
	for id, p := range st.ps {
		for _, e := range p.Endpoints() {
			if e.Name == "device_authorization_endpoint" {
				continue // not emulated yet
			}
			target := strings.NewReplacer("{client_id}", clientID, "{user-id}", "me").Replace(e.URL)
			if a := st.do(st.request("PATCH", target, nil)); a.status != http.StatusMethodNotAllowed || a.header.Get("Allow") == "" {
				t.Errorf("%s %s: PATCH %s = %d", id, e.Name, e.URL, a.status)
			}
		}
	}
}

// A fresh key is made when none is given, and no two runs share it (I01).
func TestFreshKeyPerRun(t *testing.T) {
	var sets []string
	for range 2 {
		st := start(t, func(o *emulator.Options) { o.Key = nil })
		sets = append(sets, st.do(st.request("GET", st.ps["google"].JWKSURI, nil)).body)
	}
	if sets[0] == sets[1] || !strings.Contains(sets[0], `"RSA"`) || strings.Contains(sets[0], `"d"`) {
		t.Errorf("key sets = %s", sets)
	}
}

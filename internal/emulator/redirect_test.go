package emulator_test

import (
	"net/url"
	"testing"

	"github.com/socialauth/socialauth/internal/emulator"
)

// Row I02: exact except the port of a loopback where the provider lets it vary.
func TestRedirectURI(t *testing.T) {
	const good = "http://127.0.0.1:8400/callback"
	tests := []struct{ name, uri, any, fixed string }{
		{"the registered one", good, "page", "page"},
		{"another port", "http://127.0.0.1:51234/callback", "page", "refused"},
		{"no port", "http://127.0.0.1/callback", "page", "refused"},
		{"port 0", "http://127.0.0.1:0/callback", "refused", "refused"},
		{"port out of range", "http://127.0.0.1:65536/callback", "refused", "refused"},
		{"port with a zero in front", "http://127.0.0.1:08400/callback", "refused", "refused"},
		{"empty port", "http://127.0.0.1:/callback", "refused", "refused"},
		{"another path", "http://127.0.0.1:8400/callback2", "refused", "refused"},
		{"a longer path", good + "/more", "refused", "refused"},
		{"a trailing slash", good + "/", "refused", "refused"},
		{"no path", "http://127.0.0.1:8400", "refused", "refused"},
		{"another case of the path", "http://127.0.0.1:8400/Callback", "refused", "refused"},
		{"another case of the scheme", "HTTP://127.0.0.1:8400/callback", "refused", "refused"},
		{"added query", good + "?next=x", "refused", "refused"},
		{"empty query", good + "?", "refused", "refused"},
		{"fragment", good + "#x", "refused", "refused"},
		{"empty fragment", good + "#", "refused", "refused"},
		{"dot segments", "http://127.0.0.1:8400/x/../callback", "refused", "refused"},
		{"dot segments with a parameter", "http://127.0.0.1:8400/x/..;/callback", "refused", "refused"},
		{"escaped dot segments", "http://127.0.0.1:8400/x/%2e%2e/callback", "refused", "refused"},
		{"escaped letter", "http://127.0.0.1:8400/%63allback", "refused", "refused"},
		{"double slash", "http://127.0.0.1:8400//callback", "refused", "refused"},
		{"user name", "http://user@127.0.0.1:8400/callback", "refused", "refused"},
		{"user name like the host", "http://127.0.0.1:8400@evil.example/callback", "refused", "refused"},
		{"host that begins alike", "http://127.0.0.1.evil.example:8400/callback", "refused", "refused"},
		{"name for the address", "http://localhost:8400/callback", "refused", "refused"},
		{"other loopback address", "http://127.0.0.2:8400/callback", "refused", "refused"},
		{"IPv6 loopback", "http://[::1]:8400/callback", "refused", "refused"},
		{"decimal address", "http://2130706433:8400/callback", "refused", "refused"},
		{"another scheme", "https://127.0.0.1:8400/callback", "refused", "refused"},
		{"javascript", "javascript:alert(1)//127.0.0.1:8400/callback", "refused", "refused"},
		{"data", "data:text/html,x", "refused", "refused"},
		{"another site", "http://evil.example/callback", "refused", "refused"},
		{"newline", good + "\nX: y", "refused", "refused"},
		{"tab", "http://127.0.0.1:8400/call\tback", "refused", "refused"},
		{"NUL", good + "\x00", "refused", "refused"},
		{"backslash", `http://127.0.0.1:8400\@evil.example/callback`, "refused", "refused"},
		{"blank in front", " " + good, "refused", "refused"},
		{"missing", "", "refused", "refused"},
	}
	registered := map[string][]string{"google": {good}, "x": {good}}
	for _, mode := range []string{"registered", "learned"} {
		st := start(t, func(o *emulator.Options) {
			if mode == "registered" {
				o.Redirects = registered
			}
		})
		for _, tc := range tests {
			for id, want := range map[string]string{"google": tc.any, "x": tc.fixed} {
				if mode == "learned" {
					want = tc.any // any port, as several may be registered
				}
				target := st.authorizeURL(id, func(q url.Values) { q.Set("redirect_uri", tc.uri) })
				if got := st.authorize(target); got != want {
					t.Errorf("%s, %s, %s: %s, want %s", mode, id, tc.name, got, want)
				}
			}
		}
	}
}

func TestRedirectURIHostRule(t *testing.T) {
	for id, want := range map[string][3]string{ // localhost, 127.0.0.1, [::1]
		"facebook": {"page", "refused", "refused"},
		"kakao":    {"page", "refused", "refused"},
		"google":   {"page", "page", "page"},
		"github":   {"page", "page", "page"},
	} {
		for i, host := range []string{"localhost", "127.0.0.1", "[::1]"} {
			st := start(t, nil)
			target := st.authorizeURL(id, func(q url.Values) { q.Set("redirect_uri", "http://"+host+":8400/callback") })
			if got := st.authorize(target); got != want[i] {
				t.Errorf("%s with %s: %s, want %s", id, host, got, want[i])
			}
		}
	}
}

// What nobody could have typed into a console is not learned either.
func TestFirstRedirectURI(t *testing.T) {
	for uri, want := range map[string]string{
		"http://127.0.0.1:5000/auth/google/callback":     "page",
		"http://localhost:5000/callback/":                "page",
		"http://127.0.0.1:5000/x/../callback":            "refused",
		"http://127.0.0.1:5000/x/%2e%2e/callback":        "refused",
		"http://127.0.0.1:5000/x/./callback":             "refused",
		"http://127.0.0.1:5000/x;y/callback":             "refused",
		"http://127.0.0.1:5000/x%2fcallback":             "refused",
		"http://127.0.0.1:5000/callback?next=x":          "refused",
		"http://127.0.0.1:5000/callback#x":               "refused",
		"http://example.com/callback":                    "refused",
		"https://127.0.0.1:5000/callback":                "refused",
		"http://127.0.0.1:5000@evil.example:80/callback": "refused",
	} {
		st := start(t, nil)
		if got := st.authorize(st.authorizeURL("google", func(q url.Values) { q.Set("redirect_uri", uri) })); got != want {
			t.Errorf("%s: %s, want %s", uri, got, want)
		}
	}
}

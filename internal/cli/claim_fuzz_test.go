package cli

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/socialauth/socialauth/internal/jose"
)

// FuzzClaimFlags: whatever --claim k=v says, it makes the one claim k with exactly
// that text, or none; --claim-json makes the one claim with a JSON value, or none.
// verify's --claim takes the same apart in the same way.
func FuzzClaimFlags(f *testing.F) {
	for _, seed := range []string{"role=admin", "=x", "x", "x=", "x=\",\"admin\":true,\"y\":\"", "\"}=1", "exp=1", "a=1,\"b\":2", "n=1e400", "\xff=\xff", "k=\u2028", "o={\"a\":1,\"a\":2}"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, item string) {
		name, text, _ := strings.Cut(item, "=")
		for _, o := range []mintOptions{{claims: []string{item}}, {jsonClaims: []string{item}}} {
			list, err := extraClaims(o)
			if err != nil {
				continue
			}
			var c jose.Claims
			if c.Set(list[0].Name, list[0].Value) != nil {
				continue
			}
			var out map[string]json.RawMessage
			if err := json.Unmarshal(c.Bytes(), &out); err != nil || len(out) != 1 || len(list) != 1 {
				t.Fatalf("%q became %s, %v", item, c.Bytes(), err)
			}
			var got string
			if len(o.claims) > 0 && (json.Unmarshal(out[name], &got) != nil || got != text) {
				t.Fatalf("%q became %s", item, c.Bytes())
			}
		}
		if list, err := expectedClaims([]string{item}); err == nil && list[0] != (jose.ExpectedClaim{Name: name, Value: text}) {
			t.Fatalf("%q became %+v", item, list)
		}
	})
}

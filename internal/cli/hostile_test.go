package cli_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestHostileSizes: the real program ends with a clear message, and its output stays
// short enough to be read (W19, W20, K03). How long it takes is in make bench.
func TestHostileSizes(t *testing.T) {
	encode := base64.RawURLEncoding.EncodeToString
	head := encode([]byte(`{"alg":"HS256"}`)) + "."
	modulus := append([]byte{0xc1}, bytes.Repeat([]byte{0x5b}, 2047)...)
	verify := "verify --issuer i --audience a --key "
	for _, test := range []struct {
		name, input, line string
		exit              int
		want              string
	}{
		{"a token of 10 MB", head + encode([]byte(`{"sub":"1","a":"`+strings.Repeat("x", 7_500_000)+`"}`)) + ".AAAA", "decode", 0, "(7500002 bytes; --json shows all of it)"},
		{"one of 20 MB", strings.Repeat("A", 20<<20), "decode", 1, "longer than 16777216 bytes"},
		{"one of 10 MB in a stream", head + strings.Repeat("A", 10_000_000) + ".AAAA\n", "decode --lines", 1, `"code":"too_large","error":"longer than 1048576 bytes"`},
		{"one of 10 MB to verify", head + strings.Repeat("A", 10_000_000) + ".AAAA", verify + "ok.jwk", 4, "at most 65536 are taken"},
		{"a million dots", strings.Repeat(".", 1_000_000), "decode", 1, "more than 5 parts; a signed token has 3"},
		{"a million dots to verify", head + strings.Repeat(".", 60_000), verify + "ok.jwk", 1, "more than 3 parts"},
		{"JSON a million deep", head + encode([]byte(strings.Repeat("[", 1_000_000))) + ".AAAA", "decode", 0, "nested too deeply"},
		{"a header a million deep", encode([]byte(strings.Repeat(`{"a":`, 1_000_000))) + ".e30.AAAA", "decode", 1, "segment 1, decoded byte 2561: the JSON is nested too deeply"},
		{"an RSA key of 16,384 bits", head + "e30.AAAA", verify + "rsa.jwk", 2, "RSA with 16384 bits, the maximum is 8192"},
	} {
		t.Run(test.name, func(t *testing.T) {
			cmd := program(t, strings.Fields(test.line)...)
			for name, text := range map[string]string{
				"ok.jwk":  `{"kty":"oct","k":"` + encode(make([]byte, 32)) + `"}`,
				"rsa.jwk": fmt.Sprintf(`{"kty":"RSA","e":"AQAB","n":%q}`, encode(modulus)),
			} {
				if err := os.WriteFile(filepath.Join(cmd.Dir, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			cmd.Stdin = strings.NewReader(test.input)
			out, err := cmd.CombinedOutput()
			if exitStatus(err) != test.exit || !strings.Contains(string(out), test.want) {
				t.Errorf("exit %d, %.500s; want %d, %s", exitStatus(err), out, test.exit, test.want)
			}
			if len(out) > 64<<10 {
				t.Errorf("%d bytes of output", len(out))
			}
		})
	}
}

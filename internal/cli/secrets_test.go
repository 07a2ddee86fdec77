package cli_test

import (
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// secretsOf lists what no output, log, page or file of ours may hold: the
// canaries in every spelling, and tokens of the emulator, which say so.
func secretsOf(text string) []string {
	var found []string
	for _, canary := range []string{clientSecret, "CANARY-"} {
		for _, spelling := range []string{
			canary, base64.StdEncoding.EncodeToString([]byte(canary)), base64.RawURLEncoding.EncodeToString([]byte(canary)),
			url.QueryEscape(canary), hex.EncodeToString([]byte(canary)), strings.ToUpper(hex.EncodeToString([]byte(canary))),
		} {
			if strings.Contains(text, spelling) {
				found = append(found, spelling)
			}
		}
	}
	// The tokens of X are base64 of "emulated:…"; those of the others have it in
	// clear. A JWT is a secret too, whoever signed it.
	tokens := regexp.MustCompile(`[A-Za-z0-9_.-]*emulated[A-Za-z0-9+/_-]{16,}|ZW11bGF0ZWQ6[A-Za-z0-9_-]{16,}|eyJ[A-Za-z0-9_-]+\.eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+`)
	return append(found, tokens.FindAllString(text, -1)...)
}

func TestSecretsAreFound(t *testing.T) {
	for _, text := range []string{
		clientSecret, "x CANARY-ACCESS-7 y", base64.StdEncoding.EncodeToString([]byte(clientSecret)),
		hex.EncodeToString([]byte(clientSecret)), "EAAemulatedP7ZS-nnhsCOSRnIqh0VYl4Kf75H",
		"AAAAemulatedP7ZS+nnhs/OSRnIqh0VYl4+/8=", "ZW11bGF0ZWQ6UDdaUy1ubmhzQ09TUm5JcWgw", "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln",
	} {
		if len(secretsOf(text)) == 0 {
			t.Errorf("no secret found in %q", text)
		}
	}
	if found := secretsOf("nothing of the kind; the emulated Facebook"); len(found) > 0 {
		t.Errorf("found %q where there is none", found)
	}
}

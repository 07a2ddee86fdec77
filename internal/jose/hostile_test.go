package jose

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// TestHostile is the table of hostile tokens that other tools were tried with, row
// by row: what decode shows of each, and why verify refuses it although it is
// signed with the right key wherever that is possible.
func TestHostile(t *testing.T) {
	key := testKey(t, "HS256")
	const alg = `{"alg":"HS256"}`
	signed := func(header, payload string) string { return sign(t, key, header, payload) }
	with := func(more string) string { return signed(alg, claims(more)) }
	exp := func(value string) string {
		return signed(alg, strings.Replace(claims(""), fmt.Sprint(`"exp":`, testNow+600), `"exp":`+value, 1))
	}
	good := with("")
	head, rest, _ := strings.Cut(good, ".")
	payload, signature, _ := strings.Cut(rest, ".")
	deep := strings.Repeat(`{"a":`, 1000) + "1" + strings.Repeat("}", 1000)
	bits := good[:len(good)-1] + string(alphabet[strings.IndexByte(alphabet, good[len(good)-1])^1])
	for _, test := range []struct {
		name, token string
		decode      string // in the JSON of decode, or "!" and in its error
		verify      string // the code, or "" if it is good
	}{
		{"good", good, `"warnings":[]`, ""},
		{"alg none", signed(`{"alg":"none"}`, claims("")), `"alg_none"`, "algorithm"},
		{"alg NoNe", signed(`{"alg":"NoNe"}`, claims("")), `"alg_none"`, "algorithm"},
		{"ES256K", signed(`{"alg":"ES256K"}`, claims("")), `"alg_unknown"`, "algorithm"},
		{"ML-DSA-44", signed(`{"alg":"ML-DSA-44"}`, claims("")), `"alg_unknown"`, "algorithm"},
		{"Ed25519 with another key", signed(`{"alg":"Ed25519"}`, claims("")), `"type":"jwt"`, "no_key"},
		{"no alg", signed(`{"typ":"JWT"}`, claims("")), `"alg_missing"`, "algorithm"},
		{"crit unknown", signed(`{"alg":"HS256","crit":["x"],"x":1}`, claims("")), `"critical_header"`, "critical_header"},
		{"crit empty", signed(`{"alg":"HS256","crit":[]}`, claims("")), `"critical_header"`, "critical_header"},
		{"claim twice", with(`"sub":"2",`), `"duplicate_key"`, "duplicate_key"},
		{"claim twice, escaped", with(`"\u0073ub":"2",`), `"duplicate_key"`, "duplicate_key"},
		{"alg twice", signed(`{"alg":"HS256","alg":"none"}`, claims("")), `"duplicate_key"`, "duplicate_key"},
		{"integers beyond 2^53", with(`"n":9007199254740993,`), `"n":9007199254740993`, ""},
		{"1e400, -0, 1.0", with(`"a":1e400,"b":-0,"c":1.0,`), `"a":1e400,"b":-0,"c":1.0`, ""},
		{"exp is a fraction", exp("1795349400.5"), `"exp":1795349400.5`, ""},
		{"exp is 1.7953494e9", exp("1.7953494e9"), `"utc":"2026-11-22T12:10:00Z"`, ""},
		{"exp is 1e300", exp("1e300"), `"date_invalid"`, "invalid_claim"},
		{"exp in milliseconds", exp("1795349400000"), `"milliseconds"`, "invalid_claim"},
		{"exp is null", exp("null"), `"date_invalid"`, "invalid_claim"},
		{"exp is a string", exp(`"1795349400"`), `"date_invalid"`, "invalid_claim"},
		{"EXP", signed(alg, strings.Replace(claims(""), `"exp"`, `"EXP"`, 1)), `"claim_case"`, "missing"},
		{"an escaped ESC in kid", signed(`{"alg":"HS256","kid":"\u001b[31m"}`, claims("")), `"kid":"\u001b[31m"`, "no_key"},
		{"C1, bidi", with("\"a\":\"\u009b31m\u202e\u2066\","), `\u009b31m\u202e\u2066`, ""},
		{"a raw ESC", with("\"a\":\"\x1b[31m\","), `payload_not_json`, "malformed"},
		{"not UTF-8", with("\"a\":\"\xff\","), `"invalid_utf8"`, "invalid_utf8"},
		{"payload null", signed(alg, "null"), `"payload_not_an_object"`, "not_an_object"},
		{"payload array", signed(alg, "[]"), `"payload_not_an_object"`, "not_an_object"},
		{"payload string", signed(alg, `"x"`), `"payload_not_an_object"`, "not_an_object"},
		{"payload text", signed(alg, "hello"), `"payload_text":"hello"`, "malformed"},
		{"payload empty", signed(alg, ""), `"payload_detached"`, "malformed"},
		{"payload bytes", signed(alg, "\x00\xff"), `"payload_base64url":"AP8"`, "malformed"},
		{"two payloads", signed(alg, claims("")+"{}"), `"payload_not_json"`, "malformed"},
		{"a thousand deep", signed(alg, deep), `nested too deeply`, "malformed"},
		{"a line break inside", head + "." + payload[:8] + "\r\n" + payload[8:] + "." + signature, `"line_breaks"`, "signature"},
		{"stray bits in the signature", bits, `"base64_trailing_bits"`, "malformed"},
		{"padding", good + "=", `"base64_padding"`, "malformed"},
		{"a blank in front", " " + good, `"stripped":["blanks"]`, "malformed"},
		{"wrapped", good[:76] + "\n" + good[76:], `"line_breaks"`, "signature"},
		{"Bearer", "Bearer " + good, `"scheme:Bearer"`, "malformed"},
		{"a header", "Authorization: Bearer " + good, `"header:Authorization"`, "malformed"},
		{"a token response", `{"id_token":"` + good + `"}`, `"json:id_token"`, "malformed"},
		{"a URL", "https://a.example/#id_token=" + good, `"url:id_token"`, "malformed"},
		{"a cookie", "Cookie: a=b; t=" + good, `"cookie:t"`, "malformed"},
		{"quotes", `"` + good + `"`, `"quotes"`, "malformed"},
		{"2 parts", head + "." + payload, "!2 parts", "malformed"},
		{"4 parts", good + ".AAAA", "!4 parts", "malformed"},
		{"JWE", encode([]byte(`{"alg":"dir","enc":"A256GCM"}`)) + "..AAAA.AAAA.AAAA", `"name":"ciphertext","characters":4,"bytes":3`, "encrypted"},
		{"nested", signed(`{"alg":"HS256","cty":"JWT"}`, good), `"nested":{"type":"jwt"`, "malformed"},
		{"SD-JWT", good + "~" + encode([]byte(`["s","a",1]`)) + "~", `"disclosures":[{"matched":false,"name":"a","value":1}]`, "malformed"},
		{"JSON serialization", `{"payload":"` + payload + `","protected":"` + head + `","signature":"` + signature + `"}`, `"type":"jws-json"`, "malformed"},
		{"detached", head + ".." + signature, `"payload_detached"`, "signature"},
		{"b64 false", signed(`{"alg":"HS256","b64":false,"crit":["b64"]}`, ""), `"payload_unencoded"`, "critical_header"},
		{"zip", signed(`{"alg":"HS256","zip":"DEF"}`, claims("")), `"payload_compressed"`, ""},
		{"opaque", "ghp_0123456789abcdef", `"opaque":{"provider":"github"`, "malformed"},
		{"an embedded private key", signed(`{"alg":"HS256","jwk":{"kty":"oct","k":"AAAA"}}`, claims("")), `"private_key_in_header"`, ""},
		{"jku", signed(`{"alg":"HS256","jku":"https://evil.example"}`, claims("")), `"key_url_in_header"`, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			hostileDecode(t, test.token, test.decode)
			_, err := verifier(key).Verify(t.Context(), []byte(test.token))
			if test.verify == "" {
				if err != nil {
					t.Errorf("verify: %v", err)
				}
				return
			}
			var why *VerifyError
			if !errors.As(err, &why) || !why.Has(Code(test.verify)) {
				t.Errorf("verify: %v, want %s", err, test.verify)
			}
		})
	}
}

func hostileDecode(t *testing.T, token, want string) {
	t.Helper()
	e, err := Explain([]byte(token), ExplainOptions{})
	if text, fails := strings.CutPrefix(want, "!"); fails {
		wants(t, err, text)
		return
	}
	if err != nil {
		t.Fatalf("decode: %v", err)
	}
	out := string(e.AppendJSON(nil))
	if !strings.Contains(out, want) || !json.Valid([]byte(out)) || strings.ContainsFunc(out, unsafeRune) {
		t.Errorf("decode: %s\nwant %s", out, want)
	}
	if !strings.Contains(out, `"verified":false`) {
		t.Errorf("decode does not say that nothing was verified: %s", out)
	}
}

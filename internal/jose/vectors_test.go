package jose

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

type wycheproof struct {
	TestGroups []struct {
		Comment string
		Public  json.RawMessage
		Private json.RawMessage
		Tests   []struct {
			TcID    int
			Comment string
			JWS     string
			Result  string
		}
	}
}

func loadWycheproof(t *testing.T, name string) wycheproof {
	t.Helper()
	var w wycheproof
	if err := json.Unmarshal(read(t, vectors(t), "wycheproof", name), &w); err != nil {
		t.Fatal(err)
	}
	return w
}

// deviations are the vectors that are answered differently on purpose; the
// reasons are in the README beside the vectors.
func deviations() map[int]string {
	return map[int]string{
		367: "byte for byte the valid vector 357",
		370: "byte for byte the valid vector 357",
		372: "a question mark inside a segment is not base64url (RFC 7515 section 2)",
		373: "a question mark inside a segment is not base64url (RFC 7515 section 2)",
		346: "the key says PS256, the token PS384",
		350: "the key says PS256, the token PS384",
	}
}

func TestWycheproofSignatures(t *testing.T) {
	w := loadWycheproof(t, "json_web_signature_test.json")
	count := 0
	for _, group := range w.TestGroups {
		text := group.Public
		if text == nil {
			text = group.Private
		}
		// The RFC 7520 group spells ES512 wrongly.
		text = bytes.ReplaceAll(text, []byte(`"ES521"`), []byte(`"ES512"`))
		key, keyErr := ParseJWK(text)
		for _, test := range group.Tests {
			count++
			err := keyErr
			if err == nil {
				v := &Verifier{Keys: NewSet(key)}
				_, err = v.open(t.Context(), &scratch{}, []byte(test.JWS))
			}
			valid := test.Result == "valid"
			if why, listed := deviations()[test.TcID]; listed {
				if (err == nil) == valid {
					t.Errorf("tc%d is no longer a deviation (%s): %v", test.TcID, why, err)
				}
				continue
			}
			if (err == nil) != valid {
				t.Errorf("tc%d %s %s: %s, but got %v", test.TcID, group.Comment, test.Comment, test.Result, err)
			}
		}
	}
	if count != 401 {
		t.Errorf("ran %d vectors, want 401", count)
	}
}

func TestWycheproofKeySets(t *testing.T) {
	w := loadWycheproof(t, "json_web_key_test.json")
	count := 0
	for _, group := range w.TestGroups {
		text := group.Public
		if text == nil {
			text = group.Private
		}
		set, setErr := ParseSet(text)
		for _, test := range group.Tests {
			count++
			err := setErr
			if err == nil {
				v := &Verifier{Keys: set}
				_, err = v.open(t.Context(), &scratch{}, []byte(test.JWS))
			}
			if (err == nil) != (test.Result == "valid") {
				t.Errorf("tc%d %s %s: %s, but got %v", test.TcID, group.Comment, test.Comment, test.Result, err)
			}
		}
	}
	if count != 26 {
		t.Errorf("ran %d vectors, want 26", count)
	}
}

// cookbook is one file of RFC 7520 and its relatives.
type cookbook struct {
	Title string
	Input struct {
		Payload string
		Key     json.RawMessage
		Alg     json.RawMessage
	}
	Signing json.RawMessage
	Output  struct {
		Compact  string
		JSON     json.RawMessage
		JSONFlat json.RawMessage `json:"json_flat"`
	}
}

func loadCookbook(t *testing.T, path ...string) cookbook {
	t.Helper()
	var c cookbook
	if err := json.Unmarshal(read(t, append([]string{vectors(t), "cookbook"}, path...)...), &c); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestCookbookSignatures verifies the compact serializations of RFC 7520 section
// 4, of RFC 8037 appendix A and of RFC 7797.
func TestCookbookSignatures(t *testing.T) {
	for _, test := range []struct {
		path    []string
		refused Code // "" if it verifies
	}{
		{path: []string{"jws", "4_1.rsa_v15_signature.json"}},
		{path: []string{"jws", "4_2.rsa-pss_signature.json"}},
		{path: []string{"jws", "4_3.ecdsa_signature.json"}},
		{path: []string{"jws", "4_4.hmac-sha2_integrity_protection.json"}},
		{path: []string{"curve25519", "jws.json"}},
		// What has no signature over the empty payload it shows.
		{[]string{"jws", "4_5.signature_with_detached_content.json"}, CodeSignature},
		// The payload is not base64url, which crit demands.
		{[]string{"rfc7797", "hmac-sha2_b64_false.json"}, CodeCritical},
	} {
		c := loadCookbook(t, test.path...)
		t.Run(c.Title, func(t *testing.T) {
			key := mustParseJWK(t, string(c.Input.Key))
			if public := key.Public(); public != nil {
				key = public
			}
			v := &Verifier{Keys: NewSet(key)}
			s, err := v.open(t.Context(), &scratch{}, []byte(c.Output.Compact))
			if test.refused != "" {
				refused(t, err, test.refused)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if string(s.payload) != c.Input.Payload {
				t.Errorf("payload %q, want %q", s.payload, c.Input.Payload)
			}
		})
	}
}

// TestCookbookSigning makes the deterministic signatures again, to the byte.
func TestCookbookSigning(t *testing.T) {
	for _, path := range [][]string{
		{"jws", "4_1.rsa_v15_signature.json"},
		{"jws", "4_4.hmac-sha2_integrity_protection.json"},
		{"curve25519", "jws.json"},
	} {
		c := loadCookbook(t, path...)
		t.Run(c.Title, func(t *testing.T) {
			var alg string
			if err := json.Unmarshal(c.Input.Alg, &alg); err != nil {
				t.Fatal(err)
			}
			key := mustParseJWK(t, string(c.Input.Key))
			header, err := decodeStrict(nil, []byte(c.Output.Compact[:bytes.IndexByte([]byte(c.Output.Compact), '.')]))
			if err != nil {
				t.Fatal(err)
			}
			if got := sign(t, key, string(header), c.Input.Payload); got != c.Output.Compact {
				t.Errorf("got  %s\nwant %s", got, c.Output.Compact)
			}
		})
	}
}

func TestCookbookKeys(t *testing.T) {
	for file, private := range map[string]bool{
		"3_1.ec_public_key.json": false, "3_2.ec_private_key.json": true,
		"3_3.rsa_public_key.json": false, "3_4.rsa_private_key.json": true,
		"3_5.symmetric_key_mac_computation.json": true,
	} {
		k, err := ParseJWK(read(t, vectors(t), "cookbook", "jwk", file))
		if err != nil {
			t.Errorf("%s: %v", file, err)
		} else if k.IsPrivate() != private {
			t.Errorf("%s: IsPrivate is %t", file, k.IsPrivate())
		}
	}
	_, err := ParseJWK(read(t, vectors(t), "cookbook", "jwk", "3_6.symmetric_key_encryption.json"))
	wants(t, err, `the algorithm "A256GCM"`)
}

// TestCookbookExplained decodes every serialization in the cookbook.
func TestCookbookExplained(t *testing.T) {
	root := filepath.Join(vectors(t), "cookbook")
	seen := make(map[string]int)
	for _, pattern := range []string{"jws/*.json", "jwe/*.json", "curve25519/*.json", "rfc7797/*.json", "6*.json"} {
		files, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: no files, %v", pattern, err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var c cookbook
			if err := json.Unmarshal(data, &c); err != nil {
				t.Fatal(err)
			}
			for _, text := range []string{c.Output.Compact, string(c.Output.JSON), string(c.Output.JSONFlat)} {
				if text == "" {
					continue
				}
				e, err := Explain([]byte(text), ExplainOptions{Now: now})
				if err != nil {
					t.Errorf("%s: %v", filepath.Base(file), err)
					continue
				}
				seen[e.Type]++
				if out := e.AppendJSON(nil); !json.Valid(out) {
					t.Errorf("%s: not JSON: %s", filepath.Base(file), out)
				}
			}
		}
	}
	for _, kind := range []string{TypeJWS, TypeJWSJSON, TypeJWE, TypeJWEJSON} {
		if seen[kind] < 3 {
			t.Errorf("%d of type %s: %v", seen[kind], kind, seen)
		}
	}
}

// TestThumbprints has the examples of RFC 7638 section 3.1 and RFC 8037 appendix A.3.
func TestThumbprints(t *testing.T) {
	for _, test := range []struct{ name, jwk, want string }{
		{"RFC 7638", `{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"}`, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"},
		{"RFC 8037", `{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"},
	} {
		if got := mustParseJWK(t, test.jwk).Thumbprint(); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
}

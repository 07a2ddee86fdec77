package jose

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	gojose "github.com/go-jose/go-jose/v4"

	"github.com/socialauth/socialauth/internal/secret"
)

// TestWycheproofEncryption opens what is valid and refuses all that is not.
func TestWycheproofEncryption(t *testing.T) {
	var w struct {
		TestGroups []struct {
			Comment string
			Private json.RawMessage
			Tests   []struct {
				TcID             int
				Comment, Pt, JWE string
				Result           string
			}
		}
	}
	if err := json.Unmarshal(read(t, vectors(t), "wycheproof", "json_web_encryption_test.json"), &w); err != nil {
		t.Fatal(err)
	}
	count := 0
	for _, group := range w.TestGroups {
		key, keyErr := ParseDecryptionKey(secret.New(string(group.Private)))
		for _, test := range group.Tests {
			count++
			err := keyErr
			var e *Explanation
			if err == nil {
				e, err = Explain([]byte(test.JWE), ExplainOptions{Key: key})
			}
			opened := err == nil && e.Decrypted
			if opened && test.Result == "valid" {
				plain, _ := hex.DecodeString(test.Pt)
				if got := string(e.Payload) + string(e.Bytes); got != string(plain) {
					t.Errorf("tc%d: %q, want %q", test.TcID, got, plain)
				}
			}
			if opened != (test.Result == "valid") {
				t.Errorf("tc%d %s %s: %s, but got %v", test.TcID, group.Comment, test.Comment, test.Result, err)
			}
		}
	}
	if count != 139 {
		t.Errorf("ran %d vectors, want 139", count)
	}
}

// encrypted makes a compact JWE.
func encrypted(t testing.TB, alg gojose.KeyAlgorithm, key any, payload []byte, o *gojose.EncrypterOptions) string {
	t.Helper()
	maker, err := gojose.NewEncrypter(gojose.A256GCM, gojose.Recipient{Algorithm: alg, Key: key, PBES2Count: 1000}, o)
	if err != nil {
		t.Fatal(err)
	}
	made, err := maker.Encrypt(payload)
	if err != nil {
		t.Fatal(err)
	}
	text, err := made.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func decryptionKey(t testing.TB, text string) *DecryptionKey {
	t.Helper()
	k, err := ParseDecryptionKey(secret.New(text))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestDecrypt(t *testing.T) {
	const shared = "CANARY-SHARED-1-0123456789abcdef"
	jwk := func(alg string) string {
		return fmt.Sprintf(`{"kty":"oct","k":"%s","alg":"%s"}`, encode([]byte(shared)), alg)
	}
	token := encrypted(t, gojose.DIRECT, []byte(shared), []byte(`{"sub":"a","exp":1795348800}`), nil)
	inner := unsigned(`{"alg":"none"}`, `{"sub":"inner"}`)
	nested := encrypted(t, gojose.A256KW, []byte(shared), []byte(inner), (&gojose.EncrypterOptions{}).WithContentType("JWT"))
	bomb := encrypted(t, gojose.DIRECT, []byte(shared), make([]byte, 400_000), &gojose.EncrypterOptions{Compression: gojose.DEFLATE})
	zipped := encrypted(t, gojose.DIRECT, []byte(shared), []byte(`{"z":1}`), &gojose.EncrypterOptions{Compression: gojose.DEFLATE})
	password := encrypted(t, gojose.PBES2_HS256_A128KW, "CANARY-PASSWORD-1", []byte(`{"p":1}`), nil)
	slow := encode([]byte(`{"alg":"PBES2-HS256+A128KW","enc":"A256GCM","p2c":2147483647,"p2s":"AAAA"}`)) + ".AAAA.AAAA.AAAA.AAAA"
	twice := encode([]byte(`{"alg":"dir","enc":"A256GCM","enc":"A128GCM"}`)) + "..AAAA.AAAA.AAAA"
	crit := encode([]byte(`{"alg":"dir","enc":"A256GCM","crit":["x"],"x":1}`)) + "..AAAAAAAAAAAAAAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA"
	for _, test := range []struct{ name, token, key, want string }{
		{"a shared secret", token, shared + "\n", `"payload":{"sub":"a","exp":1795348800},"decrypted":true,"verified":false`},
		{"a JWK that names the content encryption", token, jwk("A256GCM"), `"decrypted":true`},
		{"nested", nested, shared, `"nested":{"type":"jwt","header":{"alg":"none"},"payload":{"sub":"inner"}`},
		{"compressed", zipped, shared, `"payload":{"z":1}`},
		{"a password", password, "CANARY-PASSWORD-1", `"payload":{"p":1}`},
		{"another secret", token, strings.Repeat("x", 32), "!wrong key, or the token was changed"},
		{"changed", token[:len(token)-3] + "AAA", shared, "!wrong key, or the token was changed"},
		{"a key for another algorithm", token, jwk("A256KW"), `!the key is not for the algorithm "dir"`},
		{"a key for another content encryption", nested, jwk("A256GCM"), `!the key is not for the algorithm "A256KW"`},
		{"a secret of another length", nested, strings.Repeat("x", 16), `!the key is not for the algorithm "A256KW"`},
		{"inflates too far", bomb, shared, "!250000 bytes"},
		{"too many iterations", slow, "CANARY-PASSWORD-1", `!p2c is "2147483647", at most 1000000 is taken`},
		{"a parameter twice", twice, shared, `!the key "enc" is there twice`},
		{"an unknown extension", crit, shared, `!crit`},
	} {
		t.Run(test.name, func(t *testing.T) {
			e, err := Explain([]byte(test.token), ExplainOptions{Key: decryptionKey(t, test.key)})
			if want, fails := strings.CutPrefix(test.want, "!"); fails {
				wants(t, err, want)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if out := string(e.AppendJSON(nil)); !strings.Contains(out, test.want) {
				t.Errorf("%s\nwant %s", out, test.want)
			}
		})
	}
}

func TestParseDecryptionKey(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"empty", "", "the secret is empty"},
		{"for signatures", `{"kty":"oct","k":"AAAAAAAAAAAAAAAAAAAAAA","use":"sig"}`, `the key is for "sig"`},
		{"may only sign", `{"kty":"oct","k":"AAAAAAAAAAAAAAAAAAAAAA","key_ops":["sign"]}`, "key_ops does not allow it"},
		{"a signature algorithm", `{"kty":"oct","k":"AAAAAAAAAAAAAAAAAAAAAA","alg":"HS256"}`, `algorithm "HS256"`},
		{"twice", `{"kty":"oct","k":"AAAAAAAAAAAAAAAAAAAAAA","k":"AAAA"}`, "twice"},
		{"a public key", string(read(t, "testdata", "rsa2048-public.pem")), "the private key is needed"},
		{"Ed25519", string(read(t, "testdata", "ed25519.pem")), "the private key is needed"},
		{"huge", strings.Repeat("x", maxJWK+1), "longer than"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := ParseDecryptionKey(secret.New(test.text))
			wants(t, err, test.want)
		})
	}
	k := decryptionKey(t, "CANARY-SHARED-1")
	if text := fmt.Sprintf("%v %+v %#v %s", k, k, k, k); strings.Contains(text, "CANARY") {
		t.Error(text)
	}
}

// FuzzDecrypt opens whatever comes.
func FuzzDecrypt(f *testing.F) {
	f.Add([]byte(encode([]byte(`{"alg":"dir","enc":"A256GCM"}`)) + "..AAAAAAAAAAAAAAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA"))
	f.Add([]byte(`{"protected":"eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0","iv":"AAAA","ciphertext":"AAAA","tag":"AAAA"}`))
	f.Add([]byte(`{"ciphertext":"","recipients":[{"header":{"alg":"dir"}}],"unprotected":{"enc":"A256GCM"}}`))
	key := decryptionKey(f, strings.Repeat("x", 32))
	f.Fuzz(func(t *testing.T, token []byte) {
		if e, err := Explain(token, ExplainOptions{Key: key}); err == nil && e.Decrypted {
			t.Fatalf("opened: %q", token)
		}
	})
}

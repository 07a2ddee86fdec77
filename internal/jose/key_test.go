package jose

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"strings"
	"testing"
)

const (
	ecJWK = `{"kty":"EC","crv":"P-256","x":"04N0xi21hshyvBp7I167sbE_bXqyqkAPfefdklMO7wY",` +
		`"y":"UI8exy-C06a7DUnjIdENkxeFtHM4-l_41LqEw9nVgmw"}`
	ecPrivateJWK = `{"kty":"EC","crv":"P-256","x":"04N0xi21hshyvBp7I167sbE_bXqyqkAPfefdklMO7wY",` +
		`"y":"UI8exy-C06a7DUnjIdENkxeFtHM4-l_41LqEw9nVgmw","d":"yy49oPcINGK2ps0LmtxpB6UTEOiITghHBif6wDqmJ3c"}`
	edJWK = `{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",` +
		`"d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"}`
)

// modulus returns an odd number of so many bits: a modulus as far as one can see.
func modulus(bits uint) string {
	n := new(big.Int).Lsh(big.NewInt(3), bits-2)
	return encode(n.Add(n, big.NewInt(7)).Bytes())
}

func rsaJWK(bits uint, e, more string) string {
	return fmt.Sprintf(`{"kty":"RSA","n":"%s","e":"%s"%s}`, modulus(bits), e, more)
}

// with adds a member to the end of a JSON object.
func with(object, more string) string { return object[:len(object)-1] + "," + more + "}" }

// TestParseJWK has rows K02 to K06, K10 and K13, and section 3.1 of the facts.
func TestParseJWK(t *testing.T) {
	oct := func(n int, more string) string {
		return fmt.Sprintf(`{"kty":"oct","k":"%s"%s}`, encode(bytes.Repeat([]byte{7}, n)), more)
	}
	for _, test := range []struct {
		name, jwk string
		reason    string // "" if it is taken
	}{
		{"RSA 2048", rsaJWK(2048, "AQAB", ""), ""},
		{"RSA 8192", rsaJWK(8192, "AQAB", ""), ""},
		{"RSA e 3", rsaJWK(2048, "Aw", ""), ""},
		{"RSA 16", rsaJWK(16, "AQAB", ""), "RSA with 16 bits, the minimum is 2048"},
		{"RSA 1024", rsaJWK(1024, "AQAB", ""), "RSA with 1024 bits"},
		{"RSA 2047", rsaJWK(2047, "AQAB", ""), "RSA with 2047 bits"},
		{"RSA 8193", rsaJWK(8193, "AQAB", ""), "the maximum is 8192"},
		{"RSA 16384", rsaJWK(16384, "AQAB", ""), "the maximum is 8192"},
		{"RSA megabyte", rsaJWK(8000000, "AQAB", ""), "longer than 65536 bytes"},
		{"RSA empty", `{"kty":"RSA","n":"","e":"AQAB"}`, "RSA with 0 bits"},
		{"RSA even", `{"kty":"RSA","n":"` + encode(new(big.Int).Lsh(big.NewInt(1), 2047).Bytes()) + `","e":"AQAB"}`, "even"},
		{"RSA e 0", rsaJWK(2048, "AA", ""), "exponent 0"},
		{"RSA e 1", rsaJWK(2048, "AQ", ""), "exponent 1"},
		{"RSA e 2", rsaJWK(2048, "Ag", ""), "exponent 2"},
		{"RSA e 65 bits", rsaJWK(2048, "AQAAAAAAAAAB", ""), "exponent has 65 bits"},
		{"RSA e missing", `{"kty":"RSA","n":"` + modulus(2048) + `"}`, "e is missing"},
		{"RSA PS384", rsaJWK(2048, "AQAB", `,"alg":"PS384"`), ""},
		{"RSA with ES256", rsaJWK(2048, "AQAB", `,"alg":"ES256"`), `an RSA key cannot be used with the algorithm "ES256"`},
		{"RSA with HS256", rsaJWK(2048, "AQAB", `,"alg":"HS256"`), "cannot be used"},
		{"RSA with RSA-OAEP", rsaJWK(2048, "AQAB", `,"alg":"RSA-OAEP"`), "cannot be used"},
		{"RSA with none", rsaJWK(2048, "AQAB", `,"alg":"none"`), "cannot be used"},
		{"RSA private without primes", rsaJWK(2048, "AQAB", `,"d":"AQAB"`), "p and q"},
		{"RSA private that is none", rsaJWK(2048, "AQAB", `,"d":"AQAB","p":"Aw","q":"BQ"`), "not consistent"},
		{"RSA three primes", rsaJWK(2048, "AQAB", `,"d":"AQAB","p":"Aw","q":"BQ","oth":[]`), "more than two primes"},

		{"EC", ecJWK, ""},
		{"EC private", ecPrivateJWK, ""},
		{"EC with ES256", with(ecJWK, `"alg":"ES256"`), ""},
		{"EC with ES384", with(ecJWK, `"alg":"ES384"`), "a key on P-256 cannot be used"},
		{"EC with ECDH-ES", with(ecJWK, `"alg":"ECDH-ES"`), "cannot be used"},
		{"EC off the curve", strings.Replace(ecJWK, "Vgmw", "Vgnw", 1), "not on the curve"},
		{"EC zero", `{"kty":"EC","crv":"P-256","x":"` + encode(make([]byte, 32)) + `","y":"` + encode(make([]byte, 32)) + `"}`, "not on the curve"},
		{"EC short", `{"kty":"EC","crv":"P-256","x":"` + encode(make([]byte, 31)) + `","y":"` + encode(make([]byte, 32)) + `"}`, "x has 31 bytes, not 32"},
		{"EC long", `{"kty":"EC","crv":"P-256","x":"` + encode(make([]byte, 33)) + `","y":"` + encode(make([]byte, 32)) + `"}`, "x has 33 bytes"},
		{"EC other curve's name", strings.Replace(ecJWK, "P-256", "P-384", 1), "x has 32 bytes, not 48"},
		{"EC secp256k1", strings.Replace(ecJWK, "P-256", "secp256k1", 1), `the curve "secp256k1" is not supported`},
		{"EC without y", `{"kty":"EC","crv":"P-256","x":"04N0xi21hshyvBp7I167sbE_bXqyqkAPfefdklMO7wY"}`, "y is missing"},
		{"EC as RSA", strings.Replace(ecJWK, "EC", "RSA", 1), "n is missing"},
		{"EC other private", strings.Replace(ecPrivateJWK, "yy49", "zy49", 1), "d does not belong"},
		{"EC private zero", with(ecJWK, `"d":"`+encode(make([]byte, 32))+`"`), "d does not belong"},
		{"EC private short", with(ecJWK, `"d":"AQ"`), "d has 1 bytes"},

		{"OKP", edJWK, ""},
		{"OKP EdDSA", with(edJWK, `"alg":"EdDSA"`), ""},
		{"OKP Ed25519", with(edJWK, `"alg":"Ed25519"`), ""},
		{"OKP X25519", strings.Replace(edJWK, "Ed25519", "X25519", 1), `"X25519" is not supported`},
		{"OKP 31 bytes", `{"kty":"OKP","crv":"Ed25519","x":"` + encode(make([]byte, 31)) + `"}`, "x has 31 bytes"},
		{"OKP 33 bytes", `{"kty":"OKP","crv":"Ed25519","x":"` + encode(make([]byte, 33)) + `"}`, "x has 33 bytes"},
		{"OKP other private", strings.Replace(edJWK, "nWGx", "mWGx", 1), "d does not belong"},

		{"oct", oct(32, ""), ""},
		{"oct HS512", oct(64, `,"alg":"HS512"`), ""},
		{"oct short", oct(31, ""), "the secret has 31 bytes, HS256 needs at least 32"},
		{"oct short for HS512", oct(63, `,"alg":"HS512"`), "63 bytes, HS512 needs at least 64"},
		{"oct empty", oct(0, ""), "0 bytes"},
		{"oct A256GCM", oct(32, `,"alg":"A256GCM"`), "cannot be used"},
		{"oct RS256", oct(32, `,"alg":"RS256"`), "cannot be used"},

		{"use sig", with(ecJWK, `"use":"sig"`), ""},
		{"use enc", with(ecJWK, `"use":"enc"`), `the key is for "enc"`},
		{"use a list", with(ecJWK, `"use":["sig"]`), "use is an array"},
		{"key_ops verify", with(ecJWK, `"key_ops":["verify"]`), ""},
		{"key_ops sign of a public key", with(ecJWK, `"key_ops":["sign"]`), "neither sign nor verify"},
		{"key_ops encrypt", with(ecJWK, `"key_ops":["encrypt"]`), "neither sign nor verify"},
		{"key_ops empty", with(ecJWK, `"key_ops":[]`), "neither sign nor verify"},
		{"key_ops a string", with(ecJWK, `"key_ops":"verify"`), "not an array"},
		{"key_ops with a number", with(ecJWK, `"key_ops":["verify",1]`), "no string"},

		{"kid a number", with(ecJWK, `"kid":1`), "kid is a number"},
		{"kid long", with(ecJWK, `"kid":"`+strings.Repeat("k", 257)+`"`), "kid is longer than 256 bytes"},
		{"unknown members", with(ecJWK, `"x5c":["AAAA"],"foo":{"bar":1}`), ""},
		{"blanks around", " " + ecJWK + "\n", ""},
		{"padded x", `{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo="}`, "not a base64url character"},
		{"line break in x", `{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPa\npiMlrwIaaPcHURo"}`, "not a base64url character"},
		{"member twice", with(ecJWK, `"kty":"EC"`), `"kty" is there twice`},
		{"member twice in escapes", with(ecJWK, `"k\u0074y":"EC"`), "twice"},
		{"kty missing", `{"n":"AQAB"}`, "kty is missing"},
		{"kty unknown", `{"kty":"AKP","alg":"ML-DSA-44"}`, `the key type "AKP" is not supported`},
		{"kty in other case", strings.Replace(ecJWK, `"EC"`, `"ec"`, 1), `"ec" is not supported`},
		{"not an object", `[]`, "it is an array"},
		{"not JSON", `kty=EC`, "not a JWK"},
		{"two objects", ecJWK + ecJWK, "more data"},
	} {
		t.Run(test.name, func(t *testing.T) {
			k, err := ParseJWK([]byte(test.jwk))
			if test.reason == "" {
				if err != nil || k.KeyID() != k.Thumbprint() {
					t.Errorf("got %v, %v", k, err)
				}
				return
			}
			wants(t, err, test.reason)
			var keyErr *KeyError
			if k != nil || !errors.As(err, &keyErr) {
				t.Errorf("got %v, %#v", k, err)
			}
		})
	}
}

func TestKeyOps(t *testing.T) {
	for ops, want := range map[string]struct{ sign, verify bool }{
		`["sign"]`:          {true, true},
		`["sign","verify"]`: {true, true},
		`["verify"]`:        {false, true},
	} {
		k := mustParseJWK(t, with(ecPrivateJWK, `"key_ops":`+ops))
		_, err := Sign(k, Header{}, nil)
		if (err == nil) != want.sign {
			t.Errorf("%s: sign: %v", ops, err)
		}
		if got := len(NewSet(k).find("", "ES256")) == 1; got != want.verify {
			t.Errorf("%s: verify: %t", ops, got)
		}
	}
}

// TestKeyRoundTrip writes and reads each kind of key in every form it has.
func TestKeyRoundTrip(t *testing.T) {
	for _, alg := range Algorithms() {
		k := testKey(t, alg)
		for _, private := range []bool{true, false} {
			text, err := k.MarshalJWK(private)
			if k.IsSymmetric() && !private {
				wants(t, err, "no public part")
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			back := mustParseJWK(t, string(text))
			if !back.Equal(k) || back.Alg() != alg || back.KeyID() != k.KeyID() || back.IsPrivate() != private || !back.pinned {
				t.Errorf("%s: %v came back as %v", alg, k, back)
			}
			if again, err := back.MarshalJWK(private); err != nil || !bytes.Equal(again, text) {
				t.Errorf("%s: %s came back as %s, %v", alg, text, again, err)
			}
			if k.IsSymmetric() {
				continue
			}
			block, err := k.PEM(private)
			if err != nil {
				t.Fatal(err)
			}
			if back, err = ParsePEM(block, alg); err != nil || !back.Equal(k) || back.IsPrivate() != private {
				t.Errorf("%s: PEM: %v, %v", alg, back, err)
			}
		}
		if k.IsSymmetric() {
			_, err := k.PEM(true)
			wants(t, err, "no PEM form")
			if k.Public() != nil {
				t.Error("a secret has a public half")
			}
			continue
		}
		public := k.Public()
		if public.IsPrivate() || !public.Equal(k) || public.KeyID() != k.KeyID() {
			t.Errorf("%s: public half %v", alg, public)
		}
		_, err := public.MarshalJWK(true)
		wants(t, err, "no private part")
		_, err = public.PEM(true)
		wants(t, err, "no private part")
		_, err = Sign(public, Header{}, nil)
		wants(t, err, "cannot sign")
	}
}

// TestKeyPrintsNothing: a key in a struct, a log or an error does not leak.
func TestKeyPrintsNothing(t *testing.T) {
	secretBytes := []byte("CANARY-HMAC-1-0123456789-0123456789")
	hmac, err := HMACKey(secretBytes, "HS256")
	if err != nil {
		t.Fatal(err)
	}
	ec := mustParseJWK(t, ecPrivateJWK)
	for _, k := range []*Key{hmac, ec} {
		holder := struct {
			Key  *Key
			List []*Key
		}{k, []*Key{k}}
		data, err := json.Marshal(holder)
		if err != nil {
			t.Fatal(err)
		}
		var log bytes.Buffer
		slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "key", k, "all", holder)
		printed := string(data) + log.String()
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			printed += fmt.Sprintf(verb, k) + fmt.Sprintf(verb, holder)
		}
		d, _ := base64.RawURLEncoding.DecodeString("yy49oPcINGK2ps0LmtxpB6UTEOiITghHBif6wDqmJ3c")
		for _, leak := range []string{"CANARY", encode(secretBytes), fmt.Sprintf("%x", secretBytes), fmt.Sprint(secretBytes), "yy49oPc", fmt.Sprintf("%x", d)} {
			if strings.Contains(printed, leak) {
				t.Errorf("%q was printed: %s", leak, printed)
			}
		}
	}
}

// TestHMACKey has row K16 and the first half of W02.
func TestHMACKey(t *testing.T) {
	der, _ := pem.Decode(read(t, "testdata", "rsa2048-public.pem"))
	cert, _ := pem.Decode(read(t, "testdata", "rsa2048-certificate.pem"))
	rsaKey := pemKey(t, "rsa2048.pem", "")
	jwk, err := rsaKey.MarshalJWK(false)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name   string
		secret []byte
		alg    string
		reason string
	}{
		{"32 bytes", make([]byte, 32), "HS256", ""},
		{"64 bytes", make([]byte, 64), "HS512", ""},
		{"any algorithm", make([]byte, 64), "", ""},
		{"text with braces", []byte(`{"not":"a key but a strange secret, long enough"}`), "HS256", ""},
		{"empty", nil, "HS256", "0 bytes, HS256 needs at least 32"},
		{"31 bytes", make([]byte, 31), "HS256", "31 bytes, HS256 needs at least 32"},
		{"47 bytes", make([]byte, 47), "HS384", "47 bytes, HS384 needs at least 48"},
		{"huge", make([]byte, 4097), "HS256", "at most 4096"},
		{"RS256", make([]byte, 32), "RS256", "cannot be used"},
		{"none", make([]byte, 32), "none", "cannot be used"},
		{"PEM", read(t, "testdata", "rsa2048-public.pem"), "HS256", "a PEM file is not a shared secret"},
		{"certificate", read(t, "testdata", "rsa2048-certificate.pem"), "HS256", "a PEM file"},
		{"PEM after text", append([]byte("x\n"), read(t, "testdata", "rsa2048-public.pem")...), "HS256", "a PEM file"},
		{"DER", der.Bytes, "HS256", "a public key or certificate"},
		{"DER certificate", cert.Bytes, "HS256", "a public key or certificate"},
		{"JWK", jwk, "HS256", "a JWK is not"},
		{"JWK set", []byte(`{"keys":[` + string(jwk) + `]}`), "HS256", "a JWK set is not"},
		{"SSH", []byte("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIK0wmN/Cr3JXqmLW7u+g9pTh+wyqDHpSQEIQczXkVx9q x"), "HS256", "an SSH public key"},
	} {
		t.Run(test.name, func(t *testing.T) {
			k, err := HMACKey(test.secret, test.alg)
			if test.reason != "" {
				wants(t, err, test.reason)
			} else if err != nil || k.Secret().Reveal() != string(test.secret) {
				t.Errorf("got %v, %v", k, err)
			}
		})
	}
	// The caller may wipe its copy.
	value := bytes.Repeat([]byte{1}, 32)
	k, err := HMACKey(value, "HS256")
	if err != nil {
		t.Fatal(err)
	}
	clear(value)
	if k.Secret().Reveal() == string(value) {
		t.Error("the key shares its bytes with the caller")
	}
}

// TestParsePEM has row K17.
func TestParsePEM(t *testing.T) {
	file := func(name string) []byte { return read(t, "testdata", name) }
	pkcs1 := pem.EncodeToMemory(&pem.Block{
		Type:  "RSA PUBLIC KEY",
		Bytes: x509.MarshalPKCS1PublicKey(pemKey(t, "rsa2048.pem", "").CryptoPublic().(*rsa.PublicKey)),
	})
	for _, test := range []struct {
		name   string
		data   []byte
		alg    string
		want   string // Alg
		reason string
	}{
		{"PKCS 8", file("rsa2048.pem"), "", "RS256", ""},
		{"PKCS 8 for PS512", file("rsa2048.pem"), "PS512", "PS512", ""},
		{"PKCS 1", file("rsa2048-pkcs1.pem"), "RS384", "RS384", ""},
		{"PKCS 1 public", pkcs1, "", "RS256", ""},
		{"public", file("rsa2048-public.pem"), "", "RS256", ""},
		{"certificate", file("rsa2048-certificate.pem"), "", "RS256", ""},
		{"chain", append(file("rsa2048-certificate.pem"), file("rsa2048-certificate.pem")...), "", "RS256", ""},
		{"EC with parameters", file("p256-with-parameters.pem"), "", "ES256", ""},
		{"Ed25519", file("ed25519.pem"), "", "EdDSA", ""},
		{"text around", append([]byte("my key\n"), file("ed25519.pem")...), "", "EdDSA", ""},
		{"CRLF", bytes.ReplaceAll(file("ed25519.pem"), []byte("\n"), []byte("\r\n")), "", "EdDSA", ""},
		{"wrong algorithm", file("rsa2048.pem"), "ES256", "", "an RSA key cannot be used"},
		{"wrong curve", file("p256-with-parameters.pem"), "ES384", "", "a key on P-256 cannot be used"},
		{"HS256", file("rsa2048-public.pem"), "HS256", "", "cannot be used"},
		{"encrypted", file("rsa2048-encrypted.pem"), "", "", "encrypted"},
		{"encrypted PKCS 8", file("rsa2048-encrypted-pkcs8.pem"), "", "", "encrypted"},
		{"secp256k1", file("secp256k1.pem"), "", "", "cannot be read"},
		{"two keys", append(file("ed25519.pem"), file("rsa2048.pem")...), "", "", "more than one key"},
		{"key and certificate", append(file("rsa2048.pem"), file("rsa2048-certificate.pem")...), "", "", "more than one key"},
		{"cut", file("rsa2048.pem")[:500], "", "", "no PEM block"},
		{"a cut one behind", append(file("ed25519.pem"), file("rsa2048.pem")[:500]...), "", "", "damaged"},
		{"rubbish inside", []byte("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"), "", "", "cannot be read"},
		{"other block", []byte("-----BEGIN PGP MESSAGE-----\n\nAAAA\n-----END PGP MESSAGE-----\n"), "", "", "holds no key"},
		{"OpenSSH", []byte("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n"), "", "", "ssh-keygen"},
		{"parameters only", []byte("-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"), "", "", "no PEM block"},
		{"empty", nil, "", "", "no PEM block"},
		{"JWK", []byte(ecJWK), "", "", "no PEM block"},
		{"huge", bytes.Repeat([]byte("-----BEGIN "), 5000000), "", "", "longer than 65536"},
		{"many beginnings", bytes.Repeat([]byte("-----BEGIN A-----\n"), 3000), "", "", "no PEM block"},
	} {
		t.Run(test.name, func(t *testing.T) {
			k, err := ParsePEM(test.data, test.alg)
			if test.reason != "" {
				wants(t, err, test.reason)
				if k != nil {
					t.Errorf("and got %v", k)
				}
			} else if err != nil || k.Alg() != test.want {
				t.Errorf("got %v, %v", k, err)
			}
		})
	}
}

package jose

import (
	"crypto/rsa"
	"encoding/json"
	"math/big"
	"strings"
	"testing"
)

func TestGenerateKey(t *testing.T) {
	for _, alg := range []string{"none", "", "es256", "RSA-OAEP"} {
		_, err := GenerateKey(alg, nil)
		wants(t, err, "no keys are made")
	}
	a, b := testKey(t, "ES256"), testKey(t, "ES256")
	if a.Equal(b) {
		t.Error("twice the same key")
	}
	_, err := GenerateKey("HS256", strings.NewReader("too little"))
	wants(t, err, "generate a key for HS256")
}

// TestROCA: what the faulty chips made is refused; ordinary keys are not.
func TestROCA(t *testing.T) {
	// 65537 to any power, reduced or not, is what their moduli look like.
	weak := new(big.Int).Exp(big.NewInt(65537), big.NewInt(128), nil)
	if !weakROCA(weak) {
		t.Error("not recognised")
	}
	if weakROCA(pemKey(t, "rsa2048.pem", "").CryptoPublic().(*rsa.PublicKey).N) {
		t.Error("an ordinary key was taken for a weak one")
	}
}

func FuzzParseJWK(f *testing.F) {
	for _, seed := range []string{ecJWK, ecPrivateJWK, edJWK, `{"kty":"oct","k":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","alg":"HS256","key_ops":["sign"]}`, rsaJWK(2048, "AQAB", ""), `{"keys":[` + ecJWK + `]}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if set, err := ParseSet(data); err == nil {
			if out, err := set.Marshal(); err != nil || !json.Valid(out) {
				t.Fatalf("%s, %v", out, err)
			}
		}
		k, err := ParseJWK(data)
		if err != nil {
			return
		}
		text, err := k.MarshalJWK(k.IsPrivate())
		if err != nil {
			t.Fatal(err)
		}
		back, err := ParseJWK(text)
		if err != nil || !back.Equal(k) || back.Alg() != k.Alg() || back.KeyID() != k.KeyID() {
			t.Fatalf("%s came back as %v, %v", text, back, err)
		}
	})
}

func FuzzParsePEM(f *testing.F) {
	for _, name := range []string{"rsa2048-public.pem", "ed25519.pem", "p256-with-parameters.pem", "rsa2048-certificate.pem", "rsa2048-encrypted.pem"} {
		f.Add(read(f, "testdata", name))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		k, err := ParsePEM(data, "")
		if err != nil {
			return
		}
		block, err := k.PEM(k.IsPrivate())
		if err != nil {
			t.Fatal(err)
		}
		if back, err := ParsePEM(block, k.Alg()); err != nil || !back.Equal(k) {
			t.Fatalf("came back as %v, %v", back, err)
		}
	})
}

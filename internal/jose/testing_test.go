package jose

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The clock of the tests: 2026-11-22T12:00:00Z.
const testNow = 1795348800

func now() time.Time { return time.Unix(testNow, 0).UTC() }

// vectors returns the folder of the public test vectors. They lie beside the
// checkout and are not copied into it.
func vectors(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("SOCIALAUTH_VECTORS")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "vectors")
	}
	if _, err := os.Stat(dir); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("the test vectors are missing: %v", err)
		}
		t.Skipf("the public test vectors are not here (set SOCIALAUTH_VECTORS to their folder): %v", err)
	}
	return dir
}

func read(t testing.TB, path ...string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func pemKey(t testing.TB, file, alg string) *Key {
	t.Helper()
	k, err := ParsePEM(read(t, "testdata", file), alg)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// testKey returns a key for each algorithm. RSA keys are fixed, because to make
// one takes longer than all other tests.
func testKey(t testing.TB, alg string) *Key {
	t.Helper()
	if alg[0] == 'R' || alg[0] == 'P' {
		return pemKey(t, "rsa2048.pem", alg)
	}
	k, err := GenerateKey(alg, nil)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// sign makes a token with exactly these texts, whatever they are.
func sign(t testing.TB, k *Key, header, payload string) string {
	t.Helper()
	a, ok := lookupAlgorithm(k.alg)
	if !ok {
		t.Fatalf("no algorithm %s", k.alg)
	}
	material := k.private
	if k.secret != nil {
		material = k.secret
	}
	input := encode([]byte(header)) + "." + encode([]byte(payload))
	signature, err := a.method.Sign(input, material)
	if err != nil {
		t.Fatal(err)
	}
	return input + "." + encode(signature)
}

func mustParseJWK(t testing.TB, text string) *Key {
	t.Helper()
	k, err := ParseJWK([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// wants fails the test unless err is there and says this.
func wants(t testing.TB, err error, text string) {
	t.Helper()
	if err == nil {
		t.Errorf("no error; want one with %q", text)
	} else if !strings.Contains(err.Error(), text) {
		t.Errorf("error %q; want %q in it", err, text)
	}
}

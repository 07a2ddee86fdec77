package interop_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// verifier is a JWT library of another language, behind a script that reads a
// question as JSON and answers with the verified token or exit status 1.
type verifier struct {
	name string
	find func(t *testing.T) []string // the command, or missing
}

func verifiers() []verifier {
	return []verifier{{"jose for JavaScript", findJose}, {"PyJWT", findPyJWT}}
}

func findJose(t *testing.T) []string {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		missing(t, "there is no node")
	}
	if _, err := os.Stat(filepath.Join("js", "node_modules", "jose")); err != nil {
		missing(t, "the jose package is not installed (npm ci --prefix internal/interop/js)")
	}
	return []string{node, filepath.Join("js", "verify.mjs")}
}

// findPyJWT tries the distribution's Python first: another one in PATH may not
// see the distribution's packages.
func findPyJWT(t *testing.T) []string {
	t.Helper()
	for _, python := range []string{"/usr/bin/python3", "python3"} {
		if exec.Command(python, "-c", "import jwt, cryptography").Run() == nil {
			return []string{python, filepath.Join("python", "verify.py")}
		}
	}
	missing(t, "no python3 has PyJWT and cryptography (apt-get install python3-jwt python3-cryptography)")
	return nil
}

// question is what the scripts read.
type question struct {
	Token     string          `json:"token"`
	JWKS      json.RawMessage `json:"jwks,omitempty"`
	Secret    string          `json:"secret,omitempty"`
	Algorithm string          `json:"algorithm"`
	Issuer    string          `json:"issuer"`
	Audience  string          `json:"audience"`
}

type answer struct {
	Header  map[string]any `json:"header"`
	Payload map[string]any `json:"payload"`
}

// ask runs the script; refused is its reason if it says no.
func ask(t *testing.T, command []string, q question) (a answer, refused string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	encoded, err := json.Marshal(q)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(encoded), &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return answer{}, strings.TrimSpace(stderr.String() + " (" + err.Error() + ")")
	}
	if err := json.Unmarshal(stdout.Bytes(), &a); err != nil {
		t.Fatalf("%v in %q", err, stdout.Bytes())
	}
	return a, ""
}

// TestMintedTokensVerifyElsewhere: what `token mint` signs, two libraries that
// share no line with ours accept, and they refuse it when it was changed, is
// for somebody else, or is checked with another key.
func TestMintedTokensVerifyElsewhere(t *testing.T) {
	f := startForeign(t)
	m := newMachine(t)
	m.browser(testUser())
	m.must("login", f.issuer, "--client-id", foreignClient, "--timeout", "40s")

	// The tutorial's secret: bytes that are not text, of the length RFC 7518
	// section 3.2 asks of HS256.
	secret := []byte("CANARY-HMAC-1\x00\xff and further bytes up to 32")
	file := filepath.Join(m.dir, "hmac.key")
	if err := os.WriteFile(file, secret, 0o600); err != nil {
		t.Fatal(err)
	}
	m.must("key", "import", "--hmac-file", file, "--name", "tutorial")
	m.must("key", "new", "--alg", "ES256", "--name", "curve")
	jwks := json.RawMessage(m.must("key", "jwks").stdout)
	if bytes.Contains(jwks, []byte(`"d"`)) || bytes.Contains(jwks, []byte(`"k"`)) || bytes.Contains(jwks, []byte("oct")) {
		t.Fatalf("key jwks shows more than public keys: %s", jwks)
	}

	base64Of := base64.StdEncoding.EncodeToString
	tests := []struct {
		key          string
		right, wrong question
	}{
		{"tutorial", question{Algorithm: "HS256", Secret: base64Of(secret)}, question{Algorithm: "HS256", Secret: base64Of(secret[1:])}},
		{"curve", question{Algorithm: "ES256", JWKS: jwks}, question{Algorithm: "ES256", JWKS: json.RawMessage(`{"keys":[]}`)}},
	}
	for _, test := range tests {
		token := m.line("token", "mint", f.account(), "--key", test.key, "--ttl", "10m", "--audience", "my-app",
			"--issuer", "https://issuer.test", "--claim", "role=tester", "--claim-json", "big=9007199254740993")
		for _, v := range verifiers() {
			t.Run(test.right.Algorithm+" in "+v.name, func(t *testing.T) {
				command := v.find(t)
				for _, q := range []*question{&test.right, &test.wrong} {
					q.Token, q.Issuer, q.Audience = token, "https://issuer.test", "my-app"
				}
				a, refused := ask(t, command, test.right)
				if refused != "" {
					t.Fatalf("refused: %s", refused)
				}
				if a.Header["alg"] != test.right.Algorithm || a.Payload["role"] != "tester" || a.Payload["sub"] == "" {
					t.Errorf("verified, but it says %v", a)
				}
				checkRefusals(t, command, test.right, test.wrong)
			})
		}
		r := m.pipe(token+"\n", "verify", "--local", "--audience", "my-app", "--issuer", "https://issuer.test", "-")
		if r.code != 0 {
			t.Errorf("verify --local: %v", r)
		}
	}
}

// checkRefusals proves that the scripts can say no.
func checkRefusals(t *testing.T, command []string, right, wrongKey question) {
	t.Helper()
	changed, elsewhere, other := right, right, right
	parts := strings.Split(right.Token, ".")
	claims := strings.Replace(mustDecode(t, parts[1]), "tester", "master", 1)
	changed.Token = parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + "." + parts[2]
	elsewhere.Audience = "another-app"
	other.Issuer = "https://other.test"
	for what, q := range map[string]question{"a changed claim": changed, "another audience": elsewhere, "another issuer": other, "another key": wrongKey} {
		if _, refused := ask(t, command, q); refused == "" {
			t.Errorf("%s was accepted", what)
		}
	}
}

func mustDecode(t *testing.T, segment string) string {
	t.Helper()
	decoded, err := base64.RawURLEncoding.DecodeString(segment)
	if err != nil {
		t.Fatal(err)
	}
	return string(decoded)
}

// TestJWTOfTheSignIn: with --jwt, login mints the JWT of the tutorial by itself,
// and the key set that `key jwks` publishes verifies it.
func TestJWTOfTheSignIn(t *testing.T) {
	f := startForeign(t)
	m := newMachine(t)
	m.browser(testUser())
	m.must("login", f.issuer, "--client-id", foreignClient, "--jwt", "--timeout", "40s")
	token := m.line("token", "print", f.account(), "--type", "jwt")
	claims := payload(t, token)
	q := question{Token: token, Algorithm: "ES256", JWKS: json.RawMessage(m.must("key", "jwks").stdout)}
	q.Issuer, _ = claims["iss"].(string)
	q.Audience, _ = claims["aud"].(string)
	for _, v := range verifiers() {
		t.Run(v.name, func(t *testing.T) {
			a, refused := ask(t, v.find(t), q)
			if refused != "" {
				t.Fatalf("refused: %s\n%v", refused, claims)
			}
			if a.Payload["email"] != "test-user@zitadel.ch" || a.Payload["email_verified"] != true || a.Payload["name"] == nil {
				t.Errorf("the sign-in's JWT says %v", a.Payload)
			}
		})
	}
}

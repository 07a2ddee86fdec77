package jose

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"
)

func TestVerifyExpectedClaims(t *testing.T) {
	key := testKey(t, "HS256")
	token := sign(t, key, `{"alg":"HS256"}`, claims(`"role":"admin","level":9007199254740993,"mfa":true,"groups":["a","b",7],"o":{"a":"b"},"e":"\u0061","nil":null,`))
	for _, test := range []struct {
		name, value string
		code        Code // "" if it passes
	}{
		{"role", "admin", ""},
		{"role", "Admin", CodeClaim},
		{"role", "", CodeClaim},
		{"Role", "admin", CodeMissing},
		{"level", "9007199254740993", ""},
		{"level", "9007199254740992", CodeClaim},
		{"mfa", "true", ""},
		{"mfa", "false", CodeClaim},
		{"groups", "b", ""},
		{"groups", "7", ""},
		{"groups", "c", CodeClaim},
		{"groups", `["a","b",7]`, CodeClaim},
		{"o", "b", CodeClaim},
		{"o", `{"a":"b"}`, CodeClaim},
		{"e", "a", ""},
		{"e", `\u0061`, CodeClaim},
		{"nil", "null", CodeClaim},
	} {
		v := verifier(key)
		v.Claims = []ExpectedClaim{{test.name, test.value}}
		_, err := v.Verify(t.Context(), []byte(token))
		if test.code != "" {
			refused(t, err, test.code)
		} else if err != nil {
			t.Errorf("%s=%s: %v", test.name, test.value, err)
		}
	}
}

// certificate makes a self-signed certificate for a new key.
func certificate(t testing.TB, from, until time.Time) (private *Key, certPEM []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "issuer"}, NotBefore: from, NotAfter: until,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	if private, err = newKey(key, "ES256"); err != nil {
		t.Fatal(err)
	}
	return private, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func TestVerifyCertificate(t *testing.T) {
	for _, test := range []struct {
		name        string
		from, until time.Duration
		want        string
	}{
		{"valid", -time.Hour, time.Hour, ""},
		{"expired", -2 * time.Hour, -time.Hour, "the certificate of the key expired at 2026-11-22T11:00:00Z"},
		{"not yet valid", time.Hour, 2 * time.Hour, "the certificate of the key is not valid before 2026-11-22T13:00:00Z"},
	} {
		t.Run(test.name, func(t *testing.T) {
			private, text := certificate(t, now().Add(test.from), now().Add(test.until))
			key, err := ParsePEM(text, "")
			if err != nil {
				t.Fatal(err)
			}
			if from, until, ok := key.Validity(); !ok || !from.Equal(now().Add(test.from)) || !until.Equal(now().Add(test.until)) {
				t.Errorf("valid from %v until %v, %t", from, until, ok)
			}
			_, err = verifier(key).Verify(t.Context(), []byte(sign(t, private, `{"alg":"ES256"}`, claims(""))))
			if test.want == "" && err != nil {
				t.Error(err)
			} else if test.want != "" {
				refused(t, err, CodeCertificate)
				wants(t, err, test.want)
			}
		})
	}
}

func TestVerifyDetached(t *testing.T) {
	var c cookbook
	if err := json.Unmarshal(read(t, vectors(t), "cookbook", "rfc7797", "hmac-sha2_b64_false.json"), &c); err != nil {
		t.Fatal(err)
	}
	key := testKey(t, "HS256")
	payload := []byte("$.02 and a line\n")
	detached := func(header string, input []byte) string {
		h := encode([]byte(header))
		a, _ := lookupAlgorithm("HS256")
		s, err := a.method.Sign(h+"."+string(input), key.secret)
		if err != nil {
			t.Fatal(err)
		}
		return h + ".." + encode(s)
	}
	const b64 = `{"alg":"HS256","b64":false,"crit":["b64"]}`
	for _, test := range []struct {
		name, token string
		payload     []byte
		code        Code
	}{
		{"unencoded", detached(b64, payload), payload, ""},
		{"encoded", detached(`{"alg":"HS256"}`, []byte(encode(payload))), payload, ""},
		{"another payload", detached(b64, payload), append([]byte("x"), payload...), CodeSignature},
		{"crit does not say so", detached(`{"alg":"HS256","b64":false}`, payload), payload, CodeCritical},
		{"crit says more", detached(`{"alg":"HS256","b64":false,"crit":["b64","x"],"x":1}`, payload), payload, CodeCritical},
		{"crit without b64", detached(`{"alg":"HS256","crit":["b64"]}`, payload), payload, CodeCritical},
		{"b64 is no boolean", detached(`{"alg":"HS256","b64":"false","crit":["b64"]}`, payload), payload, CodeCritical},
		{"a payload of its own", strings.Replace(detached(b64, payload), "..", ".AAAA.", 1), payload, CodeMalformed},
		{"not signed", encode([]byte(`{"alg":"none","b64":false,"crit":["b64"]}`)) + "..", payload, CodeAlgorithm},
	} {
		t.Run(test.name, func(t *testing.T) {
			v := &Verifier{Keys: NewSet(key), Now: now}
			got, err := v.VerifyDetached(t.Context(), []byte(test.token), test.payload)
			if test.code != "" {
				refused(t, err, test.code)
			} else if err != nil || !bytes.Equal(got.Payload, test.payload) {
				t.Errorf("%v", err)
			}
		})
	}
	if _, err := verifier(key).VerifyDetached(t.Context(), []byte(detached(b64, payload)), payload); !errors.Is(err, ErrConfig) {
		t.Errorf("claims of a detached payload: %v", err)
	}
	// The vector of RFC 7797, but its key is longer than ours need be.
	v := &Verifier{Keys: NewSet(mustParseJWK(t, string(c.Input.Key))), Now: now}
	parts := strings.Split(c.Output.Compact, ".")
	token := parts[0] + ".." + parts[len(parts)-1]
	if _, err := v.VerifyDetached(t.Context(), []byte(token), []byte(c.Input.Payload)); err != nil {
		t.Errorf("RFC 7797: %v", err)
	}
}

func TestRedact(t *testing.T) {
	hash := func(value string) string { return string(NewRedactor([]byte("salt")).appendHash(nil, []byte(value))) }
	alice, one := hash(`"CANARY-SUB-1"`), hash(`7`)
	for _, test := range []struct{ name, in, want string }{
		{"values", `{"sub":"CANARY-SUB-1","iss":"i"}`, `{"sub":` + alice + `,"iss":"i"}`},
		{"spelt otherwise", `{"\u0073ub" : "\u0043ANARY-SUB-1" , "a":1}`, `{"\u0073ub":` + alice + `,"a":1}`},
		{"deep", `{"act":[{"sub":"CANARY-SUB-1"}]}`, `{"act":[{"sub":` + alice + `}]}`},
		{"a number", `{"sub":7}`, `{"sub":` + one + `}`},
		{"an object", `{"sub":{"email":"CANARY-MAIL-1","x":[1,"}"]},"a":"b"}`, `{"sub":` + hash(`{"email":"CANARY-MAIL-1","x":[1,"}"]}`) + `,"a":"b"}`},
		{"null and booleans tell nothing", `{"sub":null,"email":false,"jti":true}`, `{"sub":null,"email":false,"jti":true}`},
		{"not a key", `{"a":"sub","b":["email","CANARY"],"Sub":"x","email_verified":true}`, `{"a":"sub","b":["email","CANARY"],"Sub":"x","email_verified":true}`},
		{"the last", `{"jti":"CANARY-SUB-1"}`, `{"jti":` + alice + `}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := string(NewRedactor([]byte("salt")).appendJSON(nil, []byte(test.in)))
			if got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
	if a, b := NewRedactor(nil).appendHash(nil, []byte(`"x"`)), NewRedactor(nil).appendHash(nil, []byte(`"x"`)); bytes.Equal(a, b) {
		t.Error("two runs have the same hashes")
	}
	// Nothing gets past it in any of the shapes a token has.
	disclosure := encode([]byte(`["salt","email","CANARY-D-1"]`))
	for _, token := range []string{
		unsigned(`{"alg":"none","sub":"CANARY-H-1"}`, `{"email":"CANARY-P-1"}`),
		unsigned(`{"alg":"none","cty":"JWT"}`, unsigned(`{"alg":"none"}`, `{"sub":"CANARY-N-1"}`)),
		unsigned(`{"alg":"none"}`, `CANARY-TEXT-1`),
		unsigned(`{"alg":"none"}`, `{"a":1}`) + "~" + disclosure + "~",
		`{"payload":"` + encode([]byte(`{"sub":"CANARY-J-1"}`)) + `","header":{"alg":"none","sub":"CANARY-U-1"},"signature":""}`,
		"ghp_CANARYCANARYCANARYCANARY",
	} {
		got, _ := lines(t, token, LinesOptions{Redact: NewRedactor(nil)})
		if len(got) != 1 || strings.Contains(got[0], "CANARY") || !strings.Contains(got[0], `"ok":true`) {
			t.Errorf("%s", got)
		}
	}
}

// FuzzRedact holds what is redacted to JSON, and to having nothing left of it.
func FuzzRedact(f *testing.F) {
	f.Add([]byte(`{"a":{"sub":"x","b":[1,{"email":["y"]}]},"jti" : -1.5e3}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var d document
		if d.parse(text, depthTolerant) != nil {
			return
		}
		r := NewRedactor([]byte("salt"))
		out := r.appendJSON(nil, text)
		if !json.Valid(out) {
			t.Fatalf("%q became %q", text, out)
		}
		if d.parse(out, depthTolerant) != nil || d.kind != kindObject {
			return
		}
		for m := range d.members() {
			if secretName(string(m.name)) && m.kind != kindNull && m.kind != kindTrue && m.kind != kindFalse &&
				!bytes.HasPrefix(m.value, []byte(`"redacted:`)) {
				t.Fatalf("%q became %q", text, out)
			}
		}
	})
}

package jose

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// refused fails the test unless err is a *VerifyError with exactly these codes.
func refused(t testing.TB, err error, codes ...Code) {
	t.Helper()
	var refused *VerifyError
	if !errors.As(err, &refused) {
		t.Errorf("got error %v, want a refusal with %q", err, codes)
		return
	}
	var got []Code
	for _, r := range refused.Reasons {
		got = append(got, r.Code)
	}
	if fmt.Sprint(got) != fmt.Sprint(codes) {
		t.Errorf("refused with %q, want %q: %v", got, codes, err)
	}
}

func verifier(keys ...*Key) *Verifier {
	return &Verifier{Keys: NewSet(keys...), Issuers: []string{"https://issuer.example"}, Audiences: []string{"client"}, Now: now}
}

// claims returns a payload that passes, with more members before the others.
func claims(more string) string {
	return fmt.Sprintf(`{%s"iss":"https://issuer.example","aud":"client","sub":"1","iat":%d,"exp":%d}`, more, testNow-60, testNow+600)
}

func TestVerify(t *testing.T) {
	for _, alg := range Algorithms() {
		t.Run(alg, func(t *testing.T) {
			key := testKey(t, alg)
			check := key
			if public := key.Public(); public != nil {
				check = public
			}
			payload := claims(`"n":9007199254740993,"f":1.10,"u":"é","z":[1, 2],`)
			token, err := Sign(key, Header{Typ: TypeMinted}, []byte(payload))
			if err != nil {
				t.Fatal(err)
			}
			got, err := verifier(check).Verify(t.Context(), []byte(token))
			if err != nil {
				t.Fatal(err)
			}
			if string(got.Payload) != payload {
				t.Errorf("payload %s, want %s", got.Payload, payload)
			}
			if got.Alg != alg || !got.Key.Equal(key) {
				t.Errorf("confirmed by %v with %s", got.Key, got.Alg)
			}
			if want := fmt.Sprintf(`{"alg":"%s","typ":"socialauth+jwt","kid":"%s"}`, alg, key.KeyID()); string(got.Header) != want {
				t.Errorf("header %s, want %s", got.Header, want)
			}
			if n, ok := got.Raw("n"); !ok || string(n) != "9007199254740993" {
				t.Errorf("n is %s", n)
			}
			if exp, ok := got.Time("exp"); !ok || exp.Unix() != testNow+600 {
				t.Errorf("exp is %v", exp)
			}
			// A flipped bit anywhere is noticed.
			for _, i := range []int{strings.IndexByte(token, '.') + 3, len(token) - 9} {
				bad := []byte(token)
				bad[i] = flip(bad[i])
				_, err := verifier(check).Verify(t.Context(), bad)
				refused(t, err, CodeSignature)
			}
			// Cut at every length it is an error and nothing worse.
			for i := range token {
				if _, err := verifier(check).Verify(t.Context(), []byte(token[:i])); err == nil {
					t.Fatalf("verified although cut to %d", i)
				}
			}
		})
	}
}

func flip(c byte) byte {
	if c == 'A' {
		return 'B'
	}
	return 'A'
}

// TestVerifyAlgorithm has rows W01, W02 and K10: what a token says cannot change
// what its key is for.
func TestVerifyAlgorithm(t *testing.T) {
	rsaKey, ec := testKey(t, "RS256"), testKey(t, "ES256")
	publicPEM := read(t, "testdata", "rsa2048-public.pem")
	forged := &Key{alg: "HS256", kty: "oct", secret: publicPEM}
	swap := func(alg string) string { // signed with the RSA key under another name
		other := testKey(t, alg)
		return sign(t, other, `{"alg":"`+alg+`"}`, claims(""))
	}
	unsigned := func(alg string) string {
		return encode([]byte(`{"alg":`+alg+`}`)) + "." + encode([]byte(claims(""))) + "."
	}
	for _, test := range []struct {
		name  string
		key   *Key
		token string
		want  Code
	}{
		{"none", rsaKey, unsigned(`"none"`), CodeAlgorithm},
		{"None", rsaKey, unsigned(`"None"`), CodeAlgorithm},
		{"NONE", rsaKey, unsigned(`"NONE"`), CodeAlgorithm},
		{"nOnE", rsaKey, unsigned(`"nOnE"`), CodeAlgorithm},
		{"none with blanks", rsaKey, unsigned(`" none "`), CodeAlgorithm},
		{"none in escapes", rsaKey, unsigned(`"n\u006fne"`), CodeAlgorithm},
		{"empty", rsaKey, unsigned(`""`), CodeAlgorithm},
		{"number", rsaKey, unsigned(`0`), CodeAlgorithm},
		{"null", rsaKey, unsigned(`null`), CodeAlgorithm},
		{"missing", rsaKey, sign(t, rsaKey, `{}`, claims("")), CodeAlgorithm},
		{"lower case", rsaKey, sign(t, rsaKey, `{"alg":"rs256"}`, claims("")), CodeAlgorithm},
		{"leading blank", rsaKey, sign(t, rsaKey, `{"alg":" RS256"}`, claims("")), CodeAlgorithm},
		{"unknown", rsaKey, sign(t, rsaKey, `{"alg":"ML-DSA-44"}`, claims("")), CodeAlgorithm},
		{"name in other case", rsaKey, sign(t, rsaKey, `{"ALG":"RS256"}`, claims("")), CodeAlgorithm},
		{"HMAC with the public key", rsaKey, sign(t, forged, `{"alg":"HS256"}`, claims("")), CodeNoKey},
		{"PS256 for RS256", rsaKey, swap("PS256"), CodeNoKey},
		{"RS512 for RS256", rsaKey, swap("RS512"), CodeNoKey},
		{"RS256 that claims PS256", pemKey(t, "rsa2048.pem", "PS256"), sign(t, rsaKey, `{"alg":"PS256"}`, claims("")), CodeSignature},
		{"ES384 for ES256", ec, sign(t, testKey(t, "ES384"), `{"alg":"ES384"}`, claims("")), CodeNoKey},
		{"other curve under the same name", ec, sign(t, testKey(t, "ES384"), `{"alg":"ES256"}`, claims("")), CodeSignature},
		{"EdDSA for ES256", ec, sign(t, testKey(t, "EdDSA"), `{"alg":"EdDSA"}`, claims("")), CodeNoKey},
		{"alg twice", rsaKey, sign(t, rsaKey, `{"alg":"none","alg":"RS256"}`, claims("")), CodeDuplicateKey},
		{"alg twice, one in escapes", rsaKey, sign(t, rsaKey, `{"alg":"RS256","al\u0067":"RS256"}`, claims("")), CodeDuplicateKey},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := verifier(test.key).Verify(t.Context(), []byte(test.token))
			refused(t, err, test.want)
		})
	}
}

// TestVerifyOwnAlgorithmsOnly: an RSA key without alg takes its family, and the
// verifier can narrow it.
func TestVerifyOwnAlgorithmsOnly(t *testing.T) {
	open := pemKey(t, "rsa2048.pem", "")
	token := sign(t, testKey(t, "PS384"), `{"alg":"PS384"}`, claims(""))
	v := verifier(open)
	if _, err := v.Verify(t.Context(), []byte(token)); err != nil {
		t.Error(err)
	}
	v = verifier(open)
	v.Algorithms = []string{"RS256"}
	_, err := v.Verify(t.Context(), []byte(token))
	refused(t, err, CodeAlgorithm)
	wants(t, err, `"PS384" is not allowed (allowed: RS256)`)
}

// lyingSource returns its key for everything.
type lyingSource struct{ key *Key }

func (l lyingSource) Keys(context.Context, string, string) ([]*Key, error) {
	return []*Key{nil, l.key}, nil
}

func TestVerifyDoesNotTrustTheSource(t *testing.T) {
	key := testKey(t, "ES256")
	v := verifier()
	v.Keys = lyingSource{key}
	_, err := v.Verify(t.Context(), []byte(sign(t, testKey(t, "HS256"), `{"alg":"HS256"}`, claims(""))))
	refused(t, err, CodeNoKey)
	token := []byte(sign(t, key, `{"alg":"ES256"}`, claims("")))
	if _, err := v.Verify(t.Context(), token); err != nil {
		t.Error(err)
	}
	other := *key
	other.canVerify = false
	v.Keys = lyingSource{&other}
	_, err = v.Verify(t.Context(), token)
	refused(t, err, CodeNoKey)
}

type brokenSource struct{ err error }

func (b brokenSource) Keys(context.Context, string, string) ([]*Key, error) { return nil, b.err }

// TestVerifyKeySourceFails: no keys to ask for is never a verdict (row W25).
func TestVerifyKeySourceFails(t *testing.T) {
	down := errors.New("no route to host")
	v := verifier()
	v.Keys = brokenSource{down}
	got, err := v.Verify(t.Context(), []byte(sign(t, testKey(t, "ES256"), `{"alg":"ES256"}`, claims(""))))
	var verdict *VerifyError
	if got != nil || !errors.Is(err, down) || errors.As(err, &verdict) {
		t.Errorf("got %v, %v", got, err)
	}
}

// TestVerifyHeader has rows K12, K13, W15, W16 and what is left of W02.
func TestVerifyHeader(t *testing.T) {
	key, stranger := testKey(t, "ES256"), testKey(t, "ES256")
	strangerJWK, err := stranger.MarshalJWK(false)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name   string
		header string
		want   Code // "" passes
	}{
		{"plain", `{"alg":"ES256"}`, ""},
		{"unknown members", `{"alg":"ES256","x":{"y":[1]},"zip":"DEF"}`, ""},
		{"blanks", " {\n\"alg\" : \"ES256\" } ", ""},
		{"crit", `{"alg":"ES256","crit":["x"],"x":1}`, CodeCritical},
		{"crit empty", `{"alg":"ES256","crit":[]}`, CodeCritical},
		{"crit b64", `{"alg":"ES256","crit":["b64"],"b64":false}`, CodeCritical},
		{"b64 false", `{"alg":"ES256","b64":false}`, CodeCritical},
		{"b64 true", `{"alg":"ES256","b64":true}`, ""},
		{"kid a number", `{"alg":"ES256","kid":1}`, CodeKeyID},
		{"kid long", `{"alg":"ES256","kid":"` + strings.Repeat("k", 257) + `"}`, CodeKeyID},
		{"kid a path", `{"alg":"ES256","kid":"../../etc/passwd"}`, CodeNoKey},
		{"kid with a newline", `{"alg":"ES256","kid":"a\nb\u001b[31m"}`, CodeNoKey},
		{"jwk", `{"alg":"ES256","jwk":` + string(strangerJWK) + `}`, ""},
		{"jku", `{"alg":"ES256","jku":"https://evil.example/jwks"}`, ""},
		{"typ JWT", `{"alg":"ES256","typ":"JWT"}`, ""},
		{"typ ours", `{"alg":"ES256","typ":"socialauth+jwt"}`, ""},
		{"typ a number", `{"alg":"ES256","typ":1}`, CodeType},
		{"typ at+jwt", `{"alg":"ES256","typ":"at+jwt"}`, CodeType},
		{"typ application/AT+JWT", `{"alg":"ES256","typ":"application/AT+JWT"}`, CodeType},
		{"typ dpop+jwt", `{"alg":"ES256","typ":"dpop+jwt"}`, CodeType},
		{"typ logout+jwt", `{"alg":"ES256","typ":"logout+jwt"}`, CodeType},
		{"array", `["ES256"]`, CodeMalformed},
		{"no JSON", `alg=ES256`, CodeMalformed},
		{"two values", `{"alg":"ES256"}{}`, CodeMalformed},
		{"not UTF-8", "{\"alg\":\"ES256\",\"x\":\"\xff\"}", CodeUTF8},
		{"too deep", `{"alg":"ES256","x":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`, CodeMalformed},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := verifier(key).Verify(t.Context(), []byte(sign(t, key, test.header, claims(""))))
			if test.want != "" {
				refused(t, err, test.want)
				if strings.ContainsAny(err.Error(), "\n\x1b") {
					t.Errorf("control characters in the message: %q", err)
				}
			} else if err != nil {
				t.Error(err)
			}
			// Whatever the header says, a stranger's signature does not count.
			if _, err := verifier(key).Verify(t.Context(), []byte(sign(t, stranger, test.header, claims("")))); err == nil {
				t.Error("a stranger's signature was taken")
			}
		})
	}
}

func TestVerifyTypes(t *testing.T) {
	key := testKey(t, "ES256")
	for _, test := range []struct {
		types []string
		typ   string
		pass  bool
	}{
		{[]string{"at+jwt"}, "at+jwt", true},
		{[]string{"at+jwt"}, "application/at+JWT", true},
		{[]string{"at+jwt"}, "JWT", false},
		{[]string{"at+jwt"}, "", false},
		{[]string{"at+jwt", ""}, "", true},
		{[]string{TypeMinted}, TypeMinted, true},
		{[]string{TypeMinted}, "JWT", false},
		{[]string{}, "JWT", false},
	} {
		header := `{"alg":"ES256"}`
		if test.typ != "" {
			header = `{"alg":"ES256","typ":"` + test.typ + `"}`
		}
		v := verifier(key)
		v.Types = test.types
		_, err := v.Verify(t.Context(), []byte(sign(t, key, header, claims(""))))
		if test.pass && err != nil {
			t.Errorf("%q with %q: %v", test.types, test.typ, err)
		} else if !test.pass {
			refused(t, err, CodeType)
		}
	}
}

// TestVerifyForm has row W17: a token is three segments of base64url and not a
// byte more.
func TestVerifyForm(t *testing.T) {
	key := testKey(t, "ES256")
	token := sign(t, key, `{"alg":"ES256"}`, claims(""))
	cut := strings.Split(token, ".")
	for _, test := range []struct {
		name, token string
		want        Code
	}{
		{"empty", "", CodeMalformed},
		{"one part", cut[0], CodeMalformed},
		{"two parts", cut[0] + "." + cut[1], CodeMalformed},
		{"four parts", token + ".", CodeMalformed},
		{"five parts", token + ".a.b", CodeEncrypted},
		{"a million dots", strings.Repeat(".", 60000), CodeMalformed},
		{"no header", "." + cut[1] + "." + cut[2], CodeMalformed},
		{"no signature", cut[0] + "." + cut[1] + ".", CodeSignature},
		{"no payload", cut[0] + ".." + cut[2], CodeSignature},
		{"line feed at the end", token + "\n", CodeMalformed},
		{"CRLF at the end", token + "\r\n", CodeMalformed},
		{"line feed inside the header", token[:5] + "\n" + token[5:], CodeMalformed},
		{"line feed inside the payload", cut[0] + "." + cut[1][:9] + "\n" + cut[1][9:] + "." + cut[2], CodeSignature},
		{"line feed inside the signature", token[:len(token)-5] + "\n" + token[len(token)-5:], CodeMalformed},
		{"blank in front", " " + token, CodeMalformed},
		{"Bearer", "Bearer " + token, CodeMalformed},
		{"quotes", `"` + token + `"`, CodeMalformed},
		{"padding", token + "=", CodeMalformed},
		{"NUL", token + "\x00", CodeMalformed},
		{"JSON", `{"payload":"` + cut[1] + `","protected":"` + cut[0] + `","signature":"` + cut[2] + `"}`, CodeMalformed},
		{"huge", cut[0] + "." + strings.Repeat("A", MaxToken) + "." + cut[2], CodeTooLarge},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := verifier(key).Verify(t.Context(), []byte(test.token))
			refused(t, err, test.want)
			var syntax *SyntaxError
			if errors.As(err, &syntax) != (test.want == CodeMalformed) {
				t.Errorf("%v: the *SyntaxError is missing, or too much", err)
			}
		})
	}
}

// TestVerifyTrailingBits: the same signature in another spelling is another
// token, and not ours.
func TestVerifyTrailingBits(t *testing.T) {
	key := testKey(t, "ES256") // 64 bytes: the last of 86 characters has 4 spare bits
	token := []byte(sign(t, key, `{"alg":"ES256"}`, claims("")))
	last := strings.IndexByte(alphabet, token[len(token)-1])
	token[len(token)-1] = alphabet[last|1]
	_, err := verifier(key).Verify(t.Context(), token)
	refused(t, err, CodeMalformed)
	wants(t, err, "not canonical")
}

// TestVerifySignatureForm has row W26.
func TestVerifySignatureForm(t *testing.T) {
	ec, ed := testKey(t, "ES256"), testKey(t, "EdDSA")
	good := func(k *Key) (string, []byte) {
		token := sign(t, k, `{"alg":"`+k.alg+`"}`, claims(""))
		i := strings.LastIndexByte(token, '.')
		signature, err := decodeStrict(nil, []byte(token[i+1:]))
		if err != nil {
			t.Fatal(err)
		}
		return token[:i+1], signature
	}
	for _, test := range []struct {
		name   string
		key    *Key
		change func([]byte) []byte
	}{
		{"ES256 zero", ec, func(s []byte) []byte { clear(s); return s }},
		{"ES256 63 bytes", ec, func(s []byte) []byte { return s[:63] }},
		{"ES256 65 bytes", ec, func(s []byte) []byte { return append(s, 0) }},
		{"ES256 65 bytes, zero in front", ec, func(s []byte) []byte { return append([]byte{0}, s...) }},
		{"ES256 DER", ec, func(s []byte) []byte {
			return append(append([]byte{0x30, 68, 2, 32}, s[:32]...), append([]byte{2, 32}, s[32:]...)...)
		}},
		{"EdDSA S + L", ed, func(s []byte) []byte { // RFC 8032 section 5.1.7: S must be below L
			order := []byte{0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14}
			order = append(order, make([]byte, 15)...)
			order = append(order, 0x10)
			carry := 0
			for i, b := range order {
				carry += int(s[32+i]) + int(b)
				s[32+i], carry = byte(carry), carry>>8
			}
			return s
		}},
		{"EdDSA 63 bytes", ed, func(s []byte) []byte { return s[:63] }},
	} {
		t.Run(test.name, func(t *testing.T) {
			input, signature := good(test.key)
			_, err := verifier(test.key).Verify(t.Context(), []byte(input+encode(test.change(signature))))
			refused(t, err, CodeSignature)
		})
	}
}

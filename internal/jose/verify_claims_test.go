package jose

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestVerifyConfig has row W08.
func TestVerifyConfig(t *testing.T) {
	key := testKey(t, "ES256")
	token := []byte(sign(t, key, `{"alg":"ES256"}`, claims("")))
	for _, test := range []struct {
		name   string
		change func(*Verifier)
		fine   bool
	}{
		{"as it is", func(*Verifier) {}, true},
		{"no keys", func(v *Verifier) { v.Keys = nil }, false},
		{"no clock", func(v *Verifier) { v.Now = nil }, false},
		{"no issuer", func(v *Verifier) { v.Issuers = nil }, false},
		{"empty issuer", func(v *Verifier) { v.Issuers = []string{""} }, false},
		{"empty issuer beside another", func(v *Verifier) { v.Issuers = append(v.Issuers, "") }, false},
		{"issuer skipped", func(v *Verifier) { v.Issuers, v.SkipIssuer = nil, true }, true},
		{"no audience", func(v *Verifier) { v.Audiences = nil }, false},
		{"empty audience", func(v *Verifier) { v.Audiences = []string{""} }, false},
		{"audience skipped", func(v *Verifier) { v.Audiences, v.SkipAudience = nil, true }, true},
		{"negative leeway", func(v *Verifier) { v.Leeway = -1 }, false},
		{"unknown algorithm", func(v *Verifier) { v.Algorithms = []string{"none"} }, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			v := verifier(key)
			test.change(v)
			_, err := v.Verify(t.Context(), token)
			if test.fine && err != nil || !test.fine && !errors.Is(err, ErrConfig) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestVerifyPayload has rows W03, W20 and W21.
func TestVerifyPayload(t *testing.T) {
	key := testKey(t, "HS256")
	for _, test := range []struct {
		name, payload string
		want          Code
	}{
		{"null", `null`, CodeNotObject},
		{"array", `[]`, CodeNotObject},
		{"string", `"x"`, CodeNotObject},
		{"number", `1`, CodeNotObject},
		{"nothing", ``, CodeMalformed},
		{"text", `hello`, CodeMalformed},
		{"two objects", claims("") + `{}`, CodeMalformed},
		{"claim twice", claims(`"sub":"2",`), CodeDuplicateKey},
		{"claim twice, in escapes", claims(`"\u0073ub":"2",`), CodeDuplicateKey},
		{"twice deep inside", claims(`"x":[{"a":{"b":1,"b":2}}],`), CodeDuplicateKey},
		{"not UTF-8", claims("\"x\":\"\xc3\x28\","), CodeUTF8},
		{"overlong", claims("\"x\":\"\xc0\xaf\","), CodeUTF8},
		{"half a pair", claims(`"x":"\ud800",`), CodeUTF8},
		{"control character", claims("\"x\":\"\x1b[31m\","), CodeMalformed},
		{"deep", claims(`"x":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `,`), CodeMalformed},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := verifier(key).Verify(t.Context(), []byte(sign(t, key, `{"alg":"HS256"}`, test.payload)))
			refused(t, err, test.want)
		})
	}
}

// TestVerifyClaims has rows W04, W07, W08 and W09, to the second.
func TestVerifyClaims(t *testing.T) {
	key := testKey(t, "HS256")
	const rest = `"iss":"https://issuer.example","aud":"client"`
	at := func(d int) string { return fmt.Sprint(testNow + d) }
	for _, test := range []struct {
		payload string
		want    []Code
	}{
		// exp
		{`{` + rest + `,"exp":` + at(1) + `}`, nil},
		{`{` + rest + `,"exp":` + at(0) + `}`, []Code{CodeExpired}},
		{`{` + rest + `,"exp":` + at(0) + `.5}`, nil},
		{`{` + rest + `,"exp":1.8e9}`, nil},
		{`{` + rest + `,"exp":18000000000e-1}`, nil},
		{`{` + rest + `}`, []Code{CodeMissing}},
		{`{` + rest + `,"EXP":` + at(9) + `}`, []Code{CodeMissing}},
		{`{` + rest + `,"exp":0}`, []Code{CodeInvalid}},
		{`{` + rest + `,"exp":-1}`, []Code{CodeInvalid}},
		{`{` + rest + `,"exp":1}`, []Code{CodeExpired}},
		{`{` + rest + `,"exp":0.5}`, []Code{CodeInvalid}},
		{`{` + rest + `,"exp":null}`, []Code{CodeInvalid}},
		{`{` + rest + `,"exp":"` + at(9) + `"}`, []Code{CodeInvalid}},
		{`{` + rest + `,"exp":[]}`, []Code{CodeInvalid}},
		{`{` + rest + `,"exp":true}`, []Code{CodeInvalid}},
		{`{` + rest + `,"exp":1e20}`, []Code{CodeInvalid}},
		{`{` + rest + `,"exp":1e400}`, []Code{CodeInvalid}},
		{`{` + rest + `,"exp":1e99999999999999999999}`, []Code{CodeInvalid}},
		{`{` + rest + `,"exp":9223372036854775808}`, []Code{CodeInvalid}},
		{`{` + rest + `,"exp":` + at(9) + `000}`, []Code{CodeInvalid}},
		{`{` + rest + `,"exp":253402300799}`, []Code{CodeInvalid}},
		{`{` + rest + `,"exp":253402300800}`, []Code{CodeInvalid}},
		// nbf and iat
		{`{` + rest + `,"exp":` + at(9) + `,"nbf":` + at(0) + `,"iat":` + at(0) + `}`, nil},
		{`{` + rest + `,"exp":` + at(9) + `,"nbf":` + at(1) + `}`, []Code{CodeNotYet}},
		{`{` + rest + `,"exp":` + at(9) + `,"nbf":1e20}`, []Code{CodeInvalid}},
		{`{` + rest + `,"exp":` + at(9) + `,"iat":` + at(1) + `}`, []Code{CodeIssuedLater}},
		{`{` + rest + `,"exp":` + at(9) + `,"iat":null}`, []Code{CodeInvalid}},
		// iss
		{`{"iss":"https://issuer.example/","aud":"client","exp":` + at(9) + `}`, []Code{CodeIssuer}},
		{`{"iss":"https://Issuer.example","aud":"client","exp":` + at(9) + `}`, []Code{CodeIssuer}},
		{`{"iss":["https://issuer.example"],"aud":"client","exp":` + at(9) + `}`, []Code{CodeInvalid}},
		{`{"iss":"https:\/\/issuer.example","aud":"client","exp":` + at(9) + `}`, nil},
		{`{"aud":"client","exp":` + at(9) + `}`, []Code{CodeMissing}},
		{`{"ISS":"https://issuer.example","aud":"client","exp":` + at(9) + `}`, []Code{CodeMissing}},
		// aud
		{`{"iss":"https://issuer.example","aud":["a","client"],"exp":` + at(9) + `}`, nil},
		{`{"iss":"https://issuer.example","aud":["a"],"exp":` + at(9) + `}`, []Code{CodeAudience}},
		{`{"iss":"https://issuer.example","aud":[],"exp":` + at(9) + `}`, []Code{CodeAudience}},
		{`{"iss":"https://issuer.example","aud":"","exp":` + at(9) + `}`, []Code{CodeAudience}},
		{`{"iss":"https://issuer.example","aud":"Client","exp":` + at(9) + `}`, []Code{CodeAudience}},
		{`{"iss":"https://issuer.example","aud":["client",1],"exp":` + at(9) + `}`, []Code{CodeInvalid}},
		{`{"iss":"https://issuer.example","aud":{"client":1},"exp":` + at(9) + `}`, []Code{CodeInvalid}},
		{`{"iss":"https://issuer.example","Aud":"client","aud":"other","exp":` + at(9) + `}`, []Code{CodeAudience}},
		{`{"iss":"https://issuer.example","exp":` + at(9) + `}`, []Code{CodeMissing}},
		// everything at once
		{`{"iss":"x","aud":"y","exp":1,"nbf":` + at(9) + `,"iat":"z"}`, []Code{CodeIssuer, CodeAudience, CodeExpired, CodeNotYet, CodeInvalid}},
	} {
		_, err := verifier(key).Verify(t.Context(), []byte(sign(t, key, `{"alg":"HS256"}`, test.payload)))
		if test.want == nil && err != nil {
			t.Errorf("%s: %v", test.payload, err)
		} else if test.want != nil {
			t.Run(test.payload, func(t *testing.T) { refused(t, err, test.want...) })
		}
	}
}

func TestVerifyLeeway(t *testing.T) {
	key := testKey(t, "HS256")
	v := verifier(key)
	v.Leeway = time.Minute
	for _, test := range []struct {
		exp, nbf, iat int
		want          []Code
	}{
		{-59, 60, 60, nil},
		{-60, 61, 61, []Code{CodeExpired, CodeNotYet, CodeIssuedLater}},
	} {
		payload := fmt.Sprintf(`{"iss":"https://issuer.example","aud":"client","exp":%d,"nbf":%d,"iat":%d}`,
			testNow+test.exp, testNow+test.nbf, testNow+test.iat)
		_, err := v.Verify(t.Context(), []byte(sign(t, key, `{"alg":"HS256"}`, payload)))
		if test.want == nil && err != nil {
			t.Error(err)
		} else if test.want != nil {
			refused(t, err, test.want...)
		}
	}
}

func TestVerifyRequireAndParty(t *testing.T) {
	key := testKey(t, "HS256")
	v := verifier(key)
	v.Require = []string{"email", "sub", "exp", "email"}
	v.AuthorizedParties = []string{"app"}
	_, err := v.Verify(t.Context(), []byte(sign(t, key, `{"alg":"HS256"}`, claims(`"azp":"other",`))))
	refused(t, err, CodeMissing, CodeParty)
	if _, err := v.Verify(t.Context(), []byte(sign(t, key, `{"alg":"HS256"}`, claims(`"azp":"app","email":"e",`)))); err != nil {
		t.Error(err)
	}
	_, err = v.Verify(t.Context(), []byte(sign(t, key, `{"alg":"HS256"}`, claims(`"email":"e",`))))
	refused(t, err, CodeMissing)
}

// TestVerifySignatureFirst: claims of a token that was not confirmed are not
// talked about.
func TestVerifySignatureFirst(t *testing.T) {
	_, err := verifier(testKey(t, "HS256")).Verify(t.Context(), []byte(sign(t, testKey(t, "HS256"), `{"alg":"HS256"}`, `{"iss":"x","exp":1}`)))
	refused(t, err, CodeSignature)
}

func TestVerifiedAccessors(t *testing.T) {
	key := testKey(t, "HS256")
	payload := claims(`"s":"a\u00e9","b":true,"n":null,"l":["x","y"],"m":[1],"t":1e3,`)
	got, err := verifier(key).Verify(t.Context(), []byte(sign(t, key, `{"alg":"HS256"}`, payload)))
	if err != nil {
		t.Fatal(err)
	}
	if s, ok := got.String("s"); s != "aé" || !ok {
		t.Errorf("s is %q, %t", s, ok)
	}
	if _, ok := got.String("S"); ok {
		t.Error("S was found")
	}
	if _, ok := got.String("b"); ok {
		t.Error("b is a string")
	}
	if b, ok := got.Bool("b"); !b || !ok {
		t.Error("b is not true")
	}
	if _, ok := got.Bool("n"); ok {
		t.Error("null is a boolean")
	}
	if l, ok := got.Strings("l"); fmt.Sprint(l) != "[x y]" || !ok {
		t.Errorf("l is %q", l)
	}
	if _, ok := got.Strings("m"); ok {
		t.Error("m is a list of strings")
	}
	if at, ok := got.Time("t"); at.Unix() != 1000 || !ok {
		t.Errorf("t is %v", at)
	}
	if _, ok := got.Time("s"); ok {
		t.Error("s is a time")
	}
	if !json.Valid(got.Payload) {
		t.Error("the payload is not JSON")
	}
}

package jose

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/socialauth/socialauth/internal/secret"
)

// TestVerifyIDToken has rows W11, W12, W13 and W16.
func TestVerifyIDToken(t *testing.T) {
	key := testKey(t, "ES256")
	atHash, err := AtHash("ES256", "CANARY-ACCESS-1")
	if err != nil {
		t.Fatal(err)
	}
	cHash, err := CodeHash("ES256", "CANARY-CODE-1")
	if err != nil {
		t.Fatal(err)
	}
	base := fmt.Sprintf(`"iss":"https://issuer.example","exp":%d`, testNow+600)
	iat := fmt.Sprintf(`,"iat":%d`, testNow-5)
	const aud, sub, nonce = `,"aud":"client"`, `,"sub":"1"`, `,"nonce":"n-1"`
	all := base + iat + aud + sub
	sent := IDTokenOptions{Nonce: secret.New("n-1"), AccessToken: secret.New("CANARY-ACCESS-1"), Code: secret.New("CANARY-CODE-1")}
	optional := sent
	optional.NonceOptional = true
	for _, test := range []struct {
		name, typ, claims string
		options           IDTokenOptions
		want              []Code
	}{
		{"plain", "", all + nonce, sent, nil},
		{"typ JWT", "JWT", all + nonce, sent, nil},
		{"typ jwt", "application/jwt", all + nonce, sent, nil},
		{"with hashes", "JWT", all + nonce + `,"at_hash":"` + atHash + `","c_hash":"` + cHash + `"`, sent, nil},
		{"access token", "at+jwt", all + nonce, sent, []Code{CodeType}},
		{"access token, long", "application/at+jwt", all + nonce, sent, []Code{CodeType}},
		{"logout token", "logout+jwt", all + nonce, sent, []Code{CodeType}},
		{"our own", TypeMinted, all + nonce, sent, []Code{CodeType}},
		{"something else", "weird", all + nonce, sent, []Code{CodeType}},

		{"no iat", "", base + aud + sub + nonce, sent, []Code{CodeMissing}},
		{"no sub", "", base + iat + aud + nonce, sent, []Code{CodeMissing}},
		{"sub a number", "", base + iat + aud + nonce + `,"sub":1`, sent, []Code{CodeInvalid}},
		{"sub empty", "", base + iat + aud + nonce + `,"sub":""`, sent, []Code{CodeInvalid}},
		{"sub long", "", base + iat + aud + nonce + `,"sub":"` + strings.Repeat("x", 256) + `"`, sent, []Code{CodeInvalid}},

		{"several audiences", "", base + iat + sub + nonce + `,"aud":["client","other"]`, sent, []Code{CodeParty}},
		{"several audiences and azp", "", base + iat + sub + nonce + `,"aud":["client","other"],"azp":"client"`, sent, nil},
		{"one audience in a list", "", base + iat + sub + nonce + `,"aud":["client"]`, sent, nil},
		{"azp of another", "", all + nonce + `,"azp":"other"`, sent, []Code{CodeParty}},
		{"azp a list", "", all + nonce + `,"azp":["client"]`, sent, []Code{CodeInvalid}},

		{"nonce missing", "", all, sent, []Code{CodeNonce}},
		{"nonce missing, optional", "", all, optional, nil},
		{"nonce of another", "", all + `,"nonce":"n-2"`, sent, []Code{CodeNonce}},
		{"nonce of another, optional", "", all + `,"nonce":"n-2"`, optional, []Code{CodeNonce}},
		{"nonce a number", "", all + `,"nonce":1`, optional, []Code{CodeNonce}},
		{"nonce in other case", "", all + `,"Nonce":"n-1"`, sent, []Code{CodeNonce}},
		{"nonce not sent", "", all + nonce, IDTokenOptions{}, nil},

		{"at_hash wrong", "", all + nonce + `,"at_hash":"` + cHash + `"`, sent, []Code{CodeAtHash}},
		{"at_hash empty", "", all + nonce + `,"at_hash":""`, sent, []Code{CodeAtHash}},
		{"at_hash a number", "", all + nonce + `,"at_hash":1`, sent, []Code{CodeAtHash}},
		{"at_hash cut", "", all + nonce + `,"at_hash":"` + atHash[:10] + `"`, sent, []Code{CodeAtHash}},
		{"c_hash wrong", "", all + nonce + `,"c_hash":"` + atHash + `"`, sent, []Code{CodeCHash}},
		{"at_hash without access token", "", all + `,"at_hash":"x"`, IDTokenOptions{}, nil},

		{"all at once", "at+jwt", `"exp":1`, sent, []Code{CodeType, CodeMissing, CodeMissing, CodeExpired, CodeMissing, CodeMissing, CodeNonce}},
	} {
		t.Run(test.name, func(t *testing.T) {
			header := `{"alg":"ES256"}`
			if test.typ != "" {
				header = `{"alg":"ES256","typ":"` + test.typ + `"}`
			}
			got, err := verifier(key).VerifyIDToken(t.Context(), []byte(sign(t, key, header, "{"+test.claims+"}")), test.options)
			if test.want != nil {
				refused(t, err, test.want...)
				for _, leak := range []string{"n-1", "CANARY"} {
					if err != nil && strings.Contains(err.Error(), leak) {
						t.Errorf("%q in the message: %v", leak, err)
					}
				}
			} else if err != nil || got == nil {
				t.Error(err)
			}
		})
	}
}

func TestVerifyIDTokenConfig(t *testing.T) {
	key := testKey(t, "ES256")
	token := []byte(sign(t, key, `{"alg":"ES256"}`, claims("")))
	for name, change := range map[string]func(*Verifier){
		"no audience":    func(v *Verifier) { v.Audiences = nil },
		"two audiences":  func(v *Verifier) { v.Audiences = []string{"client", "b"} },
		"empty audience": func(v *Verifier) { v.Audiences = []string{""} },
		"skip audience":  func(v *Verifier) { v.SkipAudience = true },
		"skip issuer":    func(v *Verifier) { v.SkipIssuer = true },
		"types":          func(v *Verifier) { v.Types = []string{"JWT"} },
	} {
		v := verifier(key)
		change(v)
		if _, err := v.VerifyIDToken(t.Context(), token, IDTokenOptions{}); !errors.Is(err, ErrConfig) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestKindsAreExclusive has the matrix of row W16: whoever takes one kind of
// token takes no other.
func TestKindsAreExclusive(t *testing.T) {
	key := testKey(t, "ES256")
	kinds := []string{"", "JWT", "at+jwt", "logout+jwt", "dpop+jwt", TypeMinted}
	type check func([]byte) error
	typed := func(types ...string) check {
		return func(token []byte) error {
			v := verifier(key)
			v.Types = types
			_, err := v.Verify(t.Context(), token)
			return err
		}
	}
	checks := map[string]check{
		"id token": func(token []byte) error {
			_, err := verifier(key).VerifyIDToken(t.Context(), token, IDTokenOptions{})
			return err
		},
		"access token": typed("at+jwt"),
		"logout":       typed("logout+jwt"),
		"dpop":         typed("dpop+jwt"),
		"minted":       typed(TypeMinted),
	}
	takes := map[string]string{"id token": " JWT ", "access token": "at+jwt", "logout": "logout+jwt", "dpop": "dpop+jwt", "minted": TypeMinted}
	for name, check := range checks {
		for _, kind := range kinds {
			header := `{"alg":"ES256"}`
			if kind != "" {
				header = `{"alg":"ES256","typ":"` + kind + `"}`
			}
			err := check([]byte(sign(t, key, header, claims(""))))
			want := takes[name] == kind || name == "id token" && (kind == "" || kind == "JWT")
			if (err == nil) != want {
				t.Errorf("%s with typ %q: %v", name, kind, err)
			}
		}
	}
}

// TestHalfHash has the examples of OpenID Connect Core appendix A.3 and A.4.
func TestHalfHash(t *testing.T) {
	got, err := AtHash("RS256", "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y")
	if err != nil || got != "77QmUPtjPfzWtF2AnpK9RQ" {
		t.Errorf("at_hash %q, %v", got, err)
	}
	got, err = CodeHash("RS256", "Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk")
	if err != nil || got != "LDktKdoQak3Pk0cnXxCltA" {
		t.Errorf("c_hash %q, %v", got, err)
	}
	for alg, size := range map[string]int{"HS256": 22, "ES384": 32, "PS512": 43, "EdDSA": 43} {
		if got, err := AtHash(alg, "x"); err != nil || len(got) != size {
			t.Errorf("%s: %q, %v", alg, got, err)
		}
	}
	if _, err := AtHash("none", "x"); !errors.Is(err, ErrConfig) {
		t.Error(err)
	}
}

package jose

import (
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestExplainNested(t *testing.T) {
	token := unsigned(`{"alg":"HS256"}`, `{"sub":"deepest"}`)
	for range 5 {
		token = unsigned(`{"alg":"HS256","cty":"JWT"}`, token)
	}
	e, depth := explain(t, token), 1
	for ; e.Nested != nil; depth++ {
		e = e.Nested
	}
	if depth != maxNested || len(e.Bytes) == 0 {
		t.Errorf("went down %d levels", depth)
	}
	if !json.Valid(explain(t, token).AppendJSON(nil)) {
		t.Error("not JSON")
	}
}

func TestExplainJWE(t *testing.T) {
	token := encode([]byte(`{"alg":"RSA-OAEP","enc":"A256GCM","zip":"DEF"}`)) + "." + encode(make([]byte, 256)) + "." + encode(make([]byte, 12)) +
		"." + encode(make([]byte, 100)) + "." + encode(make([]byte, 16))
	e := explain(t, token)
	if e.Type != TypeJWE || codes(e) != WarnCompressed || e.Payload != nil {
		t.Errorf("%s, %q", e.Type, codes(e))
	}
	var got []string
	for _, p := range e.Parts {
		got = append(got, fmt.Sprint(p.Name, " ", p.Decoded))
	}
	if diff := cmp.Diff([]string{"header 46", "encrypted_key 256", "iv 12", "ciphertext 100", "tag 16"}, got); diff != "" {
		t.Error(diff)
	}
	e = explain(t, encode([]byte(`{"alg":"PBES2-HS256+A128KW","p2c":2147483648}`))+"....")
	if codes(e) != WarnIterations {
		t.Errorf("%q", codes(e))
	}
}

func TestExplainJWSJSON(t *testing.T) {
	header, payload := encode([]byte(`{"alg":"ES256"}`)), encode([]byte(`{"sub":"1"}`))
	signature := encode(make([]byte, 64))
	flat := fmt.Sprintf(`{"payload":"%s","protected":"%s","header":{"kid":"k"},"signature":"%s"}`, payload, header, signature)
	e := explain(t, flat)
	if e.Type != TypeJWSJSON || string(e.Payload) != `{"sub":"1"}` || string(e.Header) != `{"alg":"ES256"}` ||
		len(e.Signatures) != 1 || e.Signatures[0].Bytes != 64 || string(e.Signatures[0].Unprotected) != `{"kid":"k"}` || codes(e) != WarnUnprotected {
		t.Errorf("%s", e.AppendJSON(nil))
	}
	general := fmt.Sprintf(`{"payload":"%s","signatures":[{"protected":"%s","signature":"%s"},{"header":{"alg":"none"},"signature":""}]}`, payload, header, signature)
	e = explain(t, general)
	if len(e.Signatures) != 2 || string(e.Header) != `{"alg":"ES256"}` || codes(e) != WarnUnprotected+" "+WarnNone {
		t.Errorf("%s", e.AppendJSON(nil))
	}
	for _, bad := range []string{`{"payload":"x","signatures":1}`, `{"payload":"?","protected":"` + header + `","signature":""}`, `{"protected":"?","signature":""}`} {
		if _, err := Explain([]byte(bad), ExplainOptions{}); err == nil {
			t.Errorf("%s was explained", bad)
		}
	}
}

// TestExplainSDJWT has the first disclosure of RFC 9901 section 4.2.1 and its digest.
func TestExplainSDJWT(t *testing.T) {
	disclosure := "WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0"
	token := unsigned(`{"alg":"ES256","typ":"dc+sd-jwt"}`, `{"_sd":["X9yH0Ajrdm1Oij4tWso9UzzKJvPoDxwmuEcO3XAdRC0"],"_sd_alg":"sha-256"}`)
	e := explain(t, token+"~"+disclosure+"~"+encode([]byte(`["salt","forged",true]`))+"~"+encode([]byte(`{}`))+"~")
	if e.Type != TypeSDJWT || len(e.Disclosures) != 3 {
		t.Fatalf("%s", e.AppendJSON(nil))
	}
	first := e.Disclosures[0]
	if !first.Matched || first.Name != "family_name" || string(first.Value) != `"Möbius"` {
		t.Errorf("%+v", first)
	}
	if e.Disclosures[1].Matched || !strings.Contains(codes(e), WarnDisclosure+" "+WarnDisclosureBad) {
		t.Errorf("%q", codes(e))
	}
	if e = explain(t, token+"~"); len(e.Disclosures) != 0 || e.Type != TypeSDJWT {
		t.Errorf("%s", e.AppendJSON(nil))
	}
	_, err := Explain([]byte(token+strings.Repeat("~", 2000)), ExplainOptions{})
	wants(t, err, "more than 1000 disclosures")
}

func TestExplainOpaque(t *testing.T) {
	for input, want := range map[string]Opaque{
		"ghp_CANARY0000000000000000000000000000":         {"github", "access_token"},
		"github_pat_CANARY00000000":                      {"github", "access_token"},
		"ghr_CANARY00000000":                             {"github", "refresh_token"},
		"ya29.a0CANARY.x-y_z":                            {"google", "access_token"},
		"1//0gCANARY":                                    {"google", "refresh_token"},
		"Authorization: Bearer EAACANARY0":               {"facebook", "access_token"},
		"123456789|CANARY-secret":                        {"facebook", "app_token"},
		"AAAAAAAAAAAAAAAAAAAAACANARY":                    {"x", "app_token"},
		"v4.public.CANARY":                               {"", "paseto"},
		`{"access_token":"CANARY-0123456789-abc"}`:       {"", ""},
		"CANARY-0123456789-abcdef":                       {"", ""},
		`{"access_token":"ya29.CANARY","expires_in":1}`:  {"google", "access_token"},
		"https://cb.example/#access_token=EAACANARY&x=1": {"facebook", "access_token"},
	} {
		e := explain(t, input)
		if e.Type != TypeOpaque || e.Opaque == nil || *e.Opaque != want {
			t.Errorf("%s: %s, %v", input, e.Type, e.Opaque)
		}
		if out := string(e.AppendJSON(nil)); strings.Contains(out, "CANARY") || !json.Valid([]byte(out)) {
			t.Errorf("%s", out)
		}
	}
}

func TestExplainDetached(t *testing.T) {
	e := explain(t, encode([]byte(`{"alg":"HS256","b64":false,"crit":["b64"]}`))+"..AAAA")
	if !e.Detached || !strings.Contains(codes(e), WarnUnencoded) || !strings.Contains(codes(e), WarnDetached) {
		t.Errorf("%q", codes(e))
	}
}

func FuzzExplain(f *testing.F) {
	token := unsigned(`{"alg":"HS256"}`, `{"sub":"1","exp":1795348800}`)
	for _, seed := range []string{
		token, "Bearer " + token, "Authorization: Bearer " + token + "\r\n", `"` + token + `"`, `{"id_token":"` + token + `"}`,
		"https://a/#id_token=" + token, "Cookie: a=b; c=" + token, token[:30] + "\n" + token[30:], "\ufeff" + token,
		token + "~WyJzIiwiYSIsMV0~", "eyJhbGciOiJkaXIifQ....", `{"payload":"e30","protected":"e30","signature":""}`,
		`{"ciphertext":"x","protected":"e30"}`, "ghp_x", "1234567|abcdefgh", "export A='" + token + "'", "-H \"x: y\"",
		unsigned(`{"alg":"HS256","b64":false}`, `{"a":1,"a":2}`), unsigned(`{"cty":"JWT"}`, token),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := Explain(data, ExplainOptions{Now: now, Location: time.UTC})
		if err != nil {
			var syntax *SyntaxError
			if e != nil || !errors.As(err, &syntax) {
				t.Fatalf("%v, %T", e, err)
			}
			if strings.ContainsFunc(err.Error(), func(r rune) bool { return r < ' ' || r > '~' }) {
				t.Fatalf("raw bytes in %q", err)
			}
			return
		}
		out := e.AppendJSON(nil)
		if !json.Valid(out) || !utf8.Valid(out) {
			t.Fatalf("not JSON: %q", out)
		}
		for _, r := range string(out) {
			if unsafeRune(r) {
				t.Fatalf("%U in %q", r, out)
			}
		}
	})
}

// TestSafe: what is not JSON must not be able to stop the program either.
func TestSafe(t *testing.T) {
	for _, text := range []string{"", `"`, `"\`, `{"a":"b`, "\"\xff\\", `"a" "b`, "\x1b[31m", "\"\x1b", "\"\u202e\"", `{"a": 1.0}`} {
		out := Safe(json.RawMessage(text))
		if !json.Valid(out) || strings.ContainsFunc(string(out), unsafeRune) {
			t.Errorf("%q became %q", text, out)
		}
	}
	got := Members(json.RawMessage(` {"b":1,"a":{"x":[1, 2]},"b":2.50} `))
	want := []Member{{"b", json.RawMessage("1")}, {"a", json.RawMessage(`{"x":[1, 2]}`)}, {"b", json.RawMessage("2.50")}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, text := range []string{`[1]`, `null`, `{`, ``} {
		if got := Members(json.RawMessage(text)); got != nil {
			t.Errorf("%s has members %v", text, got)
		}
	}
}

// TestExplainHostileSizes: large inputs of every shape end, and none of them needs
// many times its own size in memory.
func TestExplainHostileSizes(t *testing.T) {
	const n = 3 << 20
	head := encode([]byte(`{"alg":"HS256"}`)) + "."
	for name, input := range map[string]string{
		"payload":       head + strings.Repeat("A", n) + ".AA",
		"string":        head + encode([]byte(`{"a":"`+strings.Repeat("x", n/2)+`"}`)) + ".AA",
		"deep":          head + encode([]byte(strings.Repeat("[", 1000000))) + ".AA",
		"keys":          head + encode([]byte(`{`+strings.Repeat(`"a":1,`, n/10)+`"b":2}`)) + ".AA",
		"dots":          strings.Repeat(".", n),
		"tildes":        head + "e30.AA" + strings.Repeat("~", n),
		"lines":         strings.Repeat("a\n", n/2),
		"parameters":    "https://a/?" + strings.Repeat("a=b&", n/4),
		"cookies":       "Cookie: " + strings.Repeat("a=b;", n/4),
		"members":       `{` + strings.Repeat(`"a":"b",`, n/8) + `"c":"d"}`,
		"quotes":        strings.Repeat(`"`, n),
		"blanks":        strings.Repeat(" ", n),
		"headers":       strings.Repeat("a:", n/2),
		"Bearer":        strings.Repeat("Bearer ", n/7),
		"opaque":        strings.Repeat("x", n),
		"signatures":    `{"payload":"e30","signatures":[` + strings.Repeat("{},", n/3) + `{}]}`,
		"open brackets": strings.Repeat("{", n),
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			data := []byte(input)
			runtime.ReadMemStats(&before)
			_, _ = Explain(data, ExplainOptions{})
			runtime.ReadMemStats(&after)
			if used := (after.TotalAlloc - before.TotalAlloc) >> 20; used > 30 {
				t.Errorf("allocated %d MiB for %d MiB", used, len(data)>>20)
			}
		})
	}
}

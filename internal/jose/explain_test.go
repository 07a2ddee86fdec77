package jose

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// unsigned makes a token that only looks like one.
func unsigned(header, payload string) string {
	return encode([]byte(header)) + "." + encode([]byte(payload)) + "." + encode([]byte("CANARY-SIGNATURE-0123456789-0123"))
}

func explain(t *testing.T, input string) *Explanation {
	t.Helper()
	e, err := Explain([]byte(input), ExplainOptions{Now: now})
	if err != nil {
		t.Fatalf("%.200q: %v", input, err)
	}
	return e
}

func codes(e *Explanation) string {
	var list []string
	for _, w := range e.Warnings {
		list = append(list, w.Code)
	}
	return strings.Join(list, " ")
}

// TestExtract has the ways people paste a token, and what is said about each.
func TestExtract(t *testing.T) {
	token := unsigned(`{"alg":"HS256"}`, `{"sub":"1"}`)
	other := unsigned(`{"alg":"HS256"}`, `{"sub":"2"}`)
	wrap := func(n int, end string) string {
		var b strings.Builder
		for i := 0; i < len(token); i += n {
			b.WriteString(token[i:min(i+n, len(token))] + end)
		}
		return b.String()
	}
	for _, test := range []struct{ name, input, stripped, others string }{
		{"bare", token, "", ""},
		{"newline", token + "\n", "", ""},
		{"CRLF", token + "\r\n", "blanks", ""},
		{"blanks", "  \t" + token + "\n\n", "blanks", ""},
		{"BOM", "\ufeff" + token, "bom", ""},
		{"BOM and CRLF", "\ufeff" + token + "\r\n", "bom blanks", ""},
		{"no-break and zero-width space", "\u00a0" + token + "\u200b", "blanks", ""},
		{"Bearer", "Bearer " + token, "scheme:Bearer", ""},
		{"bearer", "bearer  " + token + "\n", "scheme:Bearer", ""},
		{"DPoP", "DPoP " + token, "scheme:DPoP", ""},
		{"header", "Authorization: Bearer " + token, "header:Authorization scheme:Bearer", ""},
		{"header, lower case", "authorization:bearer " + token + "\r\n", "blanks header:authorization scheme:Bearer", ""},
		{"header without scheme", "X-Id-Token: " + token, "header:X-Id-Token", ""},
		{"among headers", "GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " + token + "\r\nAccept: */*\r\n\r\n", "blanks lines header:Authorization scheme:Bearer", ""},
		{"curl", "-H 'Authorization: Bearer " + token + "'", "option:-H quotes header:Authorization scheme:Bearer", ""},
		{"double quotes", `"` + token + `"`, "quotes", ""},
		{"single quotes", "'" + token + "'", "quotes", ""},
		{"backquotes", "`" + token + "`", "quotes", ""},
		{"quotes in quotes", `"'` + token + `'"`, "quotes quotes", ""},
		{"JSON string with escapes", `"` + strings.Replace(token, ".", `\u002e`, 1) + `"`, "quotes", ""},
		{"token response", `{"access_token":"` + other + `","token_type":"Bearer","expires_in":3600,"id_token":"` + token + `"}`, "json:id_token", "access_token"},
		{"token response, opaque access token", `{"access_token":"opaque","id_token":"` + token + `","refresh_token":"r"}`, "json:id_token", "access_token refresh_token"},
		{"token response, opaque refresh token", "{\n \"refresh_token\": \"r\",\n \"access_token\": \"" + token + "\"\n}\n", "json:access_token", "refresh_token"},
		{"token under another name", `{"foo":1,"session":"` + token + `"}`, "json:session", ""},
		{"response with Bearer", `{"token":"Bearer ` + token + `"}`, "json:token scheme:Bearer", ""},
		{"fragment", "https://app.example/cb#access_token=" + other + "&id_token=" + token + "&state=x", "url:id_token", "access_token"},
		{"query", "https://app.example/cb?token=" + token, "url:token", ""},
		{"escaped query", "https://app.example/cb?x=1&id_token=" + strings.Replace(token, "e", "%65", 1), "url:id_token", ""},
		{"form", "grant_type=x&assertion=" + token, "url:assertion", ""},
		{"fragment alone", "#id_token=" + token, "url:id_token", ""},
		{"unknown parameter", "https://app.example/#foo=" + token, "url:foo", ""},
		{"cookie", "Cookie: theme=dark; session=" + token + "; lang=en", "header:Cookie cookie:session", ""},
		{"set-cookie", "Set-Cookie: sid=" + token + "; HttpOnly; Path=/", "header:Set-Cookie cookie:sid", ""},
		{"assignment", "TOKEN=" + token, "assignment:TOKEN", ""},
		{"export", `export TOKEN="` + token + `"`, "assignment:TOKEN", ""},
		{"wrapped at 76", wrap(76, "\n"), "line_breaks", ""},
		{"wrapped and indented", wrap(20, "\r\n   "), "blanks line_breaks", ""},
		{"wrapped after Bearer", "Bearer " + strings.TrimSpace(wrap(40, "\n")), "scheme:Bearer line_breaks", ""},
		{"base64 padding", padded(token), "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := explain(t, test.input)
			if string(e.Payload) != `{"sub":"1"}` {
				t.Errorf("payload %s", e.Payload)
			}
			if got := strings.Join(e.Stripped, " "); !strings.HasPrefix(got, test.stripped) || test.stripped == "" && got != "" {
				t.Errorf("stripped %q, want %q", got, test.stripped)
			}
			if got := strings.Join(e.Others, " "); got != test.others {
				t.Errorf("others %q, want %q", got, test.others)
			}
		})
	}
}

func padded(token string) string {
	p := strings.Split(token, ".")
	for i := range p {
		for len(p[i])%4 != 0 {
			p[i] += "="
		}
	}
	return strings.Join(p, ".")
}

// TestExplainErrors: what is no token is refused with the place, and no byte of
// it comes through raw.
func TestExplainErrors(t *testing.T) {
	token := unsigned(`{"alg":"HS256"}`, `{"sub":"1"}`)
	p := strings.Split(token, ".")
	for _, test := range []struct{ name, input, want string }{
		{"empty", "", "there is nothing"},
		{"blanks", " \r\n\t", "there is nothing"},
		{"a word", "hello", "no dot"},
		{"a sentence", "this is not a token at all", "no dot"},
		{"two parts", p[0] + "." + p[1], "2 parts; a signed token has 3, an encrypted one 5"},
		{"four parts", token + ".x", "4 parts"},
		{"six parts", token + ".x.y.z", "more than 5 parts"},
		{"a million dots", strings.Repeat(".", 1000000), "more than 5 parts"},
		{"bad header", "!!!!." + p[1] + ".", `segment 1, byte 1: '!' is not a base64url character`},
		{"bad payload", p[0] + "." + p[1][:5] + "\x1b" + p[1][5:] + ".", `segment 2, byte 6: '\x1b' is not`},
		{"cut payload", p[0] + "." + p[1][:5] + ".", "segment 2, byte 5: the length is impossible"},
		{"header no JSON", "AAAA." + p[1] + ".", "segment 1, decoded byte 1: expected a JSON value"},
		{"header an array", unsigned(`[]`, `{}`), "the header is an array"},
		{"deep header", unsigned(`{"a":`+strings.Repeat("[", 1000)+strings.Repeat("]", 1000)+`}`, `{}`), "nested too deeply"},
		{"URL without token", "https://example.com/", "a URL with no token"},
		{"URL with other parameters", "https://example.com/?a=b#c", "a URL with no token"},
		{"JSON without token", `{"error":"invalid_grant"}`, "a JSON object with no token"},
		{"broken JSON", `{"access_token":"x`, "byte 19: the JSON text ends inside a string"},
		{"two tokens", token + "\n" + token + "\n", "more than one token"},
		{"huge", strings.Repeat("a", maxExplain+1), "longer than 16777216 bytes"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Explain([]byte(test.input), ExplainOptions{})
			wants(t, err, test.want)
			if _, ok := errors.AsType[*SyntaxError](err); !ok {
				t.Errorf("%T", err)
			} else if strings.ContainsFunc(err.Error(), func(r rune) bool { return r < ' ' || r > '~' }) {
				t.Errorf("raw bytes in %q", err)
			}
		})
	}
}

// TestExplainWarnings goes through the table in section 4 of the JWT facts.
func TestExplainWarnings(t *testing.T) {
	const hs = `{"alg":"HS256"}`
	for _, test := range []struct{ name, header, payload, kind, warnings string }{
		{"nothing odd", hs, `{"sub":"1","exp":1795348801}`, TypeJWT, ""},
		{"none", `{"alg":"none"}`, `{}`, TypeJWT, WarnNone},
		{"NoNe", `{"alg":"NoNe"}`, `{}`, TypeJWT, WarnNone},
		{"ES256K", `{"alg":"ES256K"}`, `{}`, TypeJWT, WarnUnknownAlg},
		{"ML-DSA-44", `{"alg":"ML-DSA-44"}`, `{}`, TypeJWT, WarnUnknownAlg},
		{"no alg", `{}`, `{}`, TypeJWT, WarnNoAlg},
		{"alg a number", `{"alg":1}`, `{}`, TypeJWT, WarnNoAlg},
		{"crit", `{"alg":"HS256","crit":["x"]}`, `{}`, TypeJWT, WarnCritical},
		{"crit empty", `{"alg":"HS256","crit":[]}`, `{}`, TypeJWT, WarnCritical},
		{"claim twice", hs, `{"sub":"1","sub":"2"}`, TypeJWT, WarnDuplicate},
		{"claim twice in escapes", hs, `{"sub":"1","\u0073ub":"2"}`, TypeJWT, WarnDuplicate},
		{"alg twice", `{"alg":"none","alg":"HS256"}`, `{}`, TypeJWT, WarnDuplicate + " " + WarnNone},
		{"big numbers", hs, `{"a":9007199254740993,"b":1e400,"c":-0,"d":1.0}`, TypeJWT, ""},
		{"exp float", hs, `{"exp":1.7953488e9}`, TypeJWT, ""},
		{"exp huge", hs, `{"exp":1e300}`, TypeJWT, WarnDate},
		{"exp in milliseconds", hs, `{"exp":1795348800000}`, TypeJWT, WarnMilliseconds},
		{"exp null", hs, `{"exp":null}`, TypeJWT, WarnDate},
		{"exp text", hs, `{"exp":"1795348800"}`, TypeJWT, WarnDate},
		{"exp 0", hs, `{"exp":0}`, TypeJWT, WarnDate},
		{"EXP", hs, `{"EXP":1795348800,"Aud":"x"}`, TypeJWT, WarnCase + " " + WarnCase},
		{"escape sequence in escapes", hs, `{"sub":"\u001b[31m"}`, TypeJWT, ""},
		{"C1 and bidi", hs, "{\"sub\":\"\u009b\u202e\"}", TypeJWT, WarnHidden},
		{"Korean", hs, `{"name":"홍길동"}`, TypeJWT, ""},
		{"not UTF-8", hs, "{\"sub\":\"\xff\"}", TypeJWT, WarnUTF8},
		{"half a pair", hs, `{"sub":"\ud800"}`, TypeJWT, WarnSurrogate},
		{"payload null", hs, `null`, TypeJWS, WarnNotObject},
		{"payload array", hs, `[1]`, TypeJWS, WarnNotObject},
		{"payload text", hs, `hello`, TypeJWS, WarnNotJSON},
		{"payload raw escape sequence", hs, "{\"a\":\"\x1b[31m\"}", TypeJWS, WarnNotJSON},
		{"payload bytes", hs, "\x00\xff\xfe", TypeJWS, WarnNotJSON},
		{"payload two objects", hs, `{}{}`, TypeJWS, WarnNotJSON},
		{"payload empty", hs, ``, TypeJWS, WarnDetached},
		{"payload deep", hs, strings.Repeat("[", 20000), TypeJWS, WarnNotJSON},
		{"zip", `{"alg":"HS256","zip":"DEF"}`, "\x01\xff", TypeJWS, WarnCompressed + " " + WarnNotJSON},
		{"jwk", `{"alg":"HS256","jwk":` + ecJWK + `}`, `{}`, TypeJWT, WarnKeyInHeader},
		{"jwk private", `{"alg":"HS256","jwk":` + ecPrivateJWK + `}`, `{}`, TypeJWT, WarnKeyInHeader + " " + WarnPrivateKey},
		{"jku and x5u", `{"alg":"HS256","jku":"https://evil.example","x5u":"x"}`, `{}`, TypeJWT, WarnKeyURL + " " + WarnKeyURL},
		{"x5c", `{"alg":"HS256","x5c":["AAAA"]}`, `{}`, TypeJWT, WarnKeyInHeader},
		{"kid a number", `{"alg":"HS256","kid":1}`, `{}`, TypeJWT, WarnKeyID},
		{"signature too short", `{"alg":"ES256"}`, `{}`, TypeJWT, WarnSignatureLength},
		{"JWT inside a JWT", `{"alg":"HS256","cty":"JWT"}`, unsigned(hs, `{"sub":"inner"}`), TypeJWS, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := explain(t, unsigned(test.header, test.payload))
			if e.Type != test.kind || codes(e) != test.warnings {
				t.Errorf("type %s, warnings %q; want %s, %q", e.Type, codes(e), test.kind, test.warnings)
			}
			out := e.AppendJSON(nil)
			if !json.Valid(out) || !utf8.Valid(out) {
				t.Errorf("not JSON: %q", out)
			}
			for _, r := range string(out) {
				if unsafeRune(r) {
					t.Fatalf("%U in %q", r, out)
				}
			}
			if strings.Contains(string(out), encode([]byte("CANARY-SIGNATURE"))) {
				t.Errorf("the signature is in the output")
			}
		})
	}
	e := explain(t, encode([]byte(hs))+".e30.")
	if codes(e) != WarnNoSignature {
		t.Errorf("without signature: %q", codes(e))
	}
	e = explain(t, encode([]byte(hs))+".e30.?")
	if codes(e) != WarnSignature || e.Parts[2].Decoded != -1 {
		t.Errorf("signature that is none: %q, %v", codes(e), e.Parts)
	}
	e = explain(t, encode([]byte(hs))+".e31.AA")
	if !strings.HasPrefix(codes(e), WarnTrailingBits) {
		t.Errorf("spare bits: %q", codes(e))
	}
}

// TestExplainJSON pins the documented form of the output.
func TestExplainJSON(t *testing.T) {
	input := "Bearer " + unsigned(`{"alg":"HS256","typ":"JWT"}`,
		`{"z":9007199254740993,"a":1.10,"iat":1795345200,"exp":1795349400.5,"nbf":1795348800000,"auth_time":1e20}`)
	e, err := Explain([]byte(input), ExplainOptions{Now: now, Location: time.FixedZone("KST", 9*3600)})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"type":"jwt","header":{"alg":"HS256","typ":"JWT"},` +
		`"payload":{"z":9007199254740993,"a":1.10,"iat":1795345200,"exp":1795349400.5,"nbf":1795348800000,"auth_time":1e20},` +
		`"verified":false,"warnings":[{"code":"milliseconds","where":"nbf","detail":"\"1795348800000\""},` +
		`{"code":"date_invalid","where":"auth_time","detail":"\"1e20\""}],"times":{` +
		`"iat":{"value":1795345200,"utc":"2026-11-22T11:00:00Z","local":"2026-11-22T20:00:00+09:00","seconds_from_now":-3600},` +
		`"exp":{"value":1795349400.5,"utc":"2026-11-22T12:10:00Z","local":"2026-11-22T21:10:00+09:00","seconds_from_now":600},` +
		`"nbf":{"value":1795348800000,"if_milliseconds":"2026-11-22T12:00:00Z"},"auth_time":{"value":1e20}},` +
		`"stripped":["scheme:Bearer"],"parts":[{"name":"header","characters":36,"bytes":27},` +
		`{"name":"payload","characters":139,"bytes":104},{"name":"signature","characters":43,"bytes":32}]}`
	if diff := cmp.Diff(want, string(e.AppendJSON(nil))); diff != "" {
		t.Error(diff)
	}
	var generic map[string]any
	data, err := json.Marshal(e)
	if err != nil || json.Unmarshal(data, &generic) != nil || generic["verified"] != false {
		t.Errorf("%s, %v", data, err)
	}
	// Without a clock nothing is said about now.
	e, err = Explain([]byte(input), ExplainOptions{})
	if err != nil || strings.Contains(string(e.AppendJSON(nil)), "from_now") {
		t.Error("from_now without a clock")
	}
}

func TestExplainBoundaryDates(t *testing.T) {
	e := explain(t, unsigned(`{"alg":"HS256"}`, `{"exp":253402300799,"nbf":1,"iat":99999999999}`))
	var got []string
	for _, d := range e.Times {
		got = append(got, fmt.Sprint(d.Name, " ", d.At.Format(time.RFC3339), " ", d.IfMilliseconds.Format(time.RFC3339)))
	}
	want := []string{
		"exp 0001-01-01T00:00:00Z 1978-01-11T21:31:40Z", // more likely milliseconds
		"nbf 1970-01-01T00:00:01Z 0001-01-01T00:00:00Z",
		"iat 5138-11-16T09:46:39Z 0001-01-01T00:00:00Z",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if d, ok := e.FromNow(e.Times[2]); !ok || d < 200*365*24*time.Hour {
		t.Errorf("from now: %v, %t", d, ok)
	}
}

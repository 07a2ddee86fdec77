package jose

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLinesScan(t *testing.T) {
	jwt := unsigned(`{"alg":"none"}`, `{"a":1}`)
	jwe := encode([]byte(`{"alg":"dir","enc":"A256GCM"}`)) + "..AAAA.AAAA.AAAA"
	for _, test := range []struct{ name, text, want string }{
		{"nothing", "GET / 200\n\n", ""},
		{"several in a line", jwt + " and <" + jwt + ">\nlast\n" + jwt, "1:1 1:" + fmt.Sprint(len(jwt)+7) + " 3:1"},
		{"query, header, JSON", "?t=" + jwt + "&a=b\nauthorization: Bearer " + jwt + "\n{\"t\":\"" + jwt + "\"}", "1:4 2:23 3:7"},
		{"an encrypted one", "x " + jwe, "1:3"},
		{"in a word", "x" + jwt, ""},
		{"behind a dot it is no header", "." + jwt, "1:2"},
		{"not decodable", "eyJ.eyJ.x eyJhbGci.eyJh.eyJ", ""},
		{"base64 JSON without dots", encode([]byte(`{"a":"b"}`)), ""},
		{"an ellipsis behind it", jwt + "AAAA...", "1:1"},
		{"the end of a sentence", "It was " + jwt + "AAAA.", "1:8"},
		{"not UTF-8 around it", "\xff\xfe\x00" + jwt + "\xff", "1:4"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, _ := lines(t, test.text, LinesOptions{Scan: true})
			var places []string
			for _, line := range got {
				var place struct{ Line, Column int }
				if err := json.Unmarshal([]byte(line), &place); err != nil {
					t.Fatal(err)
				}
				places = append(places, fmt.Sprintf("%d:%d", place.Line, place.Column))
			}
			if diff := cmp.Diff(test.want, strings.Join(places, " ")); diff != "" {
				t.Errorf("%s\n%s", diff, strings.Join(got, "\n"))
			}
		})
	}
	t.Run("in a line longer than lines may be", func(t *testing.T) {
		text := strings.Repeat("many words ", 40000) + jwt
		got, result := lines(t, text, LinesOptions{Scan: true, MaxLine: 1000})
		want := fmt.Sprintf(`{"line":1,"ok":true,"column":%d,`, len(text)-len(jwt)+1)
		if len(got) != 1 || !strings.HasPrefix(got[0], want) || result.Failed != 0 {
			t.Errorf("%q %+v, want %s", got, result, want)
		}
	})
}

func TestLinesVerify(t *testing.T) {
	key := testKey(t, "HS256")
	good := sign(t, key, `{"alg":"HS256"}`, claims(""))
	expired := sign(t, key, `{"alg":"HS256"}`, `{"iss":"https://issuer.example","aud":"app","exp":1}`)
	v := verifier(key)
	got, result := lines(t, strings.Join([]string{good, expired, good[:len(good)-4] + "AAAA", "", good}, "\n")+"\n", LinesOptions{Verifier: v})
	if result != (LinesResult{Lines: 5, Tokens: 2, Failed: 3}) {
		t.Errorf("%+v", result)
	}
	for i, want := range []string{
		`{"line":1,"ok":true,"verified":true,"alg":"HS256","kid":"` + key.KeyID() + `","header":{"alg":"HS256"},"payload":` + claims("") + `}`,
		`{"line":2,"ok":false,"verified":false,"code":"`,
		`{"line":3,"ok":false,"verified":false,"code":"signature","reasons":[{"code":"signature","detail":"the signature does not match"}]}`,
		`{"line":4,"ok":false,"verified":false,"code":"malformed","reasons":[{"code":"malformed","detail":"not a token: there is no dot in it"}]}`,
		`{"line":5,"ok":true,`,
	} {
		if !strings.HasPrefix(got[i], want) {
			t.Errorf("got  %s\nwant %s", got[i], want)
		}
	}
	if !strings.Contains(got[1], `"code":"expired","claim":"exp"`) {
		t.Error(got[1])
	}
	broken := errors.New("CANARY-NET-1")
	v = verifier()
	v.Keys = brokenSource{broken}
	if _, result := lines(t, good+"\n", LinesOptions{Verifier: v}); !errors.Is(result.KeysErr, broken) || result.Failed != 1 {
		t.Errorf("%+v", result)
	}
}

// FuzzExtract: what comes out of a pasted text was in it, and is the same if it is
// pasted again.
func FuzzExtract(f *testing.F) {
	token := unsigned(`{"alg":"none"}`, `{"a":1}`)
	for _, seed := range []string{
		token, "Bearer " + token, "Authorization: Bearer " + token, `"` + token + `"`, `{"id_token":"` + token + `"}`,
		"https://a.example/cb#id_token=" + token + "&x=y", "Cookie: a=b; session=" + token, "export T='" + token + "'",
		"\ufeff" + token[:20] + "\r\n" + token[20:] + "\r\n", "-H 'Authorization: DPoP " + token + "'", "a=b;c=ghp_0123456789",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, input []byte) {
		found, err := extract(input)
		if err != nil {
			return
		}
		if len(found.token) > len(input) && !bytes.ContainsAny(input, `\%`) {
			t.Fatalf("%q became %q", input, found.token)
		}
		if !bare(found.token) {
			return
		}
		again, err := extract(found.token)
		if err != nil || !bytes.Equal(again.token, found.token) || len(again.stripped) > 0 {
			t.Fatalf("%q became %q and then %+v, %v", input, found.token, again, err)
		}
	})
}

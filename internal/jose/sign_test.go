package jose

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
	"time"
)

func TestClaims(t *testing.T) {
	var c Claims
	if got := string(c.Bytes()); got != "{}" {
		t.Errorf("empty claims are %s", got)
	}
	for _, set := range []struct {
		name  string
		value any
	}{
		{"z", "first"},
		{"a", `"},"sub":"admin`},
		{"n", int64(math.MaxInt64)},
		{"i", -7},
		{"num", json.Number("1.10e400")},
		{"list", []string{"x", "\u2028</script>"}},
		{"none", []string{}},
		{"raw", json.RawMessage(` {"b" : [1, 2]} `)},
		{"t", true},
		{"at", time.Unix(testNow, 999999999)},
		{`k"ey`, "\x00\x7f\u202e"},
		{"é", "한글😀"},
		{"Z", "another"},
	} {
		if err := c.Set(set.name, set.value); err != nil {
			t.Errorf("%s: %v", set.name, err)
		}
	}
	want := `{"z":"first","a":"\"},\"sub\":\"admin","n":9223372036854775807,"i":-7,"num":1.10e400,` +
		`"list":["x","\u2028</script>"],"none":[],"raw":{"b" : [1, 2]},"t":true,"at":1795348800,` +
		`"k\"ey":"\u0000\u007f\u202e","é":"한글😀","Z":"another"}`
	if got := string(c.Bytes()); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for _, bad := range []struct {
		name  string
		value any
		want  string
	}{
		{"z", "again", "already set"},
		{"é", "again", "already set"},
		{"", "x", "empty"},
		{"\xff", "x", "not UTF-8"},
		{"s", "\xff", "not UTF-8"},
		{"l", []string{"\xff"}, "not UTF-8"},
		{"f", 1.5, "type float64"},
		{"m", map[string]any{}, "type map"},
		{"x", nil, "type <nil>"},
		{"num2", json.Number("1,\"sub\":1"), "more data"},
		{"num3", json.Number(`"1"`), "not a number"},
		{"num4", json.Number(""), "ends too early"},
		{"raw2", json.RawMessage(`{"a":1,"a":2}`), "twice"},
		{"raw3", json.RawMessage(`1,"sub":2`), "more data"},
		{"raw4", json.RawMessage(`{} }`), "more data"},
		{"raw5", json.RawMessage("\"\xff\""), "not UTF-8"},
		{"raw6", json.RawMessage(strings.Repeat("[", 100) + strings.Repeat("]", 100)), "too deeply"},
	} {
		wants(t, c.Set(bad.name, bad.value), bad.want)
	}
	if got := string(c.Bytes()); got != want {
		t.Errorf("changed by mistakes: %s", got)
	}
	if data, err := json.Marshal(struct{ C Claims }{c}); err != nil || !json.Valid(data) {
		t.Errorf("%s, %v", data, err)
	}
}

func TestSignHeader(t *testing.T) {
	key := mustParseJWK(t, named(ecPrivateJWK, "my key"))
	var extra Claims
	if err := errors.Join(extra.Set("x5t", "abc"), extra.Set("cty", "x")); err != nil {
		t.Fatal(err)
	}
	token, err := Sign(key, Header{Typ: "JWT", Extra: extra}, []byte("any bytes \xff"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := (&Verifier{Keys: NewSet(key)}).open(t.Context(), &scratch{}, []byte(token))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(s.header.text), `{"alg":"ES256","typ":"JWT","kid":"my key","x5t":"abc","cty":"x"}`; got != want {
		t.Errorf("header %s, want %s", got, want)
	}
	if string(s.payload) != "any bytes \xff" {
		t.Errorf("payload %q", s.payload)
	}
	for _, name := range []string{"alg", "kid", "typ", "crit", "b64", "zip"} {
		var extra Claims
		if err := extra.Set(name, "x"); err != nil {
			t.Fatal(err)
		}
		if _, err := Sign(key, Header{Extra: extra}, nil); !errors.Is(err, ErrConfig) {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err = Sign(nil, Header{}, nil)
	wants(t, err, "cannot sign")
}

func FuzzClaims(f *testing.F) {
	f.Add("name", `"},{`, []byte(`{"a":[1]}`), "1e5")
	f.Fuzz(func(t *testing.T, name, text string, raw []byte, number string) {
		var c Claims
		set := map[string]any{"text": text, "raw": json.RawMessage(raw), "number": json.Number(number)}
		want := 0
		for suffix, value := range set {
			if c.Set(name+suffix, value) == nil {
				want++
			}
		}
		var d document
		if err := d.parse(c.Bytes(), depthTolerant); err != nil || d.clean() != nil {
			t.Fatalf("%q: %v, %v", c.Bytes(), err, d.clean())
		}
		if d.len() != want {
			t.Fatalf("%q has %d members, want %d", c.Bytes(), d.len(), want)
		}
		if got, ok := d.getString(name + "text"); c.Has(name+"text") && (!ok || got != text) {
			t.Fatalf("%q became %q", text, got)
		}
	})
}

package jose

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestDocumentGrammar(t *testing.T) {
	for _, test := range []struct {
		text   string
		reason string // "" if it is JSON
		offset int
	}{
		{`{}`, "", 0},
		{" [ ] ", "", 0},
		{`{"a":[1,-0,0.5,1e400,-1.5E+3,true,false,null,"x",{"b":{}}]}`, "", 0},
		{`"\u0041\ud83d\ude00\"\\\/\b\f\n\r\t"`, "", 0},
		{`"` + strings.Repeat("x", 40) + `"`, "", 0},
		{``, "ends too early", 1},
		{`   `, "ends too early", 4},
		{`{`, "ends too early", 2},
		{`{"a"`, "expected a colon", 5},
		{`{"a":`, "ends too early", 6},
		{`{"a":1`, "ends too early", 7},
		{`{"a":1,`, "ends too early", 8},
		{`{"a":1,}`, "expected a key", 8},
		{`{a:1}`, "expected a key", 2},
		{`{"a" 1}`, "expected a colon", 6},
		{`[1,]`, "expected a JSON value", 4},
		{`[1 2]`, "expected a comma", 4},
		{`[1}`, "expected a comma", 3},
		{`{"a":1]`, "expected a comma", 7},
		{`]`, "expected a JSON value", 1},
		{`{}{}`, "more data", 3},
		{`1 x`, "more data", 3},
		{`01`, "more data", 2},
		{`-`, "not a JSON number", 2},
		{`1.`, "not a JSON number", 3},
		{`.5`, "expected a JSON value", 1},
		{`1e`, "not a JSON number", 3},
		{`+1`, "expected a JSON value", 1},
		{`NaN`, "expected a JSON value", 1},
		{`nul`, "expected a JSON value", 1},
		{`True`, "expected a JSON value", 1},
		{`"abc`, "ends inside a string", 5},
		{`"ab\`, "ends inside a string", 4},
		{`"\x"`, "unknown escape", 2},
		{`"\u12g4"`, "hexadecimal", 2},
		{`"\u12`, "hexadecimal", 2},
		{"\"abcdefghijkl\x01\"", "control character", 14},
		{"\"\n\"", "control character", 2},
		{"\ufeff{}", "expected a JSON value", 1},
		{"{\x00}", "expected a key", 2},
		{`'a'`, "expected a JSON value", 1},
		{`[1,2] // x`, "more data", 7},
	} {
		var d document
		err := d.parse([]byte(test.text), depthTolerant)
		if valid := json.Valid([]byte(test.text)); valid != (err == nil) {
			t.Errorf("%q: the standard library says %t, we %v", test.text, valid, err)
		}
		if test.reason == "" {
			if err != nil {
				t.Errorf("%q: %v", test.text, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Reason, test.reason) || err.Offset != test.offset {
			t.Errorf("%q: %v, want %q at byte %d", test.text, err, test.reason, test.offset)
		}
	}
}

func TestDocumentFindings(t *testing.T) {
	for _, test := range []struct {
		text      string
		duplicate string
		utf8      int
		surrogate bool
	}{
		{text: `{"a":1,"b":{"a":2},"c":[{"a":3},{"a":4}]}`},
		{text: `{"a":1,"a":2}`, duplicate: "a"},
		{text: `{"a":1,"\u0061":2}`, duplicate: "a"},
		{text: `{"\u0061":1,"a":2}`, duplicate: "a"},
		{text: `{"a/b":1,"a\/b":2}`, duplicate: "a/b"},
		{text: `{"😀":1,"\ud83d\ude00":2}`, duplicate: "😀"},
		{text: `{"":1,"":2}`, duplicate: ""},
		{text: `{"x":{"y":[{"a":1,"a":2}]}}`, duplicate: "a"},
		{text: `{"a":1,"A":2}`},
		{text: `{"\ud800":1,"\ud801":2}`, surrogate: true},
		{text: `{"\ud800":1,"\uD800":2}`, surrogate: true, duplicate: "\xed\xa0\x80"},
		{text: `"\udc00"`, surrogate: true},
		{text: `"\ud800\ud800\udc00"`, surrogate: true},
		{text: "{\"a\":\"\xff\"}", utf8: 7},
		{text: "\"\xed\xa0\x80\"", utf8: 2},
		{text: `"é"`},
	} {
		var d document
		if err := d.parse([]byte(test.text), depthTolerant); err != nil {
			t.Fatalf("%q: %v", test.text, err)
		}
		if found := len(d.duplicates) > 0; found != (test.duplicate != "" || strings.HasPrefix(test.text, `{"":`)) {
			t.Errorf("%q: %d duplicates", test.text, len(d.duplicates))
		} else if found && string(d.duplicates[0].name) != test.duplicate {
			t.Errorf("%q: duplicate %q, want %q", test.text, d.duplicates[0].name, test.duplicate)
		}
		if d.badUTF8 != test.utf8 || d.surrogate != test.surrogate {
			t.Errorf("%q: bad UTF-8 at %d, surrogate %t", test.text, d.badUTF8, d.surrogate)
		}
	}
}

// TestDocumentManyKeys: more keys than are compared one by one, with the repeated
// one first, last and in the middle.
func TestDocumentManyKeys(t *testing.T) {
	for _, n := range []int{manyKeys - 1, manyKeys, manyKeys + 1, 200} {
		for _, again := range []int{-1, 0, n / 2, n - 1} {
			var b strings.Builder
			b.WriteByte('{')
			for i := range n {
				fmt.Fprintf(&b, `"k%d":%d,`, i, i)
			}
			if again >= 0 {
				fmt.Fprintf(&b, `"\u006b%d":0,`, again)
			}
			b.WriteString(`"end":{"k0":1}}`)
			var d document
			if err := d.parse([]byte(b.String()), depthStrict); err != nil {
				t.Fatal(err)
			}
			if (len(d.duplicates) > 0) != (again >= 0) {
				t.Errorf("%d keys, key %d again: %d duplicates", n, again, len(d.duplicates))
			}
		}
	}
}

func TestDocumentDepth(t *testing.T) {
	for _, test := range []struct {
		depth int
		fine  bool
	}{{31, true}, {32, true}, {33, false}, {1000000, false}} {
		text := strings.Repeat("[", test.depth) + strings.Repeat("]", test.depth)
		var d document
		err := d.parse([]byte(text), depthStrict)
		if test.fine != (err == nil) {
			t.Errorf("depth %d: %v", test.depth, err)
		}
		if err != nil && err.Offset != depthStrict+1 {
			t.Errorf("depth %d: stopped at %d", test.depth, err.Offset)
		}
	}
}

// TestDocumentTooMany: what is remembered is bounded, what is only checked is not.
func TestDocumentTooMany(t *testing.T) {
	for _, test := range []struct {
		text string
		fine bool
	}{
		{"[" + strings.Repeat("1,", maxMembers-1) + "1]", true},
		{"[" + strings.Repeat("1,", maxMembers) + "1]", false},
		{"[" + strings.Repeat("[],", maxMembers) + "[]]", false},
		{"[[" + strings.Repeat("1,", 2*maxMembers) + "1]]", true},
		{"[" + strings.Repeat(`{"a":1,"b":[{}]},`, maxMembers/2) + "1]", true},
		{"{" + strings.Repeat(`"a":1,`, maxMembers) + `"b":1}`, false},
		{`[{` + strings.Repeat(`"a":1,`, maxMembers) + `"b":1}]`, false},
	} {
		var d document
		err := d.parse([]byte(test.text), depthStrict)
		if (err == nil) != test.fine || err != nil && err.Reason != reasonMembers {
			t.Errorf("%.20s: %v", test.text, err)
		}
	}
}

func TestDocumentMembers(t *testing.T) {
	var d document
	text := ` {"a" : 1e5 , "b":"x\ny","c":{"d":[1, 2]},"e":[{"f":1},2],"g":null,"h":true} `
	for range 2 { // a document can be used again
		if err := d.parse([]byte(text), depthStrict); err != nil {
			t.Fatal(err)
		}
		var got []string
		for m := range d.members() {
			got = append(got, fmt.Sprintf("%s=%s", m.name, m.value))
		}
		want := []string{"a=1e5", `b="x\ny"`, `c={"d":[1, 2]}`, `e=[{"f":1},2]`, "g=null", "h=true"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if string(d.text) != strings.TrimSpace(text) {
			t.Errorf("text %q", d.text)
		}
	}
	if s, ok := d.getString("b"); s != "x\ny" || !ok {
		t.Errorf("b is %q", s)
	}
	if err := d.parse([]byte(`[1,"x",[2,{}],{}]`), depthStrict); err != nil {
		t.Fatal(err)
	}
	var got []string
	for m := range d.members() {
		got = append(got, string(m.value))
	}
	if diff := cmp.Diff([]string{"1", `"x"`, "[2,{}]", "{}"}, got); diff != "" {
		t.Error(diff)
	}
	if _, ok := d.get(""); ok {
		t.Error("an array has a member")
	}
}

func TestAppendJSON(t *testing.T) {
	for text, want := range map[string]string{
		`{ "b" : 1.10 , "a" : [ 1e400 , -0 ] }`: `{"b":1.10,"a":[1e400,-0]}`,
		`{"n":9007199254740993}`:                `{"n":9007199254740993}`,
		`"a b\u001b\/\""`:                       `"a b\u001b\/\""`,
		"\"\u202e\u009b\u200b\ufeff\x7f\"":      `"\u202e\u009b\u200b\ufeff\u007f"`,
		"\"é한😀\"":                               "\"é한😀\"",
		"\"\xff\xc3\"":                          `"\ufffd\ufffd"`,
	} {
		if got := string(appendJSON(nil, []byte(text))); got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}

func TestDate(t *testing.T) {
	for _, test := range []struct {
		text    string
		seconds int64
		nanos   int64
		big     int
	}{
		{"0", 0, 0, 0},
		{"-0", 0, 0, 0},
		{"0.0", 0, 0, 0},
		{"0e999999999999", 0, 0, 0},
		{"1795348800", 1795348800, 0, 0},
		{"1795348800.0", 1795348800, 0, 0},
		{"1795348800.123456789987", 1795348800, 123456789, 0},
		{"1.7953488e9", 1795348800, 0, 0},
		{"1.7953488005e+9", 1795348800, 500000000, 0},
		{"17953488005E-1", 1795348800, 500000000, 0},
		{"5e-1", 0, 500000000, 0},
		{"5e-3", 0, 5000000, 0},
		{"5e-99999999999999", 0, 0, 0},
		{"-1", -1, 0, 0},
		{"-0.5", -1, 500000000, 0},
		{"-1.25", -2, 750000000, 0},
		{"9007199254740993", 9007199254740993, 0, 0},
		{"999999999999999999", 999999999999999999, 0, 0},
		{"1000000000000000000", 1<<63 - 1, 0, 1},
		{"-1e19", -(1<<63 - 1), 0, -1},
		{"1e400", 1<<63 - 1, 0, 1},
		{"1e99999999999999999999", 1<<63 - 1, 0, 1},
		{"0." + strings.Repeat("0", 500) + "1e510", 1000000000, 0, 0},
	} {
		d := parseDate([]byte(test.text))
		if d.seconds != test.seconds || d.nanos != test.nanos || d.big != test.big {
			t.Errorf("%s: got %+v", test.text, d)
		}
	}
	if d := parseDate([]byte("1795348800.5")); d.time().Format(time.RFC3339Nano) != "2026-11-22T12:00:00.5Z" {
		t.Errorf("got %v", d.time())
	}
}

func FuzzDocument(f *testing.F) {
	for _, seed := range []string{
		`{"a":[1,-0.5e3,true,null,"x\u0041\ud800"],"a":{}}`, `[[[[]]]]`, "\"\xff\"", `{"\u0061":1,"a":2}`, ` 1 `, `"` + strings.Repeat("é", 20),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var d document
		// The standard library allows a depth of 10,000.
		err := d.parse(data, 10000)
		if valid := json.Valid(data); valid != (err == nil) {
			t.Fatalf("the standard library says %t, we %v", valid, err)
		}
		if err != nil {
			if err.Offset < 1 || err.Offset > len(data)+1 {
				t.Fatalf("offset %d of %d", err.Offset, len(data))
			}
			return
		}
		if (d.badUTF8 == 0) != utf8.Valid(data) {
			t.Fatalf("bad UTF-8 at %d", d.badUTF8)
		}
		out := appendJSON(nil, data)
		if !json.Valid(out) || !utf8.Valid(out) {
			t.Fatalf("appendJSON made %q", out)
		}
		if len(d.duplicates) > 0 || d.badUTF8 > 0 || d.surrogate || d.kind != kindObject {
			return
		}
		// Without these, both see the same members.
		var want map[string]json.RawMessage
		if err := json.Unmarshal(data, &want); err != nil {
			t.Fatal(err)
		}
		if len(want) != d.len() {
			t.Fatalf("%d members, want %d", d.len(), len(want))
		}
		for m := range d.members() {
			if !bytes.Equal(want[string(m.name)], m.value) {
				t.Fatalf("%q is %s, want %s", m.name, m.value, want[string(m.name)])
			}
		}
	})
}

// FuzzDuplicates compares the search for equal keys with the plainest one.
func FuzzDuplicates(f *testing.F) {
	f.Add([]byte("abcabc"), 3)
	f.Add(bytes.Repeat([]byte("xyz"), 50), 1)
	f.Fuzz(func(t *testing.T, data []byte, size int) {
		if size < 1 || size > 8 || len(data)/size > 500 || !utf8.Valid(data) {
			return
		}
		seen, again := make(map[string]bool), false
		text := []byte{'{'}
		for i := 0; i+size <= len(data); i += size {
			name := string(data[i : i+size])
			if !utf8.ValidString(name) {
				return
			}
			again = again || seen[name]
			seen[name] = true
			if len(text) > 1 {
				text = append(text, ',')
			}
			if i%3 == 0 { // every spelling is the same key
				text = append(text, '"')
				for _, r := range name {
					if r < 0x10000 {
						text = fmt.Appendf(text, `\u%04X`, r)
					} else {
						text = appendRune(text, r)
					}
				}
				text = append(text, `":1`...)
			} else {
				text = append(appendString(text, name), ":1"...)
			}
		}
		text = append(text, '}')
		var d document
		if err := d.parse(text, depthStrict); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if (len(d.duplicates) > 0) != again {
			t.Fatalf("%s: %d duplicates, want some: %t", text, len(d.duplicates), again)
		}
	})
}

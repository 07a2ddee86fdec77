package jose

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestSlice(t *testing.T) {
	for _, test := range []struct {
		token  string
		want   string // "" if it is one
		where  int
		offset int
	}{
		{"a.b.c", "", 0, 0},
		{"a..", "", 0, 0},
		{"a.b.", "", 0, 0},
		{"", "no dot", 0, 0},
		{"abc", "no dot", 0, 0},
		{"a.b", "2 parts", 0, 0},
		{"a.b.c.d", "more than 3 parts", 0, 0},
		{".b.c", "header is empty", 1, 0},
		{"a.b b.c", "not a base64url character", 2, 2},
		{"a.b.c\n", `'\n' is not a base64url character`, 3, 2},
		{"a+.b.c", `'+' is not`, 1, 2},
		{"a.b=.c", `'=' is not`, 2, 2},
		{"a.b.\x1b", `'\x1b' is not`, 3, 1},
		{strings.Repeat(".", 1000000), "longer than 65536 bytes", 0, 0},
	} {
		c, err := Slice([]byte(test.token))
		if test.want == "" {
			if err != nil {
				t.Errorf("%q: %v", test.token, err)
			} else if string(c.SigningInput) != string(c.Header)+"."+string(c.Payload) {
				t.Errorf("%q: signing input %q", test.token, c.SigningInput)
			}
			continue
		}
		var syntax *SyntaxError
		if !errors.As(err, &syntax) || syntax.Segment != test.where || syntax.Offset != test.offset {
			t.Errorf("%.20q: %#v", test.token, err)
		}
		wants(t, err, test.want)
	}
}

func TestSyntaxErrorText(t *testing.T) {
	for want, e := range map[string]SyntaxError{
		"no":                             {Reason: "no"},
		"byte 3: no":                     {Offset: 3, Reason: "no"},
		"segment 2: no":                  {Segment: 2, Reason: "no"},
		"segment 2, byte 17: no":         {Segment: 2, Offset: 17, Reason: "no"},
		"segment 2, decoded byte 17: no": {Segment: 2, Offset: 17, JSON: true, Reason: "no"},
	} {
		if got := e.Error(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestDecodeStrict(t *testing.T) {
	for _, test := range []struct {
		text, want string
		offset     int // of the error, 0 for none
	}{
		{"", "", 0},
		{"Zg", "f", 0},
		{"Zm8", "fo", 0},
		{"Zm9v", "foo", 0},
		{"_-8", "\xff\xef", 0},
		{"Z", "", 1},
		{"Zm9vZ", "", 5},
		{"Zh", "", 2},
		{"Zm9", "", 3}, // bits that belong to no byte
		{"Zg==", "", 3},
		{"Zm8=", "", 4},
		{"Zm9v\n", "", 5},
		{"Zm\r\n9v", "", 4},
		{"\nZm9v", "", 1},
		{"Zm9\n", "", 4},
		{"Zm 9v", "", 3},
		{"Zm+v", "", 3},
		{"Zm/v", "", 3},
		{"Zm9v\x00", "", 5},
		{"Z\xffm9", "", 2},
	} {
		got, err := decodeStrict(nil, []byte(test.text))
		if test.offset == 0 && (err != nil || string(got) != test.want) {
			t.Errorf("%q: %q, %v", test.text, got, err)
		} else if test.offset > 0 && (err == nil || err.Offset != test.offset || len(got) > 0) {
			t.Errorf("%q: %q, %v; want an error at %d", test.text, got, err, test.offset)
		}
	}
	got, err := decodeStrict([]byte("x"), []byte("Zm9v"))
	if err != nil || string(got) != "xfoo" {
		t.Errorf("appended %q, %v", got, err)
	}
}

func TestDecodeTolerant(t *testing.T) {
	for _, test := range []struct{ text, want, forgiven string }{
		{"Zm9v", "foo", "[]"},
		{"Zg==", "f", "[base64_padding]"},
		{"Zg=", "f", "[base64_padding]"},
		{"Zh", "f", "[base64_trailing_bits]"},
		{"/+8", "\xff\xef", "[base64_standard_alphabet]"},
		{"Zm\r\n 9v\n", "foo", "[base64_blanks]"},
	} {
		got, forgiven, err := decodeTolerant([]byte(test.text))
		if err != nil || string(got) != test.want || fmt.Sprint(forgiven) != test.forgiven {
			t.Errorf("%q: %q, %v, %v", test.text, got, forgiven, err)
		}
	}
	for _, text := range []string{"Z", "Zg==Zg", "Z?", "\x00"} {
		if got, _, err := decodeTolerant([]byte(text)); err == nil {
			t.Errorf("%q: %q", text, got)
		}
	}
}

// FuzzScan checks slicing and strict decoding against their definitions.
func FuzzScan(f *testing.F) {
	for _, seed := range []string{"eyJhbGciOiJIUzI1NiJ9.e30.AA", "a.b.c", "..", "a.b\n.c", "Zh.Zg==.Z", "Zm\r\n9v.."} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Slice(data)
		if err != nil {
			return
		}
		if joined := string(c.SigningInput) + "." + string(c.Signature); joined != string(data) {
			t.Fatalf("%q is not %q", joined, data)
		}
		for _, segment := range [][]byte{c.Header, c.Payload, c.Signature} {
			if bytes.IndexByte(segment, '.') >= 0 {
				t.Fatalf("a dot in %q", segment)
			}
			got, err := decodeStrict(nil, segment)
			// What was decoded has one spelling only, this one.
			if err == nil && encode(got) != string(segment) {
				t.Fatalf("%q decoded, but is %q", segment, encode(got))
			}
			if _, stdErr := base64.RawURLEncoding.Strict().DecodeString(string(segment)); (stdErr == nil) != (err == nil) {
				t.Fatalf("%q: we %v, the standard library %v", segment, err, stdErr)
			}
		}
	})
}

package plain_test

import (
	"strings"
	"testing"

	"github.com/socialauth/socialauth/internal/plain"
)

func TestEscape(t *testing.T) {
	for _, tc := range []struct{ in, want string }{
		{"plain text, 100 %", "plain text, 100 %"},
		{"김민준 émigré 日本 😀", "김민준 émigré 日本 😀"},
		{"\x1b[31mred\x1b[0m", `\x1b[31mred\x1b[0m`},
		{"\x1b]0;title\x07", `\x1b]0;title\x07`},
		{"\x1b]52;c;Zm9v\x1b\\", `\x1b]52;c;Zm9v\x1b\`},
		{"a\nb\r\tc", `a\x0ab\x0d\x09c`},
		{"\x7f\u009b31m", `\x7f\u{009b}31m`},
		{"raw \x9b31m and \xff", `raw \x9b31m and \xff`},
		{"\u202eevil\u202c \u2066x\u2069", `\u{202e}evil\u{202c} \u{2066}x\u{2069}`},
		{"zero\u200bwidth\ufeff\u00ad", `zero\u{200b}width\u{feff}\u{00ad}`},
		{"line\u2028sep", `line\u{2028}sep`},
		{"\x00", `\x00`},
	} {
		if got := plain.Escape(tc.in); got != tc.want {
			t.Errorf("Escape(%q) = %q, want %q", tc.in, got, tc.want)
		}
	}
}

func FuzzEscape(f *testing.F) {
	f.Add("x\x1b[0m\u202e")
	f.Fuzz(func(t *testing.T, s string) {
		for _, got := range []string{plain.Escape(s), plain.Cut(s, 10)} {
			for i := range len(got) {
				if got[i] < 0x20 || got[i] == 0x7f {
					t.Fatalf("Escape(%q) = %q holds a control byte", s, got)
				}
			}
			for _, r := range got {
				if r >= 0x80 && r <= 0x9f || r >= 0x202a && r <= 0x202e {
					t.Fatalf("Escape(%q) = %q holds %U", s, got, r)
				}
			}
		}
	})
}

func TestCut(t *testing.T) {
	if got := plain.Cut(strings.Repeat("é", 20), 5); got != "ééééé…" {
		t.Errorf("Cut = %q", got)
	}
}

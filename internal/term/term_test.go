package term_test

import (
	"strings"
	"testing"

	"github.com/socialauth/socialauth/internal/term"
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
		if got := term.Escape(tc.in); got != tc.want {
			t.Errorf("Escape(%q) = %q, want %q", tc.in, got, tc.want)
		}
	}
}

func FuzzEscape(f *testing.F) {
	f.Add("x\x1b[0m\u202e")
	f.Fuzz(func(t *testing.T, s string) {
		for _, got := range []string{term.Escape(s), term.Cut(s, 10)} {
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
	if got := term.Cut(strings.Repeat("é", 20), 5); got != "ééééé…" {
		t.Errorf("Cut = %q", got)
	}
}

func TestStyleOffHasNoEscapeByte(t *testing.T) {
	off, on := term.NewStyle(false), term.NewStyle(true)
	for _, f := range []func(term.Style, string) string{
		term.Style.Bold, term.Style.Faint, term.Style.Good, term.Style.Bad, term.Style.Warn, term.Style.Name,
	} {
		if got := f(off, "x"); got != "x" {
			t.Errorf("off: %q", got)
		}
		if got := f(on, "x"); !strings.Contains(got, "\x1b[") {
			t.Errorf("on: %q has no style", got)
		}
	}
}

func TestTableAlignsByWidthOnTheScreen(t *testing.T) {
	got := term.Table([][]string{{"name", "김민준"}, {"longer name", "x", "y"}, {term.NewStyle(true).Bold("b"), "z"}})
	want := "name         김민준\nlonger name  x       y\n" + term.NewStyle(true).Bold("b") + "            z\n"
	if got != want {
		t.Errorf("Table =\n%q\nwant\n%q", got, want)
	}
}

package term_test

import (
	"strings"
	"testing"

	"github.com/socialauth/socialauth/internal/term"
)

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
	want := "name         김민준\nlonger name  x  y\n" + term.NewStyle(true).Bold("b") + "            z\n"
	if got != want {
		t.Errorf("Table =\n%q\nwant\n%q", got, want)
	}
}

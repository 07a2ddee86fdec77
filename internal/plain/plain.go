// Package plain makes text from elsewhere harmless before anybody sees it.
//
// A name, a scope, an error or a claim that came over the network can hold bytes
// that move a cursor, rename a window, fill a clipboard or turn a line around.
// Everything of that kind goes through this package once, where it enters an error
// or where it is printed; what has been through it can be printed by anyone (C11).
package plain

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// MaxRemote is how much of a text from the network is shown, in runes.
const MaxRemote = 500

// Escape returns s so that no byte of it can steer a terminal (C11): control
// characters of both sets, DEL, bidirectional and zero-width marks, line
// separators and bytes that are not UTF-8 come out as \xNN or \u{NNNN}. The
// result is one line. Everything that came over the network, from a file or
// from the command line goes through here before it is printed for people.
func Escape(s string) string {
	if isPlain(s) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case r < 0x20 || r == 0x7f:
			fmt.Fprintf(&b, `\x%02x`, r)
		case Hidden(r):
			fmt.Fprintf(&b, `\u{%04x}`, r)
		default:
			b.WriteRune(r)
		}
		i += size
	}
	return b.String()
}

// Cut escapes s and shortens it to limit runes, with an ellipsis.
func Cut(s string, limit int) string {
	if utf8.RuneCountInString(s) > limit {
		s = string([]rune(s)[:limit]) + "…"
	}
	return Escape(s)
}

func isPlain(s string) bool {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] >= 0x7f {
			return false
		}
	}
	return true
}

// Hidden reports runes that a terminal acts on or does not show.
func Hidden(r rune) bool {
	switch {
	case r >= 0x80 && r <= 0x9f, // C1
		r == 0xad, r == 0x61c, r == 0x180e, r == 0xfeff,
		r >= 0x200b && r <= 0x200f, // zero width, direction marks
		r >= 0x2028 && r <= 0x202e, // line separators, embeddings, overrides
		r >= 0x2060 && r <= 0x206f, // invisible operators, isolates
		r >= 0xfff9 && r <= 0xfffb,
		r >= 0xe0000 && r <= 0xe007f: // tags
		return true
	}
	return false
}

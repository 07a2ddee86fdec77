package jose

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/socialauth/socialauth/internal/plain"
)

// str checks the string that begins with the quote at i. It returns the offset
// behind its closing quote and whether it has escapes.
func (d *document) str(i int) (end int, escaped bool, reason string) {
	data := d.data
	i++
	for {
		// Eight bytes at a time while nothing special is among them.
		for i+8 <= len(data) {
			mask := special(binary.LittleEndian.Uint64(data[i:]))
			if mask != 0 {
				i += bits.TrailingZeros64(mask) / 8
				break
			}
			i += 8
		}
		for i < len(data) && data[i] != '"' && data[i] != '\\' && data[i] >= ' ' {
			i++
		}
		if i == len(data) {
			return i, escaped, "the JSON text ends inside a string"
		}
		switch data[i] {
		case '"':
			return i + 1, escaped, ""
		case '\\':
			var lone bool
			if i, lone, reason = scanEscape(data, i); reason != "" {
				return i, true, reason
			}
			escaped, d.surrogate = true, d.surrogate || lone
		default:
			return i, escaped, "a control character inside a string"
		}
	}
}

// special sets the top bit of each byte of x that is a quote, a backslash or a
// control character. Bytes above the first such byte may be marked wrongly.
func special(x uint64) uint64 {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	quote, slash := x^ones*'"', x^ones*'\\'
	return ((x-ones*' ')&^x | (quote-ones)&^quote | (slash-ones)&^slash) & tops
}

// scanEscape checks the escape sequence at i; lone says that it is half of a
// surrogate pair without the other half.
func scanEscape(data []byte, i int) (end int, lone bool, reason string) {
	if i+1 >= len(data) {
		return i, false, "the JSON text ends inside a string"
	}
	switch data[i+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 2, false, ""
	case 'u':
	default:
		return i, false, "an unknown escape sequence in a string"
	}
	r, ok := hex4(data, i+2)
	if !ok {
		return i, false, "a \\u that four hexadecimal digits do not follow"
	}
	if !utf16.IsSurrogate(r) {
		return i + 6, false, ""
	}
	if _, ok := lowHalf(data, i+6); ok && r < 0xdc00 {
		return i + 12, false, ""
	}
	return i + 6, true, ""
}

func lowHalf(data []byte, i int) (rune, bool) {
	if i+6 > len(data) || data[i] != '\\' || data[i+1] != 'u' {
		return 0, false
	}
	r, ok := hex4(data, i+2)
	return r, ok && r >= 0xdc00 && r <= 0xdfff
}

func hex4(data []byte, i int) (rune, bool) {
	if i+4 > len(data) {
		return 0, false
	}
	var r rune
	for _, c := range data[i : i+4] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// unescape appends the characters that the inside of a checked JSON string
// stands for. Half of a surrogate pair becomes the three bytes it would have in
// UTF-8 if it were allowed there, so that two different halves stay different.
func unescape(dst, raw []byte) []byte {
	for len(raw) > 0 {
		i := bytes.IndexByte(raw, '\\')
		if i < 0 {
			break
		}
		dst = append(dst, raw[:i]...)
		c := raw[i+1]
		raw = raw[i+2:]
		switch c {
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		case 'u':
			r, _ := hex4(raw, 0)
			raw = raw[4:]
			if low, ok := lowHalf(raw, 0); ok && r >= 0xd800 && r < 0xdc00 {
				r = utf16.DecodeRune(r, low)
				raw = raw[6:]
			}
			if utf16.IsSurrogate(r) {
				dst = append(dst, 0xe0|byte(r>>12), 0x80|byte(r>>6)&0x3f, 0x80|byte(r)&0x3f)
			} else {
				dst = utf8.AppendRune(dst, r)
			}
		default: // " \ /
			dst = append(dst, c)
		}
	}
	return append(dst, raw...)
}

// str returns the decoded value of a string member.
func (m member) str() string {
	inside := m.value[1 : len(m.value)-1]
	if bytes.IndexByte(inside, '\\') < 0 {
		return string(inside)
	}
	return string(unescape(nil, inside))
}

// equal reports whether a string member has this value.
func (m member) equal(value string) bool {
	inside := m.value[1 : len(m.value)-1]
	return string(inside) == value && bytes.IndexByte(inside, '\\') < 0 || m.str() == value
}

func scanNumber(data []byte, i int) (int, string) {
	const reason = "not a JSON number"
	digits := func() bool {
		start := i
		for i < len(data) && data[i] >= '0' && data[i] <= '9' {
			i++
		}
		return i > start
	}
	if data[i] == '-' {
		i++
	}
	if i < len(data) && data[i] == '0' {
		i++
	} else if !digits() {
		return i, reason
	}
	if i < len(data) && data[i] == '.' {
		i++
		if !digits() {
			return i, reason
		}
	}
	if i < len(data) && (data[i] == 'e' || data[i] == 'E') {
		i++
		if i < len(data) && (data[i] == '+' || data[i] == '-') {
			i++
		}
		if !digits() {
			return i, reason
		}
	}
	return i, ""
}

func scanWord(data []byte, i int, word string) (int, string) {
	if len(data)-i < len(word) || string(data[i:i+len(word)]) != word {
		return i, "expected a JSON value"
	}
	return i + len(word), ""
}

// appendString appends s as a JSON string. s must be UTF-8.
func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for _, r := range s {
		dst = appendRune(dst, r)
	}
	return append(dst, '"')
}

// appendRune appends one character of a JSON string, escaped if JSON wants it
// or if it could do something to a terminal: control characters, also those
// above 0x7f, and what reorders or hides text.
func appendRune(dst []byte, r rune) []byte {
	switch {
	case r == '"' || r == '\\':
		return append(dst, '\\', byte(r))
	case r == '\n':
		return append(dst, '\\', 'n')
	case r == '\t':
		return append(dst, '\\', 't')
	case r == '\r':
		return append(dst, '\\', 'r')
	case r > 0xffff && unsafeRune(r):
		high, low := utf16.EncodeRune(r)
		return appendEscape(appendEscape(dst, high), low)
	case unsafeRune(r):
		return appendEscape(dst, r)
	}
	return utf8.AppendRune(dst, r)
}

// appendEscape appends one UTF-16 unit as \uXXXX.
func appendEscape(dst []byte, r rune) []byte {
	const hex = "0123456789abcdef"
	return append(dst, '\\', 'u', hex[r>>12&15], hex[r>>8&15], hex[r>>4&15], hex[r&15])
}

// unsafeRune reports whether r should not reach a terminal as it is.
func unsafeRune(r rune) bool {
	return r < ' ' || r == 0x7f || r == 0xfffd || plain.Hidden(r)
}

// appendJSON appends a checked JSON text without blanks between its tokens.
// Number texts, escapes and the order of keys stay; bytes that are not UTF-8
// become \ufffd, and characters that could disturb a terminal become escapes,
// so that the result is valid JSON and safe to show.
func appendJSON(dst, data []byte) []byte {
	plain := plainASCII(data)
	for len(data) > 0 {
		// Between strings there are only brackets, commas, numbers and words.
		i := bytes.IndexByte(data, '"')
		if i < 0 {
			i = len(data)
		}
		for _, c := range data[:i] {
			if c > ' ' {
				dst = append(dst, c)
			}
		}
		data = data[i:]
		end := 1
		for end < len(data) && data[end] != '"' {
			if data[end] == '\\' {
				end++
			}
			end++
		}
		end = min(end+1, len(data))
		if plain {
			dst = append(dst, data[:end]...)
		} else {
			dst = appendInside(dst, data[:end])
		}
		data = data[end:]
	}
	return dst
}

// plainASCII reports whether no byte is DEL or above.
func plainASCII(data []byte) bool {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	for ; len(data) >= 32; data = data[32:] {
		a, b := binary.LittleEndian.Uint64(data), binary.LittleEndian.Uint64(data[8:])
		c, d := binary.LittleEndian.Uint64(data[16:]), binary.LittleEndian.Uint64(data[24:])
		if (a|b|c|d|(a&^tops+ones)|(b&^tops+ones)|(c&^tops+ones)|(d&^tops+ones))&tops != 0 {
			return false
		}
	}
	for _, c := range data {
		if c >= 0x7f {
			return false
		}
	}
	return true
}

func appendInside(dst, s []byte) []byte {
	for len(s) > 0 {
		if s[0] < 0x7f {
			dst, s = append(dst, s[0]), s[1:]
			continue
		}
		r, n := utf8.DecodeRune(s)
		dst, s = appendRune(dst, r), s[n:]
	}
	return dst
}

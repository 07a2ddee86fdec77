package jose

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

const (
	alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

	reasonLength   = "the length is impossible for base64url"
	reasonTrailing = "the last character has bits that belong to no byte: not canonical base64url"
)

func encode(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }

// decodeStrict appends what src stands for to dst. It takes the one encoding
// RFC 7515 section 2 allows and no other: no padding, no line breaks, nothing
// outside the alphabet, unused bits zero.
//
// encoding/base64 skips CR and LF even in strict mode, so they are looked for
// first; everything else outside the alphabet it reports itself.
func decodeStrict(dst, src []byte) ([]byte, *SyntaxError) {
	for _, c := range [...]byte{'\n', '\r'} {
		if i := bytes.IndexByte(src, c); i >= 0 {
			return dst, &SyntaxError{Offset: i + 1, Reason: fmt.Sprintf("%q is not a base64url character", c)}
		}
	}
	at := len(dst)
	dst = append(dst, make([]byte, base64.RawURLEncoding.DecodedLen(len(src)))...)
	n, err := base64.RawURLEncoding.Decode(dst[at:], src)
	if err != nil {
		return dst[:at], decodeError(src, err)
	}
	if rest := len(src) % 4; rest != 0 && trailingBits(src[len(src)-1], rest) != 0 {
		return dst[:at], &SyntaxError{Offset: len(src), Reason: reasonTrailing}
	}
	return dst[:at+n], nil
}

func decodeError(src []byte, err error) *SyntaxError {
	var corrupt base64.CorruptInputError
	if errors.As(err, &corrupt) && int(corrupt) < len(src) && strings.IndexByte(alphabet, src[corrupt]) < 0 {
		return &SyntaxError{Offset: int(corrupt) + 1, Reason: fmt.Sprintf("%+q is not a base64url character", src[corrupt])}
	}
	return &SyntaxError{Offset: len(src), Reason: reasonLength}
}

// trailingBits returns the bits of the last character c of a final group of
// rest characters that are not part of any byte.
func trailingBits(c byte, rest int) int {
	v := strings.IndexByte(alphabet, c)
	if rest == 2 {
		return v & 0x0f
	}
	return v & 0x03
}

// decodeTolerant reads base64 as people and tools write it: padded, with the
// standard alphabet, with blanks inside, with stray bits at the end. It returns
// what it forgave, each at most once, as warning codes.
func decodeTolerant(src []byte) (data []byte, forgiven []string, err *SyntaxError) {
	if data, err = decodeStrict(nil, src); err == nil {
		return data, nil, nil
	}
	clean := make([]byte, 0, len(src))
	var padded, standard, blank bool
	for i, c := range src {
		switch {
		case c == '+':
			standard, c = true, '-'
		case c == '/':
			standard, c = true, '_'
		case c == ' ' || c == '\t' || c == '\r' || c == '\n':
			blank = true
			continue
		case c == '=':
			if len(bytes.Trim(src[i:], "= \t\r\n")) > 0 {
				return nil, nil, &SyntaxError{Offset: i + 1, Reason: "padding before the end"}
			}
			padded = true
			continue
		}
		clean = append(clean, c)
	}
	data = make([]byte, base64.RawURLEncoding.DecodedLen(len(clean)))
	n, derr := base64.RawURLEncoding.Decode(data, clean)
	if derr != nil {
		return nil, nil, err
	}
	if rest := len(clean) % 4; rest != 0 && trailingBits(clean[len(clean)-1], rest) != 0 {
		forgiven = append(forgiven, WarnTrailingBits)
	}
	if padded {
		forgiven = append(forgiven, WarnPadding)
	}
	if standard {
		forgiven = append(forgiven, WarnStandardAlphabet)
	}
	if blank {
		forgiven = append(forgiven, WarnBlanks)
	}
	return data[:n], forgiven, nil
}

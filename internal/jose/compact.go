package jose

import (
	"bytes"
	"fmt"
	"strings"
)

// MaxToken is how long a token may be for a [Verifier] that does not say
// otherwise: 64 KiB (row W19).
const MaxToken = 64 << 10

// Compact is a JWS in compact serialization (RFC 7515 section 7.1), cut but not
// decoded. The slices are parts of the token it was cut from.
type Compact struct {
	Header, Payload, Signature []byte // base64url text
	SigningInput               []byte // header, dot, payload
}

// Slice cuts a compact JWS into its segments: exactly two dots, only characters
// of base64url between them, at most [MaxToken] bytes. The header must not be
// empty; payload and signature may be. It is a *[SyntaxError] otherwise.
//
// That each segment is canonical base64url is found out when it is decoded.
func Slice(token []byte) (Compact, error) {
	if len(token) > MaxToken {
		return Compact{}, &SyntaxError{Reason: fmt.Sprintf("longer than %d bytes", MaxToken)}
	}
	c, err := slice(token)
	if err != nil {
		return Compact{}, err
	}
	for n, segment := range [...][]byte{c.Header, c.Payload, c.Signature} {
		for i, b := range segment {
			if !tokenByte(b) {
				return Compact{}, &SyntaxError{
					Segment: n + 1, Offset: i + 1,
					Reason: fmt.Sprintf("%+q is not a base64url character", b),
				}
			}
		}
	}
	return c, nil
}

// slice looks for the dots and for nothing else. It searches for three of them
// at most: a million dots cost nothing (CVE-2025-30204).
func slice(token []byte) (Compact, *SyntaxError) {
	first := bytes.IndexByte(token, '.')
	if first < 0 {
		return Compact{}, &SyntaxError{Reason: "not a token: there is no dot in it"}
	}
	second := bytes.IndexByte(token[first+1:], '.')
	if second < 0 {
		return Compact{}, &SyntaxError{Reason: "2 parts where a signed token has 3"}
	}
	second += first + 1
	if bytes.IndexByte(token[second+1:], '.') >= 0 {
		return Compact{}, &SyntaxError{Reason: "more than 3 parts"}
	}
	if first == 0 {
		return Compact{}, &SyntaxError{Segment: 1, Reason: "the header is empty"}
	}
	return Compact{
		Header:       token[:first:first],
		Payload:      token[first+1 : second : second],
		Signature:    token[second+1:],
		SigningInput: token[:second:second],
	}, nil
}

// parts cuts at dots, at most limit times.
func parts(token []byte, limit int) [][]byte { return bytes.SplitN(token, []byte("."), limit+1) }

func tokenByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_'
}

// inSegment says which segment a decoding error is about.
func inSegment(n int, err *SyntaxError) *SyntaxError {
	err.Segment = n
	return err
}

// mediaType returns the comparable form of a typ or cty: RFC 7515 section 4.1.9
// lets the prefix "application/" be left out, and media types have no case.
func mediaType(s string) string {
	s = strings.ToLower(s)
	if rest, ok := strings.CutPrefix(s, "application/"); ok && !strings.Contains(rest, "/") {
		return rest
	}
	return s
}

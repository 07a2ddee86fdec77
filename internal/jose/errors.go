package jose

import (
	"errors"
	"fmt"
	"strings"
)

// ErrConfig says that a [Verifier], a key or a signing request was put together
// wrongly: no issuer, no audience, no keys, no clock, a negative leeway. It is
// the caller's mistake and says nothing about the token (row W08).
var ErrConfig = errors.New("invalid verifier configuration")

// SyntaxError says where a token stops being one.
type SyntaxError struct {
	Segment int    // 1 header, 2 payload, 3 signature; 0 the whole input
	Offset  int    // counted from 1, in the segment's text, or in its JSON if JSON is set
	JSON    bool   // Offset counts bytes of the decoded segment
	Reason  string // lower case, holds no byte of the input that was not quoted
}

func (e *SyntaxError) Error() string {
	var where []string
	if e.Segment > 0 {
		where = append(where, fmt.Sprintf("segment %d", e.Segment))
	}
	if e.Offset > 0 {
		unit := "byte"
		if e.JSON && e.Segment > 0 {
			unit = "decoded byte"
		}
		where = append(where, fmt.Sprintf("%s %d", unit, e.Offset))
	}
	if len(where) == 0 {
		return e.Reason
	}
	return strings.Join(where, ", ") + ": " + e.Reason
}

// KeyError says why a key, or what was given as one, cannot be used.
type KeyError struct {
	KeyID  string // if it is known; text from outside, to be escaped for a terminal
	Reason string
}

func (e *KeyError) Error() string {
	if e.KeyID == "" {
		return "key: " + e.Reason
	}
	return fmt.Sprintf("key %+q: %s", e.KeyID, e.Reason)
}

func keyErrorf(format string, args ...any) *KeyError {
	return &KeyError{Reason: fmt.Sprintf(format, args...)}
}

// Code names one reason for refusing a token. The values are stable: they are
// what scripts compare in the --json output of verify.
type Code string

// The reasons a [Verifier] gives.
const (
	CodeMalformed    Code = "malformed"       // not a compact JWS, bad base64url, bad JSON; a *SyntaxError is wrapped
	CodeEncrypted    Code = "encrypted"       // five parts: a JWE
	CodeTooLarge     Code = "too_large"       // longer than Verifier.MaxSize
	CodeDuplicateKey Code = "duplicate_key"   // one JSON object has a key twice (RFC 7515 section 4, RFC 7519 section 4)
	CodeUTF8         Code = "invalid_utf8"    // header or payload is not UTF-8, or has half of a surrogate pair
	CodeAlgorithm    Code = "algorithm"       // alg missing, none, unknown, not allowed, or not the key's
	CodeCritical     Code = "critical_header" // crit, or b64 set to something else than true
	CodeKeyID        Code = "key_id"          // kid is not a string, or longer than 256 bytes
	CodeNoKey        Code = "no_key"          // no key of the set can have made this signature
	CodeSignature    Code = "signature"       // the signature does not match
	CodeType         Code = "token_type"      // typ says it is another kind of token (row W16)
	CodeNotObject    Code = "not_an_object"   // the payload is JSON but no object (row W03)
	CodeMissing      Code = "missing"         // a required claim is absent
	CodeInvalid      Code = "invalid_claim"   // a claim has the wrong type or is out of range
	CodeIssuer       Code = "issuer"          // iss is another issuer
	CodeAudience     Code = "audience"        // aud does not name us
	CodeParty        Code = "authorized_party"
	CodeExpired      Code = "expired"
	CodeNotYet       Code = "not_yet_valid"
	CodeIssuedLater  Code = "issued_in_future"
	CodeNonce        Code = "nonce"
	CodeAtHash       Code = "at_hash"
	CodeCHash        Code = "c_hash"
	CodeClaim        Code = "claim"       // a claim is not what it was to be, see Verifier.Claims
	CodeCertificate  Code = "certificate" // the certificate of the key has expired, or is not valid yet
	CodeDecrypt      Code = "decrypt"     // not of a Verifier: an encrypted token was not opened
)

// Reason is one thing that is wrong with a token.
type Reason struct {
	Code   Code   `json:"code"`
	Claim  string `json:"claim,omitempty"`  // the claim or header parameter, if it is about one
	Detail string `json:"detail,omitempty"` // for people; text from the token is quoted to ASCII
}

func (r Reason) String() string {
	s := string(r.Code)
	if r.Claim != "" {
		s += " " + r.Claim
	}
	if r.Detail != "" {
		s += ": " + r.Detail
	}
	return s
}

// VerifyError lists why a token was refused. If the signature could not be
// confirmed there is one reason and the claims were not looked at; otherwise
// every claim that failed is named.
type VerifyError struct {
	Reasons []Reason
	cause   error
}

func (e *VerifyError) Error() string {
	parts := make([]string, len(e.Reasons))
	for i, r := range e.Reasons {
		parts[i] = r.String()
	}
	return "token refused: " + strings.Join(parts, "; ")
}

// Unwrap returns the *SyntaxError of a malformed token, or nil.
func (e *VerifyError) Unwrap() error { return e.cause }

// Has reports whether one of the reasons has this code.
func (e *VerifyError) Has(code Code) bool {
	for _, r := range e.Reasons {
		if r.Code == code {
			return true
		}
	}
	return false
}

func refuse(code Code, claim, format string, args ...any) *VerifyError {
	return &VerifyError{Reasons: []Reason{{code, claim, fmt.Sprintf(format, args...)}}}
}

func refuseSyntax(err *SyntaxError) *VerifyError {
	return &VerifyError{Reasons: []Reason{{CodeMalformed, "", err.Error()}}, cause: err}
}

// errorCode returns the stable code for an error of [Explain].
func errorCode(err error) Code {
	if _, ok := errors.AsType[*DecryptError](err); ok {
		return CodeDecrypt
	}
	return CodeMalformed
}

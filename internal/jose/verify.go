package jose

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync/atomic"
	"time"
)

// Verifier checks signed tokens. It is safe for concurrent use and must not be
// changed once it is used.
type Verifier struct {
	Keys KeySource

	// Issuers and Audiences are what iss must equal and aud must contain one
	// of, byte for byte. An empty list, or an empty string in it, is [ErrConfig],
	// unless the check is switched off by its own name (row W08).
	Issuers      []string
	Audiences    []string
	SkipIssuer   bool
	SkipAudience bool

	// Algorithms limits alg further; without it each key's own algorithm decides.
	Algorithms []string

	// Types are the values typ may have, without regard to case and to a leading
	// "application/"; "" stands for no typ at all. Nil allows every type but those
	// that have a meaning of their own, such as at+jwt, logout+jwt and dpop+jwt
	// (row W16).
	Types []string

	// AuthorizedParties, if not empty, is what azp must be one of (row W11).
	AuthorizedParties []string

	// Require names claims that must be there. exp always must.
	Require []string

	// Claims are values that claims must have.
	Claims []ExpectedClaim

	Now    func() time.Time
	Leeway time.Duration // for exp, nbf and iat

	// MaxSize is the longest token in bytes; 0 stands for [MaxToken].
	MaxSize int

	memo atomic.Pointer[memo]
}

// ExpectedClaim is a value that a claim must have: a string with these characters,
// a number or true or false with this text, or an array one element of which is so.
type ExpectedClaim struct{ Name, Value string }

// Verified is a token whose signature and claims have passed.
type Verified struct {
	Header  json.RawMessage // exactly the bytes that were signed
	Payload json.RawMessage // exactly the bytes that were signed
	Key     *Key            // the key that confirmed it
	Alg     string          // the algorithm it was confirmed with
	claims  *document
}

// Verify checks one compact JWS that holds a JWT. The signature is judged before
// any claim; then every claim that fails is named. The errors are a
// *[VerifyError] for a token that is refused, [ErrConfig] for a verifier that
// makes no sense, and otherwise the error of Keys. Nothing is returned with an
// error.
//
// The token must be exactly the token: a caller that reads lines strips the
// newline (row W17).
func (v *Verifier) Verify(ctx context.Context, token []byte) (*Verified, error) {
	return v.verify(ctx, token, v.checkType, nil)
}

// verify is Verify with another rule for typ and more rules for claims.
func (v *Verifier) verify(
	ctx context.Context, token []byte, checkType func(*header) *VerifyError, more func(*checks),
) (*Verified, error) {
	if err := v.checkConfig(); err != nil {
		return nil, err
	}
	s := &scratch{claims: newDocument()}
	t, err := v.check(ctx, s, token, checkType, more)
	if err != nil {
		return nil, err
	}
	return &Verified{
		Header: bytes.Clone(t.header.text), Payload: t.payload, Key: t.key, Alg: t.header.alg, claims: s.claims,
	}, nil
}

// check verifies a token with the buffers of s, in which the result is.
func (v *Verifier) check(
	ctx context.Context, s *scratch, token []byte, checkType func(*header) *VerifyError, more func(*checks),
) (signed, error) {
	t, err := v.open(ctx, s, token)
	if err != nil {
		return t, err
	}
	if err := parsePayload(s.claims, t.payload); err != nil {
		return t, err
	}
	c := &s.checks
	now := s.now
	if now.IsZero() {
		now = v.Now()
	}
	*c = checks{doc: s.claims, now: now, leeway: v.Leeway}
	c.index()
	if err := checkType(t.header); err != nil {
		c.reasons = err.Reasons
	}
	c.standard(v)
	if more != nil {
		more(c)
	}
	if len(c.reasons) > 0 {
		return t, &VerifyError{Reasons: c.reasons}
	}
	return t, nil
}

func (v *Verifier) checkConfig() error {
	switch {
	case v.Keys == nil:
		return fmt.Errorf("%w: no keys", ErrConfig)
	case v.Now == nil:
		return fmt.Errorf("%w: no clock", ErrConfig)
	case v.Leeway < 0:
		return fmt.Errorf("%w: a negative leeway", ErrConfig)
	case !v.SkipIssuer && (len(v.Issuers) == 0 || slices.Contains(v.Issuers, "")):
		return fmt.Errorf("%w: no expected issuer", ErrConfig)
	case !v.SkipAudience && (len(v.Audiences) == 0 || slices.Contains(v.Audiences, "")):
		return fmt.Errorf("%w: no expected audience", ErrConfig)
	}
	for _, name := range v.Algorithms {
		if _, ok := lookupAlgorithm(name); !ok {
			return fmt.Errorf("%w: the algorithm %+q is not known here", ErrConfig, name)
		}
	}
	return nil
}

func parsePayload(claims *document, payload []byte) error {
	if err := claims.parse(payload, depthStrict); err != nil {
		return refuseSyntax(inSegment(2, err))
	}
	if claims.kind != kindObject {
		return refuse(CodeNotObject, "", "the payload is %s, not an object", claims.kind)
	}
	if err := refuseUnclean(claims, "payload"); err != nil {
		return err
	}
	return nil
}

func refuseUnclean(d *document, where string) *VerifyError {
	err := d.clean()
	switch {
	case err == nil:
		return nil
	case len(d.duplicates) > 0:
		return refuse(CodeDuplicateKey, string(d.duplicates[0].name), "%s: %s", where, err)
	}
	return refuse(CodeUTF8, "", "%s: %s", where, err)
}

// String returns a claim that is a string.
func (t *Verified) String(claim string) (string, bool) { return t.claims.getString(claim) }

// Bool returns a claim that is true or false.
func (t *Verified) Bool(claim string) (value, ok bool) {
	m, found := t.claims.get(claim)
	return m.kind == kindTrue, found && (m.kind == kindTrue || m.kind == kindFalse)
}

// Time returns a claim that is a NumericDate between the years 1970 and 9999.
func (t *Verified) Time(claim string) (time.Time, bool) {
	m, found := t.claims.get(claim)
	if !found || m.kind != kindNumber {
		return time.Time{}, false
	}
	d := parseDate(m.value)
	return d.time(), d.inRange()
}

// Strings returns a claim that is a string or an array of strings.
func (t *Verified) Strings(claim string) ([]string, bool) {
	m, found := t.claims.get(claim)
	if !found {
		return nil, false
	}
	return m.strings()
}

// Raw returns the exact JSON text of a claim.
func (t *Verified) Raw(claim string) (json.RawMessage, bool) {
	m, found := t.claims.get(claim)
	return json.RawMessage(m.value), found
}

// strings returns the value of a string, or of an array that has only strings.
func (m member) strings() ([]string, bool) {
	switch m.kind {
	case kindString:
		return []string{m.str()}, true
	case kindArray:
		var d document
		if d.parse(m.value, depthStrict) != nil {
			return nil, false
		}
		list := make([]string, 0, d.len())
		for e := range d.members() {
			if e.kind != kindString {
				return nil, false
			}
			list = append(list, e.str())
		}
		return list, true
	}
	return nil, false
}

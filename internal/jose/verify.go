package jose

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
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

	Now    func() time.Time
	Leeway time.Duration // for exp, nbf and iat

	// MaxSize is the longest token in bytes; 0 stands for [MaxToken].
	MaxSize int

	memo atomic.Pointer[memo]
}

// memo is the last header that was read. The tokens of one issuer mostly have the
// same, and reading it is a pure function of its text.
type memo struct {
	text   string // encoded
	header header
}

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
	s, err := v.open(ctx, token)
	if err != nil {
		return nil, err
	}
	claims, refused := parsePayload(s.payload)
	if refused != nil {
		return nil, refused
	}
	c := &checks{doc: claims, now: v.Now(), leeway: v.Leeway}
	if err := checkType(s.header); err != nil {
		c.reasons = err.Reasons
	}
	c.standard(v)
	if more != nil {
		more(c)
	}
	if len(c.reasons) > 0 {
		return nil, &VerifyError{Reasons: c.reasons}
	}
	return &Verified{Header: bytes.Clone(s.header.text), Payload: s.payload, Key: s.key, Alg: s.header.alg, claims: claims}, nil
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

// signed is a JWS whose signature is good. Nothing is known about its payload.
type signed struct {
	header  *header
	payload []byte
	key     *Key
}

// open cuts the token, reads its header and confirms its signature. It looks
// at no byte of the payload.
func (v *Verifier) open(ctx context.Context, token []byte) (*signed, error) {
	limit := v.MaxSize
	if limit <= 0 {
		limit = MaxToken
	}
	if len(token) > limit {
		return nil, refuse(CodeTooLarge, "", "%d bytes, at most %d are taken", len(token), limit)
	}
	c, serr := slice(token)
	if serr != nil {
		if len(parts(token, 5)) == 5 {
			return nil, refuse(CodeEncrypted, "", "5 parts: the token is encrypted (JWE), which is not verified")
		}
		return nil, refuseSyntax(serr)
	}
	h, refused := v.readHeader(c.Header)
	if refused != nil {
		return nil, refused
	}
	if err := v.checkAlgorithm(h.alg); err != nil {
		return nil, err
	}
	// One buffer for both parts: the payload stays, the signature is small.
	size := (len(c.Signature) + len(c.Payload)) / 4 * 3
	buffer, serr := decodeStrict(make([]byte, 0, size+3), c.Signature)
	if serr != nil {
		return nil, refuseSyntax(inSegment(3, serr))
	}
	at := len(buffer)
	key, err := v.confirm(ctx, h, c.SigningInput, buffer[:at:at])
	if err != nil {
		return nil, err
	}
	if buffer, serr = decodeStrict(buffer, c.Payload); serr != nil {
		return nil, refuseSyntax(inSegment(2, serr))
	}
	return &signed{header: h, payload: buffer[at:], key: key}, nil
}

// readHeader decodes and checks a header, or remembers it.
func (v *Verifier) readHeader(segment []byte) (*header, *VerifyError) {
	if last := v.memo.Load(); last != nil && last.text == string(segment) {
		return &last.header, nil
	}
	text, err := decodeStrict(nil, segment)
	if err != nil {
		return nil, refuseSyntax(inSegment(1, err))
	}
	m := &memo{text: string(segment)}
	if err := m.header.read(text); err != nil {
		return nil, err
	}
	v.memo.Store(m)
	return &m.header, nil
}

func (v *Verifier) checkAlgorithm(alg string) *VerifyError {
	a, known := lookupAlgorithm(alg)
	allowed := v.Algorithms
	if len(allowed) == 0 {
		allowed = Algorithms()
	}
	switch {
	case isNone(alg):
		return refuse(CodeAlgorithm, "alg", "%+q: the token is not signed", alg)
	case !known || len(v.Algorithms) > 0 && !slices.Contains(v.Algorithms, a.name):
		return refuse(CodeAlgorithm, "alg", "%+q is not allowed (allowed: %s)", alg, strings.Join(allowed, ", "))
	}
	return nil
}

// confirm finds the key that made the signature.
func (v *Verifier) confirm(ctx context.Context, h *header, input, signature []byte) (*Key, error) {
	keys, err := v.Keys.Keys(ctx, h.kid, h.alg)
	if err != nil {
		return nil, fmt.Errorf("find the key of a token: %w", err)
	}
	a, _ := lookupAlgorithm(h.alg)
	text := string(input)
	tried := false
	for _, k := range keys {
		// The source has looked at this already; a source that did not
		// must not turn a public key into a secret.
		if k == nil || !k.canVerify || !k.accepts(h.alg) {
			continue
		}
		tried = true
		if a.method.Verify(text, signature, k.material()) == nil {
			return k, nil
		}
	}
	if tried {
		return nil, refuse(CodeSignature, "", "the signature does not match")
	}
	if h.kid == "" {
		return nil, refuse(CodeNoKey, "", "there is no key for %s", h.alg)
	}
	return nil, refuse(CodeNoKey, "kid", "there is no key %+q for %s", h.kid, h.alg)
}

func parsePayload(payload []byte) (*document, *VerifyError) {
	claims := newDocument()
	if err := claims.parse(payload, depthStrict); err != nil {
		return nil, refuseSyntax(inSegment(2, err))
	}
	if claims.kind != kindObject {
		return nil, refuse(CodeNotObject, "", "the payload is %s, not an object", claims.kind)
	}
	return claims, refuseUnclean(claims, "payload")
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

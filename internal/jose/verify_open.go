package jose

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// scratch is what the verification of one token needs; with it the next one
// allocates nothing.
type scratch struct {
	claims *document
	checks checks
	buffer []byte
	table  *pairs           // nil: decodeStrict
	memos  map[string]*memo // nil: Verifier.memo
	now    time.Time        // zero: Verifier.Now
}

// memo is a header that was read. The tokens of one issuer mostly have the same,
// and reading it is a pure function of its text.
type memo struct {
	text      string // encoded
	header    header
	algorithm algorithm
	keys      []*Key // that a Set has for it; a Set does not change
}

// signed is a JWS whose signature is good. Nothing is known about its payload.
type signed struct {
	header  *header
	payload []byte
	key     *Key
}

// open cuts the token, reads its header and confirms its signature. It looks
// at no byte of the payload.
func (v *Verifier) open(ctx context.Context, s *scratch, token []byte) (signed, error) {
	limit := v.MaxSize
	if limit <= 0 {
		limit = MaxToken
	}
	if len(token) > limit {
		return signed{}, refuse(CodeTooLarge, "", "%d bytes, at most %d are taken", len(token), limit)
	}
	c, serr := slice(token)
	if serr != nil {
		if len(parts(token, 5)) == 5 {
			return signed{}, refuse(CodeEncrypted, "", "5 parts: the token is encrypted (JWE), which is not verified")
		}
		return signed{}, refuseSyntax(serr)
	}
	m, err := v.readHeader(s, c.Header)
	if err != nil {
		return signed{}, err
	}
	// One buffer for both parts: the payload stays, the signature is small.
	if cap(s.buffer) == 0 {
		s.buffer = make([]byte, 0, (len(c.Signature)+len(c.Payload))/4*3+3)
	}
	buffer, serr := s.decode(s.buffer[:0], c.Signature)
	if serr != nil {
		return signed{}, refuseSyntax(inSegment(3, serr))
	}
	at := len(buffer)
	key, err := v.confirm(ctx, m, c.SigningInput, buffer[:at:at])
	if err != nil {
		return signed{}, err
	}
	if buffer, serr = s.decode(buffer, c.Payload); serr != nil {
		return signed{}, refuseSyntax(inSegment(2, serr))
	}
	s.buffer = buffer
	return signed{header: &m.header, payload: buffer[at:], key: key}, nil
}

func (s *scratch) decode(dst, src []byte) ([]byte, *SyntaxError) {
	if s.table != nil {
		if out, ok := s.table.decode(dst, src); ok {
			return out, nil
		}
	}
	return decodeStrict(dst, src)
}

func (v *Verifier) readHeader(s *scratch, segment []byte) (*memo, error) {
	m := v.memo.Load()
	if m != nil && m.text == string(segment) {
		return m, nil
	}
	if m = s.memos[string(segment)]; m != nil {
		v.memo.Store(m)
		return m, nil
	}
	text, serr := decodeStrict(nil, segment)
	if serr != nil {
		return nil, refuseSyntax(inSegment(1, serr))
	}
	m = &memo{text: string(segment)}
	if err := m.header.read(text, false); err != nil {
		return nil, err
	}
	var refused *VerifyError
	if m.algorithm, refused = v.checkAlgorithm(m.header.alg); refused != nil {
		return nil, refused
	}
	if set, ok := v.Keys.(*Set); ok {
		m.keys = set.find(m.header.kid, m.header.alg)
	}
	if s.memos != nil {
		if len(s.memos) >= maxHeads {
			clear(s.memos)
		}
		s.memos[m.text] = m
	}
	v.memo.Store(m)
	return m, nil
}

func (v *Verifier) checkAlgorithm(alg string) (algorithm, *VerifyError) {
	a, known := lookupAlgorithm(alg)
	if known && (len(v.Algorithms) == 0 || slices.Contains(v.Algorithms, a.name)) {
		return a, nil
	}
	if isNone(alg) {
		return a, refuse(CodeAlgorithm, "alg", "%+q: the token is not signed", alg)
	}
	allowed := v.Algorithms
	if len(allowed) == 0 {
		allowed = Algorithms()
	}
	return a, refuse(CodeAlgorithm, "alg", "%+q is not allowed (allowed: %s)", alg, strings.Join(allowed, ", "))
}

// confirm finds the key that made the signature.
func (v *Verifier) confirm(ctx context.Context, m *memo, input, signature []byte) (*Key, error) {
	h, keys := &m.header, m.keys
	if _, fixed := v.Keys.(*Set); !fixed {
		var err error
		if keys, err = v.Keys.Keys(ctx, h.kid, h.alg); err != nil {
			return nil, fmt.Errorf("find the key of a token: %w", err)
		}
	}
	tried := false
	var expired *VerifyError
	for _, k := range keys {
		// The source has looked at this already; a source that did not
		// must not turn a public key into a secret.
		if k == nil || !k.canVerify || !k.accepts(h.alg) {
			continue
		}
		if expired = k.checkValidity(v.Now); expired != nil {
			continue
		}
		tried = true
		if k.verify(&m.algorithm, input, signature) {
			return k, nil
		}
	}
	switch {
	case tried:
		return nil, refuse(CodeSignature, "", "the signature does not match")
	case expired != nil:
		return nil, expired
	case h.kid == "":
		return nil, refuse(CodeNoKey, "", "there is no key for %s", h.alg)
	}
	return nil, refuse(CodeNoKey, "kid", "there is no key %+q for %s", h.kid, h.alg)
}

// VerifyDetached checks a JWS whose payload is not in it (RFC 7515 appendix F) but
// given beside it, also with b64 false (RFC 7797). Only the signature is judged:
// such a payload is no JWT, whatever is in it, and no claim of it counts. Issuers,
// Audiences, Claims and Require must not be set; types are checked.
func (v *Verifier) VerifyDetached(ctx context.Context, token, payload []byte) (*Verified, error) {
	if v.Keys == nil || v.Now == nil || len(v.Issuers)+len(v.Audiences)+len(v.Claims)+len(v.Require) > 0 {
		return nil, fmt.Errorf("%w: of a detached payload only the signature is checked", ErrConfig)
	}
	if len(token) > MaxToken {
		return nil, refuse(CodeTooLarge, "", "%d bytes, at most %d are taken", len(token), MaxToken)
	}
	c, serr := slice(token)
	if serr != nil {
		return nil, refuseSyntax(serr)
	}
	if len(c.Payload) > 0 {
		return nil, refuse(CodeMalformed, "", "the token has a payload of its own")
	}
	text, serr := decodeStrict(nil, c.Header)
	if serr != nil {
		return nil, refuseSyntax(inSegment(1, serr))
	}
	m := &memo{}
	if err := m.header.read(text, true); err != nil {
		return nil, err
	}
	var refused *VerifyError
	if m.algorithm, refused = v.checkAlgorithm(m.header.alg); refused != nil {
		return nil, refused
	}
	signature, serr := decodeStrict(nil, c.Signature)
	if serr != nil {
		return nil, refuseSyntax(inSegment(3, serr))
	}
	if set, ok := v.Keys.(*Set); ok {
		m.keys = set.find(m.header.kid, m.header.alg)
	}
	input := append(append([]byte{}, c.Header...), '.')
	if m.header.unencoded {
		input = append(input, payload...)
	} else {
		input = append(input, encode(payload)...)
	}
	key, err := v.confirm(ctx, m, input, signature)
	if err != nil {
		return nil, err
	}
	if err := v.checkType(&m.header); err != nil {
		return nil, err
	}
	return &Verified{Header: m.header.text, Payload: payload, Key: key, Alg: m.header.alg, claims: &document{}}, nil
}

package jose

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
	"unicode/utf8"
)

// What [Explanation.Type] can be.
const (
	TypeJWT     = "jwt"      // compact JWS, the payload is a JSON object
	TypeJWS     = "jws"      // compact JWS of something else
	TypeJWSJSON = "jws-json" // JWS in flattened or general JSON serialization
	TypeJWE     = "jwe"      // encrypted, compact
	TypeJWEJSON = "jwe-json" // encrypted, JSON serialization
	TypeSDJWT   = "sd-jwt"   // JWT with disclosures behind it
	TypeOpaque  = "opaque"   // a token only its issuer can read
)

const (
	maxExplain = 16 << 20
	maxNested  = 3
)

// ExplainOptions are the surroundings of an explanation.
type ExplainOptions struct {
	// Now, if set, adds to each date how far it is away.
	Now func() time.Time
	// Location, if set, adds to each date its local form.
	Location *time.Location
	// MaxSize is the longest input in bytes; 0 stands for 16 MiB.
	MaxSize int
	// Redact, if set, replaces what identifies a person. A payload that is not
	// JSON is left out.
	Redact *Redactor
	// Key, if set, opens encrypted tokens.
	Key *DecryptionKey
	// Payload, if not nil, is shown for a token whose payload was left out.
	Payload []byte

	brief bool // without the sizes of what is not encrypted
}

// Explanation says what a token is and what is in it. Nothing in it is verified:
// it is for showing and must never decide anything (row W23).
//
// Header and Payload are the exact bytes that were decoded; they can hold
// invalid UTF-8, keys twice and characters that disturb a terminal, for which
// there are warnings. [Explanation.AppendJSON] makes safe JSON of it all.
type Explanation struct {
	Type        string
	Header      json.RawMessage // nil if there is none; of several signatures that of the first
	Payload     json.RawMessage // nil if the payload is not JSON, encrypted or not there
	Bytes       []byte          // the payload if it is not JSON
	Detached    bool            // the payload was left out (RFC 7515 appendix F)
	Decrypted   bool            // an encrypted token was opened with the key of the options
	Parts       []Part
	Signatures  []Signature  // TypeJWSJSON
	Disclosures []Disclosure // TypeSDJWT
	Nested      *Explanation // the token that is the payload
	Opaque      *Opaque      // TypeOpaque
	Times       []Time       // dates among the claims, in their order
	Warnings    []Warning
	Stripped    []string // what was taken off the input to get at the token, see [Explain]
	Others      []string // other tokens in the input that were not chosen, by name

	options ExplainOptions
}

// Part is one part of a serialization.
type Part struct {
	Name    string // header, payload, signature, encrypted_key, iv, ciphertext, tag
	Encoded int    // characters
	Decoded int    // bytes, -1 if it is not base64url
}

// Signature is one of the signatures of [TypeJWSJSON].
type Signature struct {
	Protected   json.RawMessage
	Unprotected json.RawMessage // not covered by the signature
	Bytes       int
}

// Explain finds the token in what somebody pasted and decodes it without a key.
//
// It takes the token alone or within: a BOM, blanks and line ends, quotes, an HTTP
// header line, an authentication scheme, a shell assignment, a JSON token
// response, a URL with query or fragment, a cookie, and with line breaks in it.
// What was taken off is listed in Stripped, outermost first, as one of: bom,
// blanks, quotes, header:NAME, scheme:NAME, assignment:NAME, json:NAME, url:NAME,
// cookie:NAME, line_breaks.
//
// The error is a *[SyntaxError] if there is no token, or one whose parts cannot be
// decoded, and a *[DecryptError] if Key does not open it. Algorithms need not be
// known.
func Explain(input []byte, o ExplainOptions) (*Explanation, error) {
	limit := o.MaxSize
	if limit <= 0 {
		limit = maxExplain
	}
	if len(input) > limit {
		return nil, &SyntaxError{Reason: fmt.Sprintf("longer than %d bytes", limit)}
	}
	if e := explainBare(input, o); e != nil {
		return e, nil
	}
	f, err := extract(input)
	if err != nil {
		return nil, err
	}
	e := &Explanation{options: o, Stripped: f.stripped, Others: f.others}
	if err := e.token(f.token, 1); err != nil {
		return nil, err
	}
	e.redact()
	return e, nil
}

// explainBare explains the ordinary case, one compact JWS in strict base64url
// with at most a newline behind it. It returns nil if the input is anything else.
func explainBare(input []byte, o ExplainOptions) *Explanation {
	input = bytes.TrimSuffix(input, []byte("\n"))
	if !bare(input) {
		return nil
	}
	c, err := slice(input)
	if err != nil {
		return nil
	}
	if _, err := decodeStrict(nil, c.Signature); err != nil {
		return nil
	}
	e := &Explanation{options: o}
	if e.compact([][]byte{c.Header, c.Payload, c.Signature}, 1) != nil {
		return nil
	}
	e.redact()
	return e
}

// token recognises the kind of token and explains it.
func (e *Explanation) token(token []byte, depth int) error {
	if len(token) > 0 && token[0] == '{' {
		return e.jsonSerialization(token)
	}
	if o := recognise(token); o != nil {
		e.Type, e.Opaque = TypeOpaque, o
		return nil
	}
	if i := bytes.IndexByte(token, '~'); i >= 0 && bytes.IndexByte(token[:i], '.') >= 0 {
		return e.sdJWT(token, i, depth)
	}
	switch p := parts(token, 5); len(p) {
	case 3:
		return e.compact(p, depth)
	case 5:
		return e.jwe(token, p, depth)
	case 1:
		return e.opaque(token)
	case 6:
		return &SyntaxError{Reason: "more than 5 parts; a signed token has 3, an encrypted one 5"}
	default:
		return &SyntaxError{Reason: fmt.Sprintf("%d parts; a signed token has 3, an encrypted one 5", len(p))}
	}
}

func (e *Explanation) compact(p [][]byte, depth int) error {
	header, err := e.segment(1, "header", p[0])
	if err != nil {
		return err
	}
	head, err := e.header(header)
	if err != nil {
		return err
	}
	unencoded := head.unencoded()
	if unencoded {
		e.Parts = append(e.Parts, Part{"payload", len(p[1]), len(p[1])})
		e.payload(p[1], head, depth)
	} else {
		payload, err := e.segment(2, "payload", p[1])
		if err != nil {
			return err
		}
		e.payload(payload, head, depth)
	}
	e.signature(p[2], head)
	return nil
}

// segment decodes one part, forgiving what can be forgiven.
func (e *Explanation) segment(n int, name string, text []byte) ([]byte, error) {
	data, forgiven, err := decodeTolerant(text)
	if err != nil {
		return nil, inSegment(n, err)
	}
	for _, code := range forgiven {
		e.warn(code, name, "")
	}
	e.Parts = append(e.Parts, Part{name, len(text), len(data)})
	return data, nil
}

// header reads a header, which must be a JSON object, and warns about it.
func (e *Explanation) header(text []byte) (*document, error) {
	head := newDocument()
	if err := head.parse(text, depthTolerant); err != nil {
		return nil, inSegment(1, err)
	}
	if head.kind != kindObject {
		return nil, &SyntaxError{Segment: 1, Reason: "the header is " + head.kind.String() + ", not an object"}
	}
	e.Header = text
	e.warnDocument(head, "header")
	e.warnHeader(head)
	return head, nil
}

// payload explains what was signed: claims, another token, text or bytes.
func (e *Explanation) payload(data []byte, head *document, depth int) {
	if !e.encrypted() {
		e.Type = TypeJWS
	}
	if len(data) == 0 {
		if e.encrypted() {
			return
		}
		e.Detached = true
		e.warn(WarnDetached, "payload", "")
		if data = e.options.Payload; len(data) == 0 {
			return
		}
	}
	if zip, ok := head.getString("zip"); ok && !e.encrypted() {
		e.warn(WarnCompressed, "zip", quote(zip))
	}
	claims := newDocument()
	if err := claims.parse(data, depthTolerant); err != nil {
		e.Bytes = data
		if inner := e.nested(data, head, depth); inner != nil {
			e.Nested, e.Bytes = inner, nil
			return
		}
		e.warn(WarnNotJSON, "payload", err.Error())
		return
	}
	e.Payload = data
	e.warnDocument(claims, "payload")
	if claims.kind != kindObject {
		e.warn(WarnNotObject, "payload", claims.kind.String())
		return
	}
	if !e.encrypted() {
		e.Type = TypeJWT
	}
	e.claims(claims)
}

func (e *Explanation) encrypted() bool { return e.Type == TypeJWE || e.Type == TypeJWEJSON }

// nested explains a payload that is a token itself (RFC 7519 section 5.2).
func (e *Explanation) nested(data []byte, head *document, depth int) *Explanation {
	cty, _ := head.getString("cty")
	if depth >= maxNested || mediaType(cty) != "jwt" && !looksLikeJWT(data) {
		return nil
	}
	inner := &Explanation{options: e.options}
	if inner.token(data, depth+1) != nil {
		return nil
	}
	return inner
}

func (e *Explanation) signature(text []byte, head *document) {
	data, forgiven, err := decodeTolerant(text)
	if err != nil {
		e.Parts = append(e.Parts, Part{"signature", len(text), -1})
		e.warn(WarnSignature, "signature", err.Error())
		return
	}
	e.Parts = append(e.Parts, Part{"signature", len(text), len(data)})
	for _, code := range forgiven {
		e.warn(code, "signature", "")
	}
	e.warnSignature(head, len(data))
}

// opaque explains a text without dots: a token as far as one can see.
func (e *Explanation) opaque(token []byte) error {
	if len(token) < 16 || bytes.IndexFunc(token, notOpaque) >= 0 {
		return &SyntaxError{Reason: "not a token: there is no dot in it"}
	}
	e.Type, e.Opaque = TypeOpaque, &Opaque{}
	return nil
}

func notOpaque(r rune) bool { return r <= ' ' || r >= 0x7f || r == '"' || r == '<' || r == '>' }

func quote(s string) string {
	if len(s) > 80 && utf8.ValidString(s) {
		return fmt.Sprintf("%+q...", s[:80])
	}
	return fmt.Sprintf("%+q", s)
}

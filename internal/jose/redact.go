package jose

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"hash"
)

// Redactor replaces what identifies a person or a token in decoded JSON: the
// values of sub, jti and email, at any depth, by "redacted:" and a keyed hash.
// Equal values have equal hashes, so that lines can still be told apart and
// counted; without the salt nobody can find out which value it was.
type Redactor struct {
	salt []byte
	mac  hash.Hash
	sum  []byte
	name []byte
}

// NewRedactor makes a Redactor. Nil as a salt stands for a random one: then hashes
// are only equal within one run. Other salts should have 16 random bytes or more.
func NewRedactor(salt []byte) *Redactor {
	if salt == nil {
		salt = make([]byte, 32)
		_, _ = rand.Read(salt) // it does not fail
	}
	return &Redactor{salt: bytes.Clone(salt), mac: hmac.New(sha256.New, salt)}
}

// clone returns a Redactor for another goroutine; of nil, nil.
func (r *Redactor) clone() *Redactor {
	if r == nil {
		return nil
	}
	return NewRedactor(r.salt)
}

// appendSafe is appendJSON, and redacts unless r is nil.
func appendSafe(dst, data []byte, r *Redactor) []byte {
	if r == nil {
		return appendJSON(dst, data)
	}
	return r.appendJSON(dst, data)
}

// appendJSON appends a checked JSON text with the values replaced.
func (r *Redactor) appendJSON(dst, data []byte) []byte {
	from := 0 // what is before it has been appended
	for i := 0; i < len(data); {
		if data[i] != '"' {
			i++
			continue
		}
		end := stringEnd(data, i)
		colon := skipBlanks(data, end)
		if colon == len(data) || data[colon] != ':' || !r.secret(data[i+1:end-1]) {
			i = end
			continue
		}
		start := skipBlanks(data, colon+1)
		i = valueEnd(data, start)
		if c := data[start]; c == 'n' || c == 't' || c == 'f' {
			continue
		}
		dst = appendJSON(dst, data[from:start])
		dst = r.appendHash(dst, data[start:i])
		from = i
	}
	return appendJSON(dst, data[from:])
}

// secret reports whether the value of the key with this inside is to be replaced.
func (r *Redactor) secret(key []byte) bool {
	if bytes.IndexByte(key, '\\') >= 0 {
		r.name = unescape(r.name[:0], key)
		key = r.name
	}
	return secretName(string(key))
}

func secretName(name string) bool { return name == "sub" || name == "jti" || name == "email" }

func (r *Redactor) appendHash(dst, value []byte) []byte {
	if value[0] == '"' {
		value = value[1 : len(value)-1]
		if bytes.IndexByte(value, '\\') >= 0 {
			value = unescape(nil, value)
		}
	}
	r.mac.Reset()
	r.mac.Write(value)
	r.sum = r.mac.Sum(r.sum[:0])
	dst = append(dst, `"redacted:`...)
	dst = base64.RawURLEncoding.AppendEncode(dst, r.sum[:16])
	return append(dst, '"')
}

// stringEnd returns the offset behind the string that begins at i in a checked text.
func stringEnd(data []byte, i int) int {
	for i++; data[i] != '"'; i++ {
		if data[i] == '\\' {
			i++
		}
	}
	return i + 1
}

func skipBlanks(data []byte, i int) int {
	for i < len(data) && data[i] <= ' ' {
		i++
	}
	return i
}

// valueEnd returns the offset behind the value that begins at i in a checked text.
func valueEnd(data []byte, i int) int {
	depth := 0
	for i < len(data) {
		switch data[i] {
		case '"':
			if i = stringEnd(data, i); depth == 0 {
				return i
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return i
			}
			if depth--; depth == 0 {
				return i + 1
			}
		case ',', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return i
			}
		}
		i++
	}
	return i
}

// redact replaces the values in an explanation that is complete.
func (e *Explanation) redact() {
	r := e.options.Redact
	if r == nil {
		return
	}
	replace := func(text []byte) []byte {
		if text == nil {
			return nil
		}
		return r.appendJSON(nil, text)
	}
	e.Header, e.Payload = replace(e.Header), replace(e.Payload)
	e.Bytes = nil // nobody knows what is in it
	for i := range e.Signatures {
		s := &e.Signatures[i]
		s.Protected, s.Unprotected = replace(s.Protected), replace(s.Unprotected)
	}
	for i := range e.Disclosures {
		d := &e.Disclosures[i]
		if d.Value == nil {
			continue
		}
		if secretName(d.Name) {
			d.Value = r.appendHash(nil, d.Value)
		} else {
			d.Value = replace(d.Value)
		}
	}
	if e.Nested != nil {
		e.Nested.redact()
	}
}

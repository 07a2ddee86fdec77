package jose

import (
	"bytes"
	"crypto"
	"encoding/json"
	"fmt"
)

// jsonToken recognises the JSON serializations (RFC 7515 section 7.2, RFC 7516
// section 7.2) by their members.
func jsonToken(d *document) string {
	has := func(name string) bool { _, ok := d.get(name); return ok }
	switch {
	case has("ciphertext"):
		return TypeJWEJSON
	case has("signatures"), has("signature") && (has("payload") || has("protected")):
		return TypeJWSJSON
	}
	return ""
}

func (e *Explanation) jsonSerialization(token []byte) error {
	var d document
	if err := d.parse(token, depthTolerant); err != nil {
		err.JSON = false
		return err
	}
	e.Type = jsonToken(&d)
	e.warnDocument(&d, "token")
	switch e.Type {
	case TypeJWSJSON:
		return e.jwsJSON(&d)
	case TypeJWEJSON:
		return e.jweJSON(&d)
	}
	return &SyntaxError{Reason: "a JSON object with no token in it"}
}

func (e *Explanation) jwsJSON(d *document) error {
	entries := []*document{d}
	if list, ok := d.get("signatures"); ok {
		var array document
		if list.kind != kindArray || array.parse(list.value, depthTolerant) != nil {
			return &SyntaxError{Reason: "signatures is not an array"}
		}
		entries = nil
		for i := range min(array.len(), maxSignatures) {
			m := array.at(i)
			entry := &document{}
			if m.kind == kindObject && entry.parse(m.value, depthTolerant) == nil {
				entries = append(entries, entry)
			}
		}
	}
	head := &document{}
	for i, entry := range entries {
		h, err := e.signatureEntry(entry, i == 0)
		if err != nil {
			return err
		}
		if i == 0 {
			head = h
		}
	}
	m, ok := d.get("payload")
	if !ok || m.kind != kindString {
		e.Detached = true
		e.warn(WarnDetached, "payload", "")
		return nil
	}
	kind := e.Type
	data := []byte(m.str())
	if !head.unencoded() {
		var err error
		if data, err = e.segment(2, "payload", data); err != nil {
			return err
		}
	}
	e.payload(data, head, 1)
	e.Type = kind
	return nil
}

// signatureEntry explains one signature. The first one's header becomes the
// header of the explanation.
func (e *Explanation) signatureEntry(entry *document, first bool) (*document, error) {
	var s Signature
	head := &document{}
	if text, ok := entry.getString("protected"); ok && text != "" {
		data, err := e.segment(1, "header", []byte(text))
		if err != nil {
			return nil, err
		}
		shown := e.Header
		if head, err = e.header(data); err != nil {
			return nil, err
		}
		if s.Protected = e.Header; !first {
			e.Header = shown
		}
	}
	if m, ok := entry.get("header"); ok && m.kind == kindObject {
		s.Unprotected = m.value
		e.warn(WarnUnprotected, "header", "")
		if s.Protected == nil {
			if err := head.parse(m.value, depthTolerant); err == nil {
				e.warnHeader(head)
			}
			if first {
				e.Header = s.Unprotected
			}
		}
	}
	if text, ok := entry.getString("signature"); ok {
		if data, _, err := decodeTolerant([]byte(text)); err == nil {
			s.Bytes = len(data)
		} else {
			e.warn(WarnSignature, "signature", err.Error())
		}
	}
	e.Signatures = append(e.Signatures, s)
	return head, nil
}

// jwe explains a compact JWE: its header, how long its parts are and, with a key,
// what is in it.
func (e *Explanation) jwe(token []byte, p [][]byte, depth int) error {
	e.Type = TypeJWE
	data, err := e.segment(1, "header", p[0])
	if err != nil {
		return err
	}
	head, err := e.header(data)
	if err != nil {
		return err
	}
	if zip, ok := head.getString("zip"); ok {
		e.warn(WarnCompressed, "zip", quote(zip))
	}
	for i, name := range []string{"encrypted_key", "iv", "ciphertext", "tag"} {
		e.part(name, p[i+1])
	}
	return e.decrypt(token, head, depth)
}

// decrypt opens an encrypted token if there is a key, and explains what is in it.
func (e *Explanation) decrypt(token []byte, head *document, depth int) error {
	if e.options.Key == nil {
		return nil
	}
	data, err := e.options.Key.open(token, head)
	if err != nil {
		return err
	}
	e.Decrypted = true
	e.payload(data, head, depth)
	return nil
}

func (e *Explanation) part(name string, text []byte) {
	size := -1
	if data, _, err := decodeTolerant(text); err == nil {
		size = len(data)
	}
	e.Parts = append(e.Parts, Part{name, len(text), size})
}

func (e *Explanation) jweJSON(d *document) error {
	if text, ok := d.getString("protected"); ok {
		data, err := e.segment(1, "header", []byte(text))
		if err != nil {
			return err
		}
		if _, err := e.header(data); err != nil {
			return err
		}
	} else if m, ok := d.get("unprotected"); ok && m.kind == kindObject {
		e.Header = m.value
		e.warn(WarnUnprotected, "unprotected", "")
	}
	for _, name := range []string{"encrypted_key", "iv", "ciphertext", "tag"} {
		if text, ok := d.getString(name); ok {
			e.part(name, []byte(text))
		}
	}
	if e.options.Key != nil {
		return decryptErrorf("only the compact serialization is opened")
	}
	return nil
}

// Disclosure is one disclosed claim or array element of an SD-JWT (RFC 9901).
type Disclosure struct {
	Name    string          // "" for an array element
	Value   json.RawMessage // nil if the disclosure is not readable
	Matched bool            // a digest in the payload, or in another disclosure, stands for it
}

const (
	maxSignatures  = 100
	maxDisclosures = 1000
)

// sdJWT explains a JWT with disclosures: <jwt>~<disclosure>~...~<optional key binding>.
func (e *Explanation) sdJWT(token []byte, first, depth int) error {
	if err := e.token(token[:first], depth); err != nil {
		return err
	}
	if e.Type != TypeJWT {
		return &SyntaxError{Reason: "disclosures behind something that is no JWT"}
	}
	e.Type = TypeSDJWT
	if bytes.Count(token[first+1:], []byte("~")) > maxDisclosures {
		return &SyntaxError{Reason: fmt.Sprintf("more than %d disclosures", maxDisclosures)}
	}
	list := bytes.Split(token[first+1:], []byte("~"))
	binding := list[len(list)-1]
	list = list[:len(list)-1]
	if len(binding) > 0 {
		e.Parts = append(e.Parts, Part{"key_binding", len(binding), -1})
	}
	// A digest may stand in the payload or, for a claim inside a claim, in
	// another disclosure.
	digests := make(map[string]bool)
	collectStrings(digests, e.Payload)
	for _, text := range list {
		if data, err := decodeStrict(nil, text); err == nil {
			collectStrings(digests, data)
		}
	}
	hash := disclosureHash(e.Payload)
	for i, text := range list {
		e.disclosure(i, text, hash, digests)
	}
	return nil
}

func (e *Explanation) disclosure(i int, text []byte, hash crypto.Hash, digests map[string]bool) {
	var d document
	data, err := decodeStrict(nil, text)
	if err == nil {
		err = d.parse(data, depthTolerant)
	}
	n := d.len()
	if err != nil || d.kind != kindArray || n < 2 || n > 3 || n == 3 && d.at(1).kind != kindString {
		e.warn(WarnDisclosureBad, fmt.Sprintf("disclosure %d", i+1), "")
		e.Disclosures = append(e.Disclosures, Disclosure{})
		return
	}
	h := hash.New()
	h.Write(text)
	out := Disclosure{Value: d.at(n - 1).value, Matched: digests[encode(h.Sum(nil))]}
	if n == 3 {
		out.Name = d.at(1).str()
	}
	if !out.Matched {
		e.warn(WarnDisclosure, fmt.Sprintf("disclosure %d", i+1), "")
	}
	e.Disclosures = append(e.Disclosures, out)
}

// collectStrings adds what stands between two quotes and could be a digest.
func collectStrings(set map[string]bool, text []byte) {
	for {
		i := bytes.IndexByte(text, '"')
		if i < 0 {
			return
		}
		text = text[i+1:]
		if n := bytes.IndexByte(text, '"'); n == 43 || n == 64 || n == 86 {
			set[string(text[:n])] = true
		}
	}
}

// disclosureHash returns the hash that the claim _sd_alg names.
func disclosureHash(payload []byte) crypto.Hash {
	var d document
	if d.parse(payload, depthTolerant) == nil {
		switch name, _ := d.getString("_sd_alg"); name {
		case "sha-384":
			return crypto.SHA384
		case "sha-512":
			return crypto.SHA512
		}
	}
	return crypto.SHA256
}

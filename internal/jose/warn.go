package jose

import (
	"bytes"
	"fmt"
)

// Warning is something odd about a token that was decoded.
type Warning struct {
	Code   string // one of the Warn constants; stable
	Where  string // header, payload, signature, or the name of a member; text from outside
	Detail string // facts for people, quoted to ASCII; may be empty
}

// The codes of warnings.
const (
	WarnNone             = "alg_none"                 // the token is not signed
	WarnNoAlg            = "alg_missing"              // the header names no algorithm, or not as a string
	WarnUnknownAlg       = "alg_unknown"              // the algorithm cannot be verified here
	WarnNoSignature      = "signature_empty"          // there is an algorithm and no signature
	WarnSignature        = "signature_unreadable"     // the signature is not base64url
	WarnSignatureLength  = "signature_length"         // no signature of this algorithm has this length
	WarnCritical         = "critical_header"          // crit demands extensions
	WarnUnencoded        = "payload_unencoded"        // b64 is false (RFC 7797)
	WarnDetached         = "payload_detached"         // the payload is empty or was left out
	WarnCompressed       = "payload_compressed"       // zip
	WarnNotJSON          = "payload_not_json"         // text or bytes
	WarnNotObject        = "payload_not_an_object"    // JSON, but no claims
	WarnDuplicate        = "duplicate_key"            // a key is there twice; readers disagree about which counts
	WarnUTF8             = "invalid_utf8"             // bytes that are not UTF-8
	WarnSurrogate        = "lone_surrogate"           // an escape is half of a surrogate pair
	WarnHidden           = "hidden_characters"        // control characters, or such as reorder or hide text
	WarnTrailingBits     = "base64_trailing_bits"     // not canonical base64url
	WarnPadding          = "base64_padding"           // "=" at the end
	WarnStandardAlphabet = "base64_standard_alphabet" // "+" or "/"
	WarnBlanks           = "base64_blanks"            // blanks inside
	WarnKeyInHeader      = "key_in_header"            // jwk or x5c: never trusted
	WarnPrivateKey       = "private_key_in_header"    // the private part of a key
	WarnKeyURL           = "key_url_in_header"        // jku or x5u: never fetched
	WarnKeyID            = "key_id"                   // kid is no string, or very long
	WarnUnprotected      = "unprotected_header"       // parameters the signature does not cover
	WarnMilliseconds     = "milliseconds"             // a date that looks like milliseconds
	WarnDate             = "date_invalid"             // a date claim that is no date
	WarnCase             = "claim_case"               // a registered claim in other letters; it does not count
	WarnIterations       = "password_iterations"      // p2c is very large
	WarnWeakEncryption   = "weak_encryption"          // RSA1_5
	WarnDisclosure       = "disclosure_unmatched"     // a disclosure no digest stands for
	WarnDisclosureBad    = "disclosure_unreadable"
)

const maxWarnings = 100

func (e *Explanation) warn(code, where, detail string) {
	if len(e.Warnings) < maxWarnings {
		e.Warnings = append(e.Warnings, Warning{code, where, detail})
	}
}

// warnDocument warns about the text of a header or payload as such.
func (e *Explanation) warnDocument(d *document, where string) {
	for _, dup := range d.duplicates {
		e.warn(WarnDuplicate, where, quote(string(dup.name)))
	}
	if d.badUTF8 > 0 {
		e.warn(WarnUTF8, where, fmt.Sprintf("byte %d", d.badUTF8))
	}
	if d.surrogate {
		e.warn(WarnSurrogate, where, "")
	}
	if d.badUTF8 == 0 && !d.plain && hidden(d.text) {
		e.warn(WarnHidden, where, "")
	}
}

// hidden reports whether a UTF-8 text has characters of unsafeRune beyond ASCII,
// or DEL; those below are not possible in JSON.
func hidden(text []byte) bool {
	return bytes.ContainsFunc(text, func(r rune) bool { return r >= 0x7f && r != 0xfffd && unsafeRune(r) })
}

func (e *Explanation) warnHeader(head *document) {
	for m := range head.members() {
		switch string(m.name) {
		case "alg":
			e.warnAlg(m)
		case "crit":
			e.warn(WarnCritical, "crit", excerpt(m.value))
		case "b64":
			if m.kind != kindTrue {
				e.warn(WarnUnencoded, "b64", "")
			}
		case "kid":
			if m.kind != kindString || len(m.value) > maxKeyID+2 {
				e.warn(WarnKeyID, "kid", excerpt(m.value))
			}
		case "jwk":
			e.warnKey(m)
		case "x5c":
			e.warn(WarnKeyInHeader, "x5c", "")
		case "jku", "x5u":
			e.warn(WarnKeyURL, string(m.name), excerpt(m.value))
		case "p2c":
			if m.kind != kindNumber || parseDate(m.value).seconds > 1200000 {
				e.warn(WarnIterations, "p2c", excerpt(m.value))
			}
		}
	}
	if _, ok := head.get("alg"); !ok {
		e.warn(WarnNoAlg, "header", "")
	}
}

func (e *Explanation) warnAlg(m member) {
	if m.kind != kindString {
		e.warn(WarnNoAlg, "alg", excerpt(m.value))
		return
	}
	alg := m.str()
	if isNone(alg) {
		e.warn(WarnNone, "alg", quote(alg))
	} else if _, ok := lookupAlgorithm(alg); !ok && !encryptionAlgorithm(alg) {
		e.warn(WarnUnknownAlg, "alg", quote(alg))
	}
	if alg == "RSA1_5" {
		e.warn(WarnWeakEncryption, "alg", quote(alg))
	}
}

// encryptionAlgorithm knows the alg values of JWE (RFC 7518 section 4.1).
func encryptionAlgorithm(alg string) bool {
	switch alg {
	case "RSA1_5", "RSA-OAEP", "RSA-OAEP-256", "A128KW", "A192KW", "A256KW", "dir", "ECDH-ES",
		"ECDH-ES+A128KW", "ECDH-ES+A192KW", "ECDH-ES+A256KW", "A128GCMKW", "A192GCMKW", "A256GCMKW",
		"PBES2-HS256+A128KW", "PBES2-HS384+A192KW", "PBES2-HS512+A256KW":
		return true
	}
	return false
}

func (e *Explanation) warnKey(m member) {
	e.warn(WarnKeyInHeader, "jwk", "")
	var key document
	if m.kind != kindObject || key.parse(m.value, depthTolerant) != nil {
		return
	}
	for _, name := range []string{"d", "k", "p", "q"} {
		if _, ok := key.get(name); ok {
			e.warn(WarnPrivateKey, "jwk", quote(name))
			return
		}
	}
}

// warnSignature compares the length of a signature with what its algorithm makes.
func (e *Explanation) warnSignature(head *document, size int) {
	alg, _ := head.getString("alg")
	if size == 0 {
		if !isNone(alg) {
			e.warn(WarnNoSignature, "signature", "")
		}
		return
	}
	if !signatureSize(alg).fit(size) {
		e.warn(WarnSignatureLength, "signature", fmt.Sprintf("%d bytes", size))
	}
}

// signatureSizes are the lengths in bytes that signatures of one algorithm have.
type signatureSizes struct{ exact, least int }

func (s signatureSizes) fit(size int) bool {
	return size >= s.least && (s.exact == 0 || size == s.exact)
}

// signatureSize returns the zero value, which fits everything, for an algorithm
// that is not known.
func signatureSize(alg string) signatureSizes {
	a, _ := lookupAlgorithm(alg)
	switch a.kty {
	case "oct":
		return signatureSizes{exact: a.hash.Size()}
	case "EC":
		return signatureSizes{exact: 2 * ((curve(a.crv).Params().BitSize + 7) / 8)}
	case "OKP":
		return signatureSizes{exact: 64}
	case "RSA":
		return signatureSizes{least: 64}
	}
	return signatureSizes{}
}

// claims warns about members that look like registered claims and are not, and
// collects the dates.
func (e *Explanation) claims(d *document) {
	for m := range d.members() {
		switch string(m.name) {
		case "exp", "nbf", "iat", "auth_time", "updated_at":
			e.date(string(m.name), m)
			continue
		case "iss", "sub", "aud", "jti":
			continue
		}
		if len(m.name) == 3 && looksRegistered(m.name) {
			e.warn(WarnCase, quote(string(m.name)), "")
		}
	}
}

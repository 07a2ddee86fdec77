package jose

import (
	"slices"
	"strings"
)

// header is the part of a JOSE header that verification needs. Everything else
// in it, above all jku, x5u, jwk and x5c, is never looked at (row K12).
type header struct {
	text []byte
	alg  string
	kid  string
	typ  string
	has  bool // typ is there

	unencoded bool // b64 is false (RFC 7797), and crit says so
}

// read checks the decoded header of a token that is to be verified. Only that of
// a detached payload may say that the payload is not base64url.
func (h *header) read(text []byte, detached bool) *VerifyError {
	d := newDocument()
	if err := d.parse(text, depthStrict); err != nil {
		return refuseSyntax(inSegment(1, err))
	}
	if d.kind != kindObject {
		return refuseSyntax(&SyntaxError{Segment: 1, Reason: "the header is " + d.kind.String() + ", not an object"})
	}
	if err := refuseUnclean(d, "header"); err != nil {
		return err
	}
	h.text = text
	h.unencoded = detached && d.unencoded() && onlyB64(d)
	for m := range d.members() {
		if err := h.parameter(m); err != nil {
			return err
		}
	}
	if h.alg == "" {
		return refuse(CodeAlgorithm, "alg", "the header names no algorithm")
	}
	return nil
}

func (h *header) parameter(m member) *VerifyError {
	switch string(m.name) {
	case "alg":
		if m.kind != kindString {
			return refuse(CodeAlgorithm, "alg", "it is %s, not a string", m.kind)
		}
		h.alg = m.str()
	case "kid":
		if m.kind != kindString {
			return refuse(CodeKeyID, "kid", "it is %s, not a string", m.kind)
		}
		if h.kid = m.str(); len(h.kid) > maxKeyID {
			return refuse(CodeKeyID, "kid", "longer than %d bytes", maxKeyID)
		}
	case "typ":
		if m.kind != kindString {
			return refuse(CodeType, "typ", "it is %s, not a string", m.kind)
		}
		h.typ, h.has = mediaType(m.str()), true
	case "crit":
		if h.unencoded {
			return nil
		}
		// No extension is understood here, so any list, also an empty
		// one (RFC 7515 section 4.1.11), is a reason to refuse.
		return refuse(CodeCritical, "crit", "%+q demands extensions that are not supported", m.value)
	case "b64":
		if m.kind != kindTrue && !h.unencoded {
			return refuse(CodeCritical, "b64", "a payload that is not base64url (RFC 7797) is not supported")
		}
	}
	return nil
}

// onlyB64 reports whether crit demands b64, as RFC 7797 section 6 wants, and
// nothing else.
func onlyB64(d *document) bool {
	m, _ := d.get("crit")
	list, ok := m.strings()
	return ok && m.kind == kindArray && len(list) == 1 && list[0] == "b64"
}

// checkType applies Verifier.Types.
func (v *Verifier) checkType(h *header) *VerifyError {
	if v.Types == nil {
		if h.has && specialType(h.typ) {
			return refuse(CodeType, "typ", "%+q is a token for another purpose", h.typ)
		}
		return nil
	}
	if !h.has && slices.Contains(v.Types, "") {
		return nil
	}
	if h.has && slices.ContainsFunc(v.Types, func(t string) bool { return t != "" && mediaType(t) == h.typ }) {
		return nil
	}
	if !h.has {
		return refuse(CodeType, "typ", "it is missing (allowed: %s)", strings.Join(v.Types, ", "))
	}
	return refuse(CodeType, "typ", "%+q is not allowed (allowed: %s)", h.typ, strings.Join(v.Types, ", "))
}

// specialType reports whether a typ stands for a token with rules of its own, so
// that taking it for an ordinary JWT would be a confusion (RFC 8725 section 3.11).
func specialType(typ string) bool {
	switch typ {
	case "at+jwt", // RFC 9068, access token
		"logout+jwt",                // OpenID Connect Back-Channel Logout
		"dpop+jwt",                  // RFC 9449
		"secevent+jwt",              // RFC 8417
		"oauth-authz-req+jwt",       // RFC 9101
		"token-introspection+jwt",   // RFC 9701
		"client-authentication+jwt", // client assertion
		"entity-statement+jwt",      // OpenID Federation
		"oauth-id-jag+jwt",          // identity assertion grant
		"kb+jwt", "sd-jwt",          // SD-JWT
		"dc+sd-jwt", "vc+sd-jwt", // SD-JWT credentials
		"openid4vci-proof+jwt": // proof of possession
		return true
	}
	return false
}

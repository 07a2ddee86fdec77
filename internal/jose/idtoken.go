package jose

import (
	"context"
	"crypto/subtle"
	"fmt"

	"github.com/socialauth/socialauth/internal/secret"
)

// IDTokenOptions is what an ID token is compared with.
type IDTokenOptions struct {
	// Nonce is the value that was sent with the authorization request, or empty
	// if none was. An ID token must repeat it (row W12).
	Nonce secret.Text
	// NonceOptional takes a token without nonce although one was sent; one with
	// another nonce is still refused. It is for refreshed ID tokens (OpenID Connect
	// Core section 12.2) and for providers that leave it out.
	NonceOptional bool
	// AccessToken and Code came in the same answer. at_hash and c_hash are
	// compared with them if the token has them (row W13).
	AccessToken secret.Text
	Code        secret.Text
}

// VerifyIDToken checks an ID token by OpenID Connect Core section 3.1.3.7. Besides
// what [Verifier.Verify] does: iat and a sub of 1 to 255 characters are required; with
// several audiences azp is required and, wherever it is present, it must be our
// client id, which is the one element of Audiences (row W11); nonce, at_hash and
// c_hash are compared; and typ may only be absent or JWT, so that an access
// token, a logout token or a token minted here is never taken for an ID token
// (row W16). Types, AuthorizedParties, SkipIssuer and SkipAudience must not be set.
func (v *Verifier) VerifyIDToken(ctx context.Context, token []byte, o IDTokenOptions) (*Verified, error) {
	if v.SkipIssuer || v.SkipAudience || v.Types != nil || len(v.AuthorizedParties) > 0 || len(v.Audiences) != 1 {
		return nil, fmt.Errorf("%w: an ID token needs an issuer and exactly one audience, the client id", ErrConfig)
	}
	var alg string
	checkType := func(h *header) *VerifyError {
		alg = h.alg
		if !h.has || h.typ == "jwt" || h.typ == "jose" {
			return nil
		}
		return refuse(CodeType, "typ", "%+q is not an ID token", h.typ)
	}
	return v.verify(ctx, token, checkType, func(c *checks) {
		c.require("iat")
		c.subject()
		c.party(v.Audiences[0])
		if !o.Nonce.IsZero() {
			c.nonce(o)
		}
		c.hash(CodeAtHash, "at_hash", alg, o.AccessToken)
		c.hash(CodeCHash, "c_hash", alg, o.Code)
	})
}

func (c *checks) subject() {
	m, ok := c.get("sub")
	switch {
	case !ok:
		c.require("sub")
	case m.kind != kindString:
		c.add(CodeInvalid, "sub", "it is %s, not a string", m.kind)
	case len(m.str()) == 0 || len(m.str()) > 255:
		c.add(CodeInvalid, "sub", "it has %d bytes, 1 to 255 are allowed", len(m.str()))
	}
}

func (c *checks) party(clientID string) {
	if _, ok := c.get("azp"); ok {
		c.oneOf(CodeParty, "azp", []string{clientID})
		return
	}
	if aud, ok := c.get("aud"); ok && aud.kind == kindArray {
		if list, ok := aud.strings(); ok && len(list) > 1 {
			c.add(CodeParty, "azp", "the claim is missing although there are %d audiences", len(list))
		}
	}
}

func (c *checks) nonce(o IDTokenOptions) {
	m, ok := c.get("nonce")
	switch {
	case !ok && o.NonceOptional:
	case !ok:
		c.add(CodeNonce, "nonce", "the claim is missing")
	case m.kind != kindString:
		c.add(CodeNonce, "nonce", "it is %s, not a string", m.kind)
	case !o.Nonce.Equal(m.str()):
		c.add(CodeNonce, "nonce", "it is not the one that was sent")
	}
}

func (c *checks) hash(code Code, claim, alg string, value secret.Text) {
	m, ok := c.get(claim)
	if !ok || value.IsZero() {
		return
	}
	want, err := halfHash(alg, value.Reveal())
	if err != nil || m.kind != kindString || subtle.ConstantTimeCompare([]byte(m.str()), []byte(want)) != 1 {
		c.add(code, claim, "it does not belong to the value in the same answer")
	}
}

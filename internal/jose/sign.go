package jose

import (
	"fmt"
	"slices"
)

// TypeMinted is the typ of the tokens this program mints. It is not an ID token
// and not an access token, and says so, so that none of the three can be taken
// for another (RFC 8725 section 3.11, row W16).
const TypeMinted = "socialauth+jwt"

// Header is what a signed token says about itself besides alg and kid.
type Header struct {
	Typ   string // left out if ""
	Extra Claims // further parameters, in order; alg, kid, typ, crit, b64 and zip are refused
}

// Sign makes a compact JWS of the exact bytes of payload. The header has alg,
// typ, kid and then the extra parameters. The key must be able to sign.
func Sign(k *Key, h Header, payload []byte) (string, error) {
	if k == nil || !k.canSign {
		return "", fmt.Errorf("sign: %w", &KeyError{Reason: "it cannot sign: it is a public key, or key_ops forbids it"})
	}
	header, err := marshalHeader(k, h)
	if err != nil {
		return "", fmt.Errorf("sign: %w", err)
	}
	a, _ := lookupAlgorithm(k.alg)
	input := encode(header) + "." + encode(payload)
	material := k.private
	if k.secret != nil {
		material = k.secret
	}
	signature, err := a.method.Sign(input, material)
	if err != nil {
		return "", fmt.Errorf("sign with %s: %w", k.alg, err)
	}
	return input + "." + encode(signature), nil
}

func marshalHeader(k *Key, h Header) ([]byte, error) {
	for _, name := range h.Extra.names {
		if slices.Contains([]string{"alg", "kid", "typ", "crit", "b64", "zip"}, name) {
			return nil, fmt.Errorf("%w: the header parameter %+q cannot be set", ErrConfig, name)
		}
	}
	var c Claims
	if err := c.Set("alg", k.alg); err != nil {
		return nil, err
	}
	if h.Typ != "" {
		if err := c.Set("typ", h.Typ); err != nil {
			return nil, err
		}
	}
	if err := c.Set("kid", k.kid); err != nil {
		return nil, err
	}
	out := c.Bytes()
	if len(h.Extra.text) == 0 {
		return out, nil
	}
	out = append(out[:len(out)-1], ',')
	out = append(out, h.Extra.text...)
	return append(out, '}'), nil
}

package jose

import (
	"crypto"
	"crypto/rsa"
	_ "crypto/sha256" // links SHA-256
	_ "crypto/sha512" // links SHA-384 and SHA-512
	"fmt"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

// algorithm is what RFC 7518 section 3.1 and RFC 8037 say about one alg value.
type algorithm struct {
	name   string
	kty    string // of the keys it takes
	crv    string // EC and OKP
	hash   crypto.Hash
	method jwt.SigningMethod
}

// lookupAlgorithm knows the algorithms that are signed and verified here. The
// name is compared exactly: "none" in any spelling is not among them (row W01).
func lookupAlgorithm(name string) (algorithm, bool) {
	switch name {
	case "HS256":
		return algorithm{name, "oct", "", crypto.SHA256, jwt.SigningMethodHS256}, true
	case "HS384":
		return algorithm{name, "oct", "", crypto.SHA384, jwt.SigningMethodHS384}, true
	case "HS512":
		return algorithm{name, "oct", "", crypto.SHA512, jwt.SigningMethodHS512}, true
	case "RS256":
		return algorithm{name, "RSA", "", crypto.SHA256, jwt.SigningMethodRS256}, true
	case "RS384":
		return algorithm{name, "RSA", "", crypto.SHA384, jwt.SigningMethodRS384}, true
	case "RS512":
		return algorithm{name, "RSA", "", crypto.SHA512, jwt.SigningMethodRS512}, true
	case "PS256":
		return algorithm{name, "RSA", "", crypto.SHA256, pss(jwt.SigningMethodPS256)}, true
	case "PS384":
		return algorithm{name, "RSA", "", crypto.SHA384, pss(jwt.SigningMethodPS384)}, true
	case "PS512":
		return algorithm{name, "RSA", "", crypto.SHA512, pss(jwt.SigningMethodPS512)}, true
	case "ES256":
		return algorithm{name, "EC", "P-256", crypto.SHA256, jwt.SigningMethodES256}, true
	case "ES384":
		return algorithm{name, "EC", "P-384", crypto.SHA384, jwt.SigningMethodES384}, true
	case "ES512":
		return algorithm{name, "EC", "P-521", crypto.SHA512, jwt.SigningMethodES512}, true
	case "EdDSA", "Ed25519": // RFC 8037, and its fully specified name in RFC 9864
		return algorithm{name, "OKP", "Ed25519", crypto.SHA512, jwt.SigningMethodEdDSA}, true
	}
	return algorithm{}, false
}

// pss returns the method with the salt length that RFC 7518 section 3.5 demands.
// golang-jwt's own takes a salt of any length when it verifies.
func pss(m *jwt.SigningMethodRSAPSS) jwt.SigningMethod {
	return &jwt.SigningMethodRSAPSS{
		SigningMethodRSA: m.SigningMethodRSA,
		Options:          &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: m.Hash},
	}
}

// Algorithms returns the names of the algorithms that are signed and verified
// here, those most worth using first.
func Algorithms() []string {
	return []string{
		"ES256", "ES384", "ES512", "EdDSA", "Ed25519", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512",
		"HS256", "HS384", "HS512",
	}
}

// AtHash returns the value an ID token's at_hash must have for this access token:
// the left half of its hash, with the hash of the ID token's alg (OpenID Connect
// Core section 3.1.3.6). For EdDSA that is SHA-512.
func AtHash(alg, accessToken string) (string, error) { return halfHash(alg, accessToken) }

// CodeHash returns the value of c_hash for an authorization code (OpenID Connect
// Core section 3.3.2.11).
func CodeHash(alg, code string) (string, error) { return halfHash(alg, code) }

func halfHash(alg, value string) (string, error) {
	a, ok := lookupAlgorithm(alg)
	if !ok {
		return "", fmt.Errorf("%w: no hash is known for the algorithm %+q", ErrConfig, alg)
	}
	h := a.hash.New()
	h.Write([]byte(value))
	sum := h.Sum(nil)
	return encode(sum[:len(sum)/2]), nil
}

func isNone(alg string) bool { return strings.EqualFold(strings.TrimSpace(alg), "none") }

package jose

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"slices"
	"sync"

	"github.com/socialauth/socialauth/internal/secret"
)

const (
	minRSABits = 2048 // RFC 7518 section 3.3
	maxRSABits = 8192 // row K03: larger ones only cost time
	maxSecret  = 4096 // bytes of an HMAC secret
	maxKeyID   = 256  // row K13
)

// Key is one key for one purpose: to sign, or to verify signatures, with the
// algorithm [Key.Alg]. It is made by [GenerateKey], [ParseJWK], [ParsePEM] or
// [HMACKey], checked then, and does not change.
//
// However it is printed, it prints no key material.
type Key struct {
	alg       string // the algorithm it signs with
	pinned    bool   // no other algorithm of the same family will do
	kty       string
	kid       string
	named     bool // kid came with the key, so a token's kid must be equal
	canVerify bool
	canSign   bool
	private   any // *rsa.PrivateKey, *ecdsa.PrivateKey, ed25519.PrivateKey
	public    any // *rsa.PublicKey, *ecdsa.PublicKey, ed25519.PublicKey
	secret    []byte
	macs      *sync.Pool // of *mac
	validity  validity
}

// Alg returns the algorithm the key signs with. An RSA key that came without one
// signs with RS256, but verifies the whole RSA family; see [Verifier.Algorithms].
func (k *Key) Alg() string { return k.alg }

// KeyID returns the kid: what the JWK said, else the RFC 7638 thumbprint.
func (k *Key) KeyID() string { return k.kid }

// IsPrivate reports whether the key can sign. A shared secret always can.
func (k *Key) IsPrivate() bool { return k.private != nil || k.secret != nil }

// IsSymmetric reports whether the key is a shared secret (HS256 and so on).
func (k *Key) IsSymmetric() bool { return k.secret != nil }

// Public returns the public half under the same kid, or nil for a shared
// secret, which has none.
func (k *Key) Public() *Key {
	if k.secret != nil {
		return nil
	}
	public := *k
	public.private, public.canSign = nil, false
	return &public
}

// CryptoPublic returns the *rsa.PublicKey, *ecdsa.PublicKey or
// ed25519.PublicKey, or nil for a shared secret.
func (k *Key) CryptoPublic() crypto.PublicKey { return k.public }

// Equal reports whether both hold the same public key, or the same secret.
func (k *Key) Equal(other *Key) bool { return other != nil && k.Thumbprint() == other.Thumbprint() }

func (k *Key) describe() string {
	half := "public"
	if k.IsPrivate() {
		half = "private"
	}
	if k.IsSymmetric() {
		half = "secret"
	}
	return fmt.Sprintf("[%s %s key %+q]", k.alg, half, k.kid)
}

// String implements [fmt.Stringer] without key material.
func (k *Key) String() string { return k.describe() }

// GoString implements [fmt.GoStringer] without key material.
func (k *Key) GoString() string { return k.describe() }

// Format implements [fmt.Formatter] for every verb.
func (k *Key) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, k.describe()) }

// LogValue implements [slog.LogValuer].
func (k *Key) LogValue() slog.Value { return slog.StringValue(k.describe()) }

// MarshalJSON writes a description. [Key.MarshalJWK] writes the key.
func (k *Key) MarshalJSON() ([]byte, error) { return json.Marshal(k.describe()) }

// accepts reports whether a token may say alg for this key.
func (k *Key) accepts(alg string) bool {
	if k.pinned || alg == k.alg {
		return alg == k.alg
	}
	a, ok := lookupAlgorithm(alg)
	if !ok || a.kty != k.kty {
		return false
	}
	switch k.kty {
	case "oct":
		return len(k.secret) >= a.hash.Size()
	case "EC":
		return a.crv == curveName(k.public)
	}
	return true
}

// material returns what golang-jwt verifies with.
func (k *Key) material() any {
	if k.secret != nil {
		return k.secret
	}
	return k.public
}

// GenerateKey makes a private key for alg, one of [Algorithms]; RSA keys have
// 3072 bits. random is nil but in tests. The kid is the thumbprint.
func GenerateKey(alg string, random io.Reader) (*Key, error) {
	if random == nil {
		random = rand.Reader
	}
	a, ok := lookupAlgorithm(alg)
	if !ok {
		return nil, keyErrorf("no keys are made for the algorithm %+q", alg)
	}
	k, err := generate(a, random)
	if err != nil {
		return nil, fmt.Errorf("generate a key for %s: %w", alg, err)
	}
	k.named = true
	return k, nil
}

func generate(a algorithm, random io.Reader) (*Key, error) {
	switch a.kty {
	case "oct":
		value := make([]byte, a.hash.Size())
		if _, err := io.ReadFull(random, value); err != nil {
			return nil, err
		}
		return newSecret(value, a.name)
	case "RSA":
		private, err := rsa.GenerateKey(random, 3072)
		if err != nil {
			return nil, err
		}
		return newKey(private, a.name)
	case "EC":
		private, err := ecdsa.GenerateKey(curve(a.crv), random)
		if err != nil {
			return nil, err
		}
		return newKey(private, a.name)
	default:
		_, private, err := ed25519.GenerateKey(random)
		if err != nil {
			return nil, err
		}
		return newKey(private, a.name)
	}
}

// HMACKey makes a key of a shared secret. The secret must be at least as long as
// the hash of alg (RFC 7518 section 3.2, row K16), and it must not be a public
// key in any of the usual wrappings: whoever gives one is about to let everybody
// sign (row W02).
func HMACKey(value []byte, alg string) (*Key, error) {
	switch {
	case bytes.Contains(value, []byte("-----BEGIN ")):
		return nil, keyErrorf("a PEM file is not a shared secret")
	case bytes.HasPrefix(value, []byte("ssh-")) || bytes.HasPrefix(value, []byte("ecdsa-sha2-")):
		return nil, keyErrorf("an SSH public key is not a shared secret")
	case isDERKey(value):
		return nil, keyErrorf("a public key or certificate is not a shared secret")
	}
	var doc document
	if doc.parse(value, depthStrict) == nil && doc.kind == kindObject {
		if _, ok := doc.get("kty"); ok {
			return nil, keyErrorf("a JWK is not a shared secret; import it as a JWK")
		}
		if _, ok := doc.get("keys"); ok {
			return nil, keyErrorf("a JWK set is not a shared secret; import it as a JWK set")
		}
	}
	return newSecret(bytes.Clone(value), alg)
}

func isDERKey(data []byte) bool {
	if len(data) == 0 || data[0] != 0x30 || len(data) > maxPEM {
		return false
	}
	if _, err := x509.ParsePKIXPublicKey(data); err == nil {
		return true
	}
	if _, err := x509.ParsePKCS1PublicKey(data); err == nil {
		return true
	}
	_, err := x509.ParseCertificate(data)
	return err == nil
}

func newSecret(value []byte, alg string) (*Key, error) {
	k := &Key{alg: alg, pinned: alg != "", kty: "oct", secret: value, canVerify: true, canSign: true}
	if alg == "" {
		k.alg = "HS256"
	}
	a, ok := lookupAlgorithm(k.alg)
	if !ok || a.kty != "oct" {
		return nil, keyErrorf("a shared secret cannot be used with the algorithm %+q", alg)
	}
	if len(value) < a.hash.Size() {
		return nil, keyErrorf("the secret has %d bytes, %s needs at least %d", len(value), k.alg, a.hash.Size())
	}
	if len(value) > maxSecret {
		return nil, keyErrorf("the secret has %d bytes, at most %d are taken", len(value), maxSecret)
	}
	k.kid, k.macs = k.Thumbprint(), newMACs(&a, value)
	return k, nil
}

// newKey checks a public or private key of the standard library. alg may be ""
// if the key does not say.
func newKey(key any, alg string) (*Key, error) {
	k := &Key{alg: alg, pinned: alg != "", canVerify: true}
	switch v := key.(type) {
	case *rsa.PrivateKey:
		k.private, k.public, k.kty = v, &v.PublicKey, "RSA"
	case *ecdsa.PrivateKey:
		k.private, k.public, k.kty = v, &v.PublicKey, "EC"
	case ed25519.PrivateKey:
		k.private, k.public, k.kty = v, v.Public(), "OKP"
	case *rsa.PublicKey:
		k.public, k.kty = v, "RSA"
	case *ecdsa.PublicKey:
		k.public, k.kty = v, "EC"
	case ed25519.PublicKey:
		k.public, k.kty = v, "OKP"
	default:
		return nil, keyErrorf("keys of this kind are not used for signatures: %T", key)
	}
	k.canSign = k.private != nil
	if err := checkPublic(k.public); err != nil {
		return nil, err
	}
	if alg == "" {
		k.alg = defaultAlgorithm(k.public)
	}
	a, ok := lookupAlgorithm(k.alg)
	if !ok || a.kty != k.kty || k.kty == "EC" && a.crv != curveName(k.public) {
		return nil, keyErrorf("%s cannot be used with the algorithm %+q", keyName(k.public), alg)
	}
	k.kid = k.Thumbprint()
	return k, nil
}

func checkPublic(public any) error {
	switch v := public.(type) {
	case *rsa.PublicKey:
		bits := v.N.BitLen()
		switch {
		case bits < minRSABits:
			return keyErrorf("RSA with %d bits, the minimum is %d", bits, minRSABits)
		case bits > maxRSABits:
			return keyErrorf("RSA with %d bits, the maximum is %d", bits, maxRSABits)
		case v.E < 3 || v.E%2 == 0:
			return keyErrorf("the RSA exponent %d is not safe", v.E)
		case v.N.Bit(0) == 0:
			return keyErrorf("the RSA modulus is even")
		case weakROCA(v.N):
			return keyErrorf("the RSA key was made by faulty hardware (ROCA, CVE-2017-15361)")
		}
	case *ecdsa.PublicKey:
		if curveName(v) == "" {
			return keyErrorf("the elliptic curve is not P-256, P-384 or P-521")
		}
		if _, err := v.Bytes(); err != nil {
			return keyErrorf("the point is not on the curve %s", curveName(v))
		}
	case ed25519.PublicKey:
		if len(v) != ed25519.PublicKeySize {
			return keyErrorf("an Ed25519 key has 32 bytes, this one has %d", len(v))
		}
	}
	return nil
}

// weakROCA recognises the moduli of CVE-2017-15361: modulo each of these primes
// they are a power of 65537.
func weakROCA(n *big.Int) bool {
	for _, p := range [...]int64{11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157} {
		rest := new(big.Int).Mod(n, big.NewInt(p)).Int64()
		var powers []int64
		for x := int64(1); !slices.Contains(powers, x); x = x * 65537 % p {
			powers = append(powers, x)
		}
		if !slices.Contains(powers, rest) {
			return false
		}
	}
	return true
}

func defaultAlgorithm(public any) string {
	switch curveName(public) {
	case "P-256":
		return "ES256"
	case "P-384":
		return "ES384"
	case "P-521":
		return "ES512"
	}
	if _, ok := public.(ed25519.PublicKey); ok {
		return "EdDSA"
	}
	return "RS256"
}

func keyName(public any) string {
	switch public.(type) {
	case *rsa.PublicKey:
		return "an RSA key"
	case *ecdsa.PublicKey:
		return "a key on " + curveName(public)
	}
	return "an Ed25519 key"
}

func curve(name string) elliptic.Curve {
	switch name {
	case "P-256":
		return elliptic.P256()
	case "P-384":
		return elliptic.P384()
	case "P-521":
		return elliptic.P521()
	}
	return nil
}

// curveName returns the crv of an EC key, or "" if it has none of ours.
func curveName(public any) string {
	v, ok := public.(*ecdsa.PublicKey)
	if !ok {
		return ""
	}
	for _, name := range [...]string{"P-256", "P-384", "P-521"} {
		if v.Curve == curve(name) {
			return name
		}
	}
	return ""
}

// Thumbprint returns the RFC 7638 thumbprint of the key with SHA-256, in base64url.
func (k *Key) Thumbprint() string {
	sum := sha256.Sum256(k.appendRequired(nil))
	return encode(sum[:])
}

// Secret returns the bytes of a shared secret, for storing it; the zero Text for
// other keys.
func (k *Key) Secret() secret.Text { return secret.New(string(k.secret)) }

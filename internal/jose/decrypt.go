package jose

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"slices"

	gojose "github.com/go-jose/go-jose/v4"

	"github.com/socialauth/socialauth/internal/secret"
)

const (
	maxIterations = 1_000_000 // p2c; RFC 8725bis section 3.13 advises 1,200,000 at most
	maxInflated   = 250_000   // bytes that zip may make of a payload (RFC 8725bis section 3.15)
)

// DecryptError says why an encrypted token was not opened.
type DecryptError struct {
	Reason string // lower case; holds nothing of the key and nothing that was not quoted
}

func (e *DecryptError) Error() string { return "the token cannot be decrypted: " + e.Reason }

func decryptErrorf(format string, args ...any) *DecryptError {
	return &DecryptError{Reason: fmt.Sprintf(format, args...)}
}

// DecryptionKey opens encrypted tokens (JWE) in compact serialization; in JSON
// there can be parameters that nothing protects. Like a [Key] it fixes what it is
// used for: a key for AES key wrap opens nothing that says A256GCMKW, and an RSA
// key whose alg is RSA-OAEP nothing that says RSA1_5 (RFC 8725 section 3.1).
//
// However it is printed, it prints no key material.
type DecryptionKey struct {
	material any // *rsa.PrivateKey, *ecdsa.PrivateKey, []byte
	algs     []gojose.KeyAlgorithm
	encs     []gojose.ContentEncryption
}

// Format implements [fmt.Formatter] for every verb.
func (k *DecryptionKey) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[decryption key]") }

// ParseDecryptionKey reads a private or shared key: a JWK (also with the use enc),
// or PEM. What is neither is taken for a shared secret or a password, without one
// final newline. The error is a *[KeyError].
func ParseDecryptionKey(data secret.Text) (*DecryptionKey, error) {
	text := []byte(data.Reveal())
	switch {
	case len(text) > maxJWK:
		return nil, keyErrorf("longer than %d bytes", maxJWK)
	case bytes.HasPrefix(bytes.TrimSpace(text), []byte("{")):
		return parseDecryptionJWK(text)
	case bytes.Contains(text, []byte("-----BEGIN ")):
		block, err := onePEM(text)
		if err != nil {
			return nil, err
		}
		material, err := parseBlock(block)
		if err != nil {
			return nil, err
		}
		return newDecryptionKey(material, "")
	}
	text = bytes.TrimSuffix(bytes.TrimSuffix(text, []byte("\n")), []byte("\r"))
	return newDecryptionKey(text, "")
}

func parseDecryptionJWK(text []byte) (*DecryptionKey, error) {
	var d document
	if err := d.parse(text, depthStrict); err != nil {
		return nil, keyErrorf("not a JWK: %s", err)
	}
	if err := d.clean(); err != nil {
		return nil, keyErrorf("not a JWK: %s", err)
	}
	j := &jwk{doc: &d}
	alg, _ := j.optional("alg")
	if use, ok := j.optional("use"); ok && use != "enc" {
		j.fail("the key is for %+q, not for encryption", use)
	}
	if ops, ok := d.get("key_ops"); ok {
		list, _ := ops.strings()
		if !slices.ContainsFunc(list, func(op string) bool {
			return op == "decrypt" || op == "unwrapKey" || op == "deriveKey" || op == "deriveBits"
		}) {
			j.fail("key_ops does not allow it to decrypt")
		}
	}
	var material any
	switch kty, _ := j.optional("kty"); kty {
	case "oct":
		material = j.bytes("k", 0)
	case "RSA":
		material = j.rsa()
	case "EC":
		material = j.ec()
	default:
		j.fail("the key type %+q does not decrypt here", kty)
	}
	if j.err != nil {
		return nil, j.err
	}
	return newDecryptionKey(material, alg)
}

func newDecryptionKey(material any, alg string) (*DecryptionKey, error) {
	k := &DecryptionKey{material: material, encs: []gojose.ContentEncryption{
		gojose.A128CBC_HS256, gojose.A192CBC_HS384, gojose.A256CBC_HS512, gojose.A128GCM, gojose.A192GCM, gojose.A256GCM,
	}}
	switch v := material.(type) {
	case *rsa.PrivateKey:
		if err := checkPublic(&v.PublicKey); err != nil {
			return nil, err
		}
		k.algs = []gojose.KeyAlgorithm{gojose.RSA_OAEP, gojose.RSA_OAEP_256, gojose.RSA1_5}
	case *ecdsa.PrivateKey:
		if err := checkPublic(&v.PublicKey); err != nil {
			return nil, err
		}
		k.algs = []gojose.KeyAlgorithm{gojose.ECDH_ES, gojose.ECDH_ES_A128KW, gojose.ECDH_ES_A192KW, gojose.ECDH_ES_A256KW}
	case []byte:
		if len(v) == 0 {
			return nil, keyErrorf("the secret is empty")
		}
		k.algs = secretAlgorithms(len(v))
	default:
		return nil, keyErrorf("to decrypt, the private key is needed")
	}
	if alg == "" {
		return k, nil
	}
	// A JWK for dir names the content encryption as its alg (RFC 7517 section 4.4).
	if enc := gojose.ContentEncryption(alg); slices.Contains(k.encs, enc) {
		k.algs, k.encs = []gojose.KeyAlgorithm{gojose.DIRECT}, []gojose.ContentEncryption{enc}
		return k, nil
	}
	if !slices.Contains(k.algs, gojose.KeyAlgorithm(alg)) {
		return nil, keyErrorf("the key cannot be used with the algorithm %+q", alg)
	}
	k.algs = []gojose.KeyAlgorithm{gojose.KeyAlgorithm(alg)}
	return k, nil
}

// secretAlgorithms returns what a shared secret of this length may be used with.
func secretAlgorithms(size int) []gojose.KeyAlgorithm {
	list := []gojose.KeyAlgorithm{
		gojose.DIRECT, gojose.PBES2_HS256_A128KW, gojose.PBES2_HS384_A192KW, gojose.PBES2_HS512_A256KW,
	}
	switch size {
	case 16:
		return append(list, gojose.A128KW, gojose.A128GCMKW)
	case 24:
		return append(list, gojose.A192KW, gojose.A192GCMKW)
	case 32:
		return append(list, gojose.A256KW, gojose.A256GCMKW)
	}
	return list
}

// open decrypts a token in compact serialization, of which head is the header.
func (k *DecryptionKey) open(token []byte, head *document) ([]byte, error) {
	if err := head.clean(); err != nil {
		return nil, decryptErrorf("header: %s", err)
	}
	if m, ok := head.get("p2c"); ok && (m.kind != kindNumber || parseDate(m.value).seconds > maxIterations) {
		return nil, decryptErrorf("p2c is %s, at most %d is taken", excerpt(m.value), maxIterations)
	}
	_, zip := head.get("zip")
	if zip && len(token) > maxInflated {
		return nil, decryptErrorf("a compressed token of %d bytes, at most %d are taken", len(token), maxInflated)
	}
	if alg, ok := head.getString("alg"); ok && !slices.Contains(k.algs, gojose.KeyAlgorithm(alg)) {
		return nil, decryptErrorf("the key is not for the algorithm %+q", alg)
	}
	parsed, err := gojose.ParseEncryptedCompact(string(token), k.algs, k.encs)
	if err != nil {
		return nil, decryptErrorf("%+q", err.Error())
	}
	plain, err := parsed.Decrypt(k.material)
	switch {
	case errors.Is(err, gojose.ErrCryptoFailure):
		return nil, decryptErrorf("it is the wrong key, or the token was changed")
	case err != nil:
		return nil, decryptErrorf("%+q", err.Error())
	case zip && len(plain) > maxInflated:
		return nil, decryptErrorf("it inflates to more than %d bytes", maxInflated)
	}
	return plain, nil
}

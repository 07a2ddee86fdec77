package jose

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"errors"
	"fmt"
	"math/big"
)

const maxJWK = 64 << 10 // one key; certificates in x5c make them long

// ParseJWK reads one key as a JSON Web Key (RFC 7517, RFC 7518 section 6, RFC
// 8037). It is strict: members twice, coordinates of the wrong length, points off
// the curve, an algorithm that does not fit, RSA outside 2048 to 8192 bits, short
// secrets, private parts that do not belong to the public ones and keys for
// encryption are a *[KeyError] (rows K02 to K06, K10, K16). What it does not know
// it skips; certificates in x5c are not looked at.
func ParseJWK(data []byte) (*Key, error) {
	if len(data) > maxJWK {
		return nil, keyErrorf("longer than %d bytes", maxJWK)
	}
	var d document
	if err := d.parse(data, depthStrict); err != nil {
		return nil, keyErrorf("not a JWK: %s", err)
	}
	return parseJWK(&d)
}

// jwk reads members of one key and keeps the first thing that is wrong.
type jwk struct {
	doc *document
	err error
}

func parseJWK(d *document) (*Key, error) {
	if err := d.clean(); err != nil {
		return nil, keyErrorf("not a JWK: %s", err)
	}
	if d.kind != kindObject {
		return nil, keyErrorf("not a JWK: it is %s, not an object", d.kind)
	}
	j := &jwk{doc: d}
	kid, named := j.optional("kid")
	alg, _ := j.optional("alg")
	kty, _ := j.optional("kty")
	if len(kid) > maxKeyID {
		j.fail("kid is longer than %d bytes", maxKeyID)
	}
	var k *Key
	if j.err == nil {
		k = j.key(kty, alg)
	}
	if j.err == nil {
		j.purpose(k)
	}
	if j.err != nil {
		var reason *KeyError
		if errors.As(j.err, &reason) && len(kid) <= maxKeyID {
			reason.KeyID = kid
		}
		return nil, j.err
	}
	if named && kid != "" {
		k.kid, k.named = kid, true
	}
	return k, nil
}

func (j *jwk) fail(format string, args ...any) {
	if j.err == nil {
		j.err = keyErrorf(format, args...)
	}
}

func (j *jwk) optional(name string) (string, bool) {
	m, ok := j.doc.get(name)
	if !ok {
		return "", false
	}
	if m.kind != kindString {
		j.fail("%s is %s, not a string", name, m.kind)
		return "", false
	}
	return m.str(), true
}

// bytes returns a required member that holds base64url; size is its exact
// length, 0 for any.
func (j *jwk) bytes(name string, size int) []byte {
	text, ok := j.optional(name)
	if !ok {
		j.fail("the member %s is missing", name)
		return nil
	}
	value, err := decodeStrict(nil, []byte(text))
	if err != nil {
		j.fail("%s: %s", name, err)
		return nil
	}
	if size > 0 && len(value) != size {
		j.fail("%s has %d bytes, not %d", name, len(value), size)
		return nil
	}
	return value
}

func (j *jwk) has(name string) bool {
	_, ok := j.doc.get(name)
	return ok
}

func (j *jwk) key(kty, alg string) *Key {
	var material any
	switch kty {
	case "oct":
		value := j.bytes("k", 0)
		if j.err != nil {
			return nil
		}
		k, err := newSecret(value, alg)
		j.err = err
		return k
	case "RSA":
		material = j.rsa()
	case "EC":
		material = j.ec()
	case "OKP":
		material = j.okp()
	case "":
		j.fail("the member kty is missing")
	default:
		j.fail("the key type %+q is not supported", kty)
	}
	if j.err != nil {
		return nil
	}
	k, err := newKey(material, alg)
	j.err = err
	return k
}

func (j *jwk) rsa() any {
	n, e := new(big.Int).SetBytes(j.bytes("n", 0)), new(big.Int).SetBytes(j.bytes("e", 0))
	if j.err != nil {
		return nil
	}
	if e.BitLen() > 31 {
		j.fail("the RSA exponent has %d bits, at most 31 are taken", e.BitLen())
		return nil
	}
	public := rsa.PublicKey{N: n, E: int(e.Int64())}
	if err := checkPublic(&public); err != nil {
		j.err = err
		return nil
	}
	if !j.has("d") {
		return &public
	}
	if j.has("oth") {
		j.fail("RSA keys with more than two primes are not supported")
	}
	if !j.has("p") || !j.has("q") {
		j.fail("a private RSA key needs its primes p and q")
	}
	private := &rsa.PrivateKey{PublicKey: public, D: new(big.Int).SetBytes(j.bytes("d", 0))}
	for _, name := range []string{"p", "q"} {
		value := j.bytes(name, 0)
		if len(value) > maxRSABits/8 {
			j.fail("%s is too long", name)
		}
		private.Primes = append(private.Primes, new(big.Int).SetBytes(value))
	}
	if j.err != nil {
		return nil
	}
	// The optional dp, dq and qi are computed anew; values that were given
	// and do not agree mean that the key is damaged.
	if err := private.Validate(); err != nil {
		j.fail("the private RSA key is not consistent")
		return nil
	}
	private.Precompute()
	want := private.Precomputed
	for name, number := range map[string]*big.Int{"dp": want.Dp, "dq": want.Dq, "qi": want.Qinv} {
		if j.has(name) && number.Cmp(new(big.Int).SetBytes(j.bytes(name, 0))) != 0 {
			j.fail("%s does not belong to this private RSA key", name)
			return nil
		}
	}
	return private
}

func (j *jwk) ec() any {
	name, _ := j.optional("crv")
	c := curve(name)
	if c == nil {
		j.fail("the curve %+q is not supported", name)
		return nil
	}
	size := (c.Params().BitSize + 7) / 8
	point := append([]byte{4}, j.bytes("x", size)...)
	point = append(point, j.bytes("y", size)...)
	if j.err != nil {
		return nil
	}
	public, err := ecdsa.ParseUncompressedPublicKey(c, point)
	if err != nil {
		j.fail("the point is not on the curve %s", name)
		return nil
	}
	if !j.has("d") {
		return public
	}
	d := j.bytes("d", size)
	if j.err != nil {
		return nil
	}
	private, err := ecdsa.ParseRawPrivateKey(c, d)
	if err != nil || !private.PublicKey.Equal(public) {
		j.fail("the private value d does not belong to the point")
		return nil
	}
	return private
}

func (j *jwk) okp() any {
	if name, _ := j.optional("crv"); name != "Ed25519" {
		j.fail("the curve %+q is not supported", name)
		return nil
	}
	x := j.bytes("x", ed25519.PublicKeySize)
	if j.err != nil || !j.has("d") {
		return ed25519.PublicKey(x)
	}
	d := j.bytes("d", ed25519.SeedSize)
	if j.err != nil {
		return nil
	}
	private := ed25519.NewKeyFromSeed(d)
	if !bytes.Equal(private[ed25519.SeedSize:], x) {
		j.fail("the private value d does not belong to x")
		return nil
	}
	return private
}

// purpose reads use and key_ops (RFC 7517 sections 4.2 and 4.3, row K10).
func (j *jwk) purpose(k *Key) {
	if use, ok := j.optional("use"); ok && use != "sig" {
		j.fail("the key is for %+q, not for signatures", use)
	}
	ops, ok := j.doc.get("key_ops")
	if !ok || j.err != nil {
		return
	}
	var list document
	if ops.kind != kindArray || list.parse(ops.value, depthStrict) != nil {
		j.fail("key_ops is %s, not an array", ops.kind)
		return
	}
	var sign, verify bool
	for op := range list.members() {
		if op.kind != kindString {
			j.fail("key_ops has an element that is no string")
			return
		}
		sign = sign || op.str() == "sign"
		verify = verify || op.str() == "verify"
	}
	// Whoever may sign may also check what was signed.
	k.canVerify = verify || sign && k.IsPrivate()
	k.canSign = sign && k.IsPrivate()
	if !k.canVerify {
		j.fail("key_ops allows neither sign nor verify")
	}
}

// appendRequired appends the members that make up the thumbprint, in the order
// and form of RFC 7638 section 3.2 (RFC 8037 section 2 for OKP).
func (k *Key) appendRequired(dst []byte) []byte {
	switch v := k.public.(type) {
	case *rsa.PublicKey:
		return fmt.Appendf(dst, `{"e":"%s","kty":"RSA","n":"%s"}`, encode(big.NewInt(int64(v.E)).Bytes()), encode(v.N.Bytes()))
	case *ecdsa.PublicKey:
		x, y := coordinates(v)
		return fmt.Appendf(dst, `{"crv":"%s","kty":"EC","x":"%s","y":"%s"}`, curveName(v), encode(x), encode(y))
	case ed25519.PublicKey:
		return fmt.Appendf(dst, `{"crv":"Ed25519","kty":"OKP","x":"%s"}`, encode(v))
	}
	return fmt.Appendf(dst, `{"k":"%s","kty":"oct"}`, encode(k.secret))
}

func coordinates(key *ecdsa.PublicKey) (x, y []byte) {
	point, err := key.Bytes()
	if err != nil { // newKey has checked the point
		return nil, nil
	}
	half := (len(point) - 1) / 2
	return point[1 : 1+half], point[1+half:]
}

// MarshalJWK writes the key as a JWK with kty, use, alg and kid. With private
// false there are public members only (row K07), and a shared secret is an error;
// with private true it must be a private key.
func (k *Key) MarshalJWK(private bool) ([]byte, error) {
	switch {
	case private && !k.IsPrivate():
		return nil, &KeyError{k.kid, "there is no private part"}
	case !private && k.IsSymmetric():
		return nil, &KeyError{k.kid, "a shared secret has no public part"}
	}
	out := k.appendRequired(nil)
	out = out[:len(out)-1]
	if private {
		out = k.appendPrivate(out)
	}
	out = append(out, `,"use":"sig","alg":`...)
	out = appendString(out, k.alg)
	out = append(out, `,"kid":`...)
	out = appendString(out, k.kid)
	return append(out, '}'), nil
}

func (k *Key) appendPrivate(dst []byte) []byte {
	add := func(name string, value []byte) {
		dst = fmt.Appendf(dst, `,"%s":"%s"`, name, encode(value))
	}
	switch v := k.private.(type) {
	case *rsa.PrivateKey:
		add("d", v.D.Bytes())
		add("p", v.Primes[0].Bytes())
		add("q", v.Primes[1].Bytes())
		add("dp", v.Precomputed.Dp.Bytes())
		add("dq", v.Precomputed.Dq.Bytes())
		add("qi", v.Precomputed.Qinv.Bytes())
	case *ecdsa.PrivateKey:
		if d, err := v.Bytes(); err == nil {
			add("d", d)
		}
	case ed25519.PrivateKey:
		add("d", v.Seed())
	}
	return dst
}

package jose

import (
	"crypto/hmac"
	"hash"
	"sync"
	"time"
)

// mac is an HMAC that has taken in its key. To begin anew with it costs a fraction
// of what a new one costs.
type mac struct {
	hash hash.Hash
	sum  []byte
}

func newMACs(a *algorithm, key []byte) *sync.Pool {
	return &sync.Pool{New: func() any { return &mac{hash: hmac.New(a.hash.New, key)} }}
}

// verify checks a signature over input; the key accepts the algorithm.
func (k *Key) verify(a *algorithm, input, signature []byte) bool {
	if k.secret == nil {
		return a.method.Verify(string(input), signature, k.public) == nil
	}
	if a.name != k.alg {
		return a.method.Verify(string(input), signature, k.secret) == nil
	}
	m, _ := k.macs.Get().(*mac)
	m.hash.Reset()
	m.hash.Write(input)
	m.sum = m.hash.Sum(m.sum[:0])
	ok := hmac.Equal(m.sum, signature)
	k.macs.Put(m)
	return ok
}

// validity is when the certificate a key came in is valid; zero if it came
// without one.
type validity struct{ from, until time.Time }

// checkValidity refuses a key from a certificate that is not valid now.
func (k *Key) checkValidity(now func() time.Time) *VerifyError {
	if k.validity.until.IsZero() || now == nil {
		return nil
	}
	switch at := now(); {
	case at.After(k.validity.until):
		return refuse(CodeCertificate, "", "the certificate of the key expired at %s", k.validity.until.UTC().Format(time.RFC3339))
	case at.Before(k.validity.from):
		return refuse(CodeCertificate, "", "the certificate of the key is not valid before %s", k.validity.from.UTC().Format(time.RFC3339))
	}
	return nil
}

// Validity returns when the certificate that the key came in is valid; ok is false
// if it came without one. Nothing else about the certificate is known: neither who
// issued it nor whether it was revoked.
func (k *Key) Validity() (from, until time.Time, ok bool) {
	return k.validity.from, k.validity.until, !k.validity.until.IsZero()
}

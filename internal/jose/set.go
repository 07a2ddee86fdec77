package jose

import (
	"context"
	"slices"
)

const (
	maxSet     = 1 << 20 // bytes of a JWK set
	maxSetKeys = 256
)

// KeySource finds the keys that a token may have been signed with: those whose kid is
// kid, or every candidate if kid is "", and that can verify alg. No key is no
// error; an error means that the source could not be asked, and a [Verifier]
// returns it as it is.
type KeySource interface {
	Keys(ctx context.Context, kid, alg string) ([]*Key, error)
}

// Set is a list of keys in a fixed order. It implements [KeySource].
type Set struct {
	keys    []*Key
	skipped []*KeyError
}

// NewSet makes a set of keys that are known to be trusted. Of two that are the
// same key the first stays.
func NewSet(keys ...*Key) *Set {
	s := &Set{}
	for _, k := range keys {
		if k != nil && !slices.ContainsFunc(s.keys, func(old *Key) bool { return old.kid == k.kid && old.Equal(k) }) {
			s.keys = append(s.keys, k)
		}
	}
	return s
}

// ParseSet reads a JWK set (RFC 7517 section 5), or a single JWK. Keys it cannot
// use do not spoil the others: they are left out and [Set.Skipped] says why. Left
// out are also shared secrets that stand beside public keys, and different keys
// of one type under one kid, because then nobody can know which was meant.
func ParseSet(data []byte) (*Set, error) {
	if len(data) > maxSet {
		return nil, keyErrorf("a JWK set longer than %d bytes", maxSet)
	}
	var d document
	if err := d.parse(data, depthStrict); err != nil {
		return nil, keyErrorf("not a JWK set: %s", err)
	}
	if d.kind != kindObject {
		return nil, keyErrorf("not a JWK set: it is %s, not an object", d.kind)
	}
	list, ok := d.get("keys")
	if _, single := d.get("kty"); !ok && single {
		k, err := ParseJWK(data)
		if err != nil {
			return nil, err
		}
		return NewSet(k), nil
	}
	var array document
	if list.kind != kindArray || array.parse(list.value, depthStrict) != nil {
		return nil, keyErrorf("not a JWK set: there is no array \"keys\"")
	}
	// Duplicates at any depth; those inside one key are that key's problem.
	for _, dup := range d.duplicates {
		if string(dup.name) == "keys" {
			return nil, keyErrorf("not a JWK set: it has \"keys\" twice")
		}
	}
	if array.len() > maxSetKeys {
		return nil, keyErrorf("a JWK set with %d keys, at most %d are taken", array.len(), maxSetKeys)
	}
	s := &Set{}
	taken := make(map[[2]string]bool) // names of keys that are damaged
	for m := range array.members() {
		k, err := ParseJWK(m.value)
		if err != nil {
			s.skip(err)
			if name, ok := signatureName(m.value); ok {
				taken[name] = true
			}
			continue
		}
		s.keys = append(s.keys, k)
	}
	s.dropMixed()
	s.dropAmbiguous(taken)
	return s, nil
}

// signatureName returns kty and kid of a JWK that could not be used, unless it is
// for encryption: some issuers give both their keys one name.
func signatureName(text []byte) (name [2]string, ok bool) {
	var d document
	if d.parse(text, depthStrict) != nil {
		return name, false
	}
	kty, _ := d.getString("kty")
	kid, named := d.getString("kid")
	use, _ := d.getString("use")
	return [2]string{kty, kid}, named && use != "enc"
}

func (s *Set) skip(err error) {
	if reason, ok := err.(*KeyError); ok { //nolint:errorlint // ParseJWK returns it unwrapped
		s.skipped = append(s.skipped, reason)
	}
}

// dropMixed leaves out shared secrets beside public keys.
func (s *Set) dropMixed() {
	if slices.ContainsFunc(s.keys, func(k *Key) bool { return !k.IsSymmetric() }) {
		s.dropSymmetric("a shared secret in a set of public keys")
	}
}

func (s *Set) dropSymmetric(reason string) {
	s.drop(func(k *Key) bool { return k.IsSymmetric() }, reason)
}

func (s *Set) dropAmbiguous(taken map[[2]string]bool) {
	ambiguous := make(map[*Key]bool)
	byName := make(map[[2]string]*Key)
	for _, k := range s.keys {
		if !k.named {
			continue
		}
		name := [2]string{k.kty, k.kid}
		first := byName[name]
		switch {
		case taken[name]:
			ambiguous[k] = true
		case first == nil:
			byName[name] = k
		case !first.Equal(k) || first.alg != k.alg:
			ambiguous[first], ambiguous[k] = true, true
		}
	}
	s.drop(func(k *Key) bool { return ambiguous[k] }, "another key has the same kid")
}

func (s *Set) drop(bad func(*Key) bool, reason string) {
	s.keys = slices.DeleteFunc(s.keys, func(k *Key) bool {
		if bad(k) {
			s.skipped = append(s.skipped, &KeyError{k.kid, reason})
			return true
		}
		return false
	})
}

// List returns the keys in order. Do not change the slice.
func (s *Set) List() []*Key { return s.keys }

// Skipped says why keys were left out, one error each.
func (s *Set) Skipped() []*KeyError { return s.skipped }

// Keys implements [KeySource]. A kid is compared exactly; keys that came without
// one (from PEM, or a JWK without kid) are candidates for every kid.
func (s *Set) Keys(_ context.Context, kid, alg string) ([]*Key, error) { return s.find(kid, alg), nil }

func (s *Set) find(kid, alg string) []*Key {
	var found []*Key
	for _, k := range s.keys {
		if kid != "" && k.named && k.kid != kid {
			continue
		}
		if k.canVerify && k.accepts(alg) {
			found = append(found, k)
		}
	}
	if kid == "" {
		return found
	}
	slices.SortStableFunc(found, func(a, b *Key) int { return order(b.kid == kid) - order(a.kid == kid) })
	return found
}

func order(first bool) int {
	if first {
		return 1
	}
	return 0
}

// has reports whether a key of this kid is in the set, for whatever algorithm.
func (s *Set) has(kid string) bool {
	return slices.ContainsFunc(s.keys, func(k *Key) bool { return k.kid == kid || !k.named })
}

// Marshal writes the JWK set to publish: the public members of every key, in
// order. Shared secrets are not in it (rows K06, K07).
func (s *Set) Marshal() ([]byte, error) {
	out := []byte(`{"keys":[`)
	first := true
	for _, k := range s.keys {
		if k.IsSymmetric() {
			continue
		}
		text, err := k.MarshalJWK(false)
		if err != nil {
			return nil, err
		}
		if !first {
			out = append(out, ',')
		}
		first = false
		out = append(out, text...)
	}
	return append(out, "]}"...), nil
}

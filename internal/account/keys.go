package account

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/socialauth/socialauth/internal/jose"
	"github.com/socialauth/socialauth/internal/vault"
)

// DefaultKey is the name of the key that is made when a JWT is to be minted
// and there is no key yet.
const DefaultKey = "default"

// DefaultAlg is the algorithm of a new key: ES256, which every JWT library
// verifies and whose public half can be published.
const DefaultAlg = "ES256"

// KeyInfo is a signing key without its secret part.
type KeyInfo struct {
	Name      string          `json:"name"`
	Alg       string          `json:"alg"`
	KeyID     string          `json:"kid"`
	CreatedAt time.Time       `json:"created_at"`
	Public    json.RawMessage `json:"public,omitempty"` // a JWK; none for HMAC keys
	// Retired are the keys that had this name before, as long as they are published.
	Retired []RetiredKey `json:"retired,omitempty"`
	// LastExpiry is when the last of the tokens that live longer than a day expires.
	LastExpiry time.Time `json:"last_expiry,omitzero"`
}

// RetiredKey is the public half of a key that [Service.RotateKey] replaced. It
// signs nothing more, and is published until what it signed has expired.
type RetiredKey struct {
	Alg          string          `json:"alg"`
	KeyID        string          `json:"kid"`
	Public       json.RawMessage `json:"public"`
	RetiredAt    time.Time       `json:"retired_at"`
	PublishUntil time.Time       `json:"publish_until"`
}

// publishAtLeast is how long a retired key is published at the least. Tokens that
// live longer leave their expiry in [KeyInfo.LastExpiry]; for others nothing need
// be written when they are minted.
const publishAtLeast = 24 * time.Hour

func keyName(name string) vault.Name { return vault.Name{Kind: vault.KindKey, ID: name} }

// CheckKeyName returns a [*KeyError] for a name no key may have.
func CheckKeyName(name string) error {
	if name == "" || len(name) > 64 || strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") != "" {
		return &KeyError{Name: name, Reason: "a name has 1 to 64 letters, digits and . _ -"}
	}
	return nil
}

// NewKey makes a key of the algorithm and keeps it. A name that is taken is a
// [*KeyError]: a key is never overwritten.
func (s *Service) NewKey(ctx context.Context, name, alg string) (*KeyInfo, error) {
	key, err := jose.GenerateKey(alg, rand.Reader)
	if err != nil {
		return nil, err
	}
	return s.AddKey(ctx, name, key)
}

// AddKey keeps a key that was made elsewhere. It must be able to sign.
func (s *Service) AddKey(ctx context.Context, name string, key *jose.Key) (*KeyInfo, error) {
	if err := CheckKeyName(name); err != nil {
		return nil, err
	}
	if !key.IsPrivate() {
		return nil, &KeyError{Name: name, Reason: "it is a public key, and signing needs the private one"}
	}
	rec, info, err := s.keyRecord(name, key)
	if err != nil {
		return nil, err
	}
	_, err = s.Vault.Update(ctx, keyName(name), func(old *vault.Record) (*vault.Record, error) {
		if old != nil {
			return nil, &KeyError{Name: name, Reason: "there is a key of that name already"}
		}
		return rec, nil
	})
	if err != nil {
		return nil, err
	}
	return info, nil
}

// keyRecord is what is kept of a new key.
func (s *Service) keyRecord(name string, key *jose.Key) (*vault.Record, *KeyInfo, error) {
	info := &KeyInfo{Name: name, Alg: key.Alg(), KeyID: key.KeyID(), CreatedAt: s.Now().UTC().Truncate(time.Second)}
	if !key.IsSymmetric() {
		public, err := key.MarshalJWK(false)
		if err != nil {
			return nil, nil, err
		}
		info.Public = public
	}
	meta, err := json.Marshal(info)
	if err != nil {
		return nil, nil, err
	}
	body, err := key.MarshalJWK(true)
	if err != nil {
		return nil, nil, err
	}
	return &vault.Record{Name: keyName(name), Meta: meta, Body: body}, info, nil
}

// RotateKey puts a new key in the place of one, in one step: whoever mints or
// reads the keys meanwhile sees the old one or the new one. alg is that of the new
// key; "" stands for the same. The old public half stays among [Service.PublicKeys]
// until the last token it signed has expired, and for a day at the least; its
// private half is gone, and a shared secret is gone whole.
func (s *Service) RotateKey(ctx context.Context, name, alg string) (*KeyInfo, error) {
	if alg == "" {
		keys, err := s.Keys()
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(keys, func(k KeyInfo) bool { return k.Name == name })
		if i < 0 {
			return nil, s.keyMissing(name, vault.ErrNotFound)
		}
		alg = keys[i].Alg
	}
	key, err := jose.GenerateKey(alg, rand.Reader)
	if err != nil {
		return nil, err
	}
	rec, info, err := s.keyRecord(name, key)
	if err != nil {
		return nil, err
	}
	_, err = s.Vault.Update(ctx, keyName(name), func(old *vault.Record) (*vault.Record, error) {
		if old == nil {
			return nil, s.keyMissing(name, vault.ErrNotFound)
		}
		var was KeyInfo
		if err := json.Unmarshal(old.Meta, &was); err != nil {
			return nil, fmt.Errorf("read the key %s: %w", name, err)
		}
		info.Retired = was.retire(s.Now().UTC().Truncate(time.Second))
		rec.Meta, err = json.Marshal(info)
		return rec, err
	})
	if err != nil {
		return nil, err
	}
	return info, nil
}

// retire is what the next key of this name keeps of this one and those before it.
func (k KeyInfo) retire(now time.Time) []RetiredKey {
	var list []RetiredKey
	if len(k.Public) > 0 {
		until := now.Add(publishAtLeast)
		if k.LastExpiry.After(until) {
			until = k.LastExpiry
		}
		list = append(list, RetiredKey{Alg: k.Alg, KeyID: k.KeyID, Public: k.Public, RetiredAt: now, PublishUntil: until})
	}
	for _, r := range k.Retired {
		if now.Before(r.PublishUntil) {
			list = append(list, r)
		}
	}
	return list
}

// noteExpiry makes a note of a token that outlives what a retired key is published
// for anyway. It is written before the token is given away.
func (s *Service) noteExpiry(ctx context.Context, name, kid string, expires time.Time) error {
	if expires.Before(s.Now().Add(publishAtLeast)) {
		return nil
	}
	_, err := s.Vault.Update(ctx, keyName(name), func(old *vault.Record) (*vault.Record, error) {
		if old == nil {
			return nil, s.keyMissing(name, vault.ErrNotFound)
		}
		var info KeyInfo
		if err := json.Unmarshal(old.Meta, &info); err != nil {
			return nil, fmt.Errorf("read the key %s: %w", name, err)
		}
		until := &info.LastExpiry
		for i := range info.Retired { // somebody rotated the key just now
			if info.Retired[i].KeyID == kid {
				until = &info.Retired[i].PublishUntil
			}
		}
		if !expires.After(*until) {
			return old, nil
		}
		*until = expires
		meta, err := json.Marshal(info)
		if err != nil {
			return nil, err
		}
		old.Meta = meta
		return old, nil
	})
	return err
}

// Keys lists the keys without touching the keyring.
func (s *Service) Keys() ([]KeyInfo, error) {
	headers, err := s.Vault.List(vault.KindKey)
	if err != nil {
		return nil, err
	}
	keys := []KeyInfo{}
	for _, h := range headers {
		var info KeyInfo
		if h.Damaged != nil {
			return nil, h.Damaged
		}
		if err := json.Unmarshal(h.Meta, &info); err != nil {
			return nil, fmt.Errorf("read the key %s: %w", h.ID, err)
		}
		keys = append(keys, info)
	}
	return keys, nil
}

// Key returns a key with its secret part.
func (s *Service) Key(ctx context.Context, name string) (*jose.Key, error) {
	rec, err := s.Vault.Get(ctx, keyName(name))
	if err != nil {
		return nil, s.keyMissing(name, err)
	}
	return jose.ParseJWK(rec.Body)
}

// DeleteKey forgets a key. What it signed can no longer be verified here.
func (s *Service) DeleteKey(ctx context.Context, name string) error {
	keys, err := s.Keys()
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(keys, func(k KeyInfo) bool { return k.Name == name }) {
		return s.keyMissing(name, vault.ErrNotFound)
	}
	return s.Vault.Delete(ctx, keyName(name))
}

func (s *Service) keyMissing(name string, err error) error {
	if !errors.Is(err, vault.ErrNotFound) {
		return err
	}
	e := &KeyError{Name: name, Reason: "there is no such key"}
	if keys, err := s.Keys(); err == nil {
		e.Known = names(keys)
	}
	return e
}

func names(keys []KeyInfo) []string {
	var list []string
	for _, k := range keys {
		list = append(list, k.Name)
	}
	return list
}

// signingKey finds the key to sign with: the one named; else the one called
// "default"; else the only one; else a new one called "default".
func (s *Service) signingKey(ctx context.Context, name string) (string, *jose.Key, error) {
	if name == "" {
		keys, err := s.Keys()
		if err != nil {
			return "", nil, err
		}
		named := slices.ContainsFunc(keys, func(k KeyInfo) bool { return k.Name == DefaultKey })
		switch {
		case named || len(keys) == 0:
			name = DefaultKey
		case len(keys) == 1:
			name = keys[0].Name
		default:
			return "", nil, &KeyError{Name: DefaultKey, Reason: "there are several keys and none was named", Known: names(keys)}
		}
		if len(keys) == 0 {
			// Two processes may get here at once; the loser finds the winner's key.
			var taken *KeyError
			if _, err := s.NewKey(ctx, DefaultKey, DefaultAlg); err != nil && !errors.As(err, &taken) {
				return "", nil, err
			}
		}
	}
	key, err := s.Key(ctx, name)
	return name, key, err
}

// PublicKeys is the public half of every key that has one, as a JWK Set may
// publish them, and of those that were replaced as long as their tokens live.
func (s *Service) PublicKeys() (*jose.Set, error) {
	infos, err := s.Keys()
	if err != nil {
		return nil, err
	}
	var keys []*jose.Key
	for _, info := range infos {
		var publish []json.RawMessage
		if len(info.Public) > 0 {
			publish = append(publish, info.Public)
		}
		for _, r := range info.Retired {
			if s.Now().Before(r.PublishUntil) {
				publish = append(publish, r.Public)
			}
		}
		for _, text := range publish {
			key, err := jose.ParseJWK(text)
			if err != nil {
				return nil, fmt.Errorf("read the key %s: %w", info.Name, err)
			}
			keys = append(keys, key)
		}
	}
	return jose.NewSet(keys...), nil
}

// LocalKeys is the person's own keys as a source for verifying. Public halves
// are read from clear headers; only an HMAC token opens the vault.
func (s *Service) LocalKeys() jose.KeySource { return localKeys{s} }

type localKeys struct{ s *Service }

// Keys implements [jose.KeySource].
func (l localKeys) Keys(ctx context.Context, kid, alg string) ([]*jose.Key, error) {
	set, err := l.s.PublicKeys()
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(alg, "HS") {
		return set.Keys(ctx, kid, alg)
	}
	infos, err := l.s.Keys()
	if err != nil {
		return nil, err
	}
	var found []*jose.Key
	for _, info := range infos {
		if info.Alg != alg || kid != "" && info.KeyID != kid {
			continue
		}
		key, err := l.s.Key(ctx, info.Name)
		if err != nil {
			return nil, err
		}
		found = append(found, key)
	}
	return found, nil
}

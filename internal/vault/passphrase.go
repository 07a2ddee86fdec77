package vault

import (
	"context"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"

	"golang.org/x/crypto/argon2"
)

// kdfCost is the price of one try at the passphrase.
type kdfCost struct {
	Time    uint32 `json:"time"`
	Memory  uint32 `json:"memory_kib"`
	Threads uint8  `json:"threads"`
}

// defaultCost takes about 60 ms on a small machine. RFC 9106 section 4 names it as its
// second choice, for where memory is not plentiful.
func defaultCost() kdfCost { return kdfCost{Time: 3, Memory: 64 << 10, Threads: 4} }

// Caps on what is believed from vault.json, so that an edited file cannot make
// the program eat the machine (row S21); the worst that passes takes about two seconds.
const (
	kdfName      = "argon2id"
	maxKDFTime   = 12
	maxKDFMemory = 256 << 10
	maxKDFLanes  = 16
	minSalt      = 16
	maxSalt      = 64
	wrappedSize  = nonceSize + keySize + tagSize
)

// passphraseWrap is what vault.json holds for the passphrase source: the vault
// key, sealed under a key made from the passphrase.
type passphraseWrap struct {
	KDF  string  `json:"kdf"`
	Cost kdfCost `json:"cost"`
	Salt []byte  `json:"salt"`
	Key  []byte  `json:"wrapped_key"` // nonce and AES-256-GCM
}

func (w *passphraseWrap) validate() error {
	switch c := w.Cost; {
	case w.KDF != kdfName:
		return errors.New("its kdf is not argon2id")
	case c.Time < 1 || c.Time > maxKDFTime:
		return errors.New("its kdf time is outside 1 to 12")
	case c.Threads < 1 || c.Threads > maxKDFLanes:
		return errors.New("its kdf threads are outside 1 to 16")
	case c.Memory < 8*uint32(c.Threads) || c.Memory > maxKDFMemory:
		return errors.New("its kdf memory is outside what is allowed (256 MiB at most)")
	case len(w.Salt) < minSalt || len(w.Salt) > maxSalt:
		return errors.New("its kdf salt is not 16 to 64 bytes")
	case len(w.Key) != wrappedSize:
		return errors.New("its wrapped key has the wrong length")
	}
	return nil
}

// passphraseSource keeps the key in vault.json itself, wrapped. One value of it
// asks at most once, so that making a vault is one question.
type passphraseSource struct {
	ask   func(context.Context) ([]byte, error)
	cost  kdfCost
	known []byte
}

func (s *passphraseSource) item(f *vaultFile) string { return "of vault " + f.ID }

func (s *passphraseSource) passphrase(ctx context.Context) ([]byte, error) {
	if s.known != nil {
		return s.known, nil
	}
	if s.ask == nil {
		return nil, ErrNoPassphrase
	}
	p, err := s.ask(ctx)
	if err != nil {
		return nil, fmt.Errorf("get the passphrase: %w", err)
	}
	if len(p) == 0 {
		return nil, ErrNoPassphrase
	}
	s.known = p
	return p, nil
}

func (s *passphraseSource) ready(ctx context.Context) error {
	_, err := s.passphrase(ctx)
	return err
}

func (s *passphraseSource) save(ctx context.Context, f *vaultFile, k *vaultKey) error {
	p, err := s.passphrase(ctx)
	if err != nil {
		return err
	}
	w := &passphraseWrap{KDF: kdfName, Cost: s.cost, Salt: make([]byte, minSalt)}
	rand.Read(w.Salt)
	aead, err := w.aead(p)
	if err != nil {
		return err
	}
	nonce := make([]byte, nonceSize)
	rand.Read(nonce)
	w.Key = aead.Seal(nonce, nonce, k.bytes[:], wrapAAD(f.ID))
	f.Passphrase = w
	return nil
}

// remove has nothing to do: the wrapped key went with the old vault.json.
func (s *passphraseSource) remove(context.Context, *vaultFile) error { return nil }

func (s *passphraseSource) load(ctx context.Context, f *vaultFile) (*vaultKey, error) {
	if f.Passphrase == nil {
		return nil, errAbsentKey
	}
	p, err := s.passphrase(ctx)
	if err != nil {
		return nil, err
	}
	aead, err := f.Passphrase.aead(p)
	if err != nil {
		return nil, err
	}
	sealed := f.Passphrase.Key
	raw, err := aead.Open(nil, sealed[:nonceSize], sealed[nonceSize:], wrapAAD(f.ID))
	if err != nil {
		return nil, &KeyWrongError{Storage: Passphrase, Item: s.item(f)}
	}
	k := &vaultKey{id: f.ID}
	copy(k.bytes[:], raw)
	return k, nil
}

func (w *passphraseWrap) aead(passphrase []byte) (cipher.AEAD, error) {
	return newGCM(argon2.IDKey(passphrase, w.Salt, w.Cost.Time, w.Cost.Memory, w.Cost.Threads, keySize))
}

func wrapAAD(id string) []byte { return []byte("socialauth wrapped vault key v1\x00" + id) }

package vault

import (
	"context"
	"errors"
	"fmt"
)

// Storage names a key source. The zero value leaves the choice to what the
// vault has recorded, and to the keyring where there is no vault yet.
type Storage string

// The key sources.
const (
	InKeyring  Storage = "keyring"    // an item in the operating system's keyring
	Passphrase Storage = "passphrase" // wrapped by a passphrase (argon2id) inside vault.json
	KeyFile    Storage = "key-file"   // a file beside the records; protects against nothing that runs as the same user
)

func (s Storage) valid() bool {
	return s == "" || s == InKeyring || s == Passphrase || s == KeyFile
}

// ParseStorage reads the value of a flag or variable; "" is allowed and leaves
// the choice open.
func ParseStorage(s string) (Storage, error) {
	if st := Storage(s); st.valid() {
		return st, nil
	}
	return "", fmt.Errorf("unknown storage %q: want keyring, passphrase or key-file", s)
}

// keySource keeps one vault key. None of its methods retries, and none falls
// back to anything.
type keySource interface {
	// ready proves, before anything is written anywhere, that save could work:
	// the keyring answers, the passphrase is there.
	ready(ctx context.Context) error
	// save stores k for the first time. f may be completed with what load needs.
	save(ctx context.Context, f *vaultFile, k *vaultKey) error
	// load returns the key of f. errAbsentKey says that there is none.
	load(ctx context.Context, f *vaultFile) (*vaultKey, error)
	// remove empties the place of f's key.
	remove(ctx context.Context, f *vaultFile) error
	// item names the place of f's key for people.
	item(f *vaultFile) string
}

// errAbsentKey is what load returns when the place is reachable and empty.
var errAbsentKey = errors.New("no key")

func (v *Vault) source(s Storage) (keySource, error) {
	switch s {
	case InKeyring:
		if v.opts.Keyring == nil {
			return nil, &KeyringAbsentError{Reason: Unsupported}
		}
		return keyringSource{v.opts.Keyring}, nil
	case Passphrase:
		return &passphraseSource{ask: v.opts.Passphrase, cost: v.opts.kdf}, nil
	case KeyFile:
		return keyFileSource{v.dir}, nil
	default:
		return nil, fmt.Errorf("unknown storage %q", s)
	}
}

// keyringSource keeps the key as the item (Service, "vault-key-" + vault id).
// Each vault id is written at most once: a write that was given up on and lands
// later meets nobody's item.
type keyringSource struct{ ring Keyring }

func keyringUser(id string) string { return "vault-key-" + id }

func (s keyringSource) item(f *vaultFile) string { return Service + "/" + keyringUser(f.ID) }

func (s keyringSource) ready(ctx context.Context) error {
	// An id that no vault has: all that matters is that the keyring says so.
	_, err := s.ring.Get(ctx, Service, keyringUser("probe"))
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

func (s keyringSource) save(ctx context.Context, f *vaultFile, k *vaultKey) error {
	return s.ring.Set(ctx, Service, keyringUser(f.ID), k.item())
}

func (s keyringSource) remove(ctx context.Context, f *vaultFile) error {
	return s.ring.Delete(ctx, Service, keyringUser(f.ID))
}

func (s keyringSource) load(ctx context.Context, f *vaultFile) (*vaultKey, error) {
	text, err := s.ring.Get(ctx, Service, keyringUser(f.ID))
	if errors.Is(err, ErrNotFound) {
		return nil, errAbsentKey
	}
	if err != nil {
		return nil, err
	}
	return openKeyItem(text, f.ID, s.item(f), InKeyring)
}

package vault

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"time"
)

// DefaultLockTimeout is how long an operation waits for a lock when
// [Options.LockTimeout] is zero. It is longer than any HTTP request of the
// program, because a refresh holds a record's lock while it asks the provider.
const DefaultLockTimeout = 45 * time.Second

// Options says where a vault is and how its key is reached.
type Options struct {
	Dir         string                                // absolute; made with mode 0700 when first needed
	Storage     Storage                               // "" = as recorded, else the keyring
	Keyring     Keyring                               // needed only where the storage is the keyring
	Passphrase  func(context.Context) ([]byte, error) // needed only where the storage is the passphrase
	Now         func() time.Time                      // needed
	LockTimeout time.Duration                         // 0 = DefaultLockTimeout

	kdf kdfCost // for tests
}

// Vault is a directory of records. It is safe for use by several goroutines and,
// through the file locks, by several processes at once.
type Vault struct {
	dir  string
	opts Options

	busy chan struct{} // held while the key source is asked, so that it is asked once
	mu   sync.Mutex
	key  *vaultKey // as last opened; checked against vault.json before each use
}

// Info says what a vault is without opening it.
type Info struct {
	Dir     string
	Exists  bool    // a key was made and confirmed
	Storage Storage // as recorded; where there is no vault, what would be used
	VaultID string  // 8 hexadecimal digits, or ""
	KeyItem string  // where the key is: a keyring item, a file, or ""
	Created time.Time
	Records int // files of records of all kinds, readable or not
}

// Open returns the vault at o.Dir. It looks at nothing: no keyring is touched,
// no file is read and nothing is created, so a command that turns out not to
// need the vault costs nothing.
func Open(o Options) (*Vault, error) {
	if o.Dir == "" || !filepath.IsAbs(o.Dir) {
		return nil, errors.New("the vault's directory must be an absolute path")
	}
	if o.Now == nil {
		return nil, errors.New("the vault needs a clock")
	}
	if _, err := ParseStorage(string(o.Storage)); err != nil {
		return nil, err
	}
	if o.LockTimeout == 0 {
		o.LockTimeout = DefaultLockTimeout
	}
	if o.kdf == (kdfCost{}) {
		o.kdf = defaultCost()
	}
	return &Vault{dir: filepath.Clean(o.Dir), opts: o, busy: make(chan struct{}, 1)}, nil
}

// Info reads vault.json and counts records. It touches no keyring.
func (v *Vault) Info() (Info, error) {
	info := Info{Dir: v.dir, Storage: v.wanted()}
	f, err := v.readVaultFile()
	if err != nil {
		return info, err
	}
	if info.Records, err = v.countRecords(); err != nil {
		return info, err
	}
	if f == nil || !f.complete() {
		return info, nil
	}
	info.Exists, info.Storage, info.VaultID, info.Created = true, f.Storage, f.ID, f.Created
	if s, err := v.source(f.Storage); err == nil && f.Storage != Passphrase {
		info.KeyItem = s.item(f)
	}
	return info, nil
}

func (v *Vault) wanted() Storage {
	if v.opts.Storage == "" {
		return InKeyring
	}
	return v.opts.Storage
}

// Prove shows that the storage works from end to end, before anything is done
// that only makes sense if it does: it creates the vault if there is none, opens
// its key, and writes, reads and removes a probe record. A login calls it before
// the browser opens (row S01). On error no key has been replaced and no record
// touched.
func (v *Vault) Prove(ctx context.Context) error {
	return v.locked(ctx, probeFile(), func(k *vaultKey) error {
		if err := v.ensureKindDirs(); err != nil {
			return err
		}
		return v.probe(k)
	})
}

// open returns the key of the vault. Where there is no vault it makes one if
// create is true, and otherwise returns neither key nor error.
func (v *Vault) open(ctx context.Context, create bool) (*vaultKey, error) {
	select {
	case v.busy <- struct{}{}:
		defer func() { <-v.busy }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	f, err := v.readVaultFile()
	if err != nil {
		return nil, err
	}
	if f != nil && f.complete() {
		return v.openExisting(ctx, f)
	}
	if err := v.mustBeEmpty(f); err != nil || !create {
		return nil, err
	}
	return v.create(ctx)
}

func (v *Vault) openExisting(ctx context.Context, f *vaultFile) (*vaultKey, error) {
	if v.opts.Storage != "" && v.opts.Storage != f.Storage {
		return nil, &StorageMismatchError{Recorded: f.Storage, Asked: v.opts.Storage}
	}
	if k := v.cached(f); k != nil {
		return k, nil
	}
	s, err := v.source(f.Storage)
	if err != nil {
		return nil, err
	}
	k, err := s.load(ctx, f)
	if errors.Is(err, errAbsentKey) {
		n, err := v.countRecords()
		if err != nil {
			return nil, err
		}
		return nil, &KeyMissingError{Storage: f.Storage, Item: s.item(f), Dir: v.dir, Records: n}
	}
	if err != nil {
		return nil, err
	}
	if !f.matches(k) {
		return nil, &KeyWrongError{Storage: f.Storage, Item: s.item(f)}
	}
	v.keep(k)
	return k, nil
}

// cached returns the key opened earlier if it is still the key of f.
func (v *Vault) cached(f *vaultFile) *vaultKey {
	v.mu.Lock()
	defer v.mu.Unlock()
	if f.matches(v.key) {
		return v.key
	}
	return nil
}

func (v *Vault) keep(k *vaultKey) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.key = k
}

// mustBeEmpty refuses to go on where records exist and no confirmed key does.
func (v *Vault) mustBeEmpty(f *vaultFile) error {
	n, err := v.countRecords()
	if err != nil || n == 0 {
		return err
	}
	reason := "it has records and no " + vaultFileName
	if f != nil {
		reason = "it has records and its key was never confirmed"
	}
	return &InconsistentError{Dir: v.dir, Records: n, Reason: reason}
}

// create makes the vault: intent, key, proof that the key is kept, and only
// then the key check that makes it a vault. Whoever is killed in between leaves
// an intent that the next one finishes or replaces.
func (v *Vault) create(ctx context.Context) (*vaultKey, error) {
	s, err := v.source(v.wanted())
	if err != nil {
		return nil, err
	}
	if err := s.ready(ctx); err != nil {
		return nil, err
	}
	if err := ensureDir(v.dir); err != nil {
		return nil, err
	}
	l, err := v.lock(ctx, filepath.Join(v.dir, vaultLockName), false)
	if err != nil {
		return nil, err
	}
	defer l.release()
	f, err := v.readVaultFile() // again: somebody else may have been first
	if err != nil {
		return nil, err
	}
	if f != nil && f.complete() {
		return v.openExisting(ctx, f)
	}
	if err := v.mustBeEmpty(f); err != nil {
		return nil, err
	}
	sweep(v.vaultPath())
	f, k, err := v.createKey(ctx, s, f)
	if err != nil {
		return nil, err
	}
	f.KeyCheck = k.check()
	if err := v.writeVaultFile(f); err != nil {
		return nil, err
	}
	v.keep(k)
	return k, nil
}

// createKey returns a key that s has proved to keep, and the file to record it in. An
// earlier attempt's key is taken over if it is whole. If it is not, it stays where it
// is and the new attempt has another id, so that no item is ever written twice.
func (v *Vault) createKey(ctx context.Context, s keySource, old *vaultFile) (*vaultFile, *vaultKey, error) {
	if old != nil && old.Storage == v.wanted() {
		k, err := s.load(ctx, old)
		var corrupt *KeyCorruptError
		switch {
		case err == nil:
			return old, k, nil
		case !errors.Is(err, errAbsentKey) && !errors.As(err, &corrupt):
			return nil, nil, err
		}
	}
	f := &vaultFile{Version: vaultFileVersion, ID: newVaultID(), Storage: v.wanted(), Created: v.now()}
	if err := v.writeVaultFile(f); err != nil {
		return nil, nil, err
	}
	k := newVaultKey(f.ID)
	if err := s.save(ctx, f, k); err != nil {
		return nil, nil, err
	}
	back, err := s.load(ctx, f)
	if errors.Is(err, errAbsentKey) {
		return nil, nil, &KeyMissingError{Storage: f.Storage, Item: s.item(f), Dir: v.dir}
	}
	if err != nil {
		return nil, nil, err
	}
	if !back.equal(k) {
		return nil, nil, &KeyWrongError{Storage: f.Storage, Item: s.item(f)}
	}
	return f, k, nil
}

func (v *Vault) now() time.Time { return v.opts.Now().UTC().Truncate(time.Second) }

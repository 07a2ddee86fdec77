package vault

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Migration is what [Vault.Migrate] did.
type Migration struct {
	From, To Storage
	// Item is where the key is now.
	Item string
	// Left is the old place of the key if it could not be emptied, and Err why.
	Left string
	Err  error
}

// Migrate moves the vault's key to another storage. Records are not touched:
// only the key is wrapped anew, read back and compared; then vault.json is
// switched, and only then is the old place emptied. Whatever fails before the
// switch leaves the vault as it was. The vault must have been opened without a
// choice of storage in [Options].
func (v *Vault) Migrate(ctx context.Context, to Storage) (*Migration, error) {
	if to == "" || !to.valid() {
		return nil, fmt.Errorf("unknown storage %q", to)
	}
	if f, err := v.readVaultFile(); err != nil {
		return nil, err
	} else if f == nil {
		return nil, &NoVaultError{Dir: v.dir}
	}
	l, err := v.lock(ctx, filepath.Join(v.dir, vaultLockName), false)
	if err != nil {
		return nil, err
	}
	defer l.release()
	f, err := v.readVaultFile()
	if err != nil {
		return nil, err
	}
	if f == nil || !f.complete() {
		return nil, &NoVaultError{Dir: v.dir}
	}
	if f.Storage == to {
		return nil, &SameStorageError{Storage: to}
	}
	from, err := v.source(f.Storage)
	if err != nil {
		return nil, err
	}
	k, err := v.openExisting(ctx, f)
	if err != nil {
		return nil, err
	}
	next, dst, err := v.rewrap(ctx, f, k, to)
	if err != nil {
		return nil, err
	}
	if err := v.writeVaultFile(next); err != nil {
		return nil, err
	}
	done := &Migration{From: f.Storage, To: to, Item: dst.item(next)}
	if err := from.remove(ctx, f); err != nil && !errors.Is(err, ErrNotFound) {
		done.Left, done.Err = from.item(f), err
	}
	return done, nil
}

// rewrap puts k into the storage to and proves that it is there.
func (v *Vault) rewrap(ctx context.Context, f *vaultFile, k *vaultKey, to Storage) (*vaultFile, keySource, error) {
	dst, err := v.source(to)
	if err != nil {
		return nil, nil, err
	}
	if err := dst.ready(ctx); err != nil {
		return nil, nil, err
	}
	next := *f
	next.Storage, next.Passphrase = to, nil
	if err := dst.save(ctx, &next, k); err != nil {
		return nil, nil, err
	}
	back, err := dst.load(ctx, &next)
	if errors.Is(err, errAbsentKey) || err == nil && !back.equal(k) {
		return nil, nil, &KeyWrongError{Storage: to, Item: dst.item(&next)}
	}
	if err != nil {
		return nil, nil, err
	}
	return &next, dst, nil
}

// Reset moves everything of the vault aside into a folder of its own, whose
// path it returns, so that a new vault can be made. Nothing is deleted: with
// the old key, the folder is a vault again. n counts the records. It needs no key.
func (v *Vault) Reset(ctx context.Context) (aside string, n int, err error) {
	if err := checkTop(v.dir); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return "", 0, &NoVaultError{Dir: v.dir}
		}
		return "", 0, err
	}
	l, err := v.lock(ctx, filepath.Join(v.dir, vaultLockName), false)
	if err != nil {
		return "", 0, err
	}
	defer l.release()
	if n, err = v.countRecords(); err != nil {
		return "", 0, err
	}
	entries, err := os.ReadDir(v.dir)
	if err != nil {
		return "", 0, &StoreError{"list", v.dir, err}
	}
	var move []string
	for _, e := range entries {
		if name := e.Name(); belongsToVault(name) {
			move = append(move, name)
		}
	}
	if len(move) == 0 {
		return "", 0, &NoVaultError{Dir: v.dir}
	}
	aside = filepath.Join(v.dir, "reset-"+v.opts.Now().UTC().Format("20060102T150405Z"))
	if err := os.Mkdir(aside, 0o700); err != nil {
		return "", 0, &StoreError{"create", aside, err}
	}
	for _, name := range move {
		if err := os.Rename(filepath.Join(v.dir, name), filepath.Join(aside, name)); err != nil {
			return aside, n, &StoreError{"rename", filepath.Join(v.dir, name), err}
		}
	}
	return aside, n, nil
}

// belongsToVault names what Reset moves: everything but the vault's lock, which
// is never removed, and earlier resets.
func belongsToVault(name string) bool {
	return name == vaultFileName || validKind(name) ||
		strings.HasPrefix(name, "vault-") && strings.HasSuffix(name, ".key")
}

// NoVaultError says that there is no vault to work on.
type NoVaultError struct{ Dir string }

func (e *NoVaultError) Error() string { return "there is no vault in " + e.Dir }

// SameStorageError says that a vault is where it was to be moved to.
type SameStorageError struct{ Storage Storage }

func (e *SameStorageError) Error() string {
	return fmt.Sprintf("the vault's key is in the storage %q already", e.Storage)
}

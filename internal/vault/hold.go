package vault

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
)

// Held is a record whose lock is held. It is good only inside the function that
// [Vault.Hold] calls.
type Held struct {
	v    *Vault
	key  *vaultKey
	name Name
	path string
}

// Hold runs fn while the record n is locked against every other process. fn may
// read and write the record as often as it needs to, and may talk to the
// network in between; it must not call the vault for the same record. An error
// of fn is returned as it is. The vault is created if there is none.
func (v *Vault) Hold(ctx context.Context, n Name, fn func(*Held) error) error {
	if err := n.validate(); err != nil {
		return err
	}
	return v.locked(ctx, n.file(), func(k *vaultKey) error {
		h := &Held{v: v, key: k, name: n, path: v.recordPath(n)}
		sweep(h.path)
		return fn(h)
	})
}

// Get reads the record; without one the error is a *NotFoundError.
func (h *Held) Get() (*Record, error) { return h.v.read(h.key, h.name) }

// Put writes the record. When it returns without an error the record is on the
// disk, and either all of it or nothing of it ever is.
func (h *Held) Put(r *Record) (*Record, error) {
	if err := h.own(r); err != nil {
		return nil, err
	}
	next := r.clone()
	next.Name, next.Updated = h.name, h.v.now()
	if err := next.normalize(); err != nil {
		return nil, err
	}
	data, err := seal(h.key, next)
	if err != nil {
		return nil, err
	}
	if err := writeFile(h.path, data); err != nil {
		return nil, err
	}
	return next, nil
}

// own refuses a record that has another name than the one that is locked.
func (h *Held) own(r *Record) error {
	if r.Name != (Name{}) && r.Name != h.name {
		return &NameError{r.Name, fmt.Sprintf("an update of %q cannot rename it", h.name.ID)}
	}
	return nil
}

// Remove deletes the record; a missing one is no error.
func (h *Held) Remove() error {
	err := removeFile(h.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// Update changes the record n under its lock. fn gets what is stored now, or nil
// if there is none, and returns what shall be stored, or nil to delete it. It is
// called at most once. An error of fn is returned as it is, and nothing changes.
// What fn returns equal to what it got is not written again.
//
// It is [Vault.Hold] with one read and at most one write, and its rules hold.
func (v *Vault) Update(ctx context.Context, n Name, fn func(old *Record) (*Record, error)) (*Record, error) {
	var result *Record
	err := v.Hold(ctx, n, func(h *Held) error {
		old, err := h.Get()
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		next, err := fn(old.clone())
		switch {
		case err != nil:
			return err
		case next == nil:
			return h.Remove()
		case h.own(next) == nil && next.same(old):
			result = old
			return nil
		}
		result, err = h.Put(next)
		return err
	})
	if err != nil {
		return nil, err
	}
	return result, nil
}

// Alone runs fn while no other process runs something with the same purpose for
// the record n. It needs no key and does not lock the record itself: it is for
// work around a record, such as a sign-in, which may take minutes. Who has to
// wait is told once, through waiting, who holds it (0 if that is not known), and
// may return an error to give up. Otherwise waiting ends with ctx alone.
func (v *Vault) Alone(ctx context.Context, n Name, purpose string, waiting func(pid int) error, fn func() error) error {
	if err := n.validate(); err != nil {
		return err
	}
	if err := ensureDir(v.dir); err != nil {
		return err
	}
	if err := ensureKindDir(filepath.Join(v.dir, n.Kind)); err != nil {
		return err
	}
	path := filepath.Join(v.dir, n.file()+"."+purpose+lockSuffix)
	l, ok, err := tryLock(path)
	if err != nil {
		return err
	}
	if !ok {
		if err := waiting(readPID(path)); err != nil {
			return err
		}
		if l, err = lock(ctx, ctx, path, false); err != nil {
			return err
		}
	}
	defer l.release()
	return fn()
}

package vault

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// pollInterval is how often a waiter tries for a lock. The kernel frees the lock
// of a dead process at once, so this bounds only how late one notices.
const pollInterval = 10 * time.Millisecond

// The holder's process id is kept in the lock file, from byte 1 on because
// Windows makes byte 0 unreadable while the lock is held, in a fixed width so
// that a shorter number leaves nothing of a longer one.
const (
	pidOffset = 1
	pidWidth  = 12
)

// heldLock is one acquired lock. The object of the library excludes nobody who
// shares it, so there is a new one for each acquisition.
type heldLock struct {
	f      *flock.Flock
	shared bool
}

// release takes the process id out again: those who wait for sharers later must
// not be told of somebody who has gone.
func (l heldLock) release() {
	if !l.shared {
		writePID(l.f.Path(), 0)
	}
	_ = l.f.Unlock()
}

// lock waits for the lock file at path until ctx ends or the vault's own
// deadline passes. The file is made if need be and never removed.
func (v *Vault) lock(ctx context.Context, path string, shared bool) (heldLock, error) {
	waiting, cancel := context.WithTimeout(ctx, v.opts.LockTimeout)
	defer cancel()
	return lock(ctx, waiting, path, shared)
}

// lock waits until waiting ends, which is ctx or a shorter limit of the vault's.
func lock(ctx, waiting context.Context, path string, shared bool) (heldLock, error) {
	if err := checkLockFile(path); err != nil {
		return heldLock{}, err
	}
	f := newFlock(path)
	try := f.TryLockContext
	if shared {
		try = f.TryRLockContext
	}
	ok, err := try(waiting, pollInterval)
	switch {
	case ok:
		if !shared {
			writePID(path, os.Getpid())
		}
		return heldLock{f, shared}, nil
	case errors.Is(ctx.Err(), context.Canceled):
		return heldLock{}, fmt.Errorf("wait for %s: %w", path, ctx.Err())
	case waiting.Err() != nil:
		return heldLock{}, &LockedByError{PID: readPID(path), Path: path}
	default:
		return heldLock{}, &StoreError{"lock", path, err}
	}
}

// tryLock takes the lock if nobody holds it.
func tryLock(path string) (heldLock, bool, error) {
	if err := checkLockFile(path); err != nil {
		return heldLock{}, false, err
	}
	f := newFlock(path)
	ok, err := f.TryLock()
	if err != nil {
		return heldLock{}, false, &StoreError{"lock", path, err}
	}
	if ok {
		writePID(path, os.Getpid())
	}
	return heldLock{f: f}, ok, nil
}

func newFlock(path string) *flock.Flock {
	return flock.New(path, flock.SetFlag(os.O_CREATE|os.O_RDWR|noFollow), flock.SetPermissions(0o600))
}

// writePID is for the message of those who wait; failing at it is no failure.
func writePID(path string, pid int) {
	f, err := os.OpenFile(path, os.O_WRONLY|noFollow, 0)
	if err != nil {
		return
	}
	_, _ = f.WriteAt(fmt.Appendf(nil, "%-*d", pidWidth, pid), pidOffset)
	_ = f.Close()
}

func readPID(path string) int {
	f, err := os.OpenFile(path, os.O_RDONLY|noFollow, 0)
	if err != nil {
		return 0
	}
	defer f.Close()
	text := make([]byte, pidWidth)
	n, err := f.ReadAt(text, pidOffset)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text[:n])))
	if err != nil || pid < 0 {
		return 0
	}
	return pid
}

// locked opens the key, takes the vault's lock shared and the lock of one file,
// and runs fn with the key that vault.json names while both are held. The vault
// cannot be made anew or put away in the meantime. file is without suffix.
func (v *Vault) locked(ctx context.Context, file string, fn func(*vaultKey) error) error {
	const tries = 3 // somebody would have to replace the whole vault each time
	for range tries {
		if _, err := v.open(ctx, true); err != nil {
			return err
		}
		again, err := v.lockedOnce(ctx, file, fn)
		if !again {
			return err
		}
	}
	return &InconsistentError{Dir: v.dir, Reason: "it is being replaced again and again"}
}

func (v *Vault) lockedOnce(ctx context.Context, file string, fn func(*vaultKey) error) (again bool, err error) {
	whole, err := v.lock(ctx, filepath.Join(v.dir, vaultLockName), true)
	if err != nil {
		return false, err
	}
	defer whole.release()
	if err := ensureKindDir(filepath.Join(v.dir, filepath.Dir(file))); err != nil {
		return false, err
	}
	one, err := v.lock(ctx, filepath.Join(v.dir, file+lockSuffix), false)
	if err != nil {
		return false, err
	}
	defer one.release()
	f, err := v.readVaultFile()
	if err != nil {
		return false, err
	}
	if f == nil || !f.complete() {
		return true, nil
	}
	k := v.cached(f)
	if k == nil {
		return true, nil
	}
	return false, fn(k)
}

// lockedFile takes the same locks as locked for a record, without any key, and
// runs fn with the record's path. Where nothing exists it does nothing.
func (v *Vault) lockedFile(ctx context.Context, n Name, fn func(path string) error) error {
	for _, check := range []func() error{
		func() error { return checkTop(v.dir) },
		func() error { return v.checkKindDir(n.Kind) },
	} {
		if err := check(); errors.Is(err, fs.ErrNotExist) {
			return nil
		} else if err != nil {
			return err
		}
	}
	whole, err := v.lock(ctx, filepath.Join(v.dir, vaultLockName), true)
	if err != nil {
		return err
	}
	defer whole.release()
	one, err := v.lock(ctx, filepath.Join(v.dir, n.file()+lockSuffix), false)
	if err != nil {
		return err
	}
	defer one.release()
	return fn(v.recordPath(n))
}

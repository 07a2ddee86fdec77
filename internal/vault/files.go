package vault

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const (
	dirMode    = 0o700
	fileMode   = 0o600
	tempMarker = ".tmp-"
)

// bare strips the operation and path that os puts around an error, because
// StoreError has said them already.
func bare(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	if e, ok := errors.AsType[*os.LinkError](err); ok {
		return e.Err
	}
	return err
}

// readFile reads a file that must be safe (see openFile), of at most limit bytes.
// A missing file is fs.ErrNotExist.
func readFile(path string, limit int64) ([]byte, error) {
	f, err := openFile(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, &StoreError{"read", path, err}
	}
	if int64(len(data)) > limit {
		return nil, &StoreError{"read", path, &TooBigError{Limit: int(limit), Size: len(data)}}
	}
	return data, nil
}

// openFile opens path for reading and refuses what could have been planted or
// read by somebody else: anything but a plain file of ours with one name and
// mode 0600. It never blocks, not even on a FIFO.
func openFile(path string) (*os.File, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return nil, &StoreError{"read", path, err}
	}
	// Whose it is before the system refuses to open it, which would not say why.
	if err := firstError(checkShape(path, info), checkOwner(path, nil, info)); err != nil {
		return nil, err
	}
	f, err := openNoFollow(path)
	if err != nil {
		return nil, &StoreError{"read", path, err}
	}
	// Again, on what is really open: the name may have been exchanged since.
	info, err = f.Stat()
	if err == nil {
		err = firstError(checkShape(path, info), checkOwner(path, f, info), checkPrivate(path, info))
	} else {
		err = &StoreError{"read", path, err}
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

// checkShape refuses everything that is not a plain file.
func checkShape(path string, info fs.FileInfo) error {
	what := ""
	switch t := info.Mode().Type(); {
	case t.IsRegular():
		return nil
	case t&fs.ModeSymlink != 0:
		what = "is a symbolic link"
	case t.IsDir():
		what = "is a directory"
	case t&fs.ModeNamedPipe != 0:
		what = "is a named pipe"
	default:
		what = "is not a regular file"
	}
	return &UnsafePathError{Path: path, Reason: what, Fix: fixMove(path)}
}

// writeFile replaces the file at path in one step: a new file beside it, written
// and synced, then renamed over it, and the directory synced. What is at path
// already must be a plain file of ours. On any error but one the old file is
// untouched; when only the last sync fails the new one is in place and perhaps
// not yet on the disk.
func writeFile(path string, data []byte) error {
	if err := checkTarget(path); err != nil {
		return err
	}
	temp, err := writeTemp(path, data)
	if err != nil {
		return err
	}
	if err := rename(temp, path); err != nil {
		_ = os.Remove(temp)
		return &StoreError{"rename", path, err}
	}
	return syncDir(filepath.Dir(path))
}

func writeTemp(path string, data []byte) (string, error) {
	var tag [6]byte
	rand.Read(tag[:])
	temp := path + tempMarker + hex.EncodeToString(tag[:])
	f, err := os.OpenFile(temp, os.O_CREATE|os.O_EXCL|os.O_WRONLY|noFollow, fileMode)
	if err != nil {
		return "", &StoreError{"create", temp, err}
	}
	op := "write"
	err = f.Chmod(fileMode) // a strange umask may have taken bits away
	if err == nil {
		_, err = f.Write(data)
	}
	if err == nil {
		op, err = "sync", f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		_ = os.Remove(temp)
		return "", &StoreError{op, path, err}
	}
	return temp, nil
}

// checkTarget refuses to replace or remove anything but a plain file of ours.
func checkTarget(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return &StoreError{"read", path, err}
	}
	return firstError(checkShape(path, info), checkOwner(path, nil, info))
}

func checkLockFile(path string) error { return checkTarget(path) }

// removeFile removes a plain file and syncs the directory.
func removeFile(path string) error {
	if err := checkTarget(path); err != nil {
		return err
	}
	if err := remove(path); err != nil {
		return &StoreError{"remove", path, err}
	}
	return syncDir(filepath.Dir(path))
}

// moveAside renames path to path.damaged-stamp, with a number if that exists.
// The caller holds the lock of path.
func moveAside(path, stamp string) (string, error) {
	aside := path + ".damaged-" + stamp
	for {
		if _, err := os.Lstat(aside); errors.Is(err, fs.ErrNotExist) {
			break
		} else if err != nil {
			return "", &StoreError{"rename", aside, err}
		}
		aside += "+"
	}
	if err := rename(path, aside); err != nil {
		return "", &StoreError{"rename", path, err}
	}
	return aside, syncDir(filepath.Dir(path))
}

// sweep removes what killed writers of path have left. The caller holds the lock
// of path, so none of it can be in use. It is housekeeping: its failure is nobody's.
func sweep(path string) {
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), filepath.Base(path)+tempMarker) && e.Type().IsRegular() {
			_ = os.Remove(filepath.Join(filepath.Dir(path), e.Name()))
		}
	}
}

// ensureDir makes dir with mode 0700 and checks it, see checkDir.
func ensureDir(dir string) error {
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(dir, dirMode); err != nil {
			return &StoreError{"create", dir, err}
		}
		if err := syncDir(filepath.Dir(dir)); err != nil {
			return err
		}
	}
	info, err := os.Stat(dir)
	if err != nil {
		return &StoreError{"create", dir, err}
	}
	if err := checkDir(dir, info); err != nil {
		return err
	}
	return tighten(dir, info)
}

// ensureKindDir is ensureDir for a directory inside the vault, which may not be
// a link.
func ensureKindDir(dir string) error {
	if err := os.Mkdir(dir, dirMode); err == nil {
		if err := syncDir(filepath.Dir(dir)); err != nil {
			return err
		}
	} else if !errors.Is(err, fs.ErrExist) {
		return &StoreError{"create", dir, err}
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return &StoreError{"create", dir, err}
	}
	if err := checkDir(dir, info); err != nil {
		return err
	}
	return tighten(dir, info)
}

func (v *Vault) ensureKindDirs() error {
	for _, kind := range Kinds() {
		if err := ensureKindDir(filepath.Join(v.dir, kind)); err != nil {
			return err
		}
	}
	return nil
}

// checkTop checks the vault's own directory, which may be reached by a link that
// the person made; where it leads must be ours.
func checkTop(dir string) error {
	info, err := os.Stat(dir)
	if err != nil {
		return &StoreError{"read", dir, err}
	}
	return checkDir(dir, info)
}

func (v *Vault) checkKindDir(kind string) error {
	dir := filepath.Join(v.dir, kind)
	info, err := os.Lstat(dir)
	if err != nil {
		return &StoreError{"read", dir, err}
	}
	return checkDir(dir, info)
}

//go:build unix

package vault

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"
)

const noFollow = syscall.O_NOFOLLOW

func rename(from, to string) error { return os.Rename(from, to) }

func remove(path string) error { return os.Remove(path) }

func openNoFollow(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
}

// checkOwner refuses a file of another user, and one with a second name: the
// other name may be readable by somebody, or be somebody's trap.
func checkOwner(path string, _ *os.File, info fs.FileInfo) error {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return &UnsafePathError{Path: path, Reason: "has an owner that cannot be found out"}
	}
	if err := ownedBy(path, st.Uid, os.Geteuid()); err != nil {
		return err
	}
	if st.Nlink > 1 {
		return &UnsafePathError{
			Path: path, Reason: "has a second name (a hard link)",
			Fix: fmt.Sprintf("cp -p %[1]s %[1]s.new && mv %[1]s.new %[1]s", quote(path)),
		}
	}
	return nil
}

func ownedBy(path string, uid uint32, euid int) error {
	if int(uid) == euid {
		return nil
	}
	return &UnsafePathError{
		Path: path, Reason: fmt.Sprintf("belongs to user %d, not to user %d", uid, euid),
		Fix: fmt.Sprintf("sudo chown %d %s", euid, quote(path)),
	}
}

func checkPrivate(path string, info fs.FileInfo) error {
	if perm := info.Mode().Perm(); perm&0o077 != 0 {
		return &UnsafePathError{
			Path: path, Reason: fmt.Sprintf("is open to other users (mode %04o)", perm),
			Fix: "chmod 600 " + quote(path),
		}
	}
	return nil
}

// checkDir refuses a directory in which others could have put something.
func checkDir(dir string, info fs.FileInfo) error {
	if !info.IsDir() {
		return &UnsafePathError{Path: dir, Reason: "is not a directory", Fix: fixMove(dir)}
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return &UnsafePathError{Path: dir, Reason: "has an owner that cannot be found out"}
	}
	if err := ownedBy(dir, st.Uid, os.Geteuid()); err != nil {
		return err
	}
	if perm := info.Mode().Perm(); perm&0o022 != 0 {
		return &UnsafePathError{
			Path: dir, Reason: fmt.Sprintf("can be written by other users (mode %04o)", perm),
			Fix: "chmod 700 " + quote(dir),
		}
	}
	return nil
}

// tighten takes from others the right to look into a directory. Nobody but its
// owner could write there, so nothing in it is in doubt.
func tighten(dir string, info fs.FileInfo) error {
	if perm := info.Mode().Perm(); perm == dirMode || perm&0o022 != 0 || !info.IsDir() {
		return nil
	}
	if err := os.Chmod(dir, dirMode); err != nil {
		return &StoreError{"create", dir, err}
	}
	return nil
}

// syncDir makes a rename last. Some network file systems cannot; they say so
// with EINVAL or ENOTSUP and there is nothing better to do there.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return &StoreError{"sync", dir, err}
	}
	err = d.Sync()
	_ = d.Close()
	if err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, syscall.ENOTSUP) {
		return &StoreError{"sync", dir, err}
	}
	return nil
}

func fixMove(path string) string { return fmt.Sprintf("mv %s %s", quote(path), quote(path+".aside")) }

// quote makes one word of a path for a shell.
func quote(path string) string { return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'" }

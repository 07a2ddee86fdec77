package vault

import (
	"errors"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/windows"
)

// noFollow has no counterpart among Go's flags here; openFile looks at the name
// before, and openNoFollow opens the link itself and not what it leads to.
const noFollow = 0

// Another process that has the file open, if only for the time of one read or
// for a virus scan, makes a rename or a removal fail with one of the errors of
// busyFile.
const (
	busyTries = 40
	busyPause = 50 * time.Millisecond // 40 × 50 ms = 2 s
)

func busyFile(err error) bool {
	return errors.Is(err, windows.ERROR_ACCESS_DENIED) || errors.Is(err, windows.ERROR_SHARING_VIOLATION)
}

func rename(from, to string) error {
	return patiently(func() error { return os.Rename(from, to) })
}

func remove(path string) error {
	return patiently(func() error { return os.Remove(path) })
}

// patiently tries again for as long as somebody else has the file open.
func patiently(try func() error) error {
	var err error
	for range busyTries {
		if err = try(); !busyFile(err) {
			return err
		}
		time.Sleep(busyPause)
	}
	return err
}

// openNoFollow shares the file for deletion too, which os.Open does not, so that
// a reader does not stand in the way of a writer's rename.
func openNoFollow(path string) (*os.File, error) {
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return nil, err
	}
	for try := 1; ; try++ {
		h, err := windows.CreateFile(name, windows.GENERIC_READ,
			windows.FILE_SHARE_READ|windows.FILE_SHARE_WRITE|windows.FILE_SHARE_DELETE, nil,
			windows.OPEN_EXISTING, windows.FILE_ATTRIBUTE_NORMAL|windows.FILE_FLAG_OPEN_REPARSE_POINT, 0)
		if err == nil {
			return os.NewFile(uintptr(h), path), nil
		}
		if try == busyTries || !busyFile(err) {
			return nil, &fs.PathError{Op: "open", Path: path, Err: err}
		}
		time.Sleep(busyPause)
	}
}

// checkOwner refuses a file with a second name. Who may read it is the matter of
// the profile directory's access list, which %LocalAppData% inherits.
func checkOwner(path string, f *os.File, _ fs.FileInfo) error {
	if f == nil {
		return nil
	}
	var info windows.ByHandleFileInformation
	if err := windows.GetFileInformationByHandle(windows.Handle(f.Fd()), &info); err != nil {
		return &StoreError{"read", path, err}
	}
	if info.NumberOfLinks > 1 {
		return &UnsafePathError{Path: path, Reason: "has a second name (a hard link)"}
	}
	return nil
}

func checkPrivate(string, fs.FileInfo) error { return nil }

func checkDir(dir string, info fs.FileInfo) error {
	if !info.IsDir() {
		return &UnsafePathError{Path: dir, Reason: "is not a directory", Fix: fixMove(dir)}
	}
	return nil
}

func tighten(string, fs.FileInfo) error { return nil }

// syncDir does nothing: there is no such thing as syncing a directory here.
func syncDir(string) error { return nil }

func fixMove(path string) string { return `move "` + path + `" "` + path + `.aside"` }

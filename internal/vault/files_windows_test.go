package vault

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/windows"
)

// A virus scanner or an indexer opens what was just written, and does not share
// it for deletion. It is waited for.
func TestABusyFileIsWaitedFor(t *testing.T) {
	for name, do := range map[string]func(path string) error{
		"replaced": func(path string) error { return writeFile(path, []byte("new")) },
		"removed":  removeFile,
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "a.rec")
			if err := os.WriteFile(path, []byte("old"), fileMode); err != nil {
				t.Fatal(err)
			}
			text, err := windows.UTF16PtrFromString(path)
			if err != nil {
				t.Fatal(err)
			}
			busy, err := windows.CreateFile(text, windows.GENERIC_READ, windows.FILE_SHARE_READ, nil, windows.OPEN_EXISTING, 0, 0)
			if err != nil {
				t.Fatal(err)
			}
			closed := make(chan error, 1)
			time.AfterFunc(4*busyPause, func() { closed <- windows.CloseHandle(busy) })
			if err := do(path); err != nil {
				t.Error(err)
			}
			if err := <-closed; err != nil {
				t.Fatal(err)
			}
		})
	}
}

//go:build unix

package vaulttest

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/socialauth/socialauth/internal/vault"
)

func clearUmask() { syscall.Umask(0) }

// trap puts something unsafe at path, which held data, and returns a check that
// nothing was done to what it leads to.
type trap struct {
	name string
	set  func(t *testing.T, path string, data []byte) (untouched func() bool)
}

func traps() []trap {
	must := func(t *testing.T, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	leads := func(t *testing.T, data []byte, link func(target, path string) error, path string) func() bool {
		t.Helper()
		// Beside the vault, so that a hard link is on the same file system.
		target := filepath.Join(filepath.Dir(filepath.Dir(path)), "target-"+strings.ReplaceAll(t.Name(), "/", "-"))
		write(t, target, data)
		must(t, link(target, path))
		return func() bool {
			now, err := os.ReadFile(target)
			return err == nil && string(now) == string(data)
		}
	}
	nothing := func() bool { return true }
	list := []trap{
		{"symbolic link", func(t *testing.T, path string, data []byte) func() bool {
			return leads(t, data, os.Symlink, path)
		}},
		{"dangling symbolic link", func(t *testing.T, path string, _ []byte) func() bool {
			must(t, os.Symlink(filepath.Join(t.TempDir(), "nowhere"), path))
			return nothing
		}},
		{"hard link", func(t *testing.T, path string, data []byte) func() bool { return leads(t, data, os.Link, path) }},
		{"named pipe", func(t *testing.T, path string, _ []byte) func() bool {
			must(t, syscall.Mkfifo(path, 0o600))
			return nothing
		}},
		{"directory", func(t *testing.T, path string, _ []byte) func() bool {
			must(t, os.Mkdir(path, 0o700))
			return nothing
		}},
		{"readable by others", func(t *testing.T, path string, data []byte) func() bool {
			write(t, path, data)
			must(t, os.Chmod(path, 0o644))
			return nothing
		}},
		{"writable by the group", func(t *testing.T, path string, data []byte) func() bool {
			write(t, path, data)
			must(t, os.Chmod(path, 0o620))
			return nothing
		}},
	}
	if os.Geteuid() == 0 { // nobody else can give a file away; ownedBy has its own test
		list = append(list, trap{"another user's file", func(t *testing.T, path string, data []byte) func() bool {
			write(t, path, data)
			must(t, os.Chown(path, 65534, -1))
			return nothing
		}})
	}
	return list
}

func (s suite) unsafePaths(t *testing.T) {
	for _, where := range []string{"record", "vault.json", "record lock", "vault.lock"} {
		lock := strings.HasSuffix(where, "lock")
		for _, trap := range traps() {
			if lock && strings.Contains(trap.name, "able by") {
				continue // what a lock file says is no secret
			}
			t.Run(where+" is "+trap.name, func(t *testing.T) { s.unsafePath(t, where, trap) })
		}
	}
	t.Run("directories", s.unsafeDirectories)
}

func (s suite) unsafePath(t *testing.T, where string, trap trap) {
	dir, v := s.fresh(t)
	n := account("facebook")
	put(t, v, n, "", "CANARY-1")
	path := filepath.Join(dir, where)
	switch where {
	case "record":
		path = onlyRecord(t, dir, n.Kind)
	case "record lock":
		path = strings.TrimSuffix(onlyRecord(t, dir, n.Kind), ".rec") + ".lock"
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	untouched := trap.set(t, path, data)
	v = s.open(t, dir)
	check := func(what string, err error) {
		t.Helper()
		if e := wantError[*vault.UnsafePathError](t, what, err); e.Path != path || e.Reason == "" || !strings.Contains(e.Fix, path) {
			t.Errorf("%s: %+v", what, e)
		}
	}
	_, err = v.Update(t.Context(), n, func(old *vault.Record) (*vault.Record, error) {
		t.Error("Update called its function")
		return old, nil
	})
	check("Update", err)
	if !strings.HasSuffix(where, "lock") {
		_, err = v.Get(t.Context(), n)
		check("Get", err)
	}
	if where == "record" && !strings.Contains(trap.name, "able by") {
		check("Delete", v.Delete(t.Context(), n))
		_, err = v.MoveAside(t.Context(), n)
		check("MoveAside", err)
	}
	if _, err := os.Lstat(path); err != nil {
		t.Errorf("it is gone: %v", err)
	}
	if !untouched() {
		t.Error("what the path leads to was changed")
	}
	if strings.Contains(trap.name, "able by") {
		if err := os.Chmod(path, 0o600); err != nil {
			t.Fatal(err)
		}
		wantBody(t, s.open(t, dir), n, "CANARY-1")
	}
}

func (s suite) unsafeDirectories(t *testing.T) {
	for _, name := range []string{".", "account"} {
		for _, mode := range []fs.FileMode{0o777, 0o770, 0o702} {
			dir, v := s.fresh(t)
			put(t, v, account("x"), "", "CANARY-1")
			path := filepath.Join(dir, name)
			if err := os.Chmod(path, mode); err != nil {
				t.Fatal(err)
			}
			_, err := s.open(t, dir).Get(t.Context(), account("x"))
			if e := wantError[*vault.UnsafePathError](t, "Get", err); e.Path != path || e.Fix != "chmod 700 '"+path+"'" {
				t.Errorf("mode %o: %+v", mode, e)
			}
			wantError[*vault.UnsafePathError](t, "Prove", s.open(t, dir).Prove(t.Context()))
			_, err = v.List(vault.KindAccount)
			if name == "account" {
				wantError[*vault.UnsafePathError](t, "List", err)
			}
		}
	}
	dir, v := s.fresh(t)
	put(t, v, account("x"), "", "CANARY-1")
	elsewhere := filepath.Join(filepath.Dir(dir), "elsewhere")
	if err := errors.Join(os.Rename(filepath.Join(dir, "account"), elsewhere), os.Symlink(elsewhere, filepath.Join(dir, "account"))); err != nil {
		t.Fatal(err)
	}
	_, err := v.Get(t.Context(), account("x"))
	wantError[*vault.UnsafePathError](t, "Get through a linked directory", err)
}

func (s suite) modes(t *testing.T) {
	dir, _ := s.fresh(t)
	if err := os.MkdirAll(dir, 0o755); err != nil { // it was there before, and open
		t.Fatal(err)
	}
	if out, err := s.child(t, dir, "umask", "x").Output(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	count := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		want := fs.FileMode(0o600)
		if d.IsDir() {
			want = 0o700
		}
		if info.Mode().Perm() != want {
			t.Errorf("%s has mode %o under umask 000", path, info.Mode().Perm())
		}
		count++
		return nil
	})
	if err != nil || count < 6 {
		t.Errorf("looked at %d files (%v)", count, err)
	}
}

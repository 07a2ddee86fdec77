//go:build unix

package vault_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/socialauth/socialauth/internal/vault"
)

// A full disk is played by the limit on the size of files: the kernel fails the
// write in the same place. It holds for a whole process, so it takes a child.
func TestAWriteThatFailsLeavesTheOldRecord(t *testing.T) {
	if dir := os.Getenv("VAULT_FULL_DISK"); dir != "" {
		signal.Ignore(syscall.SIGXFSZ)
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 1024, Max: 1024}); err != nil {
			t.Fatal(err)
		}
		err := store(open(t, vault.Options{Dir: dir}), account("x"), strings.Repeat("CANARY-2", 1000))
		var e *vault.StoreError
		if !errors.As(err, &e) || e.Op != "write" || !errors.Is(err, syscall.EFBIG) {
			fmt.Printf("Update: %v\n", err)
			os.Exit(3)
		}
		os.Exit(0)
	}
	dir := filepath.Join(t.TempDir(), "vault")
	v := open(t, vault.Options{Dir: dir, Storage: vault.KeyFile})
	if err := store(v, account("x"), "CANARY-1"); err != nil {
		t.Fatal(err)
	}
	before := records(t, dir)
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestAWriteThatFailsLeavesTheOldRecord$")
	cmd.Env = append(os.Environ(), "VAULT_FULL_DISK="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if diff := cmp.Diff(before, records(t, dir)); diff != "" {
		t.Errorf("files changed:\n%s", diff)
	}
	if r, err := v.Get(t.Context(), account("x")); err != nil || string(r.Body) != "CANARY-1" {
		t.Errorf("Get = %v, %v", r, err)
	}
}

// records is the tree without lock files, whose process ids come and go.
func records(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := tree(t, dir)
	for path := range all {
		if strings.HasSuffix(path, ".lock") {
			delete(all, path)
		}
	}
	return all
}

// Root may write everywhere, so root plays an ordinary user in a child.
func TestAReadOnlyDirectoryIsFoundBeforeItMatters(t *testing.T) {
	if dir := os.Getenv("VAULT_READ_ONLY"); dir != "" {
		readOnly(dir)
		os.Exit(0)
	}
	if os.Geteuid() != 0 {
		dir := t.TempDir()
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestAReadOnlyDirectoryIsFoundBeforeItMatters$")
		cmd.Env = append(os.Environ(), "VAULT_READ_ONLY="+dir)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	base, err := os.MkdirTemp("", "vault") //nolint:usetesting // another user has to get in
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(base) })
	binary := filepath.Join(base, "test")
	data, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	home := filepath.Join(base, "home")
	if err := errors.Join(os.Chmod(base, 0o755), os.WriteFile(binary, data, 0o755), os.Mkdir(home, 0o700), os.Chown(home, 65534, 65534)); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), binary, "-test.run=^TestAReadOnlyDirectoryIsFoundBeforeItMatters$")
	cmd.Dir = base
	cmd.Env = append(os.Environ(), "VAULT_READ_ONLY="+home, "TMPDIR="+home)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// readOnly is the child's part; it ends the process with status 3 on any surprise.
func readOnly(home string) {
	must := func(ok bool, what string, err error) {
		if !ok {
			fmt.Printf("%s: %v\n", what, err)
			os.Exit(3)
		}
	}
	denied := func(err error) bool {
		var e *vault.StoreError
		return errors.As(err, &e) && errors.Is(err, fs.ErrPermission)
	}
	at := func(dir string) *vault.Vault {
		v, err := vault.Open(vault.Options{Dir: dir, Storage: vault.KeyFile, Now: clock})
		must(err == nil, "Open", err)
		return v
	}
	ctx, dir := context.Background(), filepath.Join(home, "vault")
	must(os.Chmod(home, 0o500) == nil, "chmod", nil)
	err := at(dir).Prove(ctx)
	must(denied(err), "Prove where nothing can be made", err)
	must(os.Chmod(home, 0o700) == nil, "chmod", nil)
	err = store(at(dir), account("x"), "CANARY-1")
	must(err == nil, "Update", err)
	must(os.Chmod(filepath.Join(dir, "account"), 0o500) == nil, "chmod", nil)
	_, err = at(dir).Get(ctx, account("x"))
	must(err == nil, "Get from a directory that cannot be written", err)
}

func TestRaceOfReadersAndWriters(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "vault")
	v := open(t, vault.Options{Dir: dir, Storage: vault.KeyFile})
	if err := store(v, account("x"), strings.Repeat("0", 32<<10)); err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() {
		for i := range 200 {
			if err := store(v, account("x"), strings.Repeat(string(rune('a'+i%26)), 32<<10)); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	reads := 0
	for {
		select {
		case err := <-done:
			if err != nil || reads == 0 {
				t.Errorf("%d reads, %v", reads, err)
			}
			return
		default:
			r, err := v.Get(t.Context(), account("x"))
			if err != nil || strings.Trim(string(r.Body), string(r.Body[0])) != "" {
				t.Fatalf("a torn read: %v", err)
			}
			reads++
			runtime.Gosched()
		}
	}
}

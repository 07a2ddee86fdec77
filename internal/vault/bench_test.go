package vault_test

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/socialauth/socialauth/internal/vault"
)

func benchVault(b *testing.B) *vault.Vault {
	b.Helper()
	v := open(b, vault.Options{Dir: filepath.Join(b.TempDir(), "vault"), Storage: vault.KeyFile})
	if err := store(v, account("x"), strings.Repeat("x", 4<<10)); err != nil {
		b.Fatal(err)
	}
	return v
}

// BenchmarkRecordRead reads a record of 4 KiB with the key already open.
func BenchmarkRecordRead(b *testing.B) {
	v := benchVault(b)
	for b.Loop() {
		if _, err := v.Get(b.Context(), account("x")); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRecordWrite replaces a record of 4 KiB: two locks, read, seal, write,
// fsync, rename, fsync of the directory.
func BenchmarkRecordWrite(b *testing.B) {
	v := benchVault(b)
	i := 0
	for b.Loop() {
		i++
		if err := store(v, account("x"), strconv.Itoa(i)+strings.Repeat("x", 4<<10)); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPlainWrite is the least that a write can cost that survives a power
// failure: the same bytes into a new file, fsync, rename, fsync of the directory.
func BenchmarkPlainWrite(b *testing.B) {
	dir := b.TempDir()
	data := []byte(strings.Repeat("x", 4<<10))
	parent, err := os.Open(dir)
	if err != nil {
		b.Fatal(err)
	}
	defer parent.Close()
	for b.Loop() {
		f, err := os.OpenFile(filepath.Join(dir, "new"), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err != nil {
			b.Fatal(err)
		}
		_, err = f.Write(data)
		if err := errors.Join(err, f.Sync(), f.Close(), os.Rename(f.Name(), filepath.Join(dir, "record")), parent.Sync()); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSecretServiceRead reads the key from a real Secret Service, with all
// that is asked of it before; scripts/bench.sh runs it inside one.
func BenchmarkSecretServiceRead(b *testing.B) {
	if os.Getenv("WSS_MODE") != "unlocked" {
		b.Skip("there is no Secret Service around it; scripts/bench.sh has one")
	}
	ring := vault.SystemKeyring(vault.SystemKeyringOptions{Getenv: os.Getenv})
	if err := ring.Set(b.Context(), vault.Service, "bench", strings.Repeat("x", 80)); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := ring.Get(b.Context(), vault.Service, "bench"); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkOpenAndRead is what a command pays that starts from nothing, without
// the keyring.
func BenchmarkOpenAndRead(b *testing.B) {
	dir := filepath.Join(b.TempDir(), "vault")
	if err := store(open(b, vault.Options{Dir: dir, Storage: vault.KeyFile}), account("x"), strings.Repeat("x", 4<<10)); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := open(b, vault.Options{Dir: dir}).Get(b.Context(), account("x")); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkList lists 100 accounts from their headers.
func BenchmarkList(b *testing.B) {
	v := benchVault(b)
	for i := range 100 {
		if err := store(v, account(strconv.Itoa(i)), strings.Repeat("x", 4<<10)); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		if _, err := v.List(vault.KindAccount); err != nil {
			b.Fatal(err)
		}
	}
}

package vault_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/socialauth/socialauth/internal/vault"
	"github.com/socialauth/socialauth/internal/vault/vaulttest"
)

func TestTheChoiceOfStorageHolds(t *testing.T) {
	dir, ring := filepath.Join(t.TempDir(), "vault"), &vaulttest.MemoryKeyring{}
	if err := open(t, vault.Options{Dir: dir, Storage: vault.KeyFile}).Prove(t.Context()); err != nil {
		t.Fatal(err)
	}
	// No choice: the recorded one, and the keyring is not asked.
	v := open(t, vault.Options{Dir: dir, Keyring: ring})
	if err := store(v, account("x"), "CANARY-1"); err != nil || len(ring.Calls()) != 0 {
		t.Errorf("%v; the keyring was asked %v", err, ring.Calls())
	}
	for _, asked := range []vault.Storage{vault.InKeyring, vault.Passphrase} {
		v := open(t, vault.Options{Dir: dir, Storage: asked, Keyring: ring, Passphrase: passphrase("p")})
		_, err := v.Get(t.Context(), account("x"))
		want := &vault.StorageMismatchError{Recorded: vault.KeyFile, Asked: asked}
		var e *vault.StorageMismatchError
		if !errors.As(err, &e) || *e != *want {
			t.Errorf("asked for %s: %v", asked, err)
		}
		if info, err := v.Info(); err != nil || info.Storage != vault.KeyFile {
			t.Errorf("Info = %+v, %v", info, err)
		}
	}
	if _, err := vault.ParseStorage("plaintext"); err == nil {
		t.Error("an unknown storage was accepted")
	}
	if _, err := vault.Open(vault.Options{Dir: dir, Storage: "plaintext", Now: clock}); err == nil {
		t.Error("Open accepted an unknown storage")
	}
	if _, err := vault.Open(vault.Options{Dir: "relative", Now: clock}); err == nil {
		t.Error("Open accepted a relative path")
	}
	var absent *vault.KeyringAbsentError
	if err := open(t, vault.Options{Dir: t.TempDir()}).Prove(t.Context()); !errors.As(err, &absent) || absent.Reason != vault.Unsupported {
		t.Errorf("without any keyring: %v", err)
	}
}

func TestPassphrase(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "vault")
	asked := 0
	with := func(p string) *vault.Vault {
		return open(t, vault.Options{Dir: dir, Storage: vault.Passphrase, Passphrase: func(context.Context) ([]byte, error) {
			asked++
			return []byte(p), nil
		}})
	}
	if err := with("").Prove(t.Context()); !errors.Is(err, vault.ErrNoPassphrase) || len(tree(t, dir)) != 0 {
		t.Fatalf("without a passphrase: %v; left %v", err, tree(t, dir))
	}
	asked = 0
	if err := store(with("CANARY-PASSPHRASE-1"), account("x"), "CANARY-1"); err != nil || asked != 1 {
		t.Fatalf("%v; asked %d times", err, asked)
	}
	for _, text := range tree(t, dir) {
		if strings.Contains(text, "PASSPHRASE") {
			t.Error("the passphrase is on the disk")
		}
	}
	if r, err := with("CANARY-PASSPHRASE-1").Get(t.Context(), account("x")); err != nil || string(r.Body) != "CANARY-1" {
		t.Errorf("Get = %v, %v", r, err)
	}
	var wrong *vault.KeyWrongError
	if err := with("CANARY-PASSPHRASE-2").Prove(t.Context()); !errors.As(err, &wrong) || wrong.Storage != vault.Passphrase {
		t.Errorf("a wrong passphrase: %v", err)
	}
	cancelled := errors.New("ctrl-c")
	v := open(t, vault.Options{Dir: dir, Passphrase: func(context.Context) ([]byte, error) { return nil, cancelled }})
	if _, err := v.Get(t.Context(), account("x")); !errors.Is(err, cancelled) {
		t.Errorf("the source's own error is lost: %v", err)
	}
	// Edited costs are refused before anything is computed (row S21).
	path := filepath.Join(dir, "vault.json")
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, edit := range [][2]string{
		{`"time": 3`, `"time": 2000000000`},
		{`"time": 3`, `"time": 0`},
		{`"memory_kib": 65536`, `"memory_kib": 4294967295`},
		{`"memory_kib": 65536`, `"memory_kib": 1`},
		{`"threads": 4`, `"threads": 255`},
		{`"threads": 4`, `"threads": 0`},
		{`"threads": 4`, `"threads": -1`},
		{`"argon2id"`, `"md5"`},
		{`"salt": "`, `"salt": "AAAA", "was": "`},
		{`"wrapped_key": "`, `"wrapped_key": "AAAA", "was": "`},
	} {
		bad := strings.Replace(string(good), edit[0], edit[1], 1)
		if bad == string(good) {
			t.Fatalf("vault.json has no %s", edit[0])
		}
		if err := os.WriteFile(path, []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		asked = 0
		var damaged *vault.VaultDamagedError
		if err := with("CANARY-PASSPHRASE-1").Prove(t.Context()); !errors.As(err, &damaged) || asked != 0 {
			t.Errorf("%s: %v; asked %d times", edit[1], err, asked)
		}
	}
}

func TestKeyFile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "vault")
	v := open(t, vault.Options{Dir: dir, Storage: vault.KeyFile})
	if err := store(v, account("x"), "CANARY-1"); err != nil {
		t.Fatal(err)
	}
	info, err := v.Info()
	if err != nil || info.KeyItem != filepath.Join(dir, "vault-"+info.VaultID+".key") {
		t.Fatalf("Info = %+v, %v", info, err)
	}
	good, err := os.ReadFile(info.KeyItem)
	if err != nil {
		t.Fatal(err)
	}
	get := func() error {
		_, err := open(t, vault.Options{Dir: dir}).Get(t.Context(), account("x"))
		return err
	}
	if err := os.WriteFile(info.KeyItem, good[:40], 0o600); err != nil {
		t.Fatal(err)
	}
	var corrupt *vault.KeyCorruptError
	if err := get(); !errors.As(err, &corrupt) || corrupt.Item != info.KeyItem {
		t.Errorf("a key file cut short: %v", err)
	}
	if err := os.Remove(info.KeyItem); err != nil {
		t.Fatal(err)
	}
	var missing *vault.KeyMissingError
	if err := get(); !errors.As(err, &missing) || missing.Item != info.KeyItem || missing.Records != 1 {
		t.Errorf("no key file: %v", err)
	}
}

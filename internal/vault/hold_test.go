package vault_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/socialauth/socialauth/internal/vault"
	"github.com/socialauth/socialauth/internal/vault/vaulttest"
)

// open returns a vault with both a keyring and a passphrase at hand.
func openAt(t *testing.T, dir string, ring vault.Keyring, s vault.Storage) *vault.Vault {
	t.Helper()
	v, err := vault.Open(vault.Options{
		Dir: dir, Storage: s, Keyring: ring, Now: time.Now,
		Passphrase: func(context.Context) ([]byte, error) { return []byte("CANARY-PASSPHRASE-9"), nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func put(t *testing.T, v *vault.Vault, n vault.Name, body string) {
	t.Helper()
	if _, err := v.Update(t.Context(), n, func(*vault.Record) (*vault.Record, error) {
		return &vault.Record{Body: []byte(body)}, nil
	}); err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, v *vault.Vault, n vault.Name) string {
	t.Helper()
	r, err := v.Get(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	return string(r.Body)
}

// Several writes under one lock are each on the disk when Put returns, and
// nobody else's come between them.
func TestHoldWritesMoreThanOnce(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "v")
	v := openAt(t, dir, nil, vault.KeyFile)
	put(t, v, account("facebook/work"), "0")
	others := make(chan error, 1)
	err := v.Hold(t.Context(), account("facebook/work"), func(h *vault.Held) error {
		old, err := h.Get()
		if err != nil || string(old.Body) != "0" {
			t.Errorf("Get = %v, %v", old, err)
		}
		if _, err := h.Put(&vault.Record{Body: []byte("intent")}); err != nil {
			return err
		}
		if got := get(t, openAt(t, dir, nil, ""), account("facebook/work")); got != "intent" {
			t.Errorf("another reader sees %q in between, want the intent", got)
		}
		go func() {
			_, err := openAt(t, dir, nil, "").Update(context.Background(), account("facebook/work"), func(old *vault.Record) (*vault.Record, error) {
				if string(old.Body) != "done" {
					return nil, errors.New("came in between: " + string(old.Body))
				}
				return old, nil
			})
			others <- err
		}()
		_, err = h.Put(&vault.Record{Body: []byte("done")})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := <-others; err != nil {
		t.Error(err)
	}
	boom := errors.New("boom")
	if err := v.Hold(t.Context(), account("facebook/work"), func(*vault.Held) error { return boom }); !errors.Is(err, boom) {
		t.Errorf("Hold = %v, want fn's error", err)
	}
}

func TestAloneLetsOneInAndTellsTheOthers(t *testing.T) {
	v := openAt(t, filepath.Join(t.TempDir(), "v"), nil, vault.KeyFile)
	inside, leave := make(chan struct{}), make(chan struct{})
	first := make(chan error, 1)
	go func() {
		first <- v.Alone(context.Background(), account("facebook/work"), "login", nil, func() error {
			close(inside)
			<-leave
			return nil
		})
	}()
	<-inside
	giveUp := errors.New("no patience")
	told := 0
	err := v.Alone(t.Context(), account("facebook/work"), "login", func(pid int) error { told = pid; return giveUp }, func() error {
		t.Error("two were alone")
		return nil
	})
	if !errors.Is(err, giveUp) || told != os.Getpid() {
		t.Errorf("Alone = %v, told %d; want to be told %d and to give up", err, told, os.Getpid())
	}
	// Another purpose, another account and the record itself are not held.
	if err := v.Alone(t.Context(), account("facebook/work"), "renew", nil, func() error { return nil }); err != nil {
		t.Error(err)
	}
	put(t, v, account("facebook/work"), "x")
	close(leave)
	if err := <-first; err != nil {
		t.Error(err)
	}
	if err := v.Alone(t.Context(), account("facebook/work"), "login", nil, func() error { return nil }); err != nil {
		t.Errorf("after the first has left: %v", err)
	}
}

func TestMigrateMovesTheKeyAndNothingElse(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "v")
	ring := &vaulttest.MemoryKeyring{}
	put(t, openAt(t, dir, ring, vault.KeyFile), account("facebook/work"), "CANARY-RECORD-1")
	records, err := filepath.Glob(filepath.Join(dir, "account", "*.rec"))
	if err != nil || len(records) != 1 {
		t.Fatal(records, err)
	}
	before, err := os.ReadFile(records[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, to := range []vault.Storage{vault.Passphrase, vault.InKeyring, vault.KeyFile, vault.InKeyring, vault.Passphrase, vault.KeyFile} {
		done, err := openAt(t, dir, ring, "").Migrate(t.Context(), to)
		if err != nil || done.Err != nil || done.To != to {
			t.Fatalf("to %s: %+v, %v", to, done, err)
		}
		if got := get(t, openAt(t, dir, ring, to), account("facebook/work")); got != "CANARY-RECORD-1" {
			t.Errorf("after moving to %s: %q", to, got)
		}
		if after, _ := os.ReadFile(records[0]); string(after) != string(before) {
			t.Errorf("moving to %s changed a record", to)
		}
		keyFiles, _ := filepath.Glob(filepath.Join(dir, "vault-*.key"))
		if (len(keyFiles) == 1) != (to == vault.KeyFile) || (len(ring.Items()) == 1) != (to == vault.InKeyring) {
			t.Errorf("after moving to %s the key is in %v and %d keyring items", to, keyFiles, len(ring.Items()))
		}
	}
}

func TestMigrateThatFailsChangesNothing(t *testing.T) {
	for _, fault := range []vaulttest.Fault{vaulttest.Absent, vaulttest.Locked, vaulttest.Declined, vaulttest.Empty, vaulttest.Forget, vaulttest.Garbled} {
		dir := filepath.Join(t.TempDir(), "v")
		ring := &vaulttest.MemoryKeyring{}
		put(t, openAt(t, dir, ring, vault.KeyFile), account("facebook/work"), "still here")
		ring.SetFault(fault)
		if done, err := openAt(t, dir, ring, "").Migrate(t.Context(), vault.InKeyring); err == nil {
			t.Errorf("fault %d: moved to a keyring that does not keep: %+v", fault, done)
		}
		if got := get(t, openAt(t, dir, ring, vault.KeyFile), account("facebook/work")); got != "still here" {
			t.Errorf("fault %d: %q", fault, got)
		}
	}
	dir := filepath.Join(t.TempDir(), "v")
	var none *vault.NoVaultError
	if _, err := openAt(t, dir, nil, "").Migrate(t.Context(), vault.KeyFile); !errors.As(err, &none) {
		t.Errorf("without a vault: %v", err)
	}
	put(t, openAt(t, dir, nil, vault.KeyFile), account("facebook/work"), "x")
	var same *vault.SameStorageError
	if _, err := openAt(t, dir, nil, "").Migrate(t.Context(), vault.KeyFile); !errors.As(err, &same) {
		t.Errorf("to where it is: %v", err)
	}
}

func TestResetMovesAsideWhatCanBeBroughtBack(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "v")
	put(t, openAt(t, dir, nil, vault.KeyFile), account("facebook/work"), "old")
	aside, n, err := openAt(t, dir, nil, "").Reset(t.Context())
	if err != nil || n != 1 {
		t.Fatal(aside, n, err)
	}
	fresh := openAt(t, dir, nil, vault.KeyFile)
	if _, err := fresh.Get(t.Context(), account("facebook/work")); !errors.Is(err, vault.ErrNotFound) {
		t.Errorf("after a reset: %v", err)
	}
	put(t, fresh, account("facebook/work"), "new")
	if got := get(t, openAt(t, aside, nil, vault.KeyFile), account("facebook/work")); got != "old" {
		t.Errorf("what was moved aside holds %q", got)
	}
}

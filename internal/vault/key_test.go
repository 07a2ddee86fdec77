package vault_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/socialauth/socialauth/internal/vault"
	"github.com/socialauth/socialauth/internal/vault/vaulttest"
)

func account(id string) vault.Name { return vault.Name{Kind: vault.KindAccount, ID: id} }

func store(v *vault.Vault, n vault.Name, body string) error {
	_, err := v.Update(context.Background(), n, func(*vault.Record) (*vault.Record, error) {
		return &vault.Record{Body: []byte(body)}, nil
	})
	return err
}

// inRing is a vault with a record, its key in a keyring in memory.
func inRing(t *testing.T) (dir string, ring *vaulttest.MemoryKeyring, again func() *vault.Vault) {
	t.Helper()
	dir, ring = filepath.Join(t.TempDir(), "vault"), &vaulttest.MemoryKeyring{}
	again = func() *vault.Vault { return open(t, vault.Options{Dir: dir, Keyring: ring}) }
	if err := store(again(), account("x"), "CANARY-1"); err != nil {
		t.Fatal(err)
	}
	return dir, ring, again
}

func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		all[path] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func keyUser(t *testing.T, ring *vaulttest.MemoryKeyring) string {
	t.Helper()
	items := slices.Collect(maps.Keys(ring.Items()))
	if len(items) != 1 {
		t.Fatalf("the keyring has the items %v, want one", items)
	}
	return strings.TrimPrefix(items[0], "socialauth/")
}

func TestTheKeyIsWrittenOnceAndOnlyReadAfterThat(t *testing.T) {
	_, ring, again := inRing(t)
	for range 3 {
		if err := store(again(), account("y"), "CANARY-2"); err != nil {
			t.Fatal(err)
		}
		if err := again().Prove(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	sets := 0
	for _, call := range ring.Calls() {
		if strings.HasPrefix(call, "set ") {
			sets++
		}
	}
	if sets != 1 {
		t.Errorf("the keyring was written %d times: %v", sets, ring.Calls())
	}
	info, err := again().Info()
	if err != nil {
		t.Fatal(err)
	}
	user := keyUser(t, ring)
	if user != "vault-key-"+info.VaultID || info.KeyItem != "socialauth/"+user {
		t.Errorf("the item is %s, Info says %+v", user, info)
	}
	value := ring.Items()["socialauth/"+user]
	if !strings.HasPrefix(value, "socialauth-key-v1:"+info.VaultID+":") || len(value) > 100 || strings.ContainsAny(value, "\r\n") {
		t.Errorf("the item's value has an unexpected shape (%d bytes)", len(value))
	}
}

func TestWhatNeedsNoKeyTouchesNoKeyring(t *testing.T) {
	_, ring, again := inRing(t)
	ring.SetFault(vaulttest.Locked)
	before := len(ring.Calls())
	v := again()
	if _, err := v.Info(); err != nil {
		t.Error(err)
	}
	if list, err := v.List(vault.KindAccount); err != nil || len(list) != 1 {
		t.Errorf("List = %v, %v", list, err)
	}
	if err := v.Delete(t.Context(), account("x")); err != nil {
		t.Error(err)
	}
	if calls := ring.Calls()[before:]; len(calls) != 0 {
		t.Errorf("the keyring was asked: %v", calls)
	}
}

// Each row is a keyring in trouble on first use. Nothing may be left behind that
// ties anybody to the keyring, and no record.
func TestFirstUseOfAKeyringInTrouble(t *testing.T) {
	absent := func(err error) bool {
		var e *vault.KeyringAbsentError
		return errors.As(err, &e) && e.Reason == vault.NoBus
	}
	is := func(target error) func(error) bool { return func(err error) bool { return errors.Is(err, target) } }
	as := func(target any) func(error) bool { return func(err error) bool { return errors.As(err, target) } }
	for _, c := range []struct {
		name  string
		fault vaulttest.Fault
		want  func(error) bool
		clean bool // not even a directory
	}{
		{"absent", vaulttest.Absent, absent, true},
		{"locked", vaulttest.Locked, is(vault.ErrKeyringLocked), true},
		{"declined", vaulttest.Declined, is(vault.ErrKeyringDeclined), true},
		{"hanging", vaulttest.Hang, is(vault.ErrKeyringTimeout), true},
		{"write too late", vaulttest.LateWrite, is(vault.ErrKeyringTimeout), false},
		{"keeps an empty value", vaulttest.Empty, as(new(*vault.KeyCorruptError)), false},
		{"keeps nothing", vaulttest.Forget, as(new(*vault.KeyMissingError)), false},
		{"too small", vaulttest.TooSmall, as(new(*vault.TooBigError)), false},
		{"cuts values short", vaulttest.Garbled, as(new(*vault.KeyCorruptError)), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir, ring := filepath.Join(t.TempDir(), "vault"), &vaulttest.MemoryKeyring{}
			ring.SetFault(c.fault)
			v := open(t, vault.Options{Dir: dir, Keyring: ring})
			if err := v.Prove(t.Context()); !c.want(err) {
				t.Fatalf("Prove: %v (%T)", err, err)
			}
			if err := store(v, account("x"), "CANARY-TOKEN-1"); !c.want(err) {
				t.Fatalf("Update: %v (%T)", err, err)
			}
			if c.clean && len(tree(t, dir)) != 0 {
				t.Errorf("left behind: %v", tree(t, dir))
			}
			for path, text := range tree(t, dir) {
				if strings.Contains(text, "CANARY") {
					t.Errorf("%s holds the token in clear", path)
				}
			}
			if info, err := v.Info(); err != nil || info.Exists {
				t.Errorf("Info = %+v, %v; want no vault", info, err)
			}
			// Another choice is still open.
			file := open(t, vault.Options{Dir: dir, Storage: vault.KeyFile})
			if err := file.Prove(t.Context()); err != nil {
				t.Errorf("a key file instead: %v", err)
			}
		})
	}
}

// A keyring in trouble after the vault exists: an error of its own kind, and
// neither a second key nor a changed file.
func TestLaterUseOfAKeyringInTrouble(t *testing.T) {
	put := func(change func(string) string) func(*vaulttest.MemoryKeyring, string) {
		return func(ring *vaulttest.MemoryKeyring, user string) {
			ring.Put("socialauth", user, change(ring.Items()["socialauth/"+user]))
		}
	}
	fault := func(f vaulttest.Fault) func(*vaulttest.MemoryKeyring, string) {
		return func(ring *vaulttest.MemoryKeyring, _ string) { ring.SetFault(f) }
	}
	other := func(t *testing.T) string { // the key of another vault
		t.Helper()
		_, ring, _ := inRing(t)
		return ring.Items()["socialauth/"+keyUser(t, ring)]
	}(t)
	for _, c := range []struct {
		name string
		do   func(*vaulttest.MemoryKeyring, string)
		want string
	}{
		{"absent", fault(vaulttest.Absent), "*vault.KeyringError"},
		{"locked", fault(vaulttest.Locked), "*vault.KeyringError"},
		{"hanging", fault(vaulttest.Hang), "*vault.KeyringError"},
		{"item gone", func(r *vaulttest.MemoryKeyring, user string) { r.Drop("socialauth", user) }, "*vault.KeyMissingError"},
		{"item empty", put(func(string) string { return "" }), "*vault.KeyCorruptError"},
		{"item cut short", put(func(s string) string { return s[:len(s)-9] }), "*vault.KeyCorruptError"},
		{"one letter changed", put(func(s string) string { return s[:30] + "!" + s[31:] }), "*vault.KeyCorruptError"},
		{"something else", put(func(string) string { return "hunter2" }), "*vault.KeyCorruptError"},
		{"another vault's key", put(func(string) string { return other }), "*vault.KeyWrongError"},
		{"a whole key that is not the one", func(r *vaulttest.MemoryKeyring, user string) {
			r.Put("socialauth", user, vault.AnotherKey(strings.TrimPrefix(user, "vault-key-")))
		}, "*vault.KeyWrongError"},
		{"a newer format", put(func(s string) string { return strings.Replace(s, "-v1:", "-v2:", 1) }), "*vault.NewerVersionError"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir, ring, again := inRing(t)
			user := keyUser(t, ring)
			good := ring.Items()["socialauth/"+user]
			before := tree(t, dir)
			c.do(ring, user)
			_, getErr := again().Get(t.Context(), account("x"))
			for what, err := range map[string]error{
				"Get": getErr, "Prove": again().Prove(t.Context()), "Update": store(again(), account("y"), "CANARY-2"),
			} {
				if got := fmt.Sprintf("%T", err); got != c.want {
					t.Errorf("%s: %v (%s), want a %s", what, err, got, c.want)
				}
				if strings.Contains(fmt.Sprint(err), good[30:50]) {
					t.Errorf("%s: the error has the key in it", what)
				}
			}
			if diff := cmp.Diff(before, tree(t, dir)); diff != "" {
				t.Errorf("files changed:\n%s", diff)
			}
			for _, call := range ring.Calls()[3:] { // the first three made the vault
				if !strings.HasPrefix(call, "get ") {
					t.Errorf("the keyring was changed: %s", call)
				}
			}
			ring.SetFault(vaulttest.Healthy)
			ring.Put("socialauth", user, good)
			if r, err := again().Get(t.Context(), account("x")); err != nil || string(r.Body) != "CANARY-1" {
				t.Errorf("with the key back: %v, %v", r, err)
			}
		})
	}
	t.Run("the error of a missing key tells what is at stake", func(t *testing.T) {
		dir, ring, again := inRing(t)
		user := keyUser(t, ring)
		ring.Drop("socialauth", user)
		var e *vault.KeyMissingError
		if err := again().Prove(t.Context()); !errors.As(err, &e) {
			t.Fatal(err)
		}
		want := &vault.KeyMissingError{Storage: vault.InKeyring, Item: "socialauth/" + user, Dir: dir, Records: 1}
		if diff := cmp.Diff(want, e); diff != "" {
			t.Error(diff)
		}
	})
}

// A write that was given up on may be carried out at any later time. Whenever
// that is, the vault that exists by then keeps its key.
func TestALateWriteIsHarmless(t *testing.T) {
	for _, when := range []string{"before the next run", "after the next run"} {
		t.Run(when, func(t *testing.T) {
			dir, ring := filepath.Join(t.TempDir(), "vault"), &vaulttest.MemoryKeyring{}
			again := func() *vault.Vault { return open(t, vault.Options{Dir: dir, Keyring: ring}) }
			ring.SetFault(vaulttest.LateWrite)
			if err := again().Prove(t.Context()); !errors.Is(err, vault.ErrKeyringTimeout) {
				t.Fatal(err)
			}
			ring.SetFault(vaulttest.Healthy)
			if when == "before the next run" {
				ring.Thaw()
			}
			if err := store(again(), account("x"), "CANARY-1"); err != nil {
				t.Fatal(err)
			}
			ring.Thaw()
			if r, err := again().Get(t.Context(), account("x")); err != nil || string(r.Body) != "CANARY-1" {
				t.Errorf("after the late write: %v, %v", r, err)
			}
			if n := len(ring.Items()); when == "before the next run" && n != 1 {
				t.Errorf("the late key was not taken over: %d items", n)
			}
		})
	}
}

// A killed first run leaves vault.json without a key check, with or without the
// key. The next run finishes it, whatever storage it wants.
func TestAnInterruptedFirstRunIsFinished(t *testing.T) {
	blank := func(t *testing.T, dir string) {
		t.Helper()
		path := filepath.Join(dir, "vault.json")
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(string(data), "\n")
		for i, line := range lines {
			if strings.Contains(line, `"key_check"`) {
				lines[i] = `  "key_check": "",`
			}
		}
		if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	setup := func(t *testing.T) (string, *vaulttest.MemoryKeyring) {
		t.Helper()
		dir, ring := filepath.Join(t.TempDir(), "vault"), &vaulttest.MemoryKeyring{}
		if err := open(t, vault.Options{Dir: dir, Keyring: ring}).Prove(t.Context()); err != nil {
			t.Fatal(err)
		}
		return dir, ring
	}
	t.Run("after the key was stored", func(t *testing.T) {
		dir, ring := setup(t)
		before := ring.Items()
		blank(t, dir)
		if err := open(t, vault.Options{Dir: dir, Keyring: ring}).Prove(t.Context()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(before, ring.Items()); diff != "" {
			t.Errorf("the key was not taken over:\n%s", diff)
		}
	})
	t.Run("before the key was stored", func(t *testing.T) {
		dir, ring := setup(t)
		blank(t, dir)
		ring.Drop("socialauth", keyUser(t, ring))
		if err := open(t, vault.Options{Dir: dir, Keyring: ring}).Prove(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("and another storage is wanted now", func(t *testing.T) {
		dir, _ := setup(t)
		blank(t, dir)
		if err := open(t, vault.Options{Dir: dir, Storage: vault.KeyFile}).Prove(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("but never once there are records", func(t *testing.T) {
		dir, ring, again := inRing(t)
		items := ring.Items()
		blank(t, dir)
		for _, o := range []vault.Options{{Dir: dir, Keyring: ring}, {Dir: dir, Storage: vault.KeyFile}} {
			var e *vault.InconsistentError
			if err := open(t, o).Prove(t.Context()); !errors.As(err, &e) || e.Records != 1 {
				t.Errorf("Prove: %v", err)
			}
		}
		if _, err := again().Get(t.Context(), account("x")); err == nil {
			t.Error("Get worked")
		}
		if diff := cmp.Diff(items, ring.Items()); diff != "" {
			t.Errorf("the keyring changed:\n%s", diff)
		}
	})
}

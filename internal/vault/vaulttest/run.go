package vaulttest

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/socialauth/socialauth/internal/vault"
)

// OpenFunc opens the vault in dir; every call for the same dir, in whichever
// process, must reach the same key.
type OpenFunc func(t *testing.T, dir string) *vault.Vault

// Run checks that the vaults which open returns keep every promise of the package vault.
// It must be called directly by a test or subtest with a fixed name.
func Run(t *testing.T, open OpenFunc) {
	t.Helper()
	if os.Getenv(envOp) != "" {
		os.Exit(childMain(t, open))
	}
	s := suite{name: t.Name(), open: open}
	for _, c := range []struct {
		name string
		test func(*testing.T)
	}{
		{"what is stored comes back", s.roundTrip},
		{"the body is nowhere in clear", s.sealed},
		{"a missing record", s.missing},
		{"an update that fails changes nothing", s.failedUpdate},
		{"an equal record is not written again", s.unchanged},
		{"delete", s.deletion},
		{"hostile names", s.names},
		{"listing", s.listing},
		{"prove leaves no trace", s.prove},
		{"a damaged record", s.damage},
		{"a record in another's place", s.swapped},
		{"a record of a newer version", s.newer},
		{"move aside", s.moveAside},
		{"records without vault.json", s.inconsistent},
		{"a damaged vault.json", s.damagedVaultFile},
		{"unsafe paths", s.unsafePaths},
		{"modes", s.modes},
		{"twenty first runs at once", s.firstRuns},
		{"counting in many processes", s.counting},
		{"killed writers", s.killed},
		{"a lock that is held", s.heldLock},
		{"delete waits for an update", s.deleteWaits},
	} {
		t.Run(c.name, c.test)
	}
}

type suite struct {
	name string // of the test that called Run
	open OpenFunc
}

func account(id string) vault.Name { return vault.Name{Kind: vault.KindAccount, ID: id} }

// fresh returns a directory that does not exist yet, and its vault.
func (s suite) fresh(t *testing.T) (string, *vault.Vault) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "vault")
	return dir, s.open(t, dir)
}

func put(t *testing.T, v *vault.Vault, n vault.Name, meta, body string) {
	t.Helper()
	_, err := v.Update(t.Context(), n, func(*vault.Record) (*vault.Record, error) {
		return &vault.Record{Meta: json.RawMessage(meta), Body: []byte(body)}, nil
	})
	if err != nil {
		t.Fatalf("Update(%v): %v", n, err)
	}
}

func wantBody(t *testing.T, v *vault.Vault, n vault.Name, body string) {
	t.Helper()
	r, err := v.Get(t.Context(), n)
	if err != nil {
		t.Fatalf("Get(%v): %v", n, err)
	}
	if string(r.Body) != body {
		t.Fatalf("Get(%v) has the wrong body of %d bytes, want %d", n, len(r.Body), len(body))
	}
}

// wantError checks that err is or wraps an error of type E and returns it.
func wantError[E error](t *testing.T, what string, err error) E {
	t.Helper()
	var e E
	if !errors.As(err, &e) {
		t.Fatalf("%s: got error %v (%T), want a %T", what, err, err, e)
	}
	return e
}

// onlyRecord returns the path of the single record file of a kind.
func onlyRecord(t *testing.T, dir, kind string) string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, kind, "*.rec"))
	if err != nil || len(paths) != 1 {
		t.Fatalf("there are %d records of kind %s, want 1 (%v)", len(paths), kind, err)
	}
	return paths[0]
}

// files returns the contents of all files under dir but locks, by relative path.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, ".lock") {
			return err
		}
		data, err := os.ReadFile(path)
		rel, _ := filepath.Rel(dir, path)
		all[rel] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func (s suite) roundTrip(t *testing.T) {
	dir, v := s.fresh(t)
	for _, body := range []string{"", "x", "CANARY-TOKEN-1", strings.Repeat("CANARY", 64<<10/6), string([]byte{0, 255, 10, 13})} {
		put(t, v, account("facebook/work"), `{"scopes":["email"],"extra":{"kept":true,"html":"<&>"}}`, body)
		wantBody(t, v, account("facebook/work"), body)
		wantBody(t, s.open(t, dir), account("facebook/work"), body)
	}
	r, err := s.open(t, dir).Get(t.Context(), account("facebook/work"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(`{"scopes":["email"],"extra":{"kept":true,"html":"<&>"}}`, string(r.Meta)); diff != "" {
		t.Errorf("metadata (-want +got):\n%s", diff)
	}
	if r.Updated.IsZero() || r.Name != account("facebook/work") {
		t.Errorf("the record came back as %v", r)
	}
	wantError[*vault.TooBigError](t, "a body of 9 MiB", func() error {
		_, err := v.Update(t.Context(), account("big"), func(*vault.Record) (*vault.Record, error) {
			return &vault.Record{Body: make([]byte, 9<<20)}, nil
		})
		return err
	}())
}

func (s suite) sealed(t *testing.T) {
	dir, v := s.fresh(t)
	put(t, v, account("google"), `{"sub":"123"}`, "CANARY-REFRESH-1")
	for path, text := range files(t, dir) {
		if strings.Contains(text, "CANARY-REFRESH-1") {
			t.Errorf("%s holds the body in clear", path)
		}
	}
	r, err := v.Get(t.Context(), account("google"))
	if err != nil {
		t.Fatal(err)
	}
	asJSON, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{string(asJSON), fmt.Sprintf("%v %+v %#v %s %x", r, *r, r, *r, r)} {
		if strings.Contains(text, "CANARY") || strings.Contains(text, fmt.Sprintf("%x", "CANARY")) || strings.Contains(text, "67 65 78") {
			t.Errorf("a record printed its body: %s", text)
		}
	}
}

func (s suite) missing(t *testing.T) {
	dir, v := s.fresh(t)
	_, err := v.Get(t.Context(), account("nobody"))
	if e := wantError[*vault.NotFoundError](t, "Get", err); e.Name.ID != "nobody" || !errors.Is(err, vault.ErrNotFound) {
		t.Errorf("the error is %#v", e)
	}
	if err := v.Delete(t.Context(), account("nobody")); err != nil {
		t.Errorf("Delete of a missing record in no vault: %v", err)
	}
	if list, err := v.List(vault.KindAccount); err != nil || len(list) != 0 {
		t.Errorf("List = %v, %v; want nothing", list, err)
	}
	if info, err := v.Info(); err != nil || info.Exists {
		t.Errorf("Info = %+v, %v; want no vault", info, err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("looking made the directory (%v)", err)
	}
	put(t, v, account("somebody"), "", "x")
	_, err = v.Get(t.Context(), account("nobody"))
	wantError[*vault.NotFoundError](t, "Get in a vault", err)
}

func (s suite) failedUpdate(t *testing.T) {
	dir, v := s.fresh(t)
	put(t, v, account("x"), `{"n":1}`, "CANARY-OLD-1")
	before := files(t, dir)
	mine := errors.New("the provider said no")
	_, err := v.Update(t.Context(), account("x"), func(old *vault.Record) (*vault.Record, error) {
		old.Body[0], old.Meta = '!', nil
		return old, mine
	})
	if !errors.Is(err, mine) {
		t.Fatalf("Update returned %v", err)
	}
	_, err = v.Update(t.Context(), account("x"), func(old *vault.Record) (*vault.Record, error) {
		old.Meta = json.RawMessage("{not json")
		return old, nil
	})
	if err == nil {
		t.Fatal("metadata that is not JSON was accepted")
	}
	_, err = v.Update(t.Context(), account("x"), func(old *vault.Record) (*vault.Record, error) {
		old.ID = "y"
		return old, nil
	})
	wantError[*vault.NameError](t, "an update that renames", err)
	if diff := cmp.Diff(before, files(t, dir)); diff != "" {
		t.Errorf("something changed (-before +after):\n%s", diff)
	}
}

func (s suite) unchanged(t *testing.T) {
	dir, v := s.fresh(t)
	put(t, v, account("x"), `{ "n": 1 }`, "same")
	before := files(t, dir)
	put(t, v, account("x"), `{"n":1}`, "same")
	if diff := cmp.Diff(before, files(t, dir)); diff != "" {
		t.Errorf("an equal record was written again:\n%s", diff)
	}
	put(t, v, account("x"), `{"n":2}`, "same")
	if cmp.Equal(before, files(t, dir)) {
		t.Error("a change of the metadata was not written")
	}
}

func (s suite) deletion(t *testing.T) {
	_, v := s.fresh(t)
	for _, id := range []string{"a", "b", "c"} {
		put(t, v, account(id), "", id)
	}
	for range 2 {
		if err := v.Delete(t.Context(), account("a")); err != nil {
			t.Fatalf("Delete: %v", err)
		}
	}
	got, err := v.Update(t.Context(), account("b"), func(*vault.Record) (*vault.Record, error) { return nil, nil })
	if got != nil || err != nil {
		t.Fatalf("Update to nil = %v, %v", got, err)
	}
	got, err = v.Update(t.Context(), account("b"), func(old *vault.Record) (*vault.Record, error) {
		if old != nil {
			t.Errorf("a deleted record came back: %v", old)
		}
		return nil, nil
	})
	if got != nil || err != nil {
		t.Fatalf("Update of nothing to nothing = %v, %v", got, err)
	}
	list, err := v.List(vault.KindAccount)
	if err != nil || len(list) != 1 || list[0].ID != "c" {
		t.Fatalf("List = %+v, %v; want c alone", list, err)
	}
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

package vaulttest

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/socialauth/socialauth/internal/vault"
)

// refused checks that neither Get nor Update accepts the record, and that the
// file stays as it is.
func (s suite) refused(t *testing.T, v *vault.Vault, n vault.Name, path, what string) error {
	t.Helper()
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = v.Get(t.Context(), n)
	if err == nil {
		t.Fatalf("%s: the record was accepted", what)
	}
	_, updateErr := v.Update(t.Context(), n, func(*vault.Record) (*vault.Record, error) {
		t.Errorf("%s: Update called its function", what)
		return nil, errors.New("unreachable")
	})
	if updateErr == nil || updateErr.Error() != err.Error() {
		t.Fatalf("%s: Get says %v, Update says %v", what, err, updateErr)
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
		t.Fatalf("%s: the file was changed (%v)", what, err)
	}
	return err
}

func (s suite) damage(t *testing.T) {
	dir, v := s.fresh(t)
	n := account("facebook")
	put(t, v, n, `{"scopes":["email"]}`, "CANARY-TOKEN-1")
	path := onlyRecord(t, dir, n.Kind)
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 1 << (i % 8)
		write(t, path, bad)
		err := s.refused(t, v, n, path, "one bit")
		var damaged *vault.RecordDamagedError
		var newer *vault.NewerVersionError
		if !errors.As(err, &damaged) && !errors.As(err, &newer) || damaged != nil && damaged.Path != path {
			t.Fatalf("bit in byte %d: error %v", i, err)
		}
	}
	for _, length := range []int{0, 1, 19, 20, 21, 24, 25, len(good) / 2, len(good) - 29, len(good) - 16, len(good) - 1} {
		write(t, path, good[:length])
		wantError[*vault.RecordDamagedError](t, "cut short", s.refused(t, v, n, path, "cut short"))
	}
	write(t, path, append(bytes.Clone(good), 0))
	wantError[*vault.RecordDamagedError](t, "one byte more", s.refused(t, v, n, path, "one byte more"))
	write(t, path, bytes.Repeat([]byte("A"), 9<<20))
	s.refused(t, v, n, path, "9 MiB of A")

	write(t, path, good[:30])
	list, err := v.List(n.Kind)
	if err != nil || len(list) != 1 {
		t.Fatalf("List = %v, %v", list, err)
	}
	wantError[*vault.RecordDamagedError](t, "List", list[0].Damaged)
	write(t, path, good)
	wantBody(t, v, n, "CANARY-TOKEN-1")
}

func (s suite) swapped(t *testing.T) {
	dir, v := s.fresh(t)
	put(t, v, account("facebook"), "", "CANARY-1")
	facebook := onlyRecord(t, dir, vault.KindAccount)
	data, err := os.ReadFile(facebook)
	if err != nil {
		t.Fatal(err)
	}
	put(t, v, vault.Name{Kind: vault.KindKey, ID: "facebook"}, "", "CANARY-2")
	key := onlyRecord(t, dir, vault.KindKey)
	write(t, key, data)
	wantError[*vault.RecordDamagedError](t, "an account as a key", s.refused(t, v, vault.Name{Kind: vault.KindKey, ID: "facebook"}, key, "swapped"))
	list, err := v.List(vault.KindKey)
	if err != nil || len(list) != 1 || list[0].Damaged == nil {
		t.Errorf("List = %+v, %v", list, err)
	}

	other, w := s.fresh(t)
	put(t, w, account("facebook"), "", "CANARY-3")
	path := onlyRecord(t, other, vault.KindAccount)
	write(t, path, data)
	wantError[*vault.RecordDamagedError](t, "another vault's record", s.refused(t, w, account("facebook"), path, "another vault's"))
	relabelled := bytes.Replace(data, []byte(vaultID(t, v)), []byte(vaultID(t, w)), 1)
	write(t, path, relabelled)
	wantError[*vault.RecordDamagedError](t, "a relabelled record", s.refused(t, w, account("facebook"), path, "relabelled"))
}

func vaultID(t *testing.T, v *vault.Vault) string {
	t.Helper()
	info, err := v.Info()
	if err != nil {
		t.Fatal(err)
	}
	return info.VaultID
}

func (s suite) newer(t *testing.T) {
	dir, v := s.fresh(t)
	put(t, v, account("x"), "", "CANARY-1")
	path := onlyRecord(t, dir, vault.KindAccount)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	write(t, path, bytes.Replace(data, []byte("record-v1\n"), []byte("record-v12\n"), 1))
	e := wantError[*vault.NewerVersionError](t, "Get", s.refused(t, v, account("x"), path, "version 12"))
	if e.Version != 12 || e.What != path {
		t.Errorf("the error is %+v", e)
	}
	list, err := v.List(vault.KindAccount)
	if err != nil || len(list) != 1 {
		t.Fatalf("List = %v, %v", list, err)
	}
	wantError[*vault.NewerVersionError](t, "List", list[0].Damaged)
	if aside, err := v.MoveAside(t.Context(), account("x")); aside != "" || err == nil {
		t.Errorf("MoveAside of a newer record = %q, %v; want an error", aside, err)
	}
}

func (s suite) moveAside(t *testing.T) {
	dir, v := s.fresh(t)
	if aside, err := v.MoveAside(t.Context(), account("x")); aside != "" || err != nil {
		t.Fatalf("MoveAside without a vault = %q, %v", aside, err)
	}
	put(t, v, account("x"), "", "CANARY-1")
	path := onlyRecord(t, dir, vault.KindAccount)
	if aside, err := v.MoveAside(t.Context(), account("x")); aside != "" || err != nil {
		t.Fatalf("MoveAside of a good record = %q, %v", aside, err)
	}
	wantBody(t, v, account("x"), "CANARY-1")
	asides := map[string]string{}
	for _, junk := range []string{"junk one", "junk two"} {
		write(t, path, []byte(junk))
		aside, err := v.MoveAside(t.Context(), account("x"))
		if err != nil || !strings.HasPrefix(aside, path+".damaged-") {
			t.Fatalf("MoveAside = %q, %v", aside, err)
		}
		data, err := os.ReadFile(aside)
		if err != nil {
			t.Fatal(err)
		}
		asides[string(data)] = aside
		_, err = v.Get(t.Context(), account("x"))
		wantError[*vault.NotFoundError](t, "Get after MoveAside", err)
		put(t, v, account("x"), "", "CANARY-2")
	}
	if len(asides) != 2 || asides["junk one"] == asides["junk two"] {
		t.Errorf("moved aside: %v", asides)
	}
	wantBody(t, v, account("x"), "CANARY-2")
	list, err := v.List(vault.KindAccount)
	if err != nil || len(list) != 1 {
		t.Errorf("List = %v, %v; what was moved aside must not be listed", list, err)
	}
	var ids []string
	for _, h := range list {
		ids = append(ids, h.ID)
	}
	if diff := cmp.Diff([]string{"x"}, ids); diff != "" {
		t.Error(diff)
	}
}

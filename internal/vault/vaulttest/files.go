package vaulttest

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/socialauth/socialauth/internal/vault"
)

func (s suite) names(t *testing.T) {
	dir, v := s.fresh(t)
	good := []string{
		"facebook", "Facebook", "FACEBOOK", "facebook/work", "facebook-work", "../../etc/passwd", "/", ".", "..", "con", "nul.rec",
		"a\\b", "https://issuer.example:8443/realms/x", "日本", "é", "e\u0301", "a b", "$(id)", "-rf", "*", strings.Repeat("x", 512),
	}
	for _, id := range good {
		for _, kind := range vault.Kinds() {
			put(t, v, vault.Name{Kind: kind, ID: id}, "", kind+id)
		}
	}
	for _, id := range good {
		for _, kind := range vault.Kinds() {
			wantBody(t, v, vault.Name{Kind: kind, ID: id}, kind+id)
		}
	}
	list, err := v.List(vault.KindKey)
	if err != nil || len(list) != len(good) {
		t.Errorf("List has %d of %d (%v)", len(list), len(good), err)
	}
	outside, err := os.ReadDir(filepath.Dir(dir))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range outside {
		if !strings.HasPrefix(e.Name(), filepath.Base(dir)) {
			t.Errorf("something was written outside: %s", e.Name())
		}
	}
	for _, n := range []vault.Name{
		account(""),
		account(" x"),
		account("x\n"),
		account("a\x00b"),
		account("\x1b[2J"),
		account("a\u202eb"),
		account("\xff"),
		account(strings.Repeat("x", 513)),
		{Kind: "", ID: "x"},
		{Kind: "../x", ID: "x"},
		{Kind: "probe", ID: "x"},
	} {
		_, err := v.Get(t.Context(), n)
		wantError[*vault.NameError](t, fmt.Sprintf("Get(%q)", n), err)
		_, err = v.Update(t.Context(), n, nil)
		wantError[*vault.NameError](t, fmt.Sprintf("Update(%q)", n), err)
		wantError[*vault.NameError](t, fmt.Sprintf("Delete(%q)", n), v.Delete(t.Context(), n))
		_, err = v.MoveAside(t.Context(), n)
		wantError[*vault.NameError](t, fmt.Sprintf("MoveAside(%q)", n), err)
	}
}

func (s suite) listing(t *testing.T) {
	dir, v := s.fresh(t)
	for _, id := range []string{"b", "a", "c"} {
		put(t, v, account(id), `{"who":"`+id+`"}`, "CANARY")
	}
	put(t, v, vault.Name{Kind: vault.KindKey, ID: "k"}, "", "CANARY")
	list, err := s.open(t, dir).List(vault.KindAccount)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, h := range list {
		if h.Damaged != nil || h.Updated.IsZero() || h.Path == "" {
			t.Errorf("header %+v", h)
		}
		got = append(got, h.ID+string(h.Meta))
	}
	if diff := cmp.Diff([]string{`a{"who":"a"}`, `b{"who":"b"}`, `c{"who":"c"}`}, got); diff != "" {
		t.Errorf("List (-want +got):\n%s", diff)
	}
	_, err = v.List("nonsense")
	wantError[*vault.NameError](t, "List of an unknown kind", err)
	info, err := v.Info()
	if err != nil || !info.Exists || info.Records != 4 || len(info.VaultID) != 8 || info.Dir != dir {
		t.Errorf("Info = %+v, %v", info, err)
	}
}

func (s suite) prove(t *testing.T) {
	dir, v := s.fresh(t)
	for range 3 {
		if err := v.Prove(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for path := range files(t, dir) {
		if strings.HasSuffix(path, ".rec") || strings.Contains(path, ".tmp-") {
			t.Errorf("Prove left %s", path)
		}
	}
	id := func() string {
		info, err := s.open(t, dir).Info()
		if err != nil || !info.Exists {
			t.Fatalf("Info = %+v, %v", info, err)
		}
		return info.VaultID
	}
	first := id()
	put(t, s.open(t, dir), account("x"), "", "x")
	if err := s.open(t, dir).Prove(t.Context()); err != nil || id() != first {
		t.Errorf("a second Prove: %v; vault %s, was %s", err, id(), first)
	}
}

func (s suite) inconsistent(t *testing.T) {
	dir, v := s.fresh(t)
	put(t, v, account("x"), "", "CANARY-1")
	before := files(t, dir)
	kept := filepath.Join(t.TempDir(), "vault.json")
	if err := os.Rename(filepath.Join(dir, "vault.json"), kept); err != nil {
		t.Fatal(err)
	}
	v = s.open(t, dir)
	e := wantError[*vault.InconsistentError](t, "Prove", v.Prove(t.Context()))
	if e.Records != 1 || e.Dir != dir {
		t.Errorf("the error is %+v", e)
	}
	_, err := v.Get(t.Context(), account("x"))
	wantError[*vault.InconsistentError](t, "Get", err)
	_, err = v.Update(t.Context(), account("y"), nil)
	wantError[*vault.InconsistentError](t, "Update", err)
	if err := os.Rename(kept, filepath.Join(dir, "vault.json")); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, files(t, dir)); diff != "" {
		t.Errorf("something changed:\n%s", diff)
	}
	wantBody(t, s.open(t, dir), account("x"), "CANARY-1")
}

func (s suite) damagedVaultFile(t *testing.T) {
	dir, v := s.fresh(t)
	put(t, v, account("x"), "", "CANARY-1")
	path := filepath.Join(dir, "vault.json")
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range [][]byte{nil, []byte("{}"), []byte("[]"), good[:len(good)/2], bytes.Replace(good, []byte(`"version": 1`), []byte(`"version": "1"`), 1)} {
		write(t, path, bad)
		_, err := s.open(t, dir).Get(t.Context(), account("x"))
		if e := wantError[*vault.VaultDamagedError](t, fmt.Sprintf("vault.json of %q", bad), err); e.Path != path {
			t.Errorf("the error names %s", e.Path)
		}
		wantError[*vault.VaultDamagedError](t, "Prove", s.open(t, dir).Prove(t.Context()))
		if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, bad) {
			t.Errorf("the damaged file was changed (%v)", err)
		}
	}
	write(t, path, bytes.Replace(good, []byte(`"version": 1`), []byte(`"version": 7`), 1))
	if e := wantError[*vault.NewerVersionError](t, "version 7", s.open(t, dir).Prove(t.Context())); e.Version != 7 {
		t.Errorf("the error is %+v", e)
	}
	write(t, path, good)
	wantBody(t, s.open(t, dir), account("x"), "CANARY-1")
}

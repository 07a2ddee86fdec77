package vault

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func fixedKey() *vaultKey {
	k := &vaultKey{id: "0011aabb"}
	copy(k.bytes[:], bytes.Repeat([]byte{7}, keySize))
	return k
}

// These texts are what is on people's disks and in their keyrings. A change here
// is a new format version.
func TestFormatsStayAsTheyAre(t *testing.T) {
	k := fixedKey()
	const item = "socialauth-key-v1:0011aabb:BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc:fde6140e"
	if k.item() != item {
		t.Errorf("the key item is %s", k.item())
	}
	if got := k.check(); got != "LfXtQml0ipM" {
		t.Errorf("the key check is %s", got)
	}
	if got := (Name{Kind: "account", ID: "facebook/work"}).file(); got != filepath.FromSlash("account/facebook-work-1eaefaea95df0e3c") {
		t.Errorf("the file is %s", got)
	}
	record, err := os.ReadFile(filepath.Join("testdata", "v1.rec"))
	if err != nil {
		t.Fatal(err)
	}
	r, err := unseal(k, Name{Kind: "account", ID: "facebook/work"}, "v1.rec", record)
	if err != nil || string(r.Body) != "CANARY-TOKEN-1" || string(r.Meta) != `{"scopes":["email"]}` || r.Updated.Year() != 2026 {
		t.Errorf("the stored record opens as %v, %v", r, err)
	}
	wrapped, err := os.ReadFile(filepath.Join("testdata", "v1-passphrase.json"))
	if err != nil {
		t.Fatal(err)
	}
	f, err := parseVaultFile("v1-passphrase.json", wrapped)
	if err != nil {
		t.Fatal(err)
	}
	s := &passphraseSource{known: []byte("CANARY-PASSPHRASE-1")}
	if got, err := s.load(t.Context(), f); err != nil || !got.equal(k) || !f.matches(got) {
		t.Errorf("the stored passphrase vault does not open: %v", err)
	}
}

func TestFileNames(t *testing.T) {
	for id, want := range map[string]string{
		"facebook/work":                 "facebook-work-",
		"https://issuer.example:8443/x": "https-issuer-example-8443-x-",
		"日本":                            "record-",
		"../../etc":                     "etc-",
		"-rf *":                         "rf-",
		strings.Repeat("a", 500):        strings.Repeat("a", 40) + "-",
		"CON":                           "con-",
		"a--b__c":                       "a-b-c-",
	} {
		got := Name{Kind: "account", ID: id}.file()
		if dir, base := filepath.Split(got); filepath.Clean(dir) != "account" || !strings.HasPrefix(base, want) || len(base) != len(want)+16 {
			t.Errorf("%q is kept in %s, want %s…", id, got, want)
		}
	}
	if (Name{Kind: "account", ID: "A"}).file() == (Name{Kind: "account", ID: "a"}).file() {
		t.Error("two names share a file")
	}
}

// What two places of one byte each must not do: give the same key or nonce.
func TestNoTwoSealsAreAlike(t *testing.T) {
	k := fixedKey()
	r := &Record{Name: Name{Kind: "account", ID: "x"}, Body: []byte("same")}
	a, err := seal(k, r)
	if err != nil {
		t.Fatal(err)
	}
	b, err := seal(k, r)
	if err != nil {
		t.Fatal(err)
	}
	p, _, err := parseRecord(a)
	if err != nil {
		t.Fatal(err)
	}
	q, _, err := parseRecord(b)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(p.nonce, q.nonce) || bytes.Equal(p.sealed, q.sealed) || !bytes.Equal(p.aad, q.aad) {
		t.Error("two seals share a nonce, or differ in what they bind")
	}
}

func TestLockFileNamesItsHolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.lock")
	v := &Vault{opts: Options{LockTimeout: 20 * time.Millisecond}}
	for range 2 { // the second time there is an older, longer text in it
		l, err := v.lock(t.Context(), path, false)
		if err != nil {
			t.Fatal(err)
		}
		_, err = v.lock(t.Context(), path, true)
		var e *LockedByError
		if !errors.As(err, &e) || e.PID != os.Getpid() || e.Path != path {
			t.Errorf("a shared lock beside an exclusive one: %v", err)
		}
		l.release()
		if err := os.WriteFile(path, []byte("\x00999999999999"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	shared, err := v.lock(t.Context(), path, true)
	if err != nil {
		t.Fatal(err)
	}
	defer shared.release()
	second, err := v.lock(t.Context(), path, true)
	if err != nil {
		t.Fatal(err)
	}
	second.release()
	if err := os.WriteFile(path, []byte("\x00nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := v.lock(t.Context(), path, false); !errors.As(err, new(*LockedByError)) {
		t.Errorf("an exclusive lock beside a shared one: %v", err)
	}
}

func TestSweepTakesOnlyItsOwnLitter(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a.rec", "a.rec.tmp-1", "a.rec.damaged-1", "ab.rec.tmp-1", "a.rec.lock"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	sweep(filepath.Join(dir, "a.rec"))
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var left []string
	for _, e := range entries {
		left = append(left, e.Name())
	}
	if got := strings.Join(left, " "); got != "a.rec a.rec.damaged-1 a.rec.lock ab.rec.tmp-1" {
		t.Errorf("left: %s", got)
	}
}

func FuzzParseRecord(f *testing.F) {
	k := fixedKey()
	good, err := seal(k, &Record{Name: Name{Kind: "account", ID: "x"}, Meta: json.RawMessage(`{"a":1}`), Body: []byte("CANARY-1")})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(good[:30])
	f.Add([]byte("socialauth-record-v1\n\xff\xff\xff\xff"))
	f.Add([]byte("socialauth-record-v99999\n"))
	f.Add([]byte("socialauth-record-v+1\n"))
	f.Add([]byte("socialauth-record-v1\n\x00\x00\x00\x02{}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, version, err := parseRecord(data)
		if err == nil && (version != 1 || !bytes.Equal(append(append(bytes.Clone(p.aad), p.nonce...), p.sealed...), data) || p.header.name().validate() != nil) {
			t.Error("the parts do not make up the whole")
		}
		if r, err := unseal(k, Name{Kind: "account", ID: "x"}, "x.rec", data); err == nil && !bytes.Equal(data, good) && string(r.Body) != "CANARY-1" {
			t.Error("a forged record was opened")
		}
	})
}

func FuzzParseVaultFile(f *testing.F) {
	f.Add([]byte(`{"version":1,"vault_id":"0011aabb","storage":"keyring","key_check":""}`))
	f.Add([]byte(`{"version":1,"vault_id":"0011aabb","storage":"keyring","key_check":"AAAAAAAAAAA","created":"2026-11-22T00:00:00Z"}`))
	f.Add([]byte(`{"version":9}`))
	f.Add([]byte(`{"version":1,"vault_id":"0011aabb","storage":"passphrase","key_check":"","passphrase":{"kdf":"argon2id","cost":{"time":4294967295}}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := parseVaultFile("vault.json", data)
		if err != nil {
			var damaged *VaultDamagedError
			var newer *NewerVersionError
			if !errors.As(err, &damaged) && !errors.As(err, &newer) {
				t.Errorf("an untyped error: %v", err)
			}
			return
		}
		if w := v.Passphrase; w != nil && (w.Cost.Time > maxKDFTime || w.Cost.Memory > maxKDFMemory || w.Cost.Threads > maxKDFLanes) {
			t.Error("a cost over the cap was let through")
		}
		if !validVaultID(v.ID) || !v.Storage.valid() || v.Storage == "" {
			t.Error("an invalid file was let through")
		}
	})
}

func FuzzParseKeyItem(f *testing.F) {
	f.Add(fixedKey().item())
	f.Add("")
	f.Add("socialauth-key-v2:x")
	f.Add("socialauth-key-v1:0011aabb:AAAA:00000000")
	f.Fuzz(func(t *testing.T, text string) {
		k, _, err := parseKeyItem(text)
		if err == nil && k.item() != text {
			t.Errorf("%q and %q are one key: an item has one form", text, k.item())
		}
	})
}

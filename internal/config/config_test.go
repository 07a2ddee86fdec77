package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialauth/socialauth/internal/config"
	"github.com/socialauth/socialauth/internal/tomlfile"
)

func env(m map[string]string) config.Env { return func(k string) string { return m[k] } }

func TestFindPathsUnderOneRoot(t *testing.T) {
	root := t.TempDir()
	got, err := config.FindPaths(env(map[string]string{"SOCIALAUTH_HOME": root, "SOCIALAUTH_CONFIG": "/elsewhere.toml"}))
	if err != nil {
		t.Fatal(err)
	}
	want := config.Paths{
		File: "/elsewhere.toml", Explicit: true,
		Providers: filepath.Join(root, "providers"), Data: filepath.Join(root, "data"), State: filepath.Join(root, "state"),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestLoad(t *testing.T) {
	off := false
	for _, tc := range []struct {
		name, content string
		want          *config.File
		err           string
	}{
		{name: "nothing", content: "", want: &config.File{}},
		{
			name:    "everything",
			content: "\ufeffstorage = \"key-file\"\r\n[jwt]\r\nttl = \"7d\"\r\nissuer = \"me\"\r\naudience = [\"api\"]\r\nkeyring = true\r\nlogin = false\r\n[clients.facebook]\r\nclient_id = \"1\"\r\n",
			want: &config.File{
				Storage: "key-file",
				JWT:     config.JWT{TTL: config.Duration(7 * 24 * time.Hour), Issuer: "me", Audience: []string{"api"}, Keyring: true, Login: &off},
				Clients: map[string]config.Client{"facebook": {ClientID: "1"}},
			},
		},
		{name: "unknown key", content: "[jwt]\n\nkeyrign = true\n", err: ":3: jwt.keyrign is not a known key; did you mean jwt.keyring?"},
		{name: "unknown table", content: "[nothing]\nx = 1\n", err: ":1: nothing is not a known key"},
		{name: "a secret", content: "[clients.facebook]\nclient_secret = \"CANARY-CLIENT-1\"\n", err: ":2: clients.facebook.client_secret is not a known key"},
		{name: "wrong type", content: "\nstorage = 1\n", err: ":2: storage must be a string, not a whole number"},
		{name: "wrong value", content: "\n\nstorage = \"keychain\"\n", err: `:3: storage is "keychain", not one of keyring, passphrase, key-file`},
		{name: "duplicate key", content: "storage = \"keyring\"\nstorage = \"keyring\"\n", err: ":2: "},
		{name: "bad duration", content: "[jwt]\nttl = \"soon\"\n", err: `:2: jwt.ttl is wrong: `},
		{name: "not TOML", content: "storage: keyring\n", err: ":1: "},
	} {
		t.Run(tc.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "config.toml")
			if err := os.WriteFile(path, []byte(tc.content), 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := config.Load(config.Paths{File: path})
			if tc.err != "" {
				var fileErr *tomlfile.Error
				if !errors.As(err, &fileErr) || !strings.HasPrefix(err.Error(), path+tc.err) {
					t.Fatalf("error = %v, want %s%s…", err, path, tc.err)
				}
				if strings.Contains(err.Error(), "CANARY") {
					t.Errorf("the error holds a secret: %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got.Path = ""
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestLoadReadsRegularFilesOnly(t *testing.T) {
	dir := t.TempDir()
	big := filepath.Join(dir, "big")
	if err := os.WriteFile(big, make([]byte, tomlfile.MaxSize+1), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, reason := range map[string]string{dir: "not a regular file", big: "larger than"} {
		if _, err := config.Load(config.Paths{File: path}); err == nil || !strings.Contains(err.Error(), reason) {
			t.Errorf("%s: %v, want %s", path, err, reason)
		}
	}
	missing := filepath.Join(dir, "missing")
	if _, err := config.Load(config.Paths{File: missing}); err != nil {
		t.Errorf("a missing file: %v, want none", err)
	}
	if _, err := config.Load(config.Paths{File: missing, Explicit: true}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file that was named: %v, want ErrNotExist", err)
	}
}

func TestParseDuration(t *testing.T) {
	for in, want := range map[string]time.Duration{"90s": 90 * time.Second, "1h30m": 90 * time.Minute, "7d": 168 * time.Hour, "2w": 336 * time.Hour, "0s": 0} {
		if got, err := config.ParseDuration(in); err != nil || got != want {
			t.Errorf("%q = %v, %v; want %v", in, got, err, want)
		}
	}
	for _, in := range []string{"", "-1h", "1", "d", "1y", "99999d", "1.5d", "1d1h"} {
		if got, err := config.ParseDuration(in); err == nil {
			t.Errorf("%q = %v, want an error", in, got)
		}
	}
}

func TestStateIsReplacedWhole(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	if got := config.LoadState(dir); got != (config.State{}) {
		t.Errorf("empty state = %+v", got)
	}
	want := config.State{DefaultAccount: "facebook/work"}
	if err := want.Save(dir); err != nil {
		t.Fatal(err)
	}
	if got := config.LoadState(dir); got != want {
		t.Errorf("state = %+v, want %+v", got, want)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("the folder holds %v, %v; want one file", entries, err)
	}
}

func TestVariables(t *testing.T) {
	if got := config.ClientVariable("my-idp.example:8443", "CLIENT_ID"); got != "SOCIALAUTH_MY_IDP_EXAMPLE_8443_CLIENT_ID" {
		t.Error(got)
	}
	for name, want := range map[string]bool{
		"SOCIALAUTH_PASSPHRASE": true, "SOCIALAUTH_X_CLIENT_SECRET": true, "SOCIALAUTH_X_CLIENT_ID": false, "MY_CLIENT_SECRET": false,
	} {
		if config.IsSecretVariable(name) != want {
			t.Errorf("IsSecretVariable(%s) = %v", name, !want)
		}
	}
	e := env(map[string]string{"A": "1", "B": "false"})
	if !e.Bool("A") || e.Bool("B") || e.Bool("C") {
		t.Error("Bool")
	}
	if s := config.First(e.FromEnv("C"), e.FromEnv("A")); s.Value != "1" || s.Source != "A" {
		t.Errorf("First = %+v", s)
	}
}

package vault_test

import (
	"context"
	"testing"
	"time"

	"github.com/socialauth/socialauth/internal/vault"
	"github.com/socialauth/socialauth/internal/vault/vaulttest"
)

// clock is fixed: nothing here depends on what time it is.
func clock() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }

func open(t testing.TB, o vault.Options) *vault.Vault {
	t.Helper()
	o.Now = clock
	v, err := vault.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func passphrase(p string) func(context.Context) ([]byte, error) {
	return func(context.Context) ([]byte, error) { return []byte(p), nil }
}

func TestConformance(t *testing.T) {
	t.Run("keyring", func(t *testing.T) {
		vaulttest.Run(t, func(t *testing.T, dir string) *vault.Vault {
			return open(t, vault.Options{Dir: dir, Keyring: vaulttest.FileKeyring(dir + "-keyring.json")})
		})
	})
	t.Run("key-file", func(t *testing.T) {
		vaulttest.Run(t, func(t *testing.T, dir string) *vault.Vault {
			return open(t, vault.Options{Dir: dir, Storage: vault.KeyFile})
		})
	})
	t.Run("passphrase", func(t *testing.T) {
		vaulttest.Run(t, func(t *testing.T, dir string) *vault.Vault {
			return open(t, vault.CheapPassphrase(vault.Options{
				Dir: dir, Storage: vault.Passphrase, Passphrase: passphrase("CANARY-PASSPHRASE-1"),
			}))
		})
	})
}

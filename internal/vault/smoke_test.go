package vault_test

import (
	"testing"
	"time"

	"github.com/socialauth/socialauth/internal/vault"
	"github.com/socialauth/socialauth/internal/vault/vaulttest"
)

func TestSmoke(t *testing.T) {
	for _, st := range []vault.Storage{vault.InKeyring, vault.KeyFile} {
		v, err := vault.Open(vault.Options{Dir: t.TempDir() + "/v", Storage: st, Keyring: &vaulttest.MemoryKeyring{}, Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		if err := v.Prove(t.Context()); err != nil {
			t.Fatal(err)
		}
		n := vault.Name{Kind: "account", ID: "facebook/work"}
		if _, err := v.Update(t.Context(), n, func(*vault.Record) (*vault.Record, error) {
			return &vault.Record{Body: []byte("CANARY-TOKEN-1")}, nil
		}); err != nil {
			t.Fatal(err)
		}
		r, err := v.Get(t.Context(), n)
		if err != nil || string(r.Body) != "CANARY-TOKEN-1" {
			t.Fatal(r, err)
		}
	}
}

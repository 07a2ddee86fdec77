// Keyread reads one item of the OS keyring and does nothing else: what
// `token print` costs beside that is its own.
package main

import (
	"context"
	"os"

	"github.com/socialauth/socialauth/internal/vault"
)

func main() {
	ring := vault.SystemKeyring(vault.SystemKeyringOptions{Getenv: os.Getenv})
	value, err := ring.Get(context.Background(), vault.Service, os.Args[1])
	if err != nil || value == "" {
		os.Exit(1)
	}
}

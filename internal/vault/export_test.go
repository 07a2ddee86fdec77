package vault

import (
	"context"
)

// CheapPassphrase returns o with a passphrase hash that costs next to nothing.
func CheapPassphrase(o Options) Options {
	o.kdf = kdfCost{Time: 1, Memory: 64, Threads: 1}
	return o
}

// Backend is the library under the system's keyring, for a stand-in.
type Backend = backend

// FakeSystem returns the system's keyring over b, as it is on goos and with the
// given answers of its preflight.
func FakeSystem(goos string, o SystemKeyringOptions, b Backend, preflight func() error) Keyring {
	k := newSystemKeyring(o, b, platformOf(goos))
	if preflight != nil {
		k.plat.preflight = func(context.Context) error { return preflight() }
	}
	return k
}

func platformOf(goos string) platform {
	switch goos {
	case "darwin":
		return platform{goos: goos, classify: classifySecurity, asks: true, verify: true}
	case "windows":
		return platform{goos: goos, classify: classifyCredentials}
	default:
		return platform{goos: goos, classify: classifySecretService}
	}
}

// AnotherKey is a whole key item for the vault id that is not its key.
func AnotherKey(id string) string { return newVaultKey(id).item() }

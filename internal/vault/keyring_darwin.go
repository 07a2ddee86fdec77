package vault

import "runtime"

// systemPlatform is the Keychain through /usr/bin/security. In the way the
// library runs it, it ends with success when a command it read has failed, so
// what was set is read back.
func systemPlatform(SystemKeyringOptions) platform {
	return platform{goos: runtime.GOOS, classify: classifySecurity, asks: true, verify: true}
}

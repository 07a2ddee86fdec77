package vault

import "runtime"

// systemPlatform is the Credential Manager. It is never locked and never asks.
func systemPlatform(SystemKeyringOptions) platform {
	return platform{goos: runtime.GOOS, classify: classifyCredentials}
}

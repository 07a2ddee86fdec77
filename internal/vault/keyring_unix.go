//go:build unix && !darwin

package vault

import (
	"context"
	"os"
	"runtime"
	"strconv"
)

// systemPlatform is the Secret Service on D-Bus.
func systemPlatform(o SystemKeyringOptions) platform {
	return platform{
		goos:     runtime.GOOS,
		classify: classifySecretService,
		preflight: func(ctx context.Context) error {
			return preflight(ctx, busAddress(o.Getenv, "/run/user/"+strconv.Itoa(os.Getuid()), os.ReadFile))
		},
	}
}

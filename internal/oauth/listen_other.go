//go:build !windows

package oauth

import "syscall"

// exclusive has nothing to do here: without SO_REUSEPORT, which Go does not
// set, no other process can bind the same address and port (L31).
func exclusive(string, string, syscall.RawConn) error { return nil }

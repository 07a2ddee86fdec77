//go:build !windows

package oauth

import (
	"errors"
	"syscall"
)

// exclusive has nothing to do here: without SO_REUSEPORT, which Go does not
// set, no other process can bind the same address and port (L31).
func exclusive(string, string, syscall.RawConn) error { return nil }

// absent reports that the machine has no such address at all.
func absent(err error) bool {
	return errors.Is(err, syscall.EADDRNOTAVAIL) || errors.Is(err, syscall.EAFNOSUPPORT)
}

// inUse reports that another socket has the port.
func inUse(err error) bool { return errors.Is(err, syscall.EADDRINUSE) }

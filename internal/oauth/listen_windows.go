package oauth

import "syscall"

// soExclusiveAddrUse is SO_EXCLUSIVEADDRUSE of winsock2.h, the complement of
// SO_REUSEADDR.
const soExclusiveAddrUse = ^syscall.SO_REUSEADDR

// exclusive keeps another process from binding the same port with SO_REUSEADDR
// and taking the callback (L31).
func exclusive(_, _ string, c syscall.RawConn) error {
	var failed error
	err := c.Control(func(fd uintptr) {
		failed = syscall.SetsockoptInt(syscall.Handle(fd), syscall.SOL_SOCKET, soExclusiveAddrUse, 1)
	})
	if err != nil {
		return err
	}
	return failed
}

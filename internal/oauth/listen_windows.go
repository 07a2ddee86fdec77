package oauth

import (
	"errors"
	"syscall"
)

// Numbers of winsock2.h. Package syscall has names for them only of other
// systems, with other values.
const (
	wsaeAcces         = syscall.Errno(10013)
	wsaeAFNoSupport   = syscall.Errno(10047)
	wsaeAddrInUse     = syscall.Errno(10048)
	wsaeAddrNotAvail  = syscall.Errno(10049)
	soExclusiveAdrUse = ^syscall.SO_REUSEADDR
)

// exclusive keeps another process from binding the same port with SO_REUSEADDR
// and taking the callback (L31).
func exclusive(_, _ string, c syscall.RawConn) error {
	var failed error
	err := c.Control(func(fd uintptr) {
		failed = syscall.SetsockoptInt(syscall.Handle(fd), syscall.SOL_SOCKET, soExclusiveAdrUse, 1)
	})
	if err != nil {
		return err
	}
	return failed
}

// absent reports that the machine has no such address at all.
func absent(err error) bool {
	return errors.Is(err, wsaeAddrNotAvail) || errors.Is(err, wsaeAFNoSupport)
}

// inUse reports that another socket has the port; one with exclusive use makes
// it a matter of access.
func inUse(err error) bool { return errors.Is(err, wsaeAddrInUse) || errors.Is(err, wsaeAcces) }

//go:build !windows

package cli

import (
	"os"
	"syscall"
)

// dieBy ends the process by the signal; the number is for the case that the
// signal is blocked.
func dieBy(s os.Signal) int {
	number, ok := s.(syscall.Signal)
	if !ok {
		return exitFailure
	}
	_ = syscall.Kill(os.Getpid(), number)
	return 128 + int(number)
}

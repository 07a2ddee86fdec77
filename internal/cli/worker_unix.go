//go:build !windows

package cli

import "syscall"

// detached puts a process into a session of its own: no signal for the
// caller's terminal or process group reaches it.
func detached() []*syscall.SysProcAttr { return []*syscall.SysProcAttr{{Setsid: true}} }

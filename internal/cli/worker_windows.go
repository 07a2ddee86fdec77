package cli

import (
	"syscall"

	"golang.org/x/sys/windows"
)

// detached puts a process into a group of its own without a console: no Ctrl-C
// for the caller reaches it. Terminals, sshd and build runners put what they
// start into a job object and end all of it at once, so the process leaves the
// job. A job may forbid that, and then the start fails: the second way stays.
func detached() []*syscall.SysProcAttr {
	const flags = windows.CREATE_NEW_PROCESS_GROUP | windows.DETACHED_PROCESS
	return []*syscall.SysProcAttr{
		{CreationFlags: flags | windows.CREATE_BREAKAWAY_FROM_JOB, HideWindow: true},
		{CreationFlags: flags, HideWindow: true},
	}
}

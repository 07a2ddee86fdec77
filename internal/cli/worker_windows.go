package cli

import (
	"syscall"

	"golang.org/x/sys/windows"
)

// detached puts a process into a group of its own without a console: no Ctrl-C
// for the caller reaches it.
func detached() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: windows.CREATE_NEW_PROCESS_GROUP | windows.DETACHED_PROCESS, HideWindow: true}
}

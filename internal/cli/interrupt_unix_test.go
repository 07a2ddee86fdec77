//go:build !windows

package cli_test

import (
	"errors"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// A command that has nothing to finish is ended by the signal itself, and a
// shell sees that.
func TestStatelessCommandDiesBySignal(t *testing.T) {
	cmd := program(t, "decode", "-")
	in, err := cmd.StdinPipe() // nobody writes: it waits
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = in.Close() }()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(200*time.Millisecond, func() { _ = cmd.Process.Signal(syscall.SIGINT) })
	exit, ok := errors.AsType[*exec.ExitError](cmd.Wait())
	if !ok {
		t.Fatal("decode ended well without input")
	}
	if status, ok := exit.Sys().(syscall.WaitStatus); !ok || !status.Signaled() || status.Signal() != syscall.SIGINT {
		t.Errorf("ended with %v, want by SIGINT", exit)
	}
}

package cli_test

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/socialauth/socialauth/internal/cli"
)

// TestNoCoreDumps: S18. A real process of the program says of itself that it can
// neither be dumped nor traced.
func TestNoCoreDumps(t *testing.T) {
	if os.Getenv("ASK_MYSELF") != "" {
		_ = unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{Cur: 4096, Max: 4096})
		before := cores()
		cli.New(os.Stdin, os.Stdout, os.Stderr, time.Now).Run([]string{"version"})
		_, _ = io.WriteString(os.Stderr, "before "+before+", after "+cores()+"\n")
		return
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestNoCoreDumps$")
	cmd.Env = append(os.Environ(), "ASK_MYSELF=1")
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "before dumpable 1 limit 4096, after dumpable 0 limit 0\n") {
		t.Errorf("%v\n%s", err, out)
	}
}

func cores() string {
	dumpable, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0)
	var limit unix.Rlimit
	if err == nil {
		err = unix.Getrlimit(unix.RLIMIT_CORE, &limit)
	}
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("dumpable %d limit %d", dumpable, limit.Cur)
}

// TestElevatedIsRefused: S22. A setuid copy run by somebody else ends with 4.
func TestElevatedIsRefused(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can make a setuid copy that somebody else runs")
	}
	dir, err := os.MkdirTemp("", "socialauth-setuid-") //nolint:usetesting // nobody else may enter t.TempDir
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	program := filepath.Join(dir, "socialauth")
	data, err := os.ReadFile(binary(t))
	if err == nil {
		err = os.WriteFile(program, data, 0o755)
	}
	for path, mode := range map[string]os.FileMode{dir: 0o755, program: 0o755 | os.ModeSetuid} {
		if err == nil {
			err = os.Chmod(path, mode)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	nobody := &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	cmd := exec.CommandContext(t.Context(), program, "version")
	cmd.Dir, cmd.Env, cmd.SysProcAttr = "/", nil, nobody
	out, err := cmd.CombinedOutput()
	if exitStatus(err) != 4 || !strings.Contains(string(out), "refusing to run with more rights than you have: it is setuid") {
		t.Errorf("setuid: exit %d, %s; is %s mounted nosuid?", exitStatus(err), out, dir)
	}
	// The same without the bit works, so it was the bit.
	if err := os.Chmod(program, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd = exec.CommandContext(t.Context(), program, "version")
	cmd.Dir, cmd.Env, cmd.SysProcAttr = "/", nil, nobody
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("not setuid: %v, %s", err, out)
	}
}

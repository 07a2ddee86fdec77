package term_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/socialauth/socialauth/internal/term"
)

// TestMain lets the test binary be the program at the terminal.
func TestMain(m *testing.M) {
	if os.Getenv("TERM_TEST_CHILD") == "" {
		os.Exit(m.Run())
	}
	ctx, cancel := context.WithCancel(context.Background())
	if os.Getenv("TERM_TEST_CHILD") == "cancel" {
		time.AfterFunc(300*time.Millisecond, cancel)
	}
	secret, err := term.ReadSecret(ctx, "Passphrase")
	fmt.Printf("got %d bytes, error %v\n", len(secret), err)
	os.Exit(0)
}

// terminal is a pseudo-terminal with a program on it.
type terminal struct {
	t             *testing.T
	master, slave *os.File
	cmd           *exec.Cmd
	seen          strings.Builder
}

func start(t *testing.T, mode string) *terminal {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	fd := int(master.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), "TERM_TEST_CHILD="+mode)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &terminal{t: t, master: master, slave: slave, cmd: cmd}
	t.Cleanup(func() { _ = slave.Close(); _ = master.Close() })
	return p
}

// expect reads until the text has been shown.
func (p *terminal) expect(text string) {
	p.t.Helper()
	buf := make([]byte, 4096)
	for !strings.Contains(p.seen.String(), text) {
		n, err := p.master.Read(buf)
		if err != nil {
			p.t.Fatalf("waiting for %q: %v; seen %q", text, err, p.seen.String())
		}
		p.seen.Write(buf[:n])
	}
}

func (p *terminal) echoes() bool {
	p.t.Helper()
	state, err := unix.IoctlGetTermios(int(p.slave.Fd()), unix.TCGETS)
	if err != nil {
		p.t.Fatal(err)
	}
	return state.Lflag&unix.ECHO != 0
}

// C09: what is typed at the prompt is not shown, and the terminal is as it was
// afterwards, whether an answer came or the wait was cancelled.
func TestReadSecretAtATerminal(t *testing.T) {
	p := start(t, "answer")
	p.expect("Passphrase: ")
	for p.echoes() { // the prompt comes a moment before echo is off
		time.Sleep(time.Millisecond)
	}
	if _, err := p.master.WriteString("CANARY-PASSPHRASE-1\n"); err != nil {
		t.Fatal(err)
	}
	p.expect("got 19 bytes, error <nil>")
	if strings.Contains(p.seen.String(), "CANARY") {
		t.Errorf("the terminal shows the passphrase: %q", p.seen.String())
	}
	if err := p.cmd.Wait(); err != nil {
		t.Error(err)
	}
	if !p.echoes() {
		t.Error("echo is still off after the answer")
	}
}

func TestReadSecretCancelled(t *testing.T) {
	p := start(t, "cancel")
	p.expect("got 0 bytes, error context canceled")
	if err := p.cmd.Wait(); err != nil {
		t.Error(err)
	}
	if !p.echoes() {
		t.Error("echo is still off after the wait was cancelled")
	}
}

package cli_test

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestDisk runs the program on disks that are full, read-only or broken. The disk is
// a small tmpfs in a mount namespace of the test's own, so it starts itself again
// inside one.
func TestDisk(t *testing.T) {
	if os.Getenv("LAB_DISK") != "" {
		if err := syscall.Mount("", "/", "", syscall.MS_PRIVATE|syscall.MS_REC, ""); err != nil {
			t.Fatal(err)
		}
		t.Run("full", fullDisk)
		t.Run("too small for a vault", tinyDisk)
		t.Run("read-only", readOnlyDisk)
		t.Run("full when the answer comes", fullAfterwards)
		t.Run("broken when the answer comes", brokenAfterwards)
		return
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestDisk$", "-test.v", "-test.timeout=100s") //nolint:gosec // this test
	cmd.Env = append(os.Environ(), "LAB_DISK=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}},
	}
	out, err := cmd.CombinedOutput()
	if errors.Is(err, os.ErrPermission) || errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EINVAL) {
		lacking(t, "user and mount namespaces are not permitted here: "+err.Error())
	}
	if err != nil || !strings.Contains(string(out), "--- PASS: TestDisk/full ") {
		t.Errorf("%v\n%s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, "--- SKIP") {
			lacking(t, "a part was skipped: "+strings.TrimSpace(line))
		}
	}
}

// onDisk is a lab whose home is a disk of so many kilobytes.
func onDisk(t *testing.T, kilobytes int) *lab {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "disk")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "mode=0700,size="+strconv.Itoa(kilobytes)+"k"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	l := newLab(t, labOptions{dir: dir})
	l.setenv("BROWSER_LOG", filepath.Join(t.TempDir(), "browser.log"))
	return l
}

func (l *lab) filler() string { return filepath.Join(l.dir, "filler") }

// fill leaves no byte free.
func (l *lab) fill() {
	l.t.Helper()
	f, err := os.Create(l.filler())
	if err != nil {
		l.t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	for err == nil {
		_, err = f.Write(make([]byte, 4096))
	}
	if !errors.Is(err, syscall.ENOSPC) {
		l.t.Error(err)
	}
}

func (l *lab) empty() {
	l.t.Helper()
	if err := os.Remove(l.filler()); err != nil {
		l.t.Fatal(err)
	}
}

// stored is the bytes of all records.
func (l *lab) stored() string {
	l.t.Helper()
	var b strings.Builder
	for _, path := range l.records() {
		data, err := os.ReadFile(path)
		if err != nil {
			l.t.Fatal(err)
		}
		b.WriteString(path + "\n" + string(data))
	}
	return b.String()
}

// R06, S11: a full disk is found while the old refresh token is still good.
func fullDisk(t *testing.T) {
	l := onDisk(t, 256)
	l.signIn("x").want(t, 0)
	l.sawBrowser()
	fresh := l.run("token", "print", "x").want(t, 0)
	before := l.stored()
	l.fill()
	if again := l.run("token", "print", "x").want(t, 0); again.stdout != fresh.stdout {
		t.Error("another token was printed")
	}
	l.signIn("x").want(t, 6, "no space left", "unchanged")
	l.noBrowser()
	l.advance(3 * time.Hour)
	for range 2 {
		l.run("token", "print", "x").want(t, 6, "no space left", "unchanged")
		l.run("token", "refresh", "x").want(t, 6, "no space left", "unchanged")
	}
	if n := l.refreshes(); n != 0 {
		t.Errorf("%d refreshes, want 0", n)
	}
	if l.stored() != before || len(l.litter()) > 0 {
		t.Errorf("something has changed; temporary files: %v", l.litter())
	}
	l.empty()
	l.run("token", "print", "x").want(t, 0)
	if n := l.refreshes(); n != 1 {
		t.Errorf("%d refreshes, want 1", n)
	}
}

func tinyDisk(t *testing.T) {
	l := onDisk(t, 16)
	l.fill()
	l.signIn("x").want(t, 6, "no space left")
	l.noBrowser()
	l.empty()
	if left := append(l.records(), l.litter()...); len(left) > 0 {
		t.Errorf("left over: %v", left)
	}
}

// R06, S10: the same for a home that cannot be written at all.
func readOnlyDisk(t *testing.T) {
	l := onDisk(t, 256)
	l.signIn("x").want(t, 0)
	l.sawBrowser()
	fresh := l.run("token", "print", "x").want(t, 0)
	before := l.stored()
	remount := func(flags uintptr) {
		t.Helper()
		if err := syscall.Mount("", l.dir, "", syscall.MS_REMOUNT|flags, "size=256k"); err != nil {
			t.Fatal(err)
		}
	}
	remount(syscall.MS_RDONLY)
	if again := l.run("token", "print", "x").want(t, 0); again.stdout != fresh.stdout {
		t.Error("another token was printed")
	}
	l.run("status").want(t, 0)
	l.run("version").want(t, 0)
	l.signIn("x").want(t, 6, "read-only")
	l.signIn("google").want(t, 6, "read-only")
	l.noBrowser()
	l.run("logout", "x", "--local-only").want(t, 6, "read-only")
	l.advance(3 * time.Hour)
	for range 2 {
		l.run("token", "print", "x").want(t, 6, "read-only")
		l.run("token", "refresh", "x").want(t, 6, "read-only")
	}
	if n := l.refreshes(); n != 0 {
		t.Errorf("%d refreshes, want 0", n)
	}
	if l.stored() != before {
		t.Error("something has changed")
	}
	remount(0)
	l.run("token", "print", "x").want(t, 0)
	if n := l.refreshes(); n != 1 {
		t.Errorf("%d refreshes, want 1", n)
	}
}

// R07: the disk fills up between the provider's rotation and the save. Who asked
// gets the token all the same, with a warning; the next run says what happened.
func fullAfterwards(t *testing.T) {
	t.Run("a refresh token for one use", func(t *testing.T) {
		l := onDisk(t, 256)
		l.signIn("x").want(t, 0)
		l.advance(3 * time.Hour)
		l.hook = sync.OnceFunc(l.fill)
		l.unsaved("x", "no space left")
		l.empty()
		l.mustSignIn("x")
	})
	t.Run("a refresh token for many", func(t *testing.T) {
		l := onDisk(t, 256)
		l.signIn("google").want(t, 0)
		l.advance(3 * time.Hour)
		l.hook = sync.OnceFunc(l.fill)
		l.unsaved("google", "no space left")
		l.empty()
		l.run("token", "print", "google").want(t, 0)
		if n := l.refreshes(); n != 2 {
			t.Errorf("%d refreshes, want 2", n)
		}
	})
	t.Run("a refresh that was asked for", func(t *testing.T) {
		l := onDisk(t, 256)
		l.signIn("google").want(t, 0)
		l.hook = sync.OnceFunc(l.fill)
		l.run("token", "refresh", "google").want(t, 6, "no space left")
		l.empty()
		l.run("token", "refresh", "google").want(t, 0)
	})
}

// unsaved prints a token that the provider gave and the disk does not take.
func (l *lab) unsaved(account, why string) {
	l.t.Helper()
	o := l.run("token", "print", account).want(l.t, 0, "warning", "could not be saved", why)
	if _, known := l.tokens[strings.TrimSpace(o.stdout)]; !known || l.tokens[strings.TrimSpace(o.stdout)].seq != l.issued {
		l.t.Errorf("printed %q, which is not what the provider gave last", o.stdout)
	}
	if left := l.litter(); len(left) > 0 {
		l.t.Errorf("left over: %v", left)
	}
}

// mustSignIn shows that the account says what happened, sends nothing twice by
// itself, and is good again after a sign-in.
func (l *lab) mustSignIn(account string) {
	l.t.Helper()
	n := l.refreshes()
	l.run("token", "print", account).want(l.t, 3, "was cut off before its answer was saved", "hint: socialauth login "+account)
	if l.refreshes() != n {
		l.t.Error("a spent refresh token was sent again")
	}
	l.run("token", "refresh", account).want(l.t, 3, "hint: socialauth login "+account)
	l.signIn(account).want(l.t, 0)
	l.run("token", "print", account).want(l.t, 0)
}

// R07 with errors that only a broken disk gives: strace attaches itself to the
// worker when the provider has answered, and lets one system call fail.
func brokenAfterwards(t *testing.T) {
	if _, err := exec.LookPath("strace"); err != nil {
		lacking(t, "strace is not installed")
	}
	for _, tc := range []struct{ name, inject, says string }{
		{"fsync fails", "fsync:error=EIO", "input/output error"},
		{"rename finds no space", "rename,renameat,renameat2:error=ENOSPC", "no space left"},
		{"rename fails", "rename,renameat,renameat2:error=EIO", "input/output error"},
		{"the file cannot be made", "fchmod:error=EIO", "input/output error"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			l := newLab(t, labOptions{})
			l.signIn("x").want(t, 0)
			l.advance(3 * time.Hour)
			record := l.records()[0]
			l.hook = sync.OnceFunc(func() { breakCalls(t, holder(lockFile(record, "")), tc.inject) })
			l.unsaved("x", tc.says)
			l.mustSignIn("x")
		})
	}
}

// breakCalls lets system calls of a process fail from now on.
func breakCalls(t *testing.T, pid int, inject string) {
	t.Helper()
	calls, _, _ := strings.Cut(inject, ":")
	cmd := exec.CommandContext(t.Context(), "strace", "-f", "-p", strconv.Itoa(pid), "-e", "trace="+calls, "-e", "inject="+inject) //nolint:gosec // a test
	stderr, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Error(err)
		return
	}
	lines, attached := bufio.NewScanner(stderr), false
	for !attached && lines.Scan() {
		attached = strings.Contains(lines.Text(), "attached")
	}
	if !attached {
		t.Errorf("strace did not attach itself to process %d", pid)
	}
	t.Cleanup(func() { _ = cmd.Wait() })
	go func() { // strace may not stand still because nobody reads what it says
		for lines.Scan() { //nolint:revive // only to read
		}
	}()
}

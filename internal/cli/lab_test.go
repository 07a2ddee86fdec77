//go:build unix

package cli_test

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/socialauth/socialauth/internal/emulator"
	"github.com/socialauth/socialauth/internal/provider"
)

// lab is a home, a provider and a book in which every token is written down
// that the provider gave or was shown. What the program says and stores is held
// against that book.
type lab struct {
	t       testing.TB
	dir     string   // SOCIALAUTH_HOME
	env     []string // of the program
	program string
	uid     int // of the user who runs it; 0 is ours
	server  *emulator.Server
	base    string

	// hook, if set, is called when the provider has done a refresh and its
	// answer has not left.
	hook func()

	mu       sync.Mutex
	shift    time.Duration
	ports    map[string]string // port of the redirect → account
	families map[string]issue  // refresh token → where it stands
	tokens   map[string]issue  // access token → where it stands
	begun    map[string]int    // account → how many sign-ins the provider has seen
	issued   int
	spent    map[string]int // refresh token → how often it was shown
	reuses   []reuse
	revoked  string // the token that was revoked last
}

// labOptions says how a lab differs from a quiet one.
type labOptions struct {
	dir      string // where the home is; "" is a new one
	realTime bool   // the program and the provider use the real clock
	short    int    // seconds that access tokens live; 0 is as the provider has it
	// program is the real program, which knows no clock but the real one; "" is
	// the one inside this test.
	program string
}

// realProgram builds the program as it is released.
func realProgram(t testing.TB) string {
	t.Helper()
	return builtProgram(t, "../../cmd/socialauth")
}

func builtProgram(t testing.TB, source string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "program")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-ldflags=-s -w", "-o", path, source) //nolint:gosec // our own
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return path
}

func newLab(t testing.TB, o labOptions) *lab {
	t.Helper()
	l := &lab{
		t: t, dir: o.dir, program: cmp.Or(o.program, "socialauth"), ports: map[string]string{}, families: map[string]issue{}, tokens: map[string]issue{},
		begun: map[string]int{}, spent: map[string]int{},
	}
	if l.dir == "" {
		l.dir = filepath.Join(t.TempDir(), "home")
	}
	now := l.now
	o.realTime = o.realTime || o.program != ""
	if o.realTime {
		now = time.Now
	}
	var list []*provider.Provider
	for _, id := range []string{"x", "google", "facebook"} {
		p, err := provider.Preset(id)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, p)
	}
	var err error
	if l.server, err = emulator.New(emulator.Options{Providers: list, Now: now}); err != nil {
		t.Fatal(err)
	}
	if o.short > 0 {
		l.fault("short_lived", strconv.Itoa(o.short))
	}
	srv := httptest.NewUnstartedServer(nil)
	l.base = "http://" + srv.Listener.Addr().String()
	srv.Config.Handler = l.book(l.server.Handler(l.base))
	srv.Start()
	t.Cleanup(srv.Close)
	l.env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + l.dir, "TMPDIR=" + t.TempDir(), "SOCIALAUTH_HOME=" + l.dir, "SOCIALAUTH_STORAGE=key-file",
		"SOCIALAUTH_EMULATOR=" + l.base, "SOCIALAUTH_X_CLIENT_ID=demo-client",
		"SOCIALAUTH_GOOGLE_CLIENT_ID=demo-client", "SOCIALAUTH_GOOGLE_CLIENT_SECRET=" + clientSecret,
		"SOCIALAUTH_FACEBOOK_CLIENT_ID=demo-client", "SOCIALAUTH_FACEBOOK_CLIENT_SECRET=" + clientSecret,
		"BROWSER=fakebrowser", "GOCOVERDIR=" + os.Getenv("GOCOVERDIR"),
	}
	if !o.realTime {
		l.env = append(l.env, "FAKE_NOW="+l.now().Format(time.RFC3339))
	}
	return l
}

func (l *lab) now() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	start, _ := time.Parse(time.RFC3339, scriptStart)
	return start.Add(l.shift).UTC()
}

// advance moves the clock of the provider and of the program.
func (l *lab) advance(d time.Duration) {
	l.mu.Lock()
	l.shift += d
	l.mu.Unlock()
	l.setenv("FAKE_NOW", l.now().Format(time.RFC3339))
}

// setenv changes the program's environment.
func (l *lab) setenv(name, value string) {
	for i, entry := range l.env {
		if strings.HasPrefix(entry, name+"=") {
			l.env[i] = name + "=" + value
			return
		}
	}
	l.env = append(l.env, name+"="+value)
}

func (l *lab) fault(name, value string) {
	l.t.Helper()
	if err := l.server.SetFault(name, value); err != nil {
		l.t.Fatal(err)
	}
}

// command prepares the program.
func (l *lab) command(args ...string) *exec.Cmd {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	l.t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, l.program, args...) //nolint:gosec // our own
	cmd.Env = append([]string(nil), l.env...)
	if l.uid != 0 {
		id := uint32(l.uid) //nolint:gosec // a user id
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: id, Gid: id}}
		cmd.Dir = filepath.Dir(l.dir)
	}
	return cmd
}

// outcome is how a command ended: its exit status, 128+n for a signal.
type outcome struct {
	exit           int
	stdout, stderr string
}

func (l *lab) run(args ...string) outcome { return finish(l.command(args...)) }

func finish(cmd *exec.Cmd) outcome {
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	return outcome{exitStatus(err), stdout.String(), stderr.String()}
}

func (o outcome) String() string {
	return fmt.Sprintf("exit %d, stdout %q, stderr %q", o.exit, o.stdout, o.stderr)
}

// want checks the exit status and that stderr has each of the texts.
func (o outcome) want(t testing.TB, exit int, texts ...string) outcome {
	t.Helper()
	if o.exit != exit {
		t.Errorf("%v; want exit %d", o, exit)
	}
	for _, text := range texts {
		if !strings.Contains(o.stderr, text) {
			t.Errorf("%v; want %q on stderr", o, text)
		}
	}
	if exit != 0 && o.stdout != "" {
		t.Errorf("%v; want nothing on stdout", o)
	}
	return o
}

// wantAll checks that every one of a crowd ended so, and shows the first that did not.
func wantAll(t testing.TB, all []outcome, exit int, texts ...string) {
	t.Helper()
	for i, o := range all {
		if t.Failed() {
			t.Fatalf("number %d of %d ended otherwise", i, len(all))
		}
		o.want(t, exit, texts...)
	}
}

// signIn is `socialauth login`, with a port of its own for the account.
func (l *lab) signIn(account string) outcome {
	l.t.Helper()
	return l.run("login", account, "--port", l.port(account))
}

// port is the account's redirect port, by which the book knows the account.
func (l *lab) port(account string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	for port, of := range l.ports {
		if of == account {
			return port
		}
	}
	n, err := freePort()
	if err != nil {
		l.t.Fatal(err)
	}
	l.ports[strconv.Itoa(n)] = account
	return strconv.Itoa(n)
}

// crowd runs the program n times at once, and returns how each ended.
func (l *lab) crowd(n int, args ...string) []outcome {
	all := make([]outcome, n)
	var wg sync.WaitGroup
	for i := range all {
		cmd := l.command(args...)
		wg.Go(func() { all[i] = finish(cmd) })
	}
	wg.Wait()
	return all
}

// records are the files of the accounts.
func (l *lab) records() []string {
	found, err := filepath.Glob(filepath.Join(l.dir, "data", "account", "*.rec"))
	if err != nil {
		l.t.Fatal(err)
	}
	return found
}

// lockFile is the lock beside a record: of the record itself, or of what one
// process at a time does with it ("renew").
func lockFile(record, purpose string) string {
	if purpose != "" {
		purpose = "." + purpose
	}
	return strings.TrimSuffix(record, ".rec") + purpose + ".lock"
}

// holder is the process that a lock file names, 0 for none.
func holder(lock string) int {
	data, err := os.ReadFile(lock)
	if err != nil || len(data) < 2 {
		return 0
	}
	pid, _ := strconv.Atoi(strings.TrimSpace(string(data[1:])))
	return pid
}

// killHolder kills the process that a lock file names, and returns its id and
// command line; 0 if there was none. It looks twice, so that a process that has just
// let go of the lock is not mistaken for its holder.
func killHolder(lock string, isVictim func(cmdline string) bool) (int, string) {
	pid := holder(lock)
	if pid <= 1 {
		return 0, ""
	}
	p, err := os.FindProcess(pid)
	if err != nil {
		return 0, ""
	}
	defer func() { _ = p.Release() }()
	data, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	line := strings.ReplaceAll(strings.TrimRight(string(data), "\x00"), "\x00", " ")
	if holder(lock) != pid || isVictim != nil && !isVictim(line) || p.Signal(syscall.SIGKILL) != nil {
		return 0, ""
	}
	return pid, line
}

// litter lists the temporary files in the home.
func (l *lab) litter() []string {
	var found []string
	_ = filepath.WalkDir(l.dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.Contains(d.Name(), "tmp") {
			found = append(found, path)
		}
		return nil
	})
	return found
}

// eventually waits for something that another process is about to do.
func eventually(t testing.TB, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if done() {
			return
		}
	}
	t.Errorf("it did not happen: %s", what)
}

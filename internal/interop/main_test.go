package interop_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// browserName is the name under which this test binary plays the web browser:
// socialauth starts $BROWSER with the URL, as it would start a real one.
const browserName = "person-with-a-browser"

func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == browserName {
		os.Exit(playPerson(os.Args[0], os.Args[1:]))
	}
	status := m.Run()
	if dir := filepath.Dir(buildOnce.path); buildOnce.path != "" {
		_ = os.RemoveAll(dir)
	}
	os.Exit(status)
}

// inCI: a missing program is a failure and not a skip.
func inCI() bool { return os.Getenv("CI") == "true" }

// missing ends the test because a program that is not ours is not here.
func missing(t *testing.T, format string, args ...any) {
	t.Helper()
	if inCI() {
		t.Fatalf("CI=true and "+format, args...)
	}
	t.Skipf(format, args...)
}

var buildOnce struct {
	sync.Once
	path string
	err  error
}

// program builds cmd/socialauth as it is released and returns its path.
func program(t *testing.T) string {
	t.Helper()
	buildOnce.Do(func() {
		dir, err := os.MkdirTemp("", "socialauth-interop-") //nolint:usetesting // outlives the test that is first
		if err != nil {
			buildOnce.err = err
			return
		}
		buildOnce.path = filepath.Join(dir, "socialauth")
		build := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-o", buildOnce.path, "./cmd/socialauth")
		build.Dir = filepath.Join("..", "..")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			buildOnce.err = fmt.Errorf("go build ./cmd/socialauth: %w\n%s", err, out)
		}
	})
	if buildOnce.err != nil {
		t.Fatal(buildOnce.err)
	}
	return buildOnce.path
}

// machine is a computer of its own for one test: its own home, its own vault,
// nothing of the environment the tests run in but PATH.
type machine struct {
	t       *testing.T
	program string
	dir     string
	env     []string
}

func newMachine(t *testing.T, env ...string) *machine {
	t.Helper()
	m := &machine{t: t, program: program(t), dir: t.TempDir()}
	m.env = slices.Concat([]string{
		"PATH=" + os.Getenv("PATH"),
		"HOME=" + m.dir,
		"TMPDIR=" + m.dir,
		"SOCIALAUTH_HOME=" + filepath.Join(m.dir, "socialauth"),
		"SOCIALAUTH_STORAGE=key-file",
		"SOCIALAUTH_NO_INPUT=1",
		"NO_COLOR=1",
		"BROWSER=none",
	}, env)
	return m
}

func (m *machine) setenv(name, value string) { m.env = append(m.env, name+"="+value) }

func (m *machine) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, m.program, args...)
	cmd.Dir = m.dir
	cmd.Env = m.env
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

type result struct {
	args           []string
	code           int
	stdout, stderr string
}

func (r result) String() string {
	return fmt.Sprintf("socialauth %s: exit %d\n--- stdout\n%s--- stderr\n%s", strings.Join(r.args, " "), r.code, r.stdout, r.stderr)
}

// run runs a command to its end, whatever that is.
func (m *machine) run(args ...string) result {
	m.t.Helper()
	return m.pipe("", args...)
}

// pipe is run with a text on standard input.
func (m *machine) pipe(stdin string, args ...string) result {
	m.t.Helper()
	ctx, cancel := context.WithTimeout(m.t.Context(), time.Minute)
	defer cancel()
	var stdout, stderr bytes.Buffer
	cmd := m.command(ctx, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &stdout, &stderr
	return finish(m.t, args, cmd.Run(), &stdout, &stderr)
}

func finish(t *testing.T, args []string, err error, stdout, stderr fmt.Stringer) result {
	t.Helper()
	r := result{args: args, stdout: stdout.String(), stderr: stderr.String()}
	var exit *exec.ExitError
	switch {
	case err == nil:
	case errors.As(err, &exit):
		r.code = exit.ExitCode()
	default:
		t.Fatalf("socialauth %s: %v", strings.Join(args, " "), err)
	}
	return r
}

// must runs a command that has to succeed.
func (m *machine) must(args ...string) result {
	m.t.Helper()
	r := m.run(args...)
	if r.code != 0 {
		m.t.Fatal(r)
	}
	return r
}

// line is the single line that a command prints, without its newline.
func (m *machine) line(args ...string) string {
	m.t.Helper()
	r := m.must(args...)
	line, rest, ended := strings.Cut(r.stdout, "\n")
	if !ended || rest != "" || line == "" {
		m.t.Fatalf("want one line on stdout: %v", r)
	}
	return line
}

// decodeObject reads a text that is one JSON object.
func decodeObject(t *testing.T, text string) map[string]any {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(text))
	var object map[string]any
	if err := decoder.Decode(&object); err != nil {
		t.Fatalf("%v in %q", err, text)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		t.Fatalf("more than one JSON value in %q", text)
	}
	return object
}

// browser makes this machine's BROWSER a person who signs in as user, and
// returns the file that the journey is written to.
func (m *machine) browser(p person) (journey string) {
	m.t.Helper()
	self, err := os.Executable()
	if err != nil {
		m.t.Fatal(err)
	}
	dir := m.t.TempDir()
	name := filepath.Join(dir, browserName)
	if err := os.Symlink(self, name); err != nil {
		m.t.Fatal(err)
	}
	encoded, err := json.Marshal(p)
	if err != nil {
		m.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "person.json"), encoded, 0o600); err != nil {
		m.t.Fatal(err)
	}
	m.setenv("BROWSER", name)
	return filepath.Join(dir, "journey")
}

// lines collects what a child writes and hands out its lines as they come.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
	wake chan struct{}
}

func newLines() *lines { return &lines{wake: make(chan struct{}, 1)} }

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// await waits for the first whole line in which find finds something.
func (l *lines) await(ctx context.Context, find func(line string) string) (string, error) {
	for {
		text := l.String()
		for line := range strings.Lines(text) {
			if !strings.HasSuffix(line, "\n") {
				break
			}
			if found := find(strings.TrimSuffix(line, "\n")); found != "" {
				return found, nil
			}
		}
		select {
		case <-l.wake:
		case <-ctx.Done():
			return "", fmt.Errorf("%w; so far:\n%s", ctx.Err(), text)
		}
	}
}

// findURL finds the first http URL in a line.
func findURL(line string) string {
	at := strings.Index(line, "http")
	if at < 0 {
		return ""
	}
	found, _, _ := strings.Cut(line[at:], " ")
	if !strings.HasPrefix(found, "http://") && !strings.HasPrefix(found, "https://") {
		return ""
	}
	return found
}

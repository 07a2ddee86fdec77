//go:build linux

// Package windows_test runs the Windows build of the program, not a part of it,
// against a Credential Manager: Wine's, on Linux. scripts/test-windows.sh builds
// and prepares what it needs and says where that is; without it the tests skip.
//
// The person, the browser and the provider are Linux processes, the program and
// its workers are Windows processes. They meet on the loopback interface.
package windows_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/socialauth/socialauth/internal/emulator"
)

// The variables of scripts/test-windows.sh.
const (
	varExe    = "WINE_TEST_EXE"    // socialauth.exe
	varNative = "WINE_TEST_NATIVE" // the same program for this system
	varJob    = "WINE_TEST_JOB"    // c/job.c
	varOther  = "WINE_TEST_OTHER"  // a second WINEPREFIX: another computer
)

// limit is how long one command may take. Wine starts in a fifth of a second,
// but not on a machine that does something else.
const limit = 90 * time.Second

// computer is a Windows as the program sees it.
type computer struct {
	t      *testing.T
	prefix string
	env    []string
}

func newComputer(t *testing.T, prefix string, env ...string) *computer {
	t.Helper()
	if os.Getenv(varExe) == "" {
		t.Skip("scripts/test-windows.sh runs this")
	}
	base := []string{"WINEPREFIX=" + prefix}
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "WINEDEBUG", "WINEDLLOVERRIDES"} {
		base = append(base, name+"="+os.Getenv(name))
	}
	return &computer{t, prefix, append(base, env...)}
}

// windowsPath names a file of this system as Wine does.
func windowsPath(path string) string { return `Z:` + strings.ReplaceAll(path, "/", `\`) }

// wine is a Windows program about to start.
func (c *computer) wine(program string, args ...string) *exec.Cmd {
	ctx, cancel := context.WithTimeout(c.t.Context(), limit)
	c.t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, "wine", append([]string{program}, args...)...)
	cmd.Env = c.env
	// What outlives its caller, a worker or a service that Wine has started, may
	// hold its streams but not hold up the test.
	cmd.WaitDelay = 10 * time.Second
	return cmd
}

func (c *computer) command(args ...string) *exec.Cmd { return c.wine(os.Getenv(varExe), args...) }

// job is a command in a job object of Windows that may or may not be left.
func (c *computer) job(rule string, args ...string) *exec.Cmd {
	return c.wine(os.Getenv(varJob), append([]string{rule, windowsPath(os.Getenv(varExe))}, args...)...)
}

// result is how a command ended.
type result struct {
	status         int
	stdout, stderr string
}

func (c *computer) run(args ...string) result {
	c.t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := c.command(args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	_ = cmd.Run()
	return result{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// exits runs a command whose exit status is a promise.
func (c *computer) exits(status int, args ...string) result {
	c.t.Helper()
	r := c.run(args...)
	if r.status != status {
		c.t.Fatalf("socialauth %s: exit %d, want %d\n%s%s", strings.Join(args, " "), r.status, status, r.stdout, r.stderr)
	}
	return r
}

// printToken returns what `token print` writes, which is one line.
func (c *computer) printToken(account string) string {
	c.t.Helper()
	out := c.exits(0, "token", "print", account).stdout
	token, rest, ok := strings.Cut(out, "\n")
	if !ok || rest != "" || strings.TrimSpace(token) != token || len(token) < 20 {
		c.t.Fatalf("token print %s wrote %d bytes that are not one line", account, len(out))
	}
	return token
}

// login signs in with a person who opens the URL that is printed.
func (c *computer) login(args ...string) result {
	c.t.Helper()
	var stdout bytes.Buffer
	cmd := c.command(append([]string{"login", "--no-browser"}, args...)...)
	cmd.Stdout = &stdout
	stdin, err := cmd.StdinPipe() // open and silent: nobody pastes anything
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = stdin.Close() }()
	stderr, write := io.Pipe()
	cmd.Stderr = write
	var said strings.Builder
	var page *emulator.Outcome
	var person sync.WaitGroup
	person.Go(func() {
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			said.WriteString(lines.Text() + "\n")
			if url := strings.TrimSpace(lines.Text()); strings.HasPrefix(url, "http://") && page == nil {
				page = c.open(url)
			}
		}
	})
	_ = cmd.Run()
	_ = write.Close()
	person.Wait()
	r := result{cmd.ProcessState.ExitCode(), stdout.String(), said.String()}
	if r.status == 0 && (page == nil || page.Status != http.StatusOK) {
		c.t.Errorf("login ended well, but the person saw %+v", page)
	}
	return r
}

// open is the person with a browser.
func (c *computer) open(url string) *emulator.Outcome {
	page, err := emulator.Play(c.t.Context(), &http.Client{}, url, emulator.Choice{})
	if err != nil {
		c.t.Errorf("the person: %v", err)
	}
	return page
}

// credentials lists the names of the items in the Credential Manager as Wine's
// own registry tool shows them.
func (c *computer) credentials() string {
	c.t.Helper()
	out, err := c.wine("reg", "query", `HKCU\Software\Wine\Credential Manager`, "/s").CombinedOutput()
	if err != nil {
		c.t.Fatalf("reg query: %v\n%s", err, out)
	}
	return string(out)
}

// provider is a running `socialauth emulate`, the Linux one.
type provider struct {
	t         *testing.T
	base, log string
}

func emulate(t *testing.T, id string, faults ...string) *provider {
	t.Helper()
	if os.Getenv(varNative) == "" {
		t.Skip("scripts/test-windows.sh runs this")
	}
	log := filepath.Join(t.TempDir(), "requests.ndjson")
	args := []string{"emulate", id, "--listen", "127.0.0.1:0", "--log", log}
	for _, f := range faults {
		args = append(args, "--fault", f)
	}
	cmd := exec.CommandContext(t.Context(), os.Getenv(varNative), args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.Env = []string{"SOCIALAUTH_HOME=" + t.TempDir()}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Wait() }) // t.Context has ended by then
	base, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = io.Copy(io.Discard, stdout) }()
	return &provider{t, strings.TrimSpace(base), log}
}

// env is what points the program at the provider.
func (p *provider) env() []string {
	return []string{
		"SOCIALAUTH_EMULATOR=" + p.base, "SOCIALAUTH_X_CLIENT_ID=demo-client",
		"SOCIALAUTH_FACEBOOK_CLIENT_ID=demo-client", "SOCIALAUTH_FACEBOOK_CLIENT_SECRET=demo-secret",
	}
}

// grants counts the token requests of a kind that the provider has answered.
func (p *provider) grants(kind string) int {
	p.t.Helper()
	data, err := os.ReadFile(p.log)
	if err != nil {
		p.t.Fatal(err)
	}
	n := 0
	for line := range bytes.Lines(data) {
		var e emulator.Entry
		if err := json.Unmarshal(line, &e); err != nil {
			p.t.Fatalf("the provider's log: %v", err)
		}
		if e.Grant == kind {
			n++
		}
	}
	return n
}

func wants(t *testing.T, what, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%s has no %q:\n%s", what, part, text)
		}
	}
}

func lacks(t *testing.T, what, text, part string) {
	t.Helper()
	if strings.Contains(text, part) {
		t.Errorf("%s has %q:\n%s", what, part, text)
	}
}

// claimOf is a claim that makes a JWT longer by what is asked.
func claimOf(size int) string { return fmt.Sprintf(`filler="%s"`, strings.Repeat("x", size)) }

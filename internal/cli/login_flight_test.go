//go:build unix

package cli_test

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// lockedBuffer collects what a running process says.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// waitUntil polls, because the things waited for happen in other processes.
func waitUntil(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(15 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("waited 15 s for %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// A second sign-in to one account waits for the first, says who that is, and
// takes what it got: one browser, one code. Another account does not wait.
func TestOneSignInAtATime(t *testing.T) {
	r := newRotating(t)
	callback := filepath.Join(r.dir, "callback")
	start := func(browser string, args ...string) (wait func() error, stderr *lockedBuffer) {
		cmd := r.command(append([]string{"login", "x", "--port", freePortText(t), "--timeout", "20s"}, args...)...)
		cmd.Env = append(cmd.Env, "BROWSER="+browser)
		stderr = &lockedBuffer{}
		cmd.Stderr = stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		return cmd.Wait, stderr
	}
	first, firstSays := start("fakebrowser --stop=" + callback)
	waitUntil(t, "the first browser", func() bool { _, err := os.Stat(callback); return err == nil })
	second, secondSays := start("fakebrowser --stop=" + filepath.Join(r.dir, "never"))
	waitUntil(t, "the second to say that it waits", func() bool { return strings.Contains(secondSays.String(), "waiting for it") })

	other, otherSays := start("fakebrowser", "--account", "work")
	if err := other(); err != nil {
		t.Errorf("another account: %v\n%s", err, otherSays)
	}

	url, err := os.ReadFile(callback)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, strings.TrimSpace(string(url)), nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if err := first(); err != nil {
		t.Errorf("the first: %v\n%s", err, firstSays)
	}
	if err := second(); err != nil {
		t.Errorf("the second: %v\n%s", err, secondSays)
	}
	if !strings.Contains(secondSays.String(), "Signed in to x as") {
		t.Errorf("the second says:\n%s", secondSays)
	}
	if _, err := os.Stat(filepath.Join(r.dir, "never")); err == nil {
		t.Error("the second opened a browser")
	}
	codes := 0
	for _, e := range r.server.Log() {
		if e.Grant == "authorization_code" {
			codes++
		}
	}
	if codes != 2 { // the first, and the other account
		t.Errorf("the server saw %d codes, want 2", codes)
	}
}

func freePortText(t *testing.T) string {
	t.Helper()
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	return strconv.Itoa(port)
}

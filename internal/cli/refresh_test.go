//go:build unix

package cli_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/socialauth/socialauth/internal/emulator"
	"github.com/socialauth/socialauth/internal/provider"
)

// rotating is an account at a provider whose refresh tokens are good once, and
// where using one twice revokes the grant.
type rotating struct {
	t      *testing.T
	dir    string
	env    []string
	server *emulator.Server
	now    func() time.Time
	mu     sync.Mutex
	shift  time.Duration
}

func newRotating(t *testing.T) *rotating {
	t.Helper()
	r := &rotating{t: t, dir: t.TempDir()}
	r.now = func() time.Time {
		r.mu.Lock()
		defer r.mu.Unlock()
		start, _ := time.Parse(time.RFC3339, scriptStart)
		return start.Add(r.shift)
	}
	x, err := provider.Preset("x")
	if err != nil {
		t.Fatal(err)
	}
	if r.server, err = emulator.New(emulator.Options{Providers: []*provider.Provider{x}, Now: r.now}); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewUnstartedServer(nil)
	base := "http://" + srv.Listener.Addr().String()
	srv.Config.Handler = r.server.Handler(base)
	srv.Start()
	t.Cleanup(srv.Close)
	r.env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + r.dir, "SOCIALAUTH_HOME=" + r.dir, "SOCIALAUTH_STORAGE=key-file",
		"SOCIALAUTH_EMULATOR=" + base, "SOCIALAUTH_X_CLIENT_ID=demo-client", "BROWSER=fakebrowser",
		"GOCOVERDIR=" + os.Getenv("GOCOVERDIR"),
	}
	if out, err := r.command("login", "x", "--port", freePortText(t)).CombinedOutput(); err != nil {
		t.Fatalf("login: %v\n%s", err, out)
	}
	r.server.ClearLog()
	return r
}

func (r *rotating) advance(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.shift += d
}

func (r *rotating) command(args ...string) *exec.Cmd {
	cmd := exec.CommandContext(r.t.Context(), "socialauth", args...)
	cmd.Env = append(r.env, "FAKE_NOW="+r.now().UTC().Format(time.RFC3339))
	cmd.Dir = r.dir
	return cmd
}

// refreshes counts the renewals that the server has seen.
func (r *rotating) refreshes() int {
	n := 0
	for _, e := range r.server.Log() {
		if e.Grant == "refresh_token" {
			n++
		}
	}
	return n
}

// leftovers lists temporary files that nobody has cleared away.
func (r *rotating) leftovers() []string {
	var found []string
	_ = filepath.WalkDir(r.dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.Contains(filepath.Base(path), ".tmp") {
			found = append(found, path)
		}
		return nil
	})
	return found
}

// R01: many processes meet an expired token; the server sees one refresh, and
// all print the same token.
func TestOneRefreshForManyProcesses(t *testing.T) {
	for _, tc := range []struct {
		name string
		slow string
	}{{"at once", ""}, {"answer after 300 ms", "300ms"}} {
		t.Run(tc.name, func(t *testing.T) {
			const processes = 100
			r := newRotating(t)
			r.advance(3 * time.Hour)
			if tc.slow != "" {
				if err := r.server.SetFault("refresh_slow", tc.slow); err != nil {
					t.Fatal(err)
				}
			}
			outputs, failures := r.crowd(processes)
			if len(failures) > 0 {
				t.Fatalf("%d of %d failed, the first: %s", len(failures), processes, failures[0])
			}
			if len(outputs) != 1 {
				t.Errorf("%d different tokens were printed, want 1", len(outputs))
			}
			if n := r.refreshes(); n != 1 {
				t.Errorf("the server saw %d refreshes, want 1", n)
			}
			if left := r.leftovers(); len(left) > 0 {
				t.Errorf("left over: %v", left)
			}
		})
	}
}

// crowd runs n times `token print` at once.
func (r *rotating) crowd(n int) (outputs map[string]int, failures []string) {
	var (
		mu sync.Mutex
		wg sync.WaitGroup
	)
	outputs = map[string]int{}
	for range n {
		wg.Go(func() {
			var stdout, stderr bytes.Buffer
			cmd := r.command("token", "print", "x")
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			err := cmd.Run()
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				failures = append(failures, fmt.Sprintf("%v: %s", err, stderr.String()))
				return
			}
			outputs[stdout.String()]++
		})
	}
	wg.Wait()
	return outputs, failures
}

// A caller that is killed or interrupted while the answer is under way loses
// nothing: the next call has the new token, without another refresh.
func TestRefreshOutlivesItsCaller(t *testing.T) {
	rounds := 50
	if testing.Short() {
		rounds = 5
	}
	for _, sig := range []syscall.Signal{syscall.SIGKILL, syscall.SIGINT, syscall.SIGTERM} {
		t.Run(sig.String(), func(t *testing.T) {
			limit := make(chan struct{}, 10)
			var wg sync.WaitGroup
			for range rounds {
				limit <- struct{}{}
				wg.Go(func() {
					defer func() { <-limit }()
					killedCaller(t, sig)
				})
			}
			wg.Wait()
		})
	}
}

func killedCaller(t *testing.T, sig syscall.Signal) {
	r := newRotating(t)
	r.advance(3 * time.Hour)
	arrived := make(chan struct{})
	stop := r.onRefresh(arrived)
	defer stop()
	if err := r.server.SetFault("refresh_slow", "500ms"); err != nil {
		t.Error(err)
		return
	}
	cmd := r.command("token", "print", "x")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Error(err)
		return
	}
	select {
	case <-arrived:
	case <-time.After(10 * time.Second):
		t.Error("the refresh never reached the server")
	}
	// The whole process group, as a terminal or a supervisor would.
	_ = syscall.Kill(-cmd.Process.Pid, sig)
	if err := cmd.Wait(); err == nil {
		t.Errorf("the caller survived %v", sig)
	}
	out, err := r.command("token", "print", "x").Output()
	if err != nil || len(out) == 0 {
		t.Errorf("after %v: %v", sig, err)
	}
	if n := r.refreshes(); n != 1 {
		t.Errorf("after %v the server saw %d refreshes, want 1", sig, n)
	}
}

// onRefresh closes arrived shortly after a renewal-worker has been started,
// which is when its request has left: the server logs a request with its answer.
func (r *rotating) onRefresh(arrived chan struct{}) (stop func()) {
	ctx, cancel := context.WithCancel(r.t.Context())
	go func() {
		for ctx.Err() == nil {
			if noted(r.dir) {
				time.Sleep(100 * time.Millisecond)
				close(arrived)
				return
			}
			time.Sleep(2 * time.Millisecond)
		}
	}()
	return cancel
}

// noted reports whether the attempt stands in the account's clear header, which
// is the last thing before the request.
func noted(dir string) bool {
	files, _ := filepath.Glob(filepath.Join(dir, "data", "account", "*.rec"))
	for _, f := range files {
		if data, err := os.ReadFile(f); err == nil && bytes.Contains(data, []byte("renewal_attempt")) {
			return true
		}
	}
	return false
}

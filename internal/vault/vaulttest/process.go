package vaulttest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/socialauth/socialauth/internal/vault"
)

// What a child is told, by its environment.
const (
	envOp  = "VAULTTEST_OP"
	envDir = "VAULTTEST_DIR"
	envArg = "VAULTTEST_ARG"
)

// says marks a child's own lines among those of the test framework.
const says = "vaulttest: "

// childMain is what a child process does; the result is its exit status.
func childMain(t *testing.T, open OpenFunc) int {
	op, arg := os.Getenv(envOp), os.Getenv(envArg)
	if op == "umask" {
		clearUmask()
	}
	v := open(t, os.Getenv(envDir))
	if err := childOp(v, op, arg); err != nil {
		fmt.Fprintf(os.Stderr, "child %s: %v\n", op, err)
		return 1
	}
	return 0
}

func childOp(v *vault.Vault, op, arg string) error {
	ctx := context.Background()
	switch op {
	case "first", "umask":
		if err := v.Prove(ctx); err != nil {
			return err
		}
		_, err := v.Update(ctx, account(arg), func(*vault.Record) (*vault.Record, error) {
			return &vault.Record{Body: []byte("CANARY-" + arg)}, nil
		})
		return err
	case "count":
		times, err := strconv.Atoi(arg)
		if err != nil {
			return err
		}
		for range times {
			n, err := increment(ctx, v)
			if err != nil {
				return err
			}
			fmt.Println(says + strconv.Itoa(n))
		}
		return nil
	case "hold":
		_, err := v.Update(ctx, account(arg), func(old *vault.Record) (*vault.Record, error) {
			fmt.Println(says + "held")
			_, _ = io.ReadAll(os.Stdin)
			return old, nil
		})
		return err
	default:
		return errors.New("unknown operation")
	}
}

func increment(ctx context.Context, v *vault.Vault) (int, error) {
	n := 0
	_, err := v.Update(ctx, account("counter"), func(old *vault.Record) (*vault.Record, error) {
		if old != nil {
			var err error
			if n, err = strconv.Atoi(strings.TrimSpace(string(old.Body))); err != nil {
				return nil, err
			}
		}
		n++
		// Padded, so that a torn file would be seen.
		return &vault.Record{Body: fmt.Appendf(nil, "%16384d", n)}, nil
	})
	return n, err
}

// child prepares a process that does op on the vault in dir.
func (s suite) child(t *testing.T, dir, op, arg string) *exec.Cmd {
	t.Helper()
	var pattern []string
	for part := range strings.SplitSeq(s.name, "/") {
		pattern = append(pattern, "^"+regexp.QuoteMeta(part)+"$")
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, os.Args[0], "-test.run="+strings.Join(pattern, "/"), "-test.count=1")
	cmd.Env = append(os.Environ(), envOp+"="+op, envDir+"="+dir, envArg+"="+arg)
	cmd.Stderr = os.Stderr
	return cmd
}

func (s suite) firstRuns(t *testing.T) {
	dir, v := s.fresh(t)
	const processes = 20
	done := make(chan error, processes)
	for i := range processes {
		cmd := s.child(t, dir, "first", "p"+strconv.Itoa(i))
		go func() { done <- cmd.Run() }()
	}
	for range processes {
		if err := <-done; err != nil {
			t.Errorf("a first run failed: %v", err)
		}
	}
	for i := range processes {
		wantBody(t, v, account("p"+strconv.Itoa(i)), "CANARY-p"+strconv.Itoa(i))
	}
	noLitter(t, dir)
}

func (s suite) counting(t *testing.T) {
	dir, v := s.fresh(t)
	const processes, times = 6, 20
	done := make(chan error, processes)
	for range processes {
		cmd := s.child(t, dir, "count", strconv.Itoa(times))
		go func() { done <- cmd.Run() }()
	}
	for range processes {
		if err := <-done; err != nil {
			t.Errorf("a counter failed: %v", err)
		}
	}
	wantBody(t, v, account("counter"), fmt.Sprintf("%16384d", processes*times))
	noLitter(t, dir)
}

// killed kills a writer at a random moment, many times: what it has acknowledged
// is there, at most one change that it had not is there too, and nothing else.
func (s suite) killed(t *testing.T) {
	dir, v := s.fresh(t)
	random := rand.New(rand.NewPCG(1, 2))
	acknowledged := 0
	for range 12 {
		cmd := s.child(t, dir, "count", "100000")
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		after := random.IntN(12)
		lines := bufio.NewScanner(out)
		for read := 0; ; read++ {
			if read == after {
				time.AfterFunc(time.Duration(random.IntN(2000))*time.Microsecond, func() { _ = cmd.Process.Kill() })
			}
			if !lines.Scan() {
				break
			}
			// The last line may be cut short; a short number is a smaller one.
			if n, err := strconv.Atoi(strings.TrimPrefix(lines.Text(), says)); err == nil {
				acknowledged = max(acknowledged, n)
			}
		}
		_ = cmd.Wait()
		n := 0
		if r, err := v.Get(t.Context(), account("counter")); err == nil {
			n, err = strconv.Atoi(strings.TrimSpace(string(r.Body)))
			if err != nil || len(r.Body) != 16384 {
				t.Fatalf("the record is torn: %v", err)
			}
		} else if !errors.Is(err, vault.ErrNotFound) {
			t.Fatalf("after a kill: %v", err)
		}
		if n != acknowledged && n != acknowledged+1 {
			t.Fatalf("the record says %d, acknowledged was %d", n, acknowledged)
		}
		acknowledged = n
	}
	if _, err := increment(t.Context(), v); err != nil {
		t.Fatal(err)
	}
	noLitter(t, dir)
}

// noLitter checks that no temporary file is left.
func noLitter(t *testing.T, dir string) {
	t.Helper()
	for path := range files(t, dir) {
		if strings.Contains(filepath.Base(path), ".tmp-") {
			t.Errorf("left behind: %s", path)
		}
	}
}

// holder starts a child that holds the lock of a record until it is killed.
func (s suite) holder(t *testing.T, dir, id string) *exec.Cmd {
	t.Helper()
	cmd := s.child(t, dir, "hold", id)
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if lines.Text() == says+"held" {
			return cmd
		}
	}
	t.Fatal("the holder ended early")
	return nil
}

func (s suite) heldLock(t *testing.T) {
	dir, v := s.fresh(t)
	put(t, v, account("x"), "", "CANARY-1")
	put(t, v, account("y"), "", "CANARY-2")
	cmd := s.holder(t, dir, "x")

	wantBody(t, v, account("x"), "CANARY-1") // reading waits for nobody
	put(t, v, account("y"), "", "CANARY-3")  // nor does another record
	short, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := v.Update(short, account("x"), nil)
	if e := wantError[*vault.LockedByError](t, "Update", err); e.PID != cmd.Process.Pid {
		t.Errorf("the holder is said to be %d, is %d", e.PID, cmd.Process.Pid)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := v.Update(cancelled, account("x"), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled Update returned %v", err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	put(t, v, account("x"), "", "CANARY-4")
	wantBody(t, v, account("x"), "CANARY-4")
}

// deleteWaits shows that a logout waits for a refresh, and that who comes after
// it finds no record to bring back (row R10).
func (s suite) deleteWaits(t *testing.T) {
	_, v := s.fresh(t)
	put(t, v, account("x"), "", "CANARY-1")
	deleted := make(chan error, 1)
	_, err := v.Update(t.Context(), account("x"), func(old *vault.Record) (*vault.Record, error) {
		go func() { deleted <- v.Delete(context.Background(), account("x")) }()
		select {
		case err := <-deleted:
			t.Errorf("Delete did not wait (%v)", err)
		case <-time.After(30 * time.Millisecond):
		}
		old.Body = []byte("CANARY-2")
		return old, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := <-deleted; err != nil {
		t.Fatal(err)
	}
	_, err = v.Get(t.Context(), account("x"))
	wantError[*vault.NotFoundError](t, "Get", err)
}

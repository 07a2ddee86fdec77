//go:build unix

package cli_test

import (
	"strings"
	"sync"
	"testing"
	"time"
)

// A hundred processes meet an expired token. The one that has it renewed is
// killed while the answer is under way: its worker goes on, the server sees one
// refresh, and the other 99 print the same token.
func TestKilledLockHolder(t *testing.T) {
	const processes = 100
	l := newLab(t, labOptions{})
	l.signIn("x").want(t, 0)
	l.advance(3 * time.Hour)
	victim := l.killOnRefresh("renew", 300*time.Millisecond)
	killed, tokens := 0, map[string]int{}
	for _, o := range l.crowd(processes, "token", "print", "x") {
		switch o.exit {
		case 128 + 9:
			killed++
		case 0:
			tokens[o.stdout]++
		default:
			t.Fatalf("%v", o)
		}
	}
	if line := victim(); !strings.Contains(line, "token print") {
		t.Errorf("killed %q, which is not a caller", line)
	}
	if killed != 1 || len(tokens) != 1 || l.refreshes() != 1 {
		t.Errorf("%d killed, %d different tokens, %d refreshes; want 1 of each", killed, len(tokens), l.refreshes())
	}
	l.run("token", "print", "x").want(t, 0)
	if n := l.refreshes(); n != 1 {
		t.Errorf("%d refreshes after one more run, want 1", n)
	}
	if left := l.litter(); len(left) > 0 {
		t.Errorf("left over: %v", left)
	}
}

// The same with the worker, after the server has spent the refresh token. That
// token is gone and nobody can have a new one: all say so, nobody sends it again,
// and a sign-in mends it.
func TestKilledWorker(t *testing.T) {
	const processes = 100
	l := newLab(t, labOptions{})
	l.signIn("x").want(t, 0)
	l.advance(3 * time.Hour)
	victim := l.killOnRefresh("", 100*time.Millisecond)
	wantAll(t, l.crowd(processes, "token", "print", "x"), 3,
		"was cut off before its answer was saved", "X takes a refresh token once", "hint: socialauth login x")
	if line := victim(); !strings.Contains(line, "renewal-worker") {
		t.Errorf("killed %q, which is not a worker", line)
	}
	if n := l.refreshes(); n != 1 {
		t.Errorf("%d refreshes, want 1: the token may not be sent twice", n)
	}
	l.signIn("x").want(t, 0)
	l.run("token", "print", "x").want(t, 0)
	if left := l.litter(); len(left) > 0 {
		t.Errorf("left over: %v", left)
	}
}

// killOnRefresh has the process killed that the lock names, once, when the
// server has done its first refresh; the answer leaves a while later. The result
// returns the command line of the process that was killed.
func (l *lab) killOnRefresh(purpose string, later time.Duration) func() string {
	l.t.Helper()
	records := l.records()
	if len(records) != 1 {
		l.t.Fatalf("records: %v", records)
	}
	var (
		once sync.Once
		line string
	)
	l.hook = func() {
		once.Do(func() {
			eventually(l.t, "a process to kill", func() bool {
				var pid int
				pid, line = killHolder(lockFile(records[0], purpose), nil)
				return pid != 0
			})
			time.Sleep(later)
		})
	}
	return func() string {
		l.mu.Lock()
		defer l.mu.Unlock()
		return line
	}
}

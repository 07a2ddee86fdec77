package vault_test

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	gokeyring "github.com/zalando/go-keyring"

	"github.com/socialauth/socialauth/internal/vault"
)

// library is a stand-in for go-keyring. With a gate its calls block until the
// gate is closed, as the library does at a prompt that nobody answers.
type library struct {
	mu    sync.Mutex
	items map[string]string
	calls int
	gate  chan struct{}
	err   error
	panic any
	drop  bool // Set reports success and keeps nothing
}

func (l *library) do(fn func()) error {
	l.mu.Lock()
	l.calls++
	gate, err, p := l.gate, l.err, l.panic
	l.mu.Unlock()
	if gate != nil {
		<-gate
	}
	if p != nil {
		panic(p)
	}
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	fn()
	return nil
}

func (l *library) Get(service, user string) (value string, err error) {
	ok := false
	err = l.do(func() { value, ok = l.items[service+"/"+user] })
	if err == nil && !ok {
		err = gokeyring.ErrNotFound
	}
	return value, err
}

func (l *library) Set(service, user, value string) error {
	return l.do(func() {
		if l.items == nil {
			l.items = map[string]string{}
		}
		if !l.drop {
			l.items[service+"/"+user] = value
		}
	})
}

func (l *library) Delete(service, user string) error {
	return l.do(func() { delete(l.items, service+"/"+user) })
}

func (l *library) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.calls
}

// quick are deadlines that a test can wait for.
func quick() vault.SystemKeyringOptions {
	const d = 20 * time.Millisecond
	return vault.SystemKeyringOptions{ReadTimeout: d, WriteTimeout: d, PromptTimeout: d}
}

func TestSystemKeyringKeepsItems(t *testing.T) {
	for _, goos := range []string{"linux", "darwin", "windows"} {
		lib := &library{}
		k := vault.FakeSystem(goos, vault.SystemKeyringOptions{}, lib, nil)
		if _, err := k.Get(t.Context(), "socialauth", "jwt:facebook"); !errors.Is(err, vault.ErrNotFound) {
			t.Errorf("%s: Get of nothing: %v", goos, err)
		}
		if err := k.Set(t.Context(), "socialauth", "jwt:facebook", "CANARY-JWT-1"); err != nil {
			t.Errorf("%s: Set: %v", goos, err)
		}
		if v, err := k.Get(t.Context(), "socialauth", "jwt:facebook"); v != "CANARY-JWT-1" || err != nil {
			t.Errorf("%s: Get: %q, %v", goos, v, err)
		}
		if err := k.Delete(t.Context(), "socialauth", "jwt:facebook"); err != nil || len(lib.items) != 0 {
			t.Errorf("%s: Delete: %v", goos, err)
		}
	}
}

func TestAValueTooBigNeverReachesTheKeyring(t *testing.T) {
	// "add-generic-password -U -s socialauth -a jwt:facebook/work -w go-keyring-base64:…\n" in 4096 bytes:
	// 4096 - 36 of the command - 10 - 17 of the names - 18 of the prefix = 4015, so 1003 groups of four.
	for _, c := range []struct {
		goos, user string
		limit      int
	}{
		{"windows", "jwt:facebook/work", 2560},
		{"darwin", "jwt:facebook/work", 3009},
		{"darwin", "jwt:a b", 3015}, // two quotes around seven characters
		{"darwin", "jwt:a'b", 3012}, // and five characters for the one inside
		{"darwin", "", 3021},        // '' for nothing
		{"linux", "jwt:facebook/work", -1},
		{"freebsd", "jwt:facebook/work", -1},
	} {
		if got := vault.MaxItem(c.goos, "socialauth", c.user); got != c.limit {
			t.Errorf("MaxItem(%s, %q) = %d, want %d", c.goos, c.user, got, c.limit)
			continue
		}
		lib := &library{}
		k := vault.FakeSystem(c.goos, vault.SystemKeyringOptions{}, lib, nil)
		if c.limit < 0 {
			if err := k.Set(t.Context(), "socialauth", c.user, strings.Repeat("x", 64<<10)); err != nil {
				t.Errorf("%s: %v", c.goos, err)
			}
			continue
		}
		if err := k.Set(t.Context(), "socialauth", c.user, strings.Repeat("x", c.limit)); err != nil {
			t.Errorf("%s: a value at the limit: %v", c.goos, err)
		}
		before := lib.count()
		err := k.Set(t.Context(), "socialauth", c.user, strings.Repeat("x", c.limit+1))
		var e *vault.TooBigError
		if !errors.As(err, &e) || e.Limit != c.limit || e.Size != c.limit+1 {
			t.Errorf("%s: a value over the limit: %v", c.goos, err)
		}
		if lib.count() != before {
			t.Errorf("%s: the keyring was called", c.goos)
		}
	}
}

// The limit for macOS must be the library's own: one byte more and it refuses,
// leaving a child process behind. The line is built here as the library does.
func TestTheLimitForMacOSIsExact(t *testing.T) {
	line := func(size int) int {
		return len(fmt.Sprintf("add-generic-password -U -s %s -a %s -w go-keyring-base64:%s\n", "socialauth", "jwt:x", strings.Repeat("A", (size+2)/3*4)))
	}
	limit := vault.MaxItem("darwin", "socialauth", "jwt:x")
	if line(limit) > 4096 || line(limit+1) <= 4096 {
		t.Errorf("a value of %d makes a line of %d, one more makes %d", limit, line(limit), line(limit+1))
	}
}

func TestAValueIsOneLine(t *testing.T) {
	lib := &library{}
	k := vault.FakeSystem("linux", vault.SystemKeyringOptions{}, lib, nil)
	for _, value := range []string{"a\nb", "a\r", "\x00", "a\tb", "\x1b[0m"} {
		if err := k.Set(t.Context(), "socialauth", "u", value); !errors.Is(err, vault.ErrNotOneLine) || lib.count() != 0 {
			t.Errorf("Set(%q) = %v", value, err)
		}
	}
}

func TestEveryCallHasADeadline(t *testing.T) {
	for name, call := range map[string]func(vault.Keyring, context.Context) error{
		"Get":    func(k vault.Keyring, ctx context.Context) error { _, err := k.Get(ctx, "socialauth", "u"); return err },
		"Set":    func(k vault.Keyring, ctx context.Context) error { return k.Set(ctx, "socialauth", "u", "v") },
		"Delete": func(k vault.Keyring, ctx context.Context) error { return k.Delete(ctx, "socialauth", "u") },
	} {
		t.Run(name, func(t *testing.T) {
			lib := &library{gate: make(chan struct{})}
			k := vault.FakeSystem("linux", quick(), lib, nil)
			err := call(k, t.Context())
			var e *vault.KeyringError
			if !errors.Is(err, vault.ErrKeyringTimeout) || !errors.As(err, &e) || e.Waited == 0 || e.Item != "socialauth/u" {
				t.Fatalf("the call returned %v", err)
			}
			// While it is still out there, nothing else is begun.
			if err := k.Set(t.Context(), "socialauth", "u", "v"); !errors.Is(err, vault.ErrKeyringTimeout) || lib.count() != 1 {
				t.Errorf("a write after it: %v, %d calls", err, lib.count())
			}
			close(lib.gate)
			for range 5000 { // once it has come back, the keyring may be used again
				if err = k.Set(t.Context(), "socialauth", "u", "v2"); err == nil {
					break
				}
				time.Sleep(time.Millisecond)
			}
			if err != nil {
				t.Errorf("after it came back: %v", err)
			}
		})
	}
	t.Run("of the caller's own", func(t *testing.T) {
		lib := &library{gate: make(chan struct{})}
		defer close(lib.gate)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := vault.FakeSystem("linux", vault.SystemKeyringOptions{}, lib, nil).Get(ctx, "socialauth", "u")
		if !errors.Is(err, context.Canceled) || errors.Is(err, vault.ErrKeyringTimeout) {
			t.Errorf("a cancelled call: %v", err)
		}
	})
}

func TestAPanicOfTheLibraryIsAnError(t *testing.T) {
	lib := &library{panic: "interface conversion: CANARY-KEY-1"}
	_, err := vault.FakeSystem("linux", vault.SystemKeyringOptions{}, lib, nil).Get(t.Context(), "socialauth", "u")
	if err == nil || strings.Contains(err.Error(), "CANARY") {
		t.Errorf("Get = %v", err)
	}
}

func TestSuccessOnMacOSIsNotBelieved(t *testing.T) {
	lib := &library{drop: true}
	if err := vault.FakeSystem("darwin", vault.SystemKeyringOptions{}, lib, nil).Set(t.Context(), "socialauth", "u", "v"); err == nil {
		t.Error("a value that was not kept was reported as stored")
	}
}

// exit is an error as os/exec returns it for a status.
type exit int

func (e exit) Error() string { return fmt.Sprintf("exit status %d", int(e)) }
func (e exit) ExitCode() int { return int(e) }

var _ interface{ ExitCode() int } = (*exec.ExitError)(nil)

func TestWhatThePlatformsSay(t *testing.T) {
	reason := func(r vault.AbsentReason) func(error) bool {
		return func(err error) bool {
			var e *vault.KeyringAbsentError
			return errors.As(err, &e) && e.Reason == r
		}
	}
	is := func(target error) func(error) bool { return func(err error) bool { return errors.Is(err, target) } }
	other := func(err error) bool {
		var e *vault.KeyringError
		var absent *vault.KeyringAbsentError
		return errors.As(err, &e) && !errors.As(err, &absent) && !is(vault.ErrKeyringLocked)(err) && !is(vault.ErrKeyringTimeout)(err)
	}
	for _, c := range []struct {
		goos, what string
		err        error
		want       func(error) bool
	}{
		{"darwin", "no item", gokeyring.ErrNotFound, is(vault.ErrNotFound)},
		{"darwin", "36", exit(36), is(vault.ErrKeyringLocked)},
		{"darwin", "37", exit(37), reason(vault.NoCollection)},
		{"darwin", "44", exit(44), is(vault.ErrNotFound)},
		{"darwin", "50", exit(50), reason(vault.NoCollection)},
		{"darwin", "51", exit(51), is(vault.ErrKeyringDeclined)},
		{"darwin", "53", exit(53), reason(vault.NoService)},
		{"darwin", "128", exit(128), is(vault.ErrKeyringDeclined)},
		{"darwin", "1", exit(1), other},
		{"windows", "no item", gokeyring.ErrNotFound, is(vault.ErrNotFound)},
		{"windows", "1312", syscall.Errno(1312), reason(vault.NoSession)},
		{"windows", "1168", syscall.Errno(1168), is(vault.ErrNotFound)},
		{"windows", "1223", syscall.Errno(1223), is(vault.ErrKeyringDeclined)},
		{"windows", "5", syscall.Errno(5), other},
		{"linux", "no item", gokeyring.ErrNotFound, is(vault.ErrNotFound)},
		{"linux", "unsupported", gokeyring.ErrUnsupportedPlatform, reason(vault.Unsupported)},
		{"linux", "locked meanwhile", errors.New("failed to unlock correct collection '/org/x'"), is(vault.ErrKeyringLocked)},
		{"linux", "service gone", errors.New("The name org.freedesktop.secrets was not provided by any .service files"), reason(vault.NoService)},
		{"linux", "daemon killed", errors.New("Message recipient disconnected from message bus without replying"), other},
	} {
		t.Run(c.goos+" "+c.what, func(t *testing.T) {
			k := vault.FakeSystem(c.goos, vault.SystemKeyringOptions{}, &library{err: c.err}, nil)
			if _, err := k.Get(t.Context(), "socialauth", "u"); !c.want(err) {
				t.Errorf("Get: %v (%T)", err, err)
			}
		})
	}
}

func TestThePreflightDecides(t *testing.T) {
	blocked := make(chan struct{})
	defer close(blocked)
	for _, c := range []struct {
		name      string
		preflight func() error
		want      error
	}{
		{"locked", func() error { return vault.ErrKeyringLocked }, vault.ErrKeyringLocked},
		{"late", func() error { return vault.ErrKeyringTimeout }, vault.ErrKeyringTimeout},
		{"blocked", func() error { <-blocked; return nil }, vault.ErrKeyringTimeout},
	} {
		t.Run(c.name, func(t *testing.T) {
			lib, o := &library{}, vault.SystemKeyringOptions{}
			if c.name == "blocked" {
				o = quick()
			}
			k := vault.FakeSystem("linux", o, lib, c.preflight)
			if err := k.Set(t.Context(), "socialauth", "u", "v"); !errors.Is(err, c.want) || lib.count() != 0 {
				t.Errorf("Set: %v after %d calls of the library", err, lib.count())
			}
		})
	}
}

func TestALockedKeyringMayAskWhenSomebodyIsThere(t *testing.T) {
	locked := func() error { return vault.ErrKeyringLocked }
	prompted := 0
	o := quick()
	o.Prompt = func() { prompted++ }
	o.ReadTimeout, o.PromptTimeout = time.Minute, time.Minute

	lib := &library{items: map[string]string{"socialauth/u": "v"}}
	if v, err := vault.FakeSystem("linux", o, lib, locked).Get(t.Context(), "socialauth", "u"); v != "v" || err != nil || prompted != 1 {
		t.Errorf("answered: %q, %v; told %d times", v, err, prompted)
	}
	lib = &library{err: errors.New("failed to unlock correct collection '/x'")}
	if _, err := vault.FakeSystem("linux", o, lib, locked).Get(t.Context(), "socialauth", "u"); !errors.Is(err, vault.ErrKeyringDeclined) {
		t.Errorf("dismissed: %v", err)
	}
	o.PromptTimeout = quick().PromptTimeout
	lib = &library{gate: make(chan struct{})}
	defer close(lib.gate)
	if _, err := vault.FakeSystem("linux", o, lib, locked).Get(t.Context(), "socialauth", "u"); !errors.Is(err, vault.ErrKeyringTimeout) {
		t.Errorf("ignored: %v", err)
	}

	// macOS asks without being asked: the person is told when it takes long.
	prompted = 0
	slow := &library{items: map[string]string{"socialauth/u": "v"}, gate: make(chan struct{})}
	o.ReadTimeout, o.PromptTimeout = quick().ReadTimeout, time.Minute
	o.Prompt = func() { prompted++; close(slow.gate) }
	if v, err := vault.FakeSystem("darwin", o, slow, nil).Get(t.Context(), "socialauth", "u"); v != "v" || err != nil || prompted != 1 {
		t.Errorf("macOS: %q, %v; told %d times", v, err, prompted)
	}
}

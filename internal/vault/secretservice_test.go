//go:build linux

package vault_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/socialauth/socialauth/internal/vault"
	"github.com/socialauth/socialauth/internal/vault/vaulttest"
)

// TestSecretService runs against a real gnome-keyring. Outside it starts itself
// again inside the script, once for each state that a Secret Service can be in;
// there WSS_MODE says which.
func TestSecretService(t *testing.T) {
	if mode := os.Getenv("WSS_MODE"); mode != "" {
		inside(t, mode)
		return
	}
	for _, tool := range []string{"gnome-keyring-daemon", "dbus-run-session", "dbus-daemon", "dbus-send", "bash"} {
		if _, err := exec.LookPath(tool); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatalf("%s is not installed (apt-get install dbus gnome-keyring)", tool)
			}
			t.Skipf("%s is not installed (apt-get install dbus gnome-keyring)", tool)
		}
	}
	for name, options := range map[string][]string{
		"unlocked":    nil,
		"locked":      {"--locked"},
		"nologin":     {"--no-login"},
		"noservice":   {"--no-service"},
		"nobus":       {"--no-bus"},
		"stopped":     nil,
		"killed":      nil,
		"restarted":   {"--activatable"},
		"interrupted": nil,
	} {
		t.Run(name, func(t *testing.T) { script(t, name, options...) })
	}
	t.Run("lost", func(t *testing.T) {
		state := filepath.Join(t.TempDir(), "s")
		script(t, "before", "--state", state)
		keyrings, err := filepath.Glob(filepath.Join(state, "data", "keyrings", "*.keyring"))
		if err != nil || len(keyrings) == 0 {
			t.Fatalf("no keyring file (%v)", err)
		}
		for _, path := range keyrings {
			if err := os.Truncate(path, 10); err != nil {
				t.Fatal(err)
			}
		}
		script(t, "after", "--state", state)
	})
}

// script runs the test binary again inside the script.
func script(t *testing.T, scene string, options ...string) {
	t.Helper()
	bin := t.TempDir()
	launched := filepath.Join(bin, "launched")
	launch := "#!/bin/sh\ntouch '" + launched + "'\nexit 1\n"
	if err := os.WriteFile(filepath.Join(bin, "dbus-launch"), []byte(launch), 0o755); err != nil {
		t.Fatal(err)
	}
	args := append([]string{filepath.Join("testdata", "with-secret-service.sh")}, options...)
	args = append(args, "--", os.Args[0], "-test.run=^TestSecretService$", "-test.count=1")
	cmd := exec.CommandContext(t.Context(), "bash", args...)
	cmd.Env = append(os.Environ(), "VAULT_SCENE="+scene, "PATH="+bin+":"+os.Getenv("PATH"))
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "PASS\n") || strings.Contains(string(out), "no tests to run") {
		t.Errorf("%v\n%s", err, out)
	}
	if _, err := os.Stat(launched); err == nil {
		t.Error("a session bus was started")
	}
}

func system(o vault.SystemKeyringOptions) vault.Keyring {
	o.Getenv = os.Getenv
	return vault.SystemKeyring(o)
}

// within checks that fn takes no longer than limit. It is generous: what it
// guards against is waiting for ever.
func within(t *testing.T, limit time.Duration, fn func()) {
	t.Helper()
	start := time.Now()
	fn()
	if took := time.Since(start); took > limit {
		t.Errorf("it took %v, more than %v", took, limit)
	}
}

func inside(t *testing.T, mode string) {
	dir := filepath.Join(t.TempDir(), "vault")
	v := open(t, vault.Options{Dir: dir, Keyring: system(vault.SystemKeyringOptions{})})
	absent := func(want vault.AbsentReason) {
		t.Helper()
		within(t, 10*time.Second, func() {
			var e *vault.KeyringAbsentError
			if err := v.Prove(t.Context()); !errors.As(err, &e) || e.Reason != want {
				t.Errorf("Prove: %v, want absent (%s)", err, want)
			}
		})
		if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("something was left behind (%v)", err)
		}
	}
	switch mode {
	case "unlocked":
		insideUnlocked(t, os.Getenv("VAULT_SCENE"), v, dir)
	case "locked":
		within(t, 10*time.Second, func() {
			if err := v.Prove(t.Context()); !errors.Is(err, vault.ErrKeyringLocked) {
				t.Errorf("Prove: %v", err)
			}
		})
		// Somebody is there, but no prompter: the question is over at once.
		told := 0
		asking := system(vault.SystemKeyringOptions{Prompt: func() { told++ }})
		if _, err := asking.Get(t.Context(), vault.Service, "x"); !errors.Is(err, vault.ErrKeyringDeclined) || told != 1 {
			t.Errorf("with somebody there: %v, told %d times", err, told)
		}
	case "nologin":
		absent(vault.NoCollection)
	case "noservice":
		absent(vault.NoService)
	case "nobus":
		if _, err := os.Stat("/run/user/" + strconv.Itoa(os.Getuid()) + "/bus"); err == nil {
			t.Log("the bus of this login session cannot be hidden; TestBusAddress stands in")
			return
		}
		absent(vault.NoBus)
	default:
		t.Fatalf("unknown mode %q", mode)
	}
}

func insideUnlocked(t *testing.T, scene string, v *vault.Vault, dir string) {
	switch scene {
	case "unlocked":
		t.Run("conformance", func(t *testing.T) {
			vaulttest.Run(t, func(t *testing.T, dir string) *vault.Vault {
				return open(t, vault.Options{Dir: dir, Keyring: system(vault.SystemKeyringOptions{})})
			})
		})
		t.Run("items", realItems)
	case "stopped":
		stopped(t)
	case "killed":
		if err := v.Prove(t.Context()); err != nil {
			t.Fatal(err)
		}
		daemon(t, syscall.SIGKILL)
		again := open(t, vault.Options{Dir: dir, Keyring: system(vault.SystemKeyringOptions{})})
		within(t, 10*time.Second, func() {
			var e *vault.KeyringAbsentError
			if err := again.Prove(t.Context()); !errors.As(err, &e) || e.Reason != vault.NoService {
				t.Errorf("after the daemon was killed: %v", err)
			}
		})
	case "restarted":
		if err := v.Prove(t.Context()); err != nil {
			t.Fatal(err)
		}
		daemon(t, syscall.SIGKILL)
		again := open(t, vault.Options{Dir: dir, Keyring: system(vault.SystemKeyringOptions{})})
		within(t, 15*time.Second, func() {
			if err := again.Prove(t.Context()); !errors.Is(err, vault.ErrKeyringLocked) {
				t.Errorf("the daemon that took over: %v", err)
			}
		})
	case "interrupted":
		interrupted(t, dir)
	case "before":
		home := open(t, vault.Options{Dir: homeVault(t), Keyring: system(vault.SystemKeyringOptions{})})
		if err := store(home, account("x"), "CANARY-1"); err != nil {
			t.Fatal(err)
		}
	case "after":
		home := open(t, vault.Options{Dir: homeVault(t), Keyring: system(vault.SystemKeyringOptions{})})
		var e *vault.KeyMissingError
		if err := home.Prove(t.Context()); !errors.As(err, &e) || e.Records != 1 {
			t.Errorf("after the keyring file was lost: %v", err)
		}
		if list, err := home.List(vault.KindAccount); err != nil || len(list) != 1 {
			t.Errorf("List = %v, %v", list, err)
		}
	default:
		t.Fatalf("unknown scene %q", scene)
	}
}

func homeVault(t *testing.T) string {
	t.Helper()
	home := os.Getenv("XDG_DATA_HOME")
	if home == "" {
		t.Fatal("no XDG_DATA_HOME")
	}
	return filepath.Join(home, "socialauth")
}

// daemon sends a signal to the script's gnome-keyring and, if that kills it,
// waits until it is gone.
func daemon(t *testing.T, sig syscall.Signal) {
	t.Helper()
	pid, err := strconv.Atoi(os.Getenv("WSS_GKD_PID"))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, sig); err != nil {
		t.Fatal(err)
	}
	for range 1000 {
		if sig != syscall.SIGKILL || gone(pid) {
			return
		}
		time.Sleep(2 * time.Millisecond)
	}
	t.Fatal("the daemon does not die")
}

// gone reports whether a process is dead, reaped or not.
func gone(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err != nil || strings.Contains(string(stat), ") Z ")
}

func realItems(t *testing.T) {
	k := system(vault.SystemKeyringOptions{})
	if _, err := k.Get(t.Context(), vault.Service, "jwt:facebook"); !errors.Is(err, vault.ErrNotFound) {
		t.Errorf("Get of nothing: %v", err)
	}
	for _, value := range []string{"CANARY-JWT-1", strings.Repeat("x", 16<<10)} {
		if err := k.Set(t.Context(), vault.Service, "jwt:facebook", value); err != nil {
			t.Fatal(err)
		}
		if got, err := k.Get(t.Context(), vault.Service, "jwt:facebook"); got != value || err != nil {
			t.Errorf("Get: %d bytes, %v", len(got), err)
		}
	}
	if err := k.Delete(t.Context(), vault.Service, "jwt:facebook"); err != nil {
		t.Error(err)
	}
	if err := k.Delete(t.Context(), vault.Service, "jwt:facebook"); !errors.Is(err, vault.ErrNotFound) {
		t.Errorf("Delete of nothing: %v", err)
	}
}

// stopped shows that a daemon that does not answer costs a deadline and nothing
// else.
func stopped(t *testing.T) {
	const limit = 300 * time.Millisecond
	k := system(vault.SystemKeyringOptions{ReadTimeout: limit, WriteTimeout: limit})
	patient := system(vault.SystemKeyringOptions{})
	if err := patient.Set(t.Context(), vault.Service, "jwt:x", "CANARY-JWT-1"); err != nil {
		t.Fatal(err)
	}
	daemon(t, syscall.SIGSTOP)
	defer daemon(t, syscall.SIGCONT)
	for name, call := range map[string]func() error{
		"Get":    func() error { _, err := k.Get(t.Context(), vault.Service, "jwt:x"); return err },
		"Set":    func() error { return k.Set(t.Context(), vault.Service, "jwt:x", "CANARY-JWT-2") },
		"Delete": func() error { return k.Delete(t.Context(), vault.Service, "jwt:x") },
	} {
		within(t, 10*time.Second, func() {
			if err := call(); !errors.Is(err, vault.ErrKeyringTimeout) {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
	daemon(t, syscall.SIGCONT)
	got, err := "", error(nil)
	for range 1000 { // until the calls given up on have come back
		if got, err = k.Get(t.Context(), vault.Service, "jwt:x"); err == nil {
			break
		}
		time.Sleep(2 * time.Millisecond)
	}
	if got != "CANARY-JWT-1" || err != nil {
		t.Errorf("after it went on: %q, %v; nothing may have been written", got, err)
	}
}

// interrupted kills the daemon while vaults are being made: what says that it
// worked has worked, and what says that it failed leaves an error, not a loss.
func interrupted(t *testing.T, dir string) {
	done := make(chan error)
	go func() {
		for i := range 1000 {
			v := open(t, vault.Options{Dir: dir + strconv.Itoa(i), Keyring: system(vault.SystemKeyringOptions{})})
			if err := v.Prove(t.Context()); err != nil {
				done <- err
				return
			}
			if i == 5 {
				done <- nil
			}
		}
		done <- nil
	}()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	daemon(t, syscall.SIGKILL)
	within(t, 20*time.Second, func() {
		if err := <-done; err == nil {
			t.Error("vaults were made without a keyring")
		}
	})
}

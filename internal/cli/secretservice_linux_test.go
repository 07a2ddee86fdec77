package cli_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestSecretServiceProgram runs the real program against a real gnome-keyring in
// each state that it can be in. Like the vault's own test it starts itself again
// inside the script; LAB_SCENE says what to play there.
func TestSecretServiceProgram(t *testing.T) {
	if scene := os.Getenv("LAB_SCENE"); scene != "" {
		playScene(t, scene)
		return
	}
	for _, tool := range []string{"gnome-keyring-daemon", "dbus-run-session", "dbus-daemon", "dbus-send", "secret-tool", "bash"} {
		if _, err := exec.LookPath(tool); err != nil {
			lacking(t, tool+" is not installed (apt-get install dbus gnome-keyring libsecret-tools)")
		}
	}
	program := realProgram(t)
	for scene, options := range map[string][]string{
		"items": nil, "locked": {"--locked"}, "no-collection": {"--no-login"}, "no-service": {"--no-service"}, "no-bus": {"--no-bus"},
		"stopped": nil, "killed": nil,
	} {
		t.Run(scene, func(t *testing.T) {
			t.Parallel()
			runScene(t, program, scene, shortDir(t), options...)
		})
	}
	t.Run("locked later", func(t *testing.T) {
		t.Parallel()
		state := shortDir(t)
		runScene(t, program, "before", state)
		runScene(t, program, "locked later", state, "--locked")
		runScene(t, program, "unlocked again", state)
	})
	t.Run("keyring file lost", func(t *testing.T) {
		t.Parallel()
		state := shortDir(t)
		runScene(t, program, "before", state)
		files, err := filepath.Glob(filepath.Join(state, "data", "keyrings", "*.keyring"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no keyring file (%v)", err)
		}
		for _, file := range files {
			if err := os.Truncate(file, 10); err != nil {
				t.Fatal(err)
			}
		}
		runScene(t, program, "keyring file lost", state)
	})
}

// shortDir is a directory for sockets, whose paths have to be short.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "sa") //nolint:usetesting // too long
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func runScene(t *testing.T, program, scene, state string, options ...string) {
	t.Helper()
	bin := t.TempDir()
	launched := filepath.Join(bin, "launched")
	if err := os.WriteFile(filepath.Join(bin, "dbus-launch"), []byte("#!/bin/sh\ntouch '"+launched+"'\nexit 1\n"), 0o755); err != nil { //nolint:gosec // a program
		t.Fatal(err)
	}
	args := append([]string{filepath.Join("..", "vault", "testdata", "with-secret-service.sh"), "--state", state}, options...)
	args = append(args, "--", os.Args[0], "-test.run=^TestSecretServiceProgram$", "-test.count=1")
	cmd := exec.CommandContext(t.Context(), "bash", args...) //nolint:gosec // our own script
	cmd.Env = append(os.Environ(), "LAB_SCENE="+scene, "LAB_PROGRAM="+program, "LAB_STATE="+state, "PATH="+bin+":"+os.Getenv("PATH"))
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "PASS\n") || strings.Contains(string(out), "no tests to run") {
		t.Errorf("%s: %v\n%s", scene, err, out)
	}
	if _, err := os.Stat(launched); err == nil {
		t.Errorf("%s: the program wanted to start a session bus", scene)
	}
	if left := processes(state); len(left) > 0 {
		t.Errorf("%s: left running: %q", scene, left)
	}
}

// processes are the command lines that have a text in them.
func processes(text string) []string {
	var found []string
	lines, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, file := range lines {
		data, _ := os.ReadFile(file)
		if line := strings.ReplaceAll(string(data), "\x00", " "); strings.Contains(line, text) {
			found = append(found, line)
		}
	}
	return found
}

// desktop is a lab whose program has the keyring of the script around it.
func desktop(t *testing.T) *lab {
	t.Helper()
	l := newLab(t, labOptions{program: os.Getenv("LAB_PROGRAM"), dir: filepath.Join(os.Getenv("LAB_STATE"), "sa")})
	l.setenv("SOCIALAUTH_STORAGE", "")
	for _, name := range []string{"DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR"} {
		l.setenv(name, os.Getenv(name))
	}
	l.setenv("BROWSER_LOG", filepath.Join(t.TempDir(), "browser.log"))
	return l
}

// within runs a command that has to end in time.
func (l *lab) within(limit time.Duration, args ...string) outcome {
	l.t.Helper()
	start := time.Now()
	o := l.run(args...)
	if took := time.Since(start); took > limit {
		l.t.Errorf("socialauth %s took %v, more than %v", strings.Join(args, " "), took, limit)
	}
	return o
}

// deadline is what a command may take that finds the keyring in trouble; the
// program gives a read five seconds.
const deadline = 9 * time.Second

// sleeping is a token that is not a secret.
const sleeping = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0."

// offline are commands that have no business with the keyring, whatever state it
// is in. The best of three tries counts: a busy machine is slow now and then, and
// a keyring that does not answer is slow each time.
func (l *lab) offline() {
	l.t.Helper()
	for _, args := range [][]string{{"decode", sleeping}, {"version"}, {"status"}, {"provider", "list"}, {"completion", "bash"}, {"help", "exit-codes"}} {
		best := time.Hour
		for try := 0; try < 3 && best > time.Second; try++ {
			start := time.Now()
			l.run(args...).want(l.t, 0)
			best = min(best, time.Since(start))
		}
		if best > time.Second {
			l.t.Errorf("socialauth %s took %v", strings.Join(args, " "), best)
		}
	}
}

func playScene(t *testing.T, scene string) {
	switch scene {
	case "items":
		sceneItems(t)
	case "locked":
		sceneAbsent(t, "the keyring is locked", "hint: unlock it")
	case "no-collection", "no-service":
		sceneAbsent(t, "there is no keyring here ("+scene+")", "SOCIALAUTH_STORAGE=passphrase", "SOCIALAUTH_STORAGE=key-file")
	case "no-bus":
		if _, err := os.Stat("/run/user/" + strconv.Itoa(os.Getuid()) + "/bus"); err == nil {
			t.Log("the bus of this login session cannot be hidden")
			return
		}
		sceneAbsent(t, "there is no keyring here (no-bus", "SOCIALAUTH_STORAGE=passphrase", "SOCIALAUTH_STORAGE=key-file")
	case "stopped":
		sceneStopped(t)
	case "killed":
		l := desktop(t)
		l.signIn("facebook").want(t, 0)
		signalDaemon(t, syscall.SIGKILL)
		eventually(t, "the daemon dies", func() bool { return daemonGone(t) })
		l.within(deadline, "token", "print", "facebook").want(t, 6, "there is no keyring here (no-service)")
		l.sawBrowser()
		l.signIn("facebook").want(t, 6, "there is no keyring here (no-service)")
		l.noBrowser()
		l.offline()
	case "before":
		l := desktop(t)
		l.signIn("facebook").want(t, 0)
		token := l.run("token", "print", "facebook").want(t, 0).stdout
		if err := os.WriteFile(filepath.Join(l.dir, "expect"), []byte(l.base+" "+token), 0o600); err != nil {
			t.Fatal(err)
		}
	case "locked later", "unlocked again", "keyring file lost":
		sceneLater(t, scene)
	default:
		t.Fatalf("unknown scene %q", scene)
	}
}

// sceneAbsent is a keyring that cannot be used: a sign-in says so, and how to go
// on, before a browser is opened, and leaves nothing.
func sceneAbsent(t *testing.T, words ...string) {
	l := desktop(t)
	l.within(deadline, "login", "facebook").want(t, 6, words...)
	l.noBrowser()
	if _, err := os.Stat(filepath.Join(l.dir, "data")); err == nil && len(l.records()) > 0 {
		t.Error("a record was made")
	}
	l.within(deadline, "token", "print", "facebook").want(t, 3, "not signed in")
	l.offline()
	// A person's explicit choice works all the same, and the keyring is left alone.
	l.setenv("SOCIALAUTH_STORAGE", "key-file")
	l.signIn("facebook").want(t, 0)
	l.sawBrowser()
	l.setenv("SOCIALAUTH_STORAGE", "")
	l.within(time.Second, "token", "print", "facebook").want(t, 0)
}

// sceneStopped is a daemon that does not answer.
func sceneStopped(t *testing.T) {
	l := desktop(t)
	l.signIn("facebook").want(t, 0)
	l.sawBrowser()
	signalDaemon(t, syscall.SIGSTOP)
	defer signalDaemon(t, syscall.SIGCONT)
	l.offline()
	l.within(deadline, "token", "print", "facebook").want(t, 6, "the keyring did not answer in time")
	l.within(deadline, "login", "facebook").want(t, 6, "the keyring did not answer in time")
	l.noBrowser()
	l.within(deadline, "logout", "facebook").want(t, 6, "the keyring did not answer in time", "--local-only")
	signalDaemon(t, syscall.SIGCONT)
	l.within(deadline, "token", "print", "facebook").want(t, 0)
}

// sceneLater has the vault of an earlier session, whose keyring has changed.
func sceneLater(t *testing.T, scene string) {
	l := desktop(t)
	data, err := os.ReadFile(filepath.Join(l.dir, "expect"))
	if err != nil {
		t.Fatal(err)
	}
	base, token, _ := strings.Cut(string(data), " ")
	before := l.stored()
	switch scene {
	case "unlocked again":
		l.setenv("SOCIALAUTH_EMULATOR", base) // the tokens are from there, and nobody is asked
		if o := l.run("token", "print", "facebook").want(t, 0); o.stdout != token {
			t.Errorf("printed %q, want the token of before", o.stdout)
		}
	case "locked later":
		l.within(deadline, "token", "print", "facebook").want(t, 6, "the keyring is locked", "hint: unlock it")
		l.within(deadline, "login", "facebook").want(t, 6, "the keyring is locked")
	case "keyring file lost":
		// The daemon says that there never was such an item.
		l.within(deadline, "token", "print", "facebook").want(t, 6, "is gone", "2 records are kept in", "nothing was deleted", "vault reset")
		l.within(deadline, "login", "facebook").want(t, 6, "is gone", "nothing was deleted")
	}
	l.noBrowser()
	l.offline()
	if l.stored() != before {
		t.Error("the records have changed")
	}
}

// sceneItems is what other programs see in the keyring.
func sceneItems(t *testing.T) {
	l := desktop(t)
	decoys := []string{"other", "socialauth2", "social"}
	for _, service := range decoys {
		keep(t, service, "jwt:facebook", "decoy of "+service)
	}
	l.signIn("facebook").want(t, 0, "kept in")
	if found := search(t); strings.Count(found, "attribute.username = vault-key-") != 1 || strings.Count(found, "attribute.username") != 1 {
		t.Errorf("in the keyring: %s", found)
	}
	l.run("token", "print", "facebook").want(t, 0)
	for _, account := range []string{"facebook", "facebook/work"} {
		l.run("login", account, "--keyring-jwt").want(t, 0)
		jwt := l.run("token", "print", account, "--type", "jwt").want(t, 0).stdout
		item := lookup(t, "socialauth", "jwt:"+account)
		if item == "" || item != strings.TrimSuffix(jwt, "\n") || strings.Count(item, ".") != 2 || strings.ContainsAny(item, "\r\n") {
			t.Errorf("%s: the keyring has %q, want the JWT on one line (S04): %q", account, item, jwt)
		}
	}
	l.run("logout", "facebook").want(t, 0)
	if lookup(t, "socialauth", "jwt:facebook") != "" || lookup(t, "socialauth", "jwt:facebook/work") == "" {
		t.Error("signing out of one account must remove its JWT and no other")
	}
	l.run("logout", "--all").want(t, 0)
	if lookup(t, "socialauth", "jwt:facebook/work") != "" || len(l.records()) > 0 {
		t.Error("logout --all has left something")
	}
	for _, service := range decoys { // S16
		if got := lookup(t, service, "jwt:facebook"); got != "decoy of "+service {
			t.Errorf("the item of %s is now %q", service, got)
		}
	}
}

// lookup, keep and search are libsecret's own tool.
func lookup(t *testing.T, service, user string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "secret-tool", "lookup", "service", service, "username", user).Output()
	if err != nil && len(out) > 0 {
		t.Error(err)
	}
	return string(out)
}

func keep(t *testing.T, service, user, value string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "secret-tool", "store", "--label=decoy", "service", service, "username", user)
	cmd.Stdin = strings.NewReader(value)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

func search(t *testing.T) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "secret-tool", "search", "--all", "service", "socialauth").CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	return string(out)
}

func daemonPID(t *testing.T) int {
	t.Helper()
	pid, err := strconv.Atoi(os.Getenv("WSS_GKD_PID"))
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

func signalDaemon(t *testing.T, sig syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(daemonPID(t), sig); err != nil {
		t.Error(err)
	}
}

func daemonGone(t *testing.T) bool {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", daemonPID(t)))
	return err != nil || strings.Contains(string(stat), ") Z ")
}

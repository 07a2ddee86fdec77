//go:build linux

package windows_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestSignInPrintSignOut is an account's whole life where nothing is set that
// could be left alone: the storage and the folders are Windows' own.
func TestSignInPrintSignOut(t *testing.T) {
	p := emulate(t, "facebook")
	c := newComputer(t, os.Getenv("WINEPREFIX"), p.env()...)
	c.exits(3, "token", "print", "facebook")

	if r := c.login("facebook", "--keyring-jwt"); r.status != 0 {
		t.Fatalf("login: exit %d\n%s", r.status, r.stderr)
	}
	token := c.printToken("facebook")
	if again := c.printToken("facebook"); again != token {
		t.Error("a second process prints another token")
	}
	var status struct {
		Accounts []struct{ Account string } `json:"accounts"`
		Storage  string                     `json:"storage"`
	}
	out := c.exits(0, "status", "--json").stdout
	if err := json.Unmarshal([]byte(out), &status); err != nil {
		t.Errorf("status --json: %v", err)
	}
	wants(t, "status --json", out, `"storage": "keyring"`, `"facebook"`)
	wants(t, "vault status", c.exits(0, "vault", "status").stdout, `AppData\Local\socialauth`)

	items := c.credentials()
	wants(t, "the Credential Manager", items, "socialauth:vault-key-", "socialauth:jwt:facebook")
	home := localAppData(t, c.prefix)
	sealed(t, home, token)
	anotherComputer(t, home, p)

	c.exits(0, "logout", "facebook")
	c.exits(3, "token", "print", "facebook")
	lacks(t, "the Credential Manager after logout", c.credentials(), "socialauth:jwt:")
}

// localAppData is the program's folder, which it chose itself.
func localAppData(t *testing.T, prefix string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(prefix, "drive_c", "users", "*", "AppData", "Local", "socialauth"))
	if err != nil || len(found) != 1 {
		t.Fatalf("the program's folder: %q, %v", found, err)
	}
	return found[0]
}

// sealed: there are records, and no token is in them in clear.
func sealed(t *testing.T, home, token string) {
	t.Helper()
	records := 0
	err := filepath.WalkDir(home, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if bytes.Contains(data, []byte(token)) {
			t.Errorf("%s has the token in clear", path)
		}
		if filepath.Ext(path) == ".rec" {
			records++
		}
		return err
	})
	if err != nil || records == 0 {
		t.Errorf("%d records in %s, %v", records, home, err)
	}
}

// anotherComputer has the files and not the Credential Manager: the key is
// missing there, which is said, and nothing is deleted.
func anotherComputer(t *testing.T, home string, p *provider) {
	t.Helper()
	copied := filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(copied, os.DirFS(home)); err != nil {
		t.Fatal(err)
	}
	// In the program's folder the vault is the folder itself; under
	// SOCIALAUTH_HOME it is the folder data.
	root := t.TempDir()
	if err := os.Rename(copied, filepath.Join(root, "data")); err != nil {
		t.Fatal(err)
	}
	env := append(p.env(), "SOCIALAUTH_HOME="+windowsPath(root))
	if got := newComputer(t, os.Getenv("WINEPREFIX"), env...).printToken("facebook"); got == "" {
		t.Error("the copy is of no use even where the key is")
	}
	other := newComputer(t, os.Getenv(varOther), env...)
	r := other.exits(6, "token", "print", "facebook")
	wants(t, "the message", r.stderr, "the vault key", "is gone", "nothing was deleted")
	if r.stdout != "" {
		t.Errorf("it wrote to stdout: %d bytes", len(r.stdout))
	}
	wants(t, "status", other.exits(0, "status").stdout, "facebook")
	sealed(t, filepath.Join(root, "data"), "no such token")
}

// TestJWTInTheCredentialManager: 2,560 bytes fit, and no more.
func TestJWTInTheCredentialManager(t *testing.T) {
	p := emulate(t, "facebook")
	c := newComputer(t, os.Getenv("WINEPREFIX"), append(p.env(), "SOCIALAUTH_HOME="+windowsPath(t.TempDir()))...)
	if r := c.login("facebook"); r.status != 0 {
		t.Fatalf("login: exit %d\n%s", r.status, r.stderr)
	}
	mint := func(size int) []string {
		return []string{"token", "mint", "facebook", "-n", "--claim-json", claimOf(size)}
	}
	size := 1000
	length := func() int { return len(c.exits(0, mint(size)...).stdout) }
	size += (2560 - length()) * 3 / 4
	for length() <= 2560 {
		size++
	}
	lacks(t, "the Credential Manager", c.credentials(), "socialauth:jwt:")

	r := c.exits(6, append(mint(size), "--keyring")...)
	wants(t, "the message", r.stderr, "the keyring of this system cannot hold it", "2560", "hint: ")
	if r.stdout != "" {
		t.Error("a JWT that was not kept was printed")
	}
	wants(t, "the error", c.exits(6, append(mint(size), "--keyring", "--json")...).stderr, `"code":"too_big"`)
	lacks(t, "the Credential Manager", c.credentials(), "socialauth:jwt:")

	if n := len(c.exits(0, append(mint(size-1), "--keyring")...).stdout); n < 2557 || n > 2560 {
		t.Errorf("the longest JWT that fits has %d bytes", n)
	}
	wants(t, "the Credential Manager", c.credentials(), "socialauth:jwt:facebook")
	c.printToken("facebook")
	c.exits(0, "logout", "facebook")
	lacks(t, "the Credential Manager after logout", c.credentials(), "socialauth:jwt:")
}

// rotating signs in at X, whose refresh tokens are good once.
func rotating(t *testing.T, faults ...string) (*computer, *provider, string) {
	t.Helper()
	p := emulate(t, "x", faults...)
	home := t.TempDir()
	c := newComputer(t, os.Getenv("WINEPREFIX"), append(p.env(), "SOCIALAUTH_HOME="+windowsPath(home))...)
	if r := c.login("x", "--port", freePort(t)); r.status != 0 {
		t.Fatalf("login: exit %d\n%s", r.status, r.stderr)
	}
	return c, p, home
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return fmt.Sprint(l.Addr().(*net.TCPAddr).Port)
}

// TestOneRefreshForManyProcesses is R01 with the locks and renames of Windows.
func TestOneRefreshForManyProcesses(t *testing.T) {
	const processes = 10
	c, p, home := rotating(t, "short_lived=2*1", "refresh_slow=300ms")
	time.Sleep(2100 * time.Millisecond) // until the token has expired
	results := make([]result, processes)
	var wg sync.WaitGroup
	for i := range results {
		wg.Go(func() { results[i] = c.run("token", "print", "x") })
	}
	wg.Wait()
	printed := map[string]int{}
	for _, r := range results {
		printed[r.stdout]++
		if r.status != 0 {
			t.Errorf("exit %d\n%s", r.status, r.stderr)
		}
	}
	if len(printed) != 1 {
		t.Errorf("%d different tokens were printed, want 1", len(printed))
	}
	if n := p.grants("refresh_token"); n != 1 {
		t.Errorf("the provider saw %d refreshes, want 1", n)
	}
	noLeftovers(t, home)
}

// TestRenewalOutlivesItsCaller: the worker is a process of its own. The caller
// is ended while the provider's answer is under way, alone or with everything in
// its job object; the next one has the new token without another refresh.
func TestRenewalOutlivesItsCaller(t *testing.T) {
	const rounds = 3
	c, p, home := rotating(t, "refresh_slow=1s")
	n := 0
	for range rounds {
		n++
		cutOff(t, c, p, home, c.command("token", "refresh", "x"), n)
	}
	for range rounds {
		n++
		cutOff(t, c, p, home, c.job("may-leave", "token", "refresh", "x"), n)
	}
	// Where a job lets nobody go, the worker is in it and a renewal still works.
	if out, err := c.job("must-stay", "token", "refresh", "x").CombinedOutput(); err != nil {
		t.Errorf("in a job that must be stayed in: %v\n%s", err, out)
	}
	if got := p.grants("refresh_token"); got != n+1 {
		t.Errorf("the provider saw %d refreshes, want %d", got, n+1)
	}
	noLeftovers(t, home)
}

// cutOff ends a renewal's caller and looks at what the next one finds. It is the
// n-th renewal of the account.
func cutOff(t *testing.T, c *computer, p *provider, home string, caller *exec.Cmd, n int) {
	t.Helper()
	old := c.printToken("x")
	if err := caller.Start(); err != nil {
		t.Fatal(err)
	}
	for began := time.Now(); !renewing(t, home); time.Sleep(5 * time.Millisecond) {
		if time.Since(began) > limit {
			t.Fatal("no renewal began")
		}
	}
	time.Sleep(100 * time.Millisecond) // the request has left
	_ = caller.Process.Kill()
	if caller.Wait() == nil {
		t.Error("the caller had ended before it was killed")
	}
	if got := p.grants("refresh_token"); got != n-1 {
		t.Fatalf("renewal %d: the answer had come before the caller was killed", n)
	}
	for began := time.Now(); renewing(t, home); time.Sleep(10 * time.Millisecond) {
		if time.Since(began) > 10*time.Second {
			t.Fatalf("renewal %d: the worker did not save its answer: it was ended with its caller", n)
		}
	}
	if c.printToken("x") == old {
		t.Errorf("renewal %d: still the old token", n)
	}
	if got := p.grants("refresh_token"); got != n {
		t.Fatalf("renewal %d: the provider saw %d refreshes", n, got)
	}
}

// renewing reports whether the note of an attempt stands in the account's clear
// header: it is written last before the request and gone with the next save.
func renewing(t *testing.T, home string) bool {
	t.Helper()
	records, err := filepath.Glob(filepath.Join(home, "data", "account", "*.rec"))
	if err != nil || len(records) != 1 {
		t.Fatalf("records: %q, %v", records, err)
	}
	data, err := os.ReadFile(records[0])
	return err == nil && bytes.Contains(data, []byte(`renewal_attempt`))
}

func noLeftovers(t *testing.T, home string) {
	t.Helper()
	err := filepath.WalkDir(home, func(path string, _ fs.DirEntry, err error) error {
		if strings.Contains(filepath.Base(path), ".tmp-") {
			t.Errorf("left over: %s", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

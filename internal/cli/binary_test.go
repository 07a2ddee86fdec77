package cli_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// cleaning runs the tests and removes the program they built.
type cleaning struct{ *testing.M }

// Run implements [testscript.TestingM].
func (c cleaning) Run() int {
	code := c.M.Run()
	if dir := builtIn; dir != "" {
		_ = os.RemoveAll(dir)
	}
	return code
}

// builtIn is the folder of the program, once there is one.
var builtIn string //nolint:gochecknoglobals // goes with build

// build makes the real program once for all tests.
var build = sync.OnceValues(func() (string, error) { //nolint:gochecknoglobals // shared by tests, made once
	dir, err := os.MkdirTemp("", "socialauth-test-")
	if err != nil {
		return "", err
	}
	builtIn = dir
	program := filepath.Join(dir, "socialauth")
	if runtime.GOOS == "windows" {
		program += ".exe"
	}
	cmd := exec.Command("go", "build", "-o", program, "../../cmd/socialauth")
	cmd.Stderr = os.Stderr
	return program, cmd.Run()
})

func binary(t *testing.T) string {
	t.Helper()
	program, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return program
}

// program is a command line of the real program in a home of its own. Nothing of
// the test's environment reaches it, and with it no keyring and no display.
func program(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), binary(t), args...)
	root := t.TempDir()
	cmd.Dir = root
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "SOCIALAUTH_HOME=" + filepath.Join(root, "sa"), "TMPDIR=" + root, "SYSTEMROOT=" + os.Getenv("SYSTEMROOT")}
	return cmd
}

// TestProgram: the exit codes of the program as it is released.
func TestProgram(t *testing.T) {
	for _, tc := range []struct {
		line   string
		code   int
		stderr string
	}{
		{"version", 0, ""},
		{"decode x.y", 1, "2 parts"},
		{"token prnt", 2, "did you mean socialauth token print?"},
		{"token print facebook", 3, "not signed in to facebook"},
		{"key delete default", 4, "cannot be brought back"},
		{"verify --insecure-skip-issuer --insecure-skip-audience --jwks set.json eyJhbGciOiJub25lIn0.e30.", 4, "algorithm"},
		{"login http://127.0.0.1:9 --client-id x --no-browser", 5, "127.0.0.1:9"},
		{"emulate --log no/such/folder/log", 6, "no/such/folder/log"},
	} {
		t.Run(tc.line, func(t *testing.T) {
			cmd := program(t, strings.Fields(tc.line)...)
			cmd.Env = append(cmd.Env, "SOCIALAUTH_STORAGE=key-file")
			if err := os.WriteFile(filepath.Join(cmd.Dir, "set.json"), []byte(`{"keys":[]}`), 0o600); err != nil {
				t.Fatal(err)
			}
			var stdout, stderr bytes.Buffer
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			if got := exitStatus(cmd.Run()); got != tc.code || !strings.Contains(stderr.String(), tc.stderr) || tc.code != 0 && stdout.Len() > 0 {
				t.Errorf("exit %d, stdout %q, stderr %q; want %d, %q", got, stdout.String(), stderr.String(), tc.code, tc.stderr)
			}
		})
	}
}

// TestDemo: `go run ./cmd/socialauth demo` on a machine with nothing: no home, no
// keyring, no display. Every step is named, nothing is left behind.
func TestDemo(t *testing.T) {
	cmd := program(t, "demo")
	tmp := t.TempDir()
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "TMPDIR=" + tmp}
	if runtime.GOOS == "windows" {
		cmd.Env = append(cmd.Env, "TMP="+tmp, "SYSTEMROOT="+os.Getenv("SYSTEMROOT"))
	}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil || stderr.Len() > 0 {
		t.Fatalf("%v\n%s\n%s", err, stdout.String(), stderr.String())
	}
	out := stdout.String()
	steps := regexp.MustCompile(`(?m)^\d+\. .+\n +\$ socialauth .+`).FindAllString(out, -1)
	held := strings.Count(out, "\n   held (exit status ")
	if len(steps) < 10 || held != len(steps) || !strings.HasSuffix(out, "login facebook\n") || !strings.Contains(out, "Every step held.") {
		t.Errorf("%d steps, %d of them held:\n%s", len(steps), held, out)
	}
	if i := strings.IndexFunc(out, func(r rune) bool { return r < 0x20 && r != '\n' && r != '\t' }); i >= 0 {
		t.Errorf("a control character at byte %d: %q", i, out[max(0, i-20):i+1])
	}
	for _, dir := range []string{tmp, cmd.Dir} {
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("%s holds %v afterwards, %v", dir, left, err)
		}
	}
}

// TestReaderGoesAway: C02. The program dies as others do when nobody reads its
// output any more, silently, also when its starter ignores SIGPIPE.
func TestReaderGoesAway(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there is no SIGPIPE")
	}
	for name, script := range map[string]string{"as usual": `exec "$0" help environment`, "ignored": `trap "" PIPE; exec "$0" help environment`} {
		t.Run(name, func(t *testing.T) {
			cmd := program(t)
			cmd.Path, cmd.Args = "/bin/sh", []string{"sh", "-c", script, binary(t)}
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			_ = r.Close()
			var stderr bytes.Buffer
			cmd.Stdout, cmd.Stderr = w, &stderr
			err = cmd.Run()
			_ = w.Close()
			if got := exitStatus(err); got != 128+int(syscall.SIGPIPE) || stderr.Len() > 0 {
				t.Errorf("exit %d, stderr %q; want 141, nothing", got, stderr.String())
			}
		})
	}
}

// TestNoSecretIsBuiltIn: Z09. The program ships no client secret, token or
// private key; the shapes are those of the providers it knows.
func TestNoSecretIsBuiltIn(t *testing.T) {
	shapes := regexp.MustCompile(`GOCSPX-[A-Za-z0-9_-]{20}|\bgh[opusr]_[A-Za-z0-9]{36}|\bEAA[A-Za-z0-9]{40}|\bya29\.[A-Za-z0-9_-]{20}|PRIVATE KEY-----\n[A-Za-z0-9+/]{40}`)
	data, err := os.ReadFile(binary(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, found := range shapes.FindAllString(string(data), -1) {
		// The linker puts constants side by side, so a prefix that is only known
		// may be followed by words; a secret is mixed.
		if strings.ContainsAny(found[7:], "0123456789") && strings.ToLower(found[7:]) != found[7:] && strings.ToUpper(found[7:]) != found[7:] {
			t.Errorf("the program holds %q", found)
		}
	}
	if !shapes.MatchString("-----BEGIN PRIVATE KEY-----\n"+strings.Repeat("M", 64)) || !shapes.MatchString("GOCSPX-"+strings.Repeat("x", 28)) {
		t.Error("the shapes are not found where they are")
	}
}

package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/socialauth/socialauth/internal/cli"
)

// ended is what a command line came to.
type ended struct {
	code           int
	stdout, stderr string
}

// bench runs command lines in this process, in a home of their own, where
// every use of the network, the keyring or a browser is counted.
type bench struct {
	env                    map[string]string
	network, ring, browser int
	now                    func() time.Time
}

func newBench(t *testing.T) *bench {
	t.Helper()
	return &bench{env: map[string]string{"SOCIALAUTH_HOME": t.TempDir(), "SOCIALAUTH_STORAGE": "keyring"}, now: time.Now}
}

func (b *bench) app(stdout, stderr *bytes.Buffer) *cli.App {
	return &cli.App{
		Stdin: strings.NewReader(""), Stdout: stdout, Stderr: stderr, Now: b.now,
		Env: func(name string) string { return b.env[name] }, Transport: b, Keyring: b,
		Open: func(context.Context, string) error { b.browser++; return errors.New("no browser here") },
	}
}

func (b *bench) run(ctx context.Context, args ...string) ended {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second) // a server that should not have started
	defer cancel()
	var stdout, stderr bytes.Buffer
	code := b.app(&stdout, &stderr).Main(ctx, args)
	return ended{code, stdout.String(), stderr.String()}
}

func (b *bench) root() *cobra.Command {
	var stdout, stderr bytes.Buffer
	return b.app(&stdout, &stderr).Root()
}

// RoundTrip is the network that is not there.
func (b *bench) RoundTrip(*http.Request) (*http.Response, error) {
	b.network++
	return nil, errors.New("no network here")
}

// Get, Set and Delete are the keyring that is not there.
func (b *bench) Get(context.Context, string, string) (string, error) {
	b.ring++
	return "", errors.New("no keyring here")
}

func (b *bench) Set(context.Context, string, string, string) error {
	b.ring++
	return errors.New("no keyring here")
}

func (b *bench) Delete(context.Context, string, string) error {
	b.ring++
	return errors.New("no keyring here")
}

// walk visits every command but the hidden ones.
func walk(t *testing.T, visit func(cmd *cobra.Command, path []string)) {
	t.Helper()
	n := 0
	var down func(cmd *cobra.Command, path []string)
	down = func(cmd *cobra.Command, path []string) {
		if cmd.Hidden {
			return
		}
		n++
		visit(cmd, path)
		for _, sub := range cmd.Commands() {
			down(sub, append(append([]string{}, path...), sub.Name()))
		}
	}
	down(newBench(t).root(), nil)
	if n < 30 {
		t.Errorf("only %d commands were visited", n)
	}
}

// TestGroupsFail: C01 for every command that has subcommands.
func TestGroupsFail(t *testing.T) {
	b := newBench(t)
	groups := 0
	walk(t, func(cmd *cobra.Command, path []string) {
		if !cmd.HasSubCommands() || cmd.Name() == "help" {
			return
		}
		groups++
		for _, args := range [][]string{path, append(append([]string{}, path...), "bogus"), append(append([]string{}, path...), cmd.Commands()[0].Name()+"x")} {
			got := b.run(t.Context(), args...)
			if got.code != 2 || got.stdout != "" || !strings.HasPrefix(got.stderr, "Usage:") {
				t.Errorf("%q: exit %d, stdout %q, stderr %q; want 2, nothing, and help", args, got.code, got.stdout, got.stderr)
			}
			asked := len(args) > len(path) && args[len(path)] != "bogus"
			if asked && !strings.Contains(got.stderr, "did you mean "+cmd.CommandPath()+" "+cmd.Commands()[0].Name()+"?") {
				t.Errorf("%q: no suggestion in %q", args, got.stderr)
			}
		}
	})
	if groups < 5 {
		t.Errorf("only %d groups were seen", groups)
	}
}

// TestEveryCommandIsDescribed: a short line, a text, and an example where there
// is something to choose; and --help works everywhere.
func TestEveryCommandIsDescribed(t *testing.T) {
	b := newBench(t)
	walk(t, func(cmd *cobra.Command, path []string) {
		if cmd.Short == "" || strings.HasSuffix(cmd.Short, ".") {
			t.Errorf("%s: Short is %q", cmd.CommandPath(), cmd.Short)
		}
		if cmd.Long == "" {
			t.Errorf("%s: Long is empty", cmd.CommandPath())
		}
		choices := 0
		cmd.LocalNonPersistentFlags().VisitAll(func(*pflag.Flag) { choices++ })
		if choices >= 3 && cmd.Example == "" {
			t.Errorf("%s: %d flags and no example", cmd.CommandPath(), choices)
		}
		if got := b.run(t.Context(), append(append([]string{}, path...), "--help")...); got.code != 0 || got.stdout == "" || got.stderr != "" {
			t.Errorf("%s --help: exit %d, %d bytes, stderr %q", cmd.CommandPath(), got.code, len(got.stdout), got.stderr)
		}
	})
}

// TestNoFlagTakesASecret: C07 over all flags of all commands.
func TestNoFlagTakesASecret(t *testing.T) {
	secret := regexp.MustCompile(`secret|token|passw|passphrase|hmac|private|credential`)
	file := regexp.MustCompile(`-file$|-fd$|-env$`)
	seen := 0
	walk(t, func(cmd *cobra.Command, _ []string) {
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if !secret.MatchString(f.Name) {
				return
			}
			seen++
			if f.Value.Type() != "bool" && !file.MatchString(f.Name) {
				t.Errorf("%s --%s takes a value; a secret comes from a file, stdin or the environment", cmd.CommandPath(), f.Name)
			}
		})
	})
	if seen == 0 {
		t.Error("no flag about a secret was seen: the test looks for the wrong names")
	}
}

// TestSecretsInTheCommandLineAreNotRepeated: C06. A token lands in every place
// of every command line where one can be pasted.
func TestSecretsInTheCommandLineAreNotRepeated(t *testing.T) {
	t.Chdir(t.TempDir())
	stopped, stop := context.WithCancel(t.Context())
	stop() // what would wait or serve ends at once
	jwt := "eyJhbGciOiJub25lIn0.eyJzdWIiOiJDQU5BUlktSldULTEifQ.c2lnbmF0dXJl"
	tried := 0
	try := func(args ...string) {
		tried++
		got := newBench(t).run(stopped, args...)
		if got.code == 0 {
			return // a name that was taken as one
		}
		for where, text := range map[string]string{"stdout": got.stdout, "stderr": got.stderr} {
			if strings.Contains(text, "CANARY") || strings.Contains(text, "eyJhb") || strings.Contains(text, "q7Rz") {
				t.Errorf("%q repeats it on %s: %q", args, where, text)
			}
		}
	}
	walk(t, func(cmd *cobra.Command, path []string) {
		for _, secret := range []string{"CANARY-PASTED-1", jwt, "q7RzT0aX9bLmN4cVw2KdY8"} {
			with := func(more ...string) { try(append(append([]string{}, path...), more...)...) }
			with(secret)
			with("x", secret)
			if strings.ContainsAny(secret, "-.") {
				with("facebook/" + secret) // a long name alone may be somebody's account
			}
			with("--" + secret)
			with("--"+secret, "x")
			with("--client-secret=" + secret)
			with("--unknown=" + secret)
			with("-Z" + secret)
			cmd.Flags().VisitAll(func(f *pflag.Flag) {
				with("--" + f.Name + "=" + secret)
				with("--"+f.Name, secret)
				with("--"+f.Name, secret, "x", "--json")
			})
		}
	})
	if tried < 1000 {
		t.Errorf("only %d command lines were tried", tried)
	}
}

// TestErrorsAsJSON: with --json every failure is one object on stderr.
func TestErrorsAsJSON(t *testing.T) {
	for _, line := range []string{
		"", "bogus", "token", "token prnt", "token print", "token print facebook", "token print a/b/c", "token mint --ttl x", "token mint --bogus",
		"login", "login nowhere", "login facebook", "login http://example.com", "logout", "logout facebook", "profile", "switch facebook", "status facebook",
		"decode x", "decode a b", "verify x", "verify --local --audience a x", "verify --key /none --audience a --issuer i x",
		"key new --alg x", "key import", "key export x", "key delete x", "provider show nowhere", "emulate nowhere", "emulate --listen 1.2.3.4:5", "help x", "completion tcsh",
	} {
		args := append(strings.Fields(line), "--json")
		got := newBench(t).run(t.Context(), args...)
		var object struct {
			Code    string `json:"code"`
			Message string `json:"message"`
			Hint    string `json:"hint"`
			Exit    int    `json:"exit_code"`
			// These two are of verify.
			Reasons  []struct{ Code, Claim, Detail string } `json:"reasons"`
			Verified bool                                   `json:"verified"`
		}
		dec := json.NewDecoder(strings.NewReader(got.stderr))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&object); err != nil || dec.More() {
			t.Errorf("%q: stderr is not one object: %v\n%s", args, err, got.stderr)
			continue
		}
		if got.code == 0 || got.stdout != "" || object.Exit != got.code || object.Message == "" || !regexp.MustCompile(`^[a-z0-9_]+$`).MatchString(object.Code) {
			t.Errorf("%q: exit %d, stdout %q, object %+v", args, got.code, got.stdout, object)
		}
	}
}

// TestOfflineCommands: what needs neither network nor keyring asks neither, and
// the counters that say so can count.
func TestOfflineCommands(t *testing.T) {
	b := newBench(t)
	b.env["SOCIALAUTH_FACEBOOK_CLIENT_ID"], b.env["SOCIALAUTH_FACEBOOK_CLIENT_SECRET"] = "id", "secret"
	key := filepath.Join(t.TempDir(), "hmac")
	if err := os.WriteFile(key, []byte(strings.Repeat("k", 32)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"version", "help", "help exit-codes", "help environment", "completion bash", "decode eyJhbGciOiJub25lIn0.e30.",
		"verify --hmac-key-file " + key + " --alg HS256 --audience a --issuer i eyJhbGciOiJIUzI1NiJ9.e30.AAAA",
		"status", "key list", "key jwks", "provider list", "provider show facebook", "__complete login f", "__complete token print f", "token prnt",
	} {
		b.run(t.Context(), strings.Fields(line)...)
		if b.network+b.ring+b.browser > 0 {
			t.Errorf("%s: %d requests, %d uses of the keyring, %d browsers; want none", line, b.network, b.ring, b.browser)
			b.network, b.ring, b.browser = 0, 0, 0
		}
		if entries, _ := os.ReadDir(b.env["SOCIALAUTH_HOME"]); len(entries) > 0 {
			t.Fatalf("%s left %v behind", line, entries)
		}
	}
	b.run(t.Context(), "key", "new")
	b.run(t.Context(), "login", "https://id.example.com", "--client-id", "x")
	if b.ring == 0 || b.network == 0 {
		t.Errorf("key new and login used the keyring %d and the network %d times: nothing was counted", b.ring, b.network)
	}
}

// TestPanicShowsNothing: S19. A bug ends with 1 and says nothing of what it was
// working on.
func TestPanicShowsNothing(t *testing.T) {
	b := newBench(t)
	b.now = func() time.Time { panic("CANARY-PANIC-1") }
	for _, args := range [][]string{{"decode", "eyJhbGciOiJub25lIn0.eyJleHAiOjF9."}, {"decode", "--json", "eyJhbGciOiJub25lIn0.eyJleHAiOjF9."}} {
		got := b.run(t.Context(), args...)
		if got.code != 1 || !strings.Contains(got.stderr, "internal error") || strings.Contains(got.stdout+got.stderr, "CANARY") || strings.Contains(got.stderr, "goroutine") {
			t.Errorf("%q: exit %d, stdout %q, stderr %q", args, got.code, got.stdout, got.stderr)
		}
	}
}

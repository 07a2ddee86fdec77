package cli_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/socialauth/socialauth/internal/cli"
	"github.com/socialauth/socialauth/internal/config"
	"github.com/socialauth/socialauth/internal/emulator"
	"github.com/socialauth/socialauth/internal/httpx"
	"github.com/socialauth/socialauth/internal/provider"
	"github.com/socialauth/socialauth/internal/term"
	"github.com/socialauth/socialauth/internal/vault/vaulttest"
)

// TestMain makes this test binary serve as the programs that the scripts run:
// the real command line with a clock and a keyring of the test's, and a browser.
func TestMain(m *testing.M) {
	testscript.Main(cleaning{m}, map[string]func(){
		"socialauth":  func() { os.Exit(socialauthMain()) },
		"fakebrowser": func() { os.Exit(fakeBrowserMain()) },
		"byhand":      func() { os.Exit(byHandMain()) },
		"attacker":    func() { os.Exit(attackerMain()) },
	})
}

// socialauthMain is cmd/socialauth with three hooks, which exist only here:
// FAKE_NOW is the time, FAKE_KEYRING a file that stands for the OS keyring or
// the name of a fault, FAKE_TTY pretends that the streams are a terminal.
func socialauthMain() int {
	app := cli.New(os.Stdin, os.Stdout, os.Stderr, time.Now)
	env := app.Env
	// The worker is the program under the name that the scripts know it by.
	if self, err := exec.LookPath("socialauth"); err == nil {
		app.Self = self
	}
	if text := env("FAKE_NOW"); text != "" {
		now, err := time.Parse(time.RFC3339, text)
		if err != nil {
			panic(err)
		}
		app.Now = func() time.Time { return now }
	}
	switch name := env("FAKE_KEYRING"); name {
	case "":
		app.Keyring = faultyKeyring(vaulttest.Absent) // scripts never reach a real one
	case "absent":
		app.Keyring = faultyKeyring(vaulttest.Absent)
	case "locked":
		app.Keyring = faultyKeyring(vaulttest.Locked)
	case "declined":
		app.Keyring = faultyKeyring(vaulttest.Declined)
	case "small":
		app.Keyring = faultyKeyring(vaulttest.TooSmall)
	case "timeout":
		app.Keyring = faultyKeyring(vaulttest.Hang)
	default:
		app.Keyring = vaulttest.FileKeyring(name)
	}
	if env("FAKE_TTY") != "" {
		app.Term = term.Info{StdinTTY: true, StdoutTTY: true, StderrTTY: true, StdoutColor: env("NO_COLOR") == "", StderrColor: env("NO_COLOR") == "", Width: 80}
	}
	return app.Run(os.Args[1:])
}

func faultyKeyring(f vaulttest.Fault) *vaulttest.MemoryKeyring {
	k := &vaulttest.MemoryKeyring{}
	k.SetFault(f)
	return k
}

// fakeBrowserMain is a person at a browser: `fakebrowser [--deny] [--decline=S]
// [--stop=FILE] [PERSON] URL` clicks through the emulator's pages. Its
// arguments and environment go to $BROWSER_LOG, so that scripts can look for
// secrets there. With --stop the redirect is written to a file and not followed.
func fakeBrowserMain() int {
	flags := flag.NewFlagSet("fakebrowser", flag.ExitOnError)
	deny := flags.Bool("deny", false, "")
	decline := flags.String("decline", "", "")
	stop := flags.String("stop", "", "")
	page := flags.String("page", "", "")
	_ = flags.Parse(os.Args[1:])
	if name := os.Getenv("BROWSER_LOG"); name != "" {
		log := strings.Join(os.Args, "\n") + "\n" + strings.Join(os.Environ(), "\n") + "\n"
		if err := os.WriteFile(name, []byte(log), 0o600); err != nil {
			panic(err)
		}
	}
	fmt.Println("NOISE on stdout") // must not reach anybody (B04)
	choice := emulator.Choice{Deny: *deny, Stop: *stop != ""}
	if *decline != "" {
		choice.Decline = strings.Split(*decline, ",")
	}
	args := flags.Args()
	if len(args) > 1 {
		choice.Person = args[0]
	}
	out, err := emulator.Play(context.Background(), httpx.NewClient(httpx.Options{}), args[len(args)-1], choice)
	if err != nil {
		if *page != "" {
			_ = os.WriteFile(*page, []byte(err.Error()), 0o600)
		}
		return 1
	}
	if *stop != "" {
		_ = os.WriteFile(*stop, []byte(out.Callback+"\n"), 0o600)
	}
	if *page != "" {
		_ = os.WriteFile(*page, []byte(fmt.Sprintf("status %d\n%s\n", out.Status, out.Body)), 0o600)
	}
	return 0
}

// stage is what one script plays on: an emulator of its own with a clock.
type stage struct {
	*emulator.Server
	web *httptest.Server
	mu  sync.Mutex
	now time.Time
}

func (s *stage) clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

var update = flag.Bool("update", false, "rewrite the golden files of the scripts")

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       *update,
		Setup:               setupScript,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"idp": cmdIDP, "clock": cmdClock, "nosecrets": cmdNoSecrets, "waitfor": cmdWaitFor, "mode": cmdMode, "exits": cmdExits, "glob": cmdGlob, "glob-none": cmdGlobNone, "keyring-has": cmdKeyringHas,
		},
	})
}

// scriptStart is the time at which every script begins.
const scriptStart = "2030-01-02T03:04:05Z"

func setupScript(env *testscript.Env) error {
	start, err := time.Parse(time.RFC3339, scriptStart)
	if err != nil {
		return err
	}
	s := &stage{now: start}
	var presets []*provider.Provider
	for _, id := range provider.Presets() {
		p, err := provider.Preset(id)
		if err != nil {
			return err
		}
		presets = append(presets, p)
	}
	if s.Server, err = emulator.New(emulator.Options{Providers: presets, Now: s.clock}); err != nil {
		return err
	}
	server := httptest.NewUnstartedServer(nil)
	base := "http://" + server.Listener.Addr().String()
	server.Config.Handler = s.Handler(base)
	server.Start()
	env.Defer(server.Close)
	s.web = server
	env.Values["stage"] = s
	port, err := freePort()
	if err != nil {
		return err
	}
	for name, value := range map[string]string{
		"HOME": filepath.Join(env.WorkDir, "home"), "SOCIALAUTH_HOME": filepath.Join(env.WorkDir, "sa"), "TMPDIR": filepath.Join(env.WorkDir, "tmp"),
		"SOCIALAUTH_STORAGE": "key-file", "SOCIALAUTH_EMULATOR": base, "IDP": base, "IDPHOST": server.Listener.Addr().String(), "FAKE_NOW": scriptStart, "PORT": strconv.Itoa(port),
		"TOOLS": filepath.SplitList(env.Getenv("PATH"))[0], "BROWSER": "fakebrowser", "BROWSER_LOG": filepath.Join(env.WorkDir, "browser.log"),
		"SOCIALAUTH_FACEBOOK_CLIENT_ID": "demo-client", "SOCIALAUTH_FACEBOOK_CLIENT_SECRET": clientSecret,
	} {
		env.Setenv(name, value)
	}
	return os.MkdirAll(filepath.Join(env.WorkDir, "tmp"), 0o700)
}

// clientSecret is the canary: no script may find it anywhere.
const clientSecret = "CANARY-CLIENT-SECRET-1"

// nextPort counts through ports that no system gives out by itself, so that
// scripts that run at once do not take each other's.
var nextPort atomic.Int64

// freePort finds a port that is free on the loopback addresses, for providers
// that want a fixed one.
func freePort() (int, error) {
	start := 20_000 + os.Getpid()%100*100
	for range 100 {
		port := start + int(nextPort.Add(1))%100
		l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port))
		if err != nil {
			continue
		}
		return port, l.Close()
	}
	return 0, errors.New("no port is free")
}

func stageOf(ts *testscript.TestScript) *stage { return ts.Value("stage").(*stage) }

// cmdIDP steers the emulator: `idp fault NAME [VALUE]`, `idp clear`,
// `idp log FILE` (writes the requests so far, and forgets them),
// `idp revoke PROVIDER`, `idp expire`, `idp stop` (nobody answers any more).
func cmdIDP(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: idp fault|clear|log|revoke|expire")
	}
	s := stageOf(ts)
	switch args[0] {
	case "fault":
		ts.Check(s.SetFault(args[1], strings.Join(args[2:], " ")))
	case "clear":
		s.ClearFaults()
	case "log":
		var b bytes.Buffer
		for _, e := range s.Log() {
			b.WriteString(e.String() + "\n")
		}
		s.ClearLog()
		ts.Check(os.WriteFile(ts.MkAbs(args[1]), b.Bytes(), 0o600))
	case "revoke":
		s.RevokeAll(args[1])
	case "expire":
		s.ExpireAccessTokens()
	case "stop":
		s.web.Close()
	default:
		ts.Fatalf("idp %s is not known", args[0])
	}
}

// cmdClock moves the time of the emulator and of the program: `clock +2h`.
func cmdClock(ts *testscript.TestScript, _ bool, args []string) {
	d, err := config.ParseDuration(strings.TrimPrefix(args[0], "+"))
	ts.Check(err)
	s := stageOf(ts)
	s.mu.Lock()
	s.now = s.now.Add(d)
	s.mu.Unlock()
	ts.Setenv("FAKE_NOW", s.clock().UTC().Format(time.RFC3339))
}

// cmdNoSecrets fails if a secret stands in the last output or in any file the
// program or the browser left: the client secret, in clear, base64 or
// percent-encoded, and any token the emulator gave out. `nosecrets stdout` leaves stdout
// out, for commands whose job is to print a token.
func cmdNoSecrets(ts *testscript.TestScript, _ bool, args []string) {
	texts := map[string]string{"stderr": ts.ReadFile("stderr")}
	if len(args) == 0 {
		texts["stdout"] = ts.ReadFile("stdout")
	}
	for _, name := range []string{"sa", "home", "tmp", "browser.log"} {
		_ = filepath.WalkDir(ts.MkAbs(name), func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return nil //nolint:nilerr // what is not there holds no secret
			}
			data, _ := os.ReadFile(path)
			texts[path] = string(data)
			return nil
		})
	}
	for where, text := range texts {
		for _, secret := range secretsOf(text) {
			ts.Fatalf("%s holds the secret %q", where, secret)
		}
	}
}

// cmdWaitFor waits until a file of a background command holds a text.
func cmdWaitFor(ts *testscript.TestScript, _ bool, args []string) {
	deadline := time.Now().Add(10 * time.Second)
	for time.Now().Before(deadline) {
		if data, err := os.ReadFile(ts.MkAbs(args[0])); err == nil && strings.Contains(string(data), args[1]) {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	ts.Fatalf("%s does not hold %q after 10 s", args[0], args[1])
}

// cmdMode checks a file's permissions: `mode 0600 FILE…`.
func cmdMode(ts *testscript.TestScript, _ bool, args []string) {
	for _, name := range args[1:] {
		matches, err := filepath.Glob(ts.MkAbs(name))
		ts.Check(err)
		if len(matches) == 0 {
			ts.Fatalf("no file %s", name)
		}
		for _, path := range matches {
			info, err := os.Stat(path)
			ts.Check(err)
			if got := fmt.Sprintf("%04o", info.Mode().Perm()); got != args[0] {
				ts.Fatalf("%s has mode %s, want %s", path, got, args[0])
			}
		}
	}
}

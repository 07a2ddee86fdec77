package cli_test

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/socialauth/socialauth/internal/emulator"
	"github.com/socialauth/socialauth/internal/httpx"
	"github.com/socialauth/socialauth/internal/vault"
	"github.com/socialauth/socialauth/internal/vault/vaulttest"
)

// cmdExits runs a command and checks its exit status, which is a promise to
// scripts: `exits 3 socialauth token print`. A death by signal counts as 128+n.
func cmdExits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits STATUS COMMAND…")
	}
	err := ts.Exec(args[1], args[2:]...)
	if got := exitStatus(err); fmt.Sprint(got) != args[0] {
		ts.Fatalf("%s ended with %d (%v), want %s", strings.Join(args[1:], " "), got, err, args[0])
	}
}

// cmdGlob puts the one file that fits into a variable: `glob record sa/data/*.rec`.
func cmdGlob(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: glob VARIABLE PATTERN")
	}
	found, err := filepath.Glob(ts.MkAbs(args[1]))
	ts.Check(err)
	if len(found) != 1 {
		ts.Fatalf("%s fits %q, want one file", args[1], found)
	}
	ts.Setenv(args[0], found[0])
}

// cmdGlobNone fails if a file fits.
func cmdGlobNone(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: glob-none PATTERN")
	}
	if found, _ := filepath.Glob(ts.MkAbs(args[0])); len(found) != 0 {
		ts.Fatalf("there are %q", found)
	}
}

// cmdKeyringHas looks at the keyring as another program does: `keyring-has
// jwt:facebook FILE` wants an item that holds what the file holds.
func cmdKeyringHas(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: [!] keyring-has USER [FILE]")
	}
	value, err := vaulttest.FileKeyring(ts.MkAbs("keyring")).Get(context.Background(), vault.Service, args[0])
	switch {
	case neg && !errors.Is(err, vault.ErrNotFound):
		ts.Fatalf("%s is in the keyring (%v)", args[0], err)
	case !neg && err != nil:
		ts.Fatalf("%s: %v", args[0], err)
	case !neg && len(args) == 2 && value != ts.ReadFile(args[1]):
		ts.Fatalf("%s holds %q", args[0], value)
	}
}

func exitStatus(err error) int {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case !errors.As(err, &exit):
		return -1
	}
	if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return exit.ExitCode()
}

// byHandMain is a person who signs in by hand: `byhand [FLAGS] COMMAND…` runs
// the command with a pipe as stdin, takes the URL it prints on stderr to the
// emulator, and pastes what the flags say: {url} stands for the address the
// browser ended up at, {code} for the code in it. With --interrupt=TEXT it
// presses Ctrl-C as soon as TEXT is on stderr.
func byHandMain() int {
	var paste []string
	flags := flag.NewFlagSet("byhand", flag.ExitOnError)
	flags.Func("paste", "", func(s string) error { paste = append(paste, s); return nil })
	interrupt := flags.String("interrupt", "", "")
	deny := flags.Bool("deny", false, "")
	_ = flags.Parse(os.Args[1:])
	cmd := exec.Command(flags.Arg(0), flags.Args()[1:]...)
	cmd.Stdout = os.Stdout
	stdin, err1 := cmd.StdinPipe()
	stderr, err2 := cmd.StderrPipe()
	if err := errors.Join(err1, err2, cmd.Start()); err != nil {
		panic(err)
	}
	lines, asked := bufio.NewScanner(stderr), ""
	for lines.Scan() {
		fmt.Fprintln(os.Stderr, lines.Text())
		if line := strings.TrimSpace(lines.Text()); strings.HasPrefix(line, "http://") {
			asked = line
		}
		if *interrupt != "" && strings.Contains(lines.Text(), *interrupt) {
			_ = cmd.Process.Signal(os.Interrupt)
		}
		// The last line before the command waits.
		if strings.Contains(lines.Text(), "press Enter") && len(paste) > 0 {
			pasteAll(stdin, asked, paste, *deny)
		}
	}
	return exitStatus(cmd.Wait())
}

func pasteAll(stdin io.WriteCloser, asked string, paste []string, deny bool) {
	out, err := emulator.Play(context.Background(), httpx.NewClient(httpx.Options{}), asked, emulator.Choice{Deny: deny, Stop: true})
	if err != nil {
		panic(err)
	}
	at, err := url.Parse(out.Callback)
	if err != nil {
		panic(err)
	}
	for _, line := range paste {
		line = strings.NewReplacer("{url}", out.Callback, "{code}", at.Query().Get("code"), "{port}", at.Port()).Replace(line)
		_, _ = io.WriteString(stdin, line+"\n")
	}
	_ = stdin.Close()
}

// attackerMain is a browser among enemies: before the person gets anywhere it
// sends what other programs, pages and port scanners send to a callback. Each
// request and its answer go to the file attack.log, one a line.
func attackerMain() int {
	asked := os.Args[len(os.Args)-1]
	at, err := url.Parse(asked)
	if err != nil {
		panic(err)
	}
	redirect, err := url.Parse(at.Query().Get("redirect_uri"))
	if err != nil {
		panic(err)
	}
	state := at.Query().Get("state")
	var log strings.Builder
	for _, a := range attacks(state) {
		fmt.Fprintf(&log, "%s: %s\n", a.name, a.send(redirect))
	}
	if err := os.WriteFile("attack.log", []byte(log.String()), 0o600); err != nil {
		panic(err)
	}
	if _, err := emulator.Play(context.Background(), httpx.NewClient(httpx.Options{}), asked, emulator.Choice{}); err != nil {
		return 1
	}
	return 0
}

// attack is one hostile request: a request line and headers, sent as they are.
type attack struct {
	name, request, host string
	headers             []string
	body                string
}

// attacks are the rows L05 to L15 of the threat catalogue. Where the state is
// the right one, something else must save the sign-in.
func attacks(state string) []attack {
	right := "/callback?code=EVIL&state=" + state
	form := "code=EVIL&state=" + state
	return []attack{
		{name: "favicon", request: "GET /favicon.ico"},
		{name: "robots", request: "GET /robots.txt"},
		{name: "root", request: "GET /"},
		{name: "path with a slash", request: "GET " + strings.Replace(right, "?", "/?", 1)},
		{name: "HEAD", request: "HEAD " + right},
		{name: "OPTIONS", request: "OPTIONS " + right},
		{name: "POST", request: "POST " + right, headers: []string{"Content-Type: application/x-www-form-urlencoded"}, body: form},
		{name: "POST JSON", request: "POST /callback", headers: []string{"Content-Type: application/json"}, body: `{"code":"EVIL"}`},
		{name: "proxy request", request: "GET http://example.com/"},
		{name: "CONNECT", request: "CONNECT example.com:443"},
		{name: "other host", request: "GET " + right, host: "evil.example"},
		{name: "host without port", request: "GET " + right, host: "localhost"},
		{name: "script of a page", request: "GET " + right, headers: []string{"Sec-Fetch-Mode: cors"}},
		{name: "frame of a page", request: "GET " + right, headers: []string{"Sec-Fetch-Dest: iframe"}},
		{name: "foreign origin", request: "GET " + right, headers: []string{"Origin: https://evil.example"}},
		{name: "no parameters", request: "GET /callback"},
		{name: "no state", request: "GET /callback?code=EVIL"},
		{name: "wrong state", request: "GET /callback?code=EVIL&state=wrong"},
		{name: "state cut short", request: "GET /callback?code=EVIL&state=" + state[:len(state)-1]},
		{name: "state in other case", request: "GET /callback?code=EVIL&state=" + swapCase(state)},
		{name: "state and a blank", request: "GET " + right + "%20"},
		{name: "state twice", request: "GET " + right + "&state=" + state},
		{name: "error without state", request: "GET /callback?error=access_denied"},
		{name: "error with wrong state", request: "GET /callback?error=access_denied&state=wrong"},
		{name: "port scan, TLS", request: "\x16\x03\x01\x00\xc4\x01\x00\x00\xc0\x03\x03"},
		{name: "port scan, SSH", request: "SSH-2.0-OpenSSH_9.6"},
		{name: "port scan, nothing"},
	}
}

func swapCase(s string) string {
	if upper := strings.ToUpper(s); upper != s {
		return upper
	}
	return strings.ToLower(s)
}

// send returns the status of the answer, or "no answer".
func (a attack) send(to *url.URL) string {
	conn, err := net.Dial("tcp", to.Host)
	if err != nil {
		return "no connection"
	}
	defer func() { _ = conn.Close() }()
	if a.request == "" {
		return "hung up"
	}
	_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
	host := a.host
	if host == "" {
		host = to.Host
	}
	text := a.request + "\r\n"
	if strings.Contains(a.request, " ") {
		text = a.request + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n"
		for _, h := range a.headers {
			text += h + "\r\n"
		}
		if a.body != "" {
			text += fmt.Sprintf("Content-Length: %d\r\n", len(a.body))
		}
		text += "\r\n" + a.body
	}
	if _, err := io.WriteString(conn, text); err != nil {
		return "no answer"
	}
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return "no answer"
	}
	_ = answer.Body.Close()
	return fmt.Sprint(answer.StatusCode)
}

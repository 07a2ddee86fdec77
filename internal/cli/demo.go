package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"github.com/socialauth/socialauth/internal/config"
	"github.com/socialauth/socialauth/internal/emulator"
	"github.com/socialauth/socialauth/internal/httpx"
	"github.com/socialauth/socialauth/internal/provider"
	"github.com/socialauth/socialauth/internal/term"
)

const demoLong = `Show the whole story with the program's own commands: sign in to a stand-in for
Facebook on this machine, print the token, ask about it, mint a JWT, decode and verify
it, sign out. It needs no account, no keyring and no display, and leaves nothing behind.

With a display the sign-in page opens in your browser; without one, or with --play, the
program clicks through it itself.`

func (a *App) newDemoCmd() *cobra.Command {
	var play bool
	cmd := &cobra.Command{
		Use: "demo", Short: "See all of it, offline, without an account", Long: demoLong, Args: maxArgs(0),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runDemo(cmd.Context(), play || !a.hasDisplay()) },
	}
	cmd.Flags().BoolVar(&play, "play", false, "click through the sign-in page without a browser")
	return cmd
}

// hasDisplay reports whether a browser could be seen by a person here.
func (a *App) hasDisplay() bool {
	if a.noInput() || a.opener().None() {
		return false
	}
	switch runtime.GOOS {
	case "darwin", "windows":
		return true
	}
	return a.Env("DISPLAY") != "" || a.Env("WAYLAND_DISPLAY") != ""
}

// demo runs commands of the program against a stand-in of its own.
type demo struct {
	app    *App
	server *emulator.Server
	step   int
	jwt    string
}

func (a *App) runDemo(ctx context.Context, play bool) error {
	home, err := os.MkdirTemp("", "socialauth-demo-")
	if err != nil {
		return fmt.Errorf("make a throwaway vault: %w", err)
	}
	defer func() { _ = os.RemoveAll(home) }()
	facebook, err := provider.Preset("facebook")
	if err != nil {
		return err
	}
	server, err := emulator.New(emulator.Options{Providers: []*provider.Provider{facebook}, Now: a.Now})
	if err != nil {
		return err
	}
	listener, err := listenLoopback(ctx, "127.0.0.1:0")
	if err != nil {
		return err
	}
	serving, stop := context.WithCancel(ctx)
	ended := make(chan struct{})
	base := "http://" + listener.Addr().String()
	go func() {
		defer close(ended)
		_ = serve(serving, listener, server.Handler(base)) // what goes wrong with it, a step will show
	}()
	defer func() { stop(); <-ended }()

	d := &demo{app: a.inside(home, base, play), server: server}
	if err := d.run(ctx, a, base); err != nil {
		return err
	}
	a.print("\n" + term.NewStyle(a.Term.StdoutColor).Good("Every step held.") +
		" Nothing was left behind. Next: socialauth provider show facebook, socialauth login facebook\n")
	return nil
}

// inside is the program as it runs in the demo: in a throwaway home, against
// the stand-in.
func (a *App) inside(home, base string, play bool) *App {
	sub := *a
	sub.flags, sub.Self = globalFlags{debug: a.flags.debug}, ""
	sub.Env = overlay(a.Env, map[string]string{
		"SOCIALAUTH_HOME": home, "SOCIALAUTH_CONFIG": "", "SOCIALAUTH_STORAGE": "key-file", "SOCIALAUTH_EMULATOR": base,
		"SOCIALAUTH_ACCOUNT": "", config.ClientVariable("facebook", "CLIENT_ID"): "demo-client",
		config.ClientVariable("facebook", "CLIENT_SECRET"): "demo-secret",
		config.ClientVariable("facebook", "REDIRECT_URI"):  "", config.ClientVariable("facebook", "SCOPES"): "",
	})
	if play {
		sub.Open = sub.playPerson
	}
	return &sub
}

// playPerson is the browser of a machine without one. It returns at once, as
// a browser does, and clicks meanwhile.
func (a *App) playPerson(ctx context.Context, url string) error {
	client := httpx.NewClient(httpx.Options{Base: a.Transport, UserAgent: "socialauth-demo", Now: a.Now})
	go func() {
		if _, err := emulator.Play(ctx, client, url, emulator.Choice{}); err != nil && !errors.Is(err, context.Canceled) {
			a.warn("the sign-in page could not be played: " + err.Error())
		}
	}()
	return nil
}

// run is the story. Every step is checked; the first that does not hold ends it.
func (d *demo) run(ctx context.Context, a *App, base string) error {
	a.print(term.NewStyle(a.Term.StdoutColor).Bold("socialauth demo") + ": a stand-in for Facebook answers at " + base + "\n")
	wrong := flip
	for _, s := range []struct {
		title string
		args  []string
		stdin func() string
		exit  int
		check func(out string) error
	}{
		{"Sign in: browser, callback, one token request, long-lived token, JWT", []string{"login", "facebook"}, nil, exitOK, d.oneTokenRequest},
		{"Who is that, and for how long?", []string{"status"}, nil, exitOK, contains("facebook")},
		{"The access token, for scripts", []string{"token", "print", "facebook"}, nil, exitOK, oneLine},
		{"What does the provider think of it?", []string{"token", "introspect", "facebook"}, nil, exitOK, contains("yes")},
		{"A JWT about the person, signed here", []string{"token", "mint", "facebook", "--audience", "demo-api", "--ttl", "15m"}, nil, exitOK, d.keepJWT},
		{"What is in it", []string{"decode", "-"}, func() string { return d.jwt }, exitOK, contains(`"demo-api"`)},
		{"Is it good?", []string{"verify", "--local", "--audience", "demo-api", "-"}, func() string { return d.jwt }, exitOK, contains("facebook|")},
		{"Is it good for somebody else? It must not be", []string{"verify", "--local", "--audience", "another-api", "-"}, func() string { return d.jwt }, exitRefused, empty},
		{"Is it good with one character changed? It must not be", []string{"verify", "--local", "--audience", "demo-api", "-"}, func() string { return wrong(d.jwt) }, exitRefused, empty},
		{"Sign out: revoke there, forget here", []string{"logout", "facebook"}, nil, exitOK, d.revoked},
		{"Is the token gone? It must be", []string{"token", "print", "facebook"}, nil, exitSignIn, empty},
	} {
		stdin := ""
		if s.stdin != nil {
			stdin = s.stdin()
		}
		if err := d.do(ctx, a, s.title, s.args, stdin, s.exit, s.check); err != nil {
			return err
		}
	}
	return nil
}

// do runs one command as the person would and shows what it said.
func (d *demo) do(ctx context.Context, a *App, title string, args []string, stdin string, exit int, check func(string) error) error {
	d.step++
	style := term.NewStyle(a.Term.StdoutColor)
	a.print(fmt.Sprintf("\n%s\n%s\n", style.Bold(fmt.Sprintf("%d. %s", d.step, title)), style.Faint("   $ socialauth "+strings.Join(args, " "))))
	var out, notes bytes.Buffer
	sub := *d.app
	sub.Stdin, sub.Stdout, sub.Stderr = strings.NewReader(stdin), &out, &notes
	sub.Term.StderrColor = a.Term.StdoutColor
	code := sub.Main(ctx, args)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	for line := range strings.SplitSeq(strings.TrimRight(out.String()+notes.String(), "\n"), "\n") {
		a.print("   " + line + "\n")
	}
	if code != exit {
		return &Error{Exit: exitFailure, Code: "demo", Message: fmt.Sprintf("step %d (%s) ended with exit status %d, not %d", d.step, title, code, exit)}
	}
	if err := check(out.String()); err != nil {
		return &Error{Exit: exitFailure, Code: "demo", Message: fmt.Sprintf("step %d (%s): %v", d.step, title, err)}
	}
	a.print("   " + style.Good("held") + style.Faint(fmt.Sprintf(" (exit status %d)", code)) + "\n")
	return nil
}

// oneTokenRequest: the code was sent exactly once.
func (d *demo) oneTokenRequest(string) error {
	return d.requests("authorization_code", 1)
}

func (d *demo) requests(what string, want int) error {
	n := 0
	for _, e := range d.server.Log() {
		if strings.Contains(e.String(), what) {
			n++
		}
	}
	if n != want {
		return fmt.Errorf("the stand-in saw %d requests of %s, not %d", n, what, want)
	}
	return nil
}

func (d *demo) revoked(string) error { return d.requests("DELETE ", 1) }

func (d *demo) keepJWT(out string) error {
	d.jwt = strings.TrimSuffix(out, "\n")
	if strings.Count(d.jwt, ".") != 2 {
		return errors.New("what was printed is not a JWT")
	}
	return oneLine(out)
}

func contains(what string) func(string) error {
	return func(out string) error {
		if !strings.Contains(out, what) {
			return fmt.Errorf("the output does not hold %q", what)
		}
		return nil
	}
}

func oneLine(out string) error {
	if out == "" || strings.Count(out, "\n") != 1 || !strings.HasSuffix(out, "\n") {
		return errors.New("the output is not exactly one line")
	}
	return nil
}

func empty(out string) error {
	if out != "" {
		return errors.New("something was printed all the same")
	}
	return nil
}

// flip changes one character in the middle of the signature.
func flip(jwt string) string {
	i := strings.LastIndexByte(jwt, '.') + 20
	if i >= len(jwt) {
		return jwt + "A"
	}
	c := byte('A')
	if jwt[i] == c {
		c = 'B'
	}
	return jwt[:i] + string(c) + jwt[i+1:]
}

package cli

import (
	"context"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/socialauth/socialauth/internal/config"
	"github.com/socialauth/socialauth/internal/term"
)

// New is the program on the real streams and in the real environment.
func New(stdin, stdout, stderr *os.File, now func() time.Time) *App {
	environ := os.Environ()
	env := takeEnvironment(environ)
	self, err := os.Executable()
	if err != nil {
		self = "" // then renewals are done without a worker
	}
	return &App{
		Stdin: stdin, Stdout: stdout, Stderr: stderr, Env: env, Now: now, Term: term.Detect(stdin, stdout, stderr, env),
		Self: self, Environ: environ,
	}
}

// takeEnvironment keeps the environment and removes our secrets from the
// process, so that nothing we start, a browser first of all, inherits them (B08).
func takeEnvironment(environ []string) config.Env {
	all := map[string]string{}
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		all[name] = value
		if config.IsSecretVariable(name) {
			_ = os.Unsetenv(name)
		}
	}
	return func(name string) string { return all[name] }
}

// Run is [App.Main] as a process: SIGINT and SIGTERM end the command in good
// order, and the process then ends by that signal, so that a shell sees what
// happened. A second signal ends it at once.
func (a *App) Run(args []string) int {
	if err := hardenProcess(); err != nil {
		a.printError(describe(err), a.wantsJSON(args))
		return describe(err).ExitCode()
	}
	if a.stateless(args) {
		// The kernel ends it, as it should be ended. Handling signals costs a fifth
		// of the whole start (measured), and these commands are run by the thousand.
		return a.Main(context.Background(), args)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	signals, got := make(chan os.Signal, 1), make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		s := <-signals
		signal.Reset(os.Interrupt, syscall.SIGTERM)
		got <- s
		cancel()
	}()
	code := a.Main(ctx, args)
	select {
	case s := <-got:
		if code != exitOK {
			return dieBy(s)
		}
	default:
	}
	return code
}

// stateless reports whether the command line is one that a signal may simply end.
func (a *App) stateless(args []string) bool {
	return len(args) > 0 && slices.ContainsFunc(a.commands(), func(c command) bool { return c.stateless && c.name == args[0] })
}

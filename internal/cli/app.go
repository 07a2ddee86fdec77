// Package cli is the commands: one file each, which parses its flags, calls
// one function below, and prints what came of it.
//
// The whole program is a value, [App]: streams, environment, clock, transport.
// Nothing here reads os.Getenv or the clock on its own, so a test runs the
// real program by filling the struct. What is expensive (the vault, the
// keyring, the network) is opened when a command first needs it, and never by
// `help`, `version`, `completion` or `decode`.
//
// stdout is data and stderr is for people. A failure travels up as an error
// and is put into words once, in describe.go, with its exit code.
package cli

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/socialauth/socialauth/internal/config"
	"github.com/socialauth/socialauth/internal/term"
	"github.com/socialauth/socialauth/internal/vault"
)

// buildVersion is set by the release build (-ldflags -X); empty otherwise. It
// is the program's only package variable.
var buildVersion string //nolint:gochecknoglobals // the linker can set nothing else

// App is the program and everything it takes from outside.
type App struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Env            config.Env
	Now            func() time.Time
	Term           term.Info
	// Transport carries HTTP; nil is the network.
	Transport http.RoundTripper
	// Keyring is the OS keyring; nil is the real one.
	Keyring vault.Keyring
	// Open gives a URL to the person; nil starts a browser as BROWSER says.
	Open func(ctx context.Context, url string) error
	// Self is the path of this program and Environ its whole environment, for
	// the worker that renews tokens. Without Self that is done in this process.
	Self    string
	Environ []string

	out   *checkedWriter
	flags globalFlags
	given []byte // the passphrase, once somebody has typed it or a file, perhaps a pipe, was read
}

// globalFlags are those of every command.
type globalFlags struct {
	json    bool
	noInput bool
	debug   bool
}

// Main runs one command line and returns the exit code.
func (a *App) Main(ctx context.Context, args []string) (code int) {
	a.out = &checkedWriter{w: a.Stdout}
	a.Stderr = &lockedWriter{w: a.Stderr}
	first := ""
	if len(args) > 0 {
		first = args[0]
	}
	root := a.newRootCmd(first)
	root.SetArgs(args)
	defer func() {
		if r := recover(); r != nil {
			// The value may hold a secret, so nothing of it is shown (S19).
			a.printError(&Error{Exit: exitFailure, Code: "panic", Message: "internal error; please report it"}, a.wantsJSON(args))
			code = exitFailure
		}
	}()
	err := a.finish(root.ExecuteContext(ctx))
	if err == nil {
		return exitOK
	}
	failure := describe(err).redact(args)
	if !errors.Is(failure, errSilent) {
		a.printError(failure, a.wantsJSON(args))
	}
	return failure.ExitCode()
}

// wantsJSON also holds when parsing failed before the flag was read.
func (a *App) wantsJSON(args []string) bool {
	if a.flags.json {
		return true
	}
	for _, arg := range args {
		if arg == "--" {
			return false
		}
		if arg == "--json" {
			return true
		}
	}
	return false
}

// noInput reports whether nobody may be asked anything.
func (a *App) noInput() bool {
	return a.flags.noInput || a.Env.Bool("SOCIALAUTH_NO_INPUT") || a.Env.Bool("CI") || !a.Term.Interactive()
}

// errSilent ends a command that has already said what failed.
var errSilent = errors.New("already reported")

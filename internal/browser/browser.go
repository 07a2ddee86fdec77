// Package browser opens a URL for the person.
//
// It decides what to start, and starts it without a shell (B02, B03), with its
// output thrown away so that nothing lands in the middle of a printed token
// (B04), and without waiting for it: openers that stay in the foreground must
// not hold up a sign-in (B05). What may be opened is decided here too, whatever
// the caller believes: https, or http on loopback, and nothing that an opener
// could take for an option or a command (B01).
package browser

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"time"

	pkgbrowser "github.com/pkg/browser"
)

// openerGrace is how long a failing opener has to be noticed as failing.
const openerGrace = 2 * time.Second

// MaxURL is the longest URL that is handed to an opener, in bytes. One argument
// of a process may have 131,071 on Linux; browsers and ShellExecute stop sooner.
const MaxURL = 30_000

// ErrNone means that the person asked for no browser (BROWSER=none).
var ErrNone = errors.New("BROWSER is none")

// UnsafeURLError is a URL that must not reach an opener.
type UnsafeURLError struct{ Reason string }

// Error says why.
func (e *UnsafeURLError) Error() string { return "refusing to open this URL: " + e.Reason }

// Opener opens URLs by the rules of the package comment.
type Opener struct {
	// Command is the value of BROWSER: empty for the system's own opener,
	// "none" for none, or a program and its arguments separated by spaces. The
	// URL is added as the last argument.
	Command string
}

// Explicit reports whether the person named a program in BROWSER.
func (o Opener) Explicit() bool { return strings.TrimSpace(o.Command) != "" && !o.None() }

// None reports whether the person asked for no browser.
func (o Opener) None() bool { return strings.TrimSpace(o.Command) == "none" }

// Open starts the opener. It returns once the opener has ended, or after two
// seconds with the opener still running. A named program that does not exist
// falls through to the system's own. Errors: [ErrNone], [*UnsafeURLError], or
// what the opener said.
func (o Opener) Open(ctx context.Context, raw string) error {
	if o.None() {
		return ErrNone
	}
	safe, err := Check(raw)
	if err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() { done <- o.start(safe) }()
	timer := time.NewTimer(openerGrace)
	defer timer.Stop()
	select {
	case err := <-done:
		return err
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// start runs the opener to its end.
func (o Opener) start(safe string) error {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer func() { _ = null.Close() }()
	if words := strings.Fields(o.Command); len(words) > 0 {
		if path, err := exec.LookPath(words[0]); err == nil {
			// Without a context: the opener outlives the sign-in, and killing a
			// browser because a token arrived would be rude.
			cmd := exec.Command(path, append(words[1:], safe)...) //nolint:forbidigo,gosec,noctx // the person's own program, no shell, and it must not be killed with us
			cmd.Stdin, cmd.Stdout, cmd.Stderr = null, null, null
			return cmd.Run()
		}
	}
	pkgbrowser.Stdout, pkgbrowser.Stderr = null, null
	return pkgbrowser.OpenURL(safe)
}

// Check returns raw as it may be handed to an opener: parsed and written anew.
func Check(raw string) (string, error) {
	if len(raw) > MaxURL {
		return "", &UnsafeURLError{fmt.Sprintf("it has %d bytes, and browsers take %d", len(raw), MaxURL)}
	}
	u, err := url.Parse(raw)
	if err != nil {
		return "", &UnsafeURLError{"it is not a URL"}
	}
	switch {
	case u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())):
		return "", &UnsafeURLError{fmt.Sprintf("its scheme is %q; only https, or http on this machine, is opened", u.Scheme)}
	case u.Hostname() == "" || u.Opaque != "":
		return "", &UnsafeURLError{"it has no host"}
	case strings.IndexFunc(u.Host, func(r rune) bool { return r > 0x7e }) >= 0:
		return "", &UnsafeURLError{"its host is not written in ASCII"}
	case u.User != nil:
		return "", &UnsafeURLError{"it has a user name in front of the host"}
	case u.Fragment != "":
		return "", &UnsafeURLError{"it has a fragment"}
	}
	safe := (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath, RawQuery: u.RawQuery}).String()
	for _, c := range []byte(safe) {
		if c <= ' ' || c >= 0x7f || strings.IndexByte("\"'`<>\\^{|}$;()", c) >= 0 {
			return "", &UnsafeURLError{fmt.Sprintf("it holds the character %q", rune(c))}
		}
	}
	return safe, nil
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}

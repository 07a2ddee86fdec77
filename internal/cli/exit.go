package cli

import (
	"fmt"
	"strings"

	"github.com/socialauth/socialauth/internal/plain"
	"github.com/socialauth/socialauth/internal/term"
)

// The exit codes of the program. They are a promise: scripts branch on them.
// `socialauth help exit-codes` prints the same table.
const (
	exitOK       = 0
	exitFailure  = 1 // malformed input, or a failure without a better code
	exitUsage    = 2 // usage or configuration
	exitSignIn   = 3 // a sign-in is needed
	exitRefused  = 4 // refused for safety, or verification failed
	exitProvider = 5 // provider or network
	exitLocal    = 6 // keyring, disk, lock, port
	exitPerson   = 7 // the person said no or did not answer
)

// Error is a failure as people and scripts see it. Every error that reaches
// the top is turned into one, in [describe], which is the only place where
// failures are put into words.
type Error struct {
	Exit    int
	Code    string // stable, snake_case, for --json
	Message string // lower case, no period; may hold text from elsewhere, which is escaped when printed
	Hints   []string
	Err     error
}

// Error is the message.
func (e *Error) Error() string { return e.Message }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// ExitCode is the status the process ends with.
func (e *Error) ExitCode() int { return e.Exit }

// usagef is a wrong command line or setting.
func usagef(format string, args ...any) *Error {
	return &Error{Exit: exitUsage, Code: "usage", Message: fmt.Sprintf(format, args...)}
}

// hint adds a command to type.
func (e *Error) hint(format string, args ...any) *Error {
	e.Hints = append(e.Hints, fmt.Sprintf(format, args...))
	return e
}

// redactSecrets hides what looks like a secret in a text that repeats what the
// person typed: JWTs, tokens with a known prefix, and long runs of mixed
// characters (C06). It errs on the side of hiding.
func redactSecrets(s string) string {
	var b strings.Builder
	for len(s) > 0 {
		i := strings.IndexFunc(s, isTokenRune)
		if i < 0 {
			break
		}
		b.WriteString(s[:i])
		s = s[i:]
		end := strings.IndexFunc(s, func(r rune) bool { return !isTokenRune(r) })
		if end < 0 {
			end = len(s)
		}
		word := s[:end]
		s = s[end:]
		if looksSecret(word) {
			word = "[redacted]"
		}
		b.WriteString(word)
	}
	b.WriteString(s)
	return b.String()
}

// redact hides what looks like a secret in the command line wherever the
// message repeats it: a token that was pasted in the place of a name (C06).
func (e *Error) redact(args []string) *Error {
	var pairs []string
	for _, arg := range args {
		for _, word := range strings.FieldsFunc(arg, func(r rune) bool { return !isTokenRune(r) }) {
			if looksSecret(word) {
				pairs = append(pairs, strings.TrimLeft(word, "-"), "[redacted]")
			}
		}
	}
	if len(pairs) == 0 {
		return e
	}
	hide := strings.NewReplacer(pairs...)
	e.Message = hide.Replace(e.Message)
	for i, h := range e.Hints {
		e.Hints[i] = hide.Replace(h)
	}
	return e
}

func isTokenRune(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' ||
		strings.ContainsRune("-_.~+/|", r)
}

// looksSecret knows tokens by their beginning, in any part of a path too, and
// otherwise takes a long word of letters and digits for one. A path is no such
// word: it is what most messages are about.
func looksSecret(word string) bool {
	word = strings.TrimLeft(word, "-")
	for part := range strings.SplitSeq(word, "/") {
		for _, prefix := range []string{"eyJ", "gho_", "ghp_", "ghu_", "ghs_", "ghr_", "github_pat_", "ya29.", "EAA", "xox", "glpat-", "CANARY-"} {
			if strings.HasPrefix(part, prefix) && len(part) >= 12 {
				return true
			}
		}
	}
	if len(word) < 20 || strings.Contains(word, "/") {
		return false
	}
	var digit, letter bool
	for _, r := range word {
		digit = digit || r >= '0' && r <= '9'
		letter = letter || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z'
	}
	return digit && letter
}

// printError writes a failure: for people in at most a few lines, with --json
// as one object. Nothing in it can steer the terminal.
func (a *App) printError(e *Error, asJSON bool) {
	if asJSON {
		object := map[string]any{"code": e.Code, "message": e.Message, "exit_code": e.Exit}
		if len(e.Hints) > 0 {
			object["hint"] = strings.Join(e.Hints, "; ")
		}
		a.noteJSON(object)
		return
	}
	style := term.NewStyle(a.Term.StderrColor)
	a.note("socialauth: %s %s", style.Bad("error:"), plain.Cut(e.Message, 4*plain.MaxRemote))
	for _, h := range e.Hints {
		a.note("socialauth: %s %s", style.Warn("hint:"), plain.Cut(h, 4*plain.MaxRemote))
	}
}

package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/socialauth/socialauth/internal/plain"
	"github.com/socialauth/socialauth/internal/term"
)

// checkedWriter remembers the first failed write, so that a command whose
// output did not arrive cannot end with 0 (C01).
type checkedWriter struct {
	w   io.Writer
	err error
}

func (c *checkedWriter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	if err != nil && c.err == nil {
		c.err = err
	}
	return n, err
}

// lockedWriter lets a note from the background not fall into another line.
type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

// outputError is stdout that could not be written.
type outputError struct{ err error }

func (e *outputError) Error() string { return "write the output: " + e.err.Error() }
func (e *outputError) Unwrap() error { return e.err }

// print writes data to stdout. Failures surface when the command ends.
func (a *App) print(text string) { _, _ = io.WriteString(a.out, text) }

// printJSON writes v as one indented object and a newline to stdout.
func (a *App) printJSON(v any) error {
	data, err := marshal(v, "  ")
	if err != nil {
		return err
	}
	a.print(string(data))
	return nil
}

// note writes one line for people to stderr. The arguments are the caller's to
// escape; text from elsewhere goes through [plain.Escape].
func (a *App) note(format string, args ...any) {
	_, _ = fmt.Fprintf(a.Stderr, format+"\n", args...)
}

// warn writes a warning; the text is escaped.
func (a *App) warn(text string) {
	a.note("socialauth: %s %s", term.NewStyle(a.Term.StderrColor).Warn("warning:"), plain.Cut(text, plain.MaxRemote))
}

func (a *App) noteJSON(v any) {
	if data, err := marshal(v, ""); err == nil {
		_, _ = a.Stderr.Write(data)
	}
}

// marshal writes JSON without HTML escapes, but with every character that
// could steer a terminal as \u, so that --json is as safe to look at as the
// text (C11).
func marshal(v any, indent string) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", indent)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return escapeJSON(b.Bytes()), nil
}

// escapeJSON turns what [plain.Escape] would show in braces into JSON escapes.
// encoding/json has already escaped the C0 set, so only runes from DEL up are
// left, and those stand inside strings alone.
func escapeJSON(data []byte) []byte {
	text := string(data)
	if plain.Escape(strings.ReplaceAll(text, "\n", "")) == strings.ReplaceAll(text, "\n", "") {
		return data
	}
	var b strings.Builder
	for _, r := range text {
		if r == '\n' || plain.Escape(string(r)) == string(r) {
			b.WriteRune(r)
			continue
		}
		if r > 0xffff {
			r -= 0x10000
			fmt.Fprintf(&b, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
			continue
		}
		fmt.Fprintf(&b, `\u%04x`, r)
	}
	return []byte(b.String())
}

// rfc3339 is the form of times in JSON: UTC, whole seconds; nil for no time.
func rfc3339(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	s := t.UTC().Format(time.RFC3339)
	return &s
}

// relative words a time as people say it.
func relative(now, t time.Time) string {
	d := t.Sub(now)
	past := d < 0
	if past {
		d = -d
	}
	var s string
	switch {
	case d < 2*time.Minute:
		s = fmt.Sprintf("%d s", int(d.Seconds()))
	case d < 2*time.Hour:
		s = fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		s = fmt.Sprintf("%d h", int(d.Hours()))
	default:
		s = fmt.Sprintf("%d days", int(d.Hours()/24))
	}
	if past {
		return s + " ago"
	}
	return "in " + s
}

// finish reports output that did not arrive.
func (a *App) finish(err error) error {
	if err == nil && a.out.err != nil {
		return &outputError{a.out.err}
	}
	if c, ok := a.Stdout.(io.Closer); ok && err == nil {
		if cerr := c.Close(); cerr != nil && !errors.Is(cerr, os.ErrClosed) {
			return &outputError{cerr}
		}
	}
	return err
}

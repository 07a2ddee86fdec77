// Package secret has the one type that carries a token, a code, a verifier, a
// passphrase or a client secret through the program.
//
// A [Text] prints as "[redacted]" in every way Go can print a value: with fmt
// and any verb, through encoding/json and encoding.TextMarshaler, and through
// log/slog. What it holds comes out only by calling [Text.Reveal], so that one
// search for that word finds every place where a secret leaves its wrapper.
//
// The reason is row S19 of the threat catalogue: the token struct of the OAuth
// library prints its tokens in clear with %v, %#v, JSON and slog, and sooner or
// later somebody formats a struct into an error.
package secret

import (
	"crypto/subtle"
	"fmt"
	"log/slog"
)

const redacted = "[redacted]"

// Text is a secret string. Its zero value is the empty secret.
type Text struct{ value string }

// New wraps value.
func New(value string) Text { return Text{value} }

// Reveal returns the secret itself. The caller decides that it may leave.
func (t Text) Reveal() string { return t.value }

// IsZero reports whether there is no secret.
func (t Text) IsZero() bool { return t.value == "" }

// Equal compares in constant time for secrets of the same length.
func (t Text) Equal(other string) bool {
	return subtle.ConstantTimeCompare([]byte(t.value), []byte(other)) == 1
}

// String implements [fmt.Stringer] and never returns the secret.
func (t Text) String() string { return redacted }

// GoString implements [fmt.GoStringer] and never returns the secret.
func (t Text) GoString() string { return redacted }

// Format implements [fmt.Formatter] for every verb.
func (t Text) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// MarshalText implements [encoding.TextMarshaler] and never writes the secret;
// encoding/json uses it too.
func (t Text) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue implements [slog.LogValuer].
func (t Text) LogValue() slog.Value { return slog.StringValue(redacted) }

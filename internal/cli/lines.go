package cli

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/socialauth/socialauth/internal/jose"
)

// runLines is decode --lines, decode --scan and verify --lines.
func (a *App) runLines(ctx context.Context, args []string, o jose.LinesOptions) error {
	if len(args) > 0 && args[0] != "-" {
		return usagef("--lines and --scan read stdin and take no token").hint("pipe the tokens in, or redirect a file: <tokens.txt")
	}
	if len(args) == 0 && a.Term.StdinTTY {
		return usagef("no tokens were given").hint("pipe the tokens in, or redirect a file: <tokens.txt")
	}
	type outcome struct {
		jose.LinesResult
		err error
	}
	done := make(chan outcome, 1)
	go func() {
		result, err := jose.Lines(ctx, a.Stdin, a.out, o)
		done <- outcome{result, err}
	}()
	var got outcome
	select {
	case got = <-done:
	case <-ctx.Done(): // a read of stdin cannot be interrupted; the process is about to end
		return ctx.Err()
	}
	switch {
	case a.out.err != nil:
		return nil // the end of every command reports it
	case got.err != nil:
		return got.err
	case got.KeysErr != nil:
		return got.KeysErr
	case got.Failed == 0:
		return nil
	case o.Verifier != nil:
		return &Error{
			Exit: exitRefused, Code: "verification_failed",
			Message: fmt.Sprintf("%d of %d tokens were refused", got.Failed, got.Lines),
		}
	}
	return &Error{Exit: exitFailure, Code: "malformed", Message: fmt.Sprintf("%d of %d lines could not be read", got.Failed, got.Lines)}
}

// readFile reads a regular file of at most limit bytes that a flag names.
func readFile(path string, limit int64) ([]byte, error) {
	info, err := os.Stat(path) // before it is opened: to open a pipe waits for the other end
	if err != nil {
		return nil, usagef("the file cannot be read: %v", err)
	}
	tooLarge := usagef("%s must be a regular file of at most %d MiB", path, limit>>20)
	if !info.Mode().IsRegular() {
		return nil, tooLarge
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, usagef("the file cannot be read: %v", err)
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	switch {
	case err != nil:
		return nil, usagef("the file cannot be read: %v", err)
	case int64(len(data)) > limit:
		return nil, tooLarge
	}
	return data, nil
}

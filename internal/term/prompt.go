package term

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	xterm "golang.org/x/term"
)

// ErrNoTerminal means there is no terminal device to ask on.
var ErrNoTerminal = errors.New("there is no terminal to ask on")

// ReadSecret asks for a secret on the terminal device itself, so that it works
// with stdin and stdout redirected, and shows nothing of what is typed. The
// terminal is restored on every way out, a cancelled context included (C09).
func ReadSecret(ctx context.Context, prompt string) ([]byte, error) {
	in, out, err := openTerminal()
	if err != nil {
		return nil, ErrNoTerminal
	}
	defer func() { _ = in.Close(); _ = out.Close() }()
	fd := int(in.Fd())
	before, err := xterm.GetState(fd)
	if err != nil {
		return nil, ErrNoTerminal
	}
	defer func() { _ = xterm.Restore(fd, before) }()
	_, _ = fmt.Fprintf(out, "%s: ", prompt)

	type answer struct {
		secret []byte
		err    error
	}
	done := make(chan answer, 1)
	go func() {
		secret, err := xterm.ReadPassword(fd)
		done <- answer{secret, err}
	}()
	select {
	case a := <-done:
		_, _ = fmt.Fprintln(out)
		return a.secret, a.err
	case <-ctx.Done():
		_, _ = fmt.Fprintln(out)
		return nil, ctx.Err()
	}
}

// ReadLine asks for a line on the terminal device, and shows what is typed.
func ReadLine(ctx context.Context, prompt string) (string, error) {
	in, out, err := openTerminal()
	if err != nil {
		return "", ErrNoTerminal
	}
	defer func() { _ = in.Close(); _ = out.Close() }()
	_, _ = fmt.Fprintf(out, "%s: ", prompt)
	type answer struct {
		line string
		err  error
	}
	done := make(chan answer, 1)
	go func() {
		line, err := bufio.NewReader(io.LimitReader(in, 4096)).ReadString('\n')
		done <- answer{line, err}
	}()
	select {
	case a := <-done:
		return a.line, a.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// openTerminal opens the terminal the process belongs to.
func openTerminal() (in, out *os.File, err error) {
	inName, outName := terminalDevices()
	if in, err = os.OpenFile(inName, os.O_RDWR, 0); err != nil {
		return nil, nil, err
	}
	if out, err = os.OpenFile(outName, os.O_RDWR, 0); err != nil {
		_ = in.Close()
	}
	return in, out, err
}

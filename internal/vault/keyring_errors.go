package vault

import (
	"context"
	"errors"
	"strings"
	"syscall"

	gokeyring "github.com/zalando/go-keyring"
)

var (
	// errNotKept is for a keyring that reported a success it did not have.
	errNotKept = errors.New("the keyring did not keep the value")
	// errNonsense stands for a panic in the library. What it panicked with may
	// hold the secret, so it is not shown (row S19).
	errNonsense = errors.New("the keyring's answer made no sense")
)

// goKeyring is the library behind the backend interface.
type goKeyring struct{}

func (goKeyring) Get(service, user string) (string, error) { return gokeyring.Get(service, user) }
func (goKeyring) Set(service, user, value string) error {
	return gokeyring.Set(service, user, value)
}
func (goKeyring) Delete(service, user string) error { return gokeyring.Delete(service, user) }

func isTimeout(err error) bool {
	return errors.Is(err, ErrKeyringTimeout) || errors.Is(err, context.DeadlineExceeded)
}

func isLocked(err error) bool { return errors.Is(err, ErrKeyringLocked) }

// classifyCommon knows the errors that the library types itself.
func classifyCommon(err error) error {
	switch {
	case errors.Is(err, gokeyring.ErrNotFound):
		return ErrNotFound
	case errors.Is(err, gokeyring.ErrUnsupportedPlatform):
		return &KeyringAbsentError{Reason: Unsupported, Err: err}
	default:
		return err
	}
}

// classifySecretService is for Linux. The library has no types for these; the
// preflight has ruled out most of what it could mean.
func classifySecretService(err error) error {
	text := err.Error()
	switch {
	case strings.Contains(text, "failed to unlock correct collection"):
		return ErrKeyringLocked // locked since the preflight looked
	case strings.Contains(text, "not provided by any .service files"):
		return &KeyringAbsentError{Reason: NoService, Err: err}
	default:
		return classifyCommon(err)
	}
}

// classifySecurity is for macOS. The library runs /usr/bin/security, which ends
// with the low byte of the framework's status.
func classifySecurity(err error) error {
	exit, ok := errors.AsType[interface {
		error
		ExitCode() int
	}](err)
	if !ok {
		return classifyCommon(err)
	}
	switch exit.ExitCode() {
	case 36: // errSecInteractionNotAllowed, -25308
		return ErrKeyringLocked
	case 37, 50: // errSecNoDefaultKeychain, errSecNoSuchKeychain
		return &KeyringAbsentError{Reason: NoCollection, Err: err}
	case 44: // errSecItemNotFound, -25300
		return ErrNotFound
	case 51, 128: // errSecAuthFailed, errSecUserCanceled
		return ErrKeyringDeclined
	case 53: // errSecNotAvailable, -25291
		return &KeyringAbsentError{Reason: NoService, Err: err}
	default:
		return classifyCommon(err)
	}
}

// The errors of Windows' credential functions that mean something here.
const (
	winNoSuchLogonSession syscall.Errno = 1312
	winNotFound           syscall.Errno = 1168
	winCancelled          syscall.Errno = 1223
)

// classifyCredentials is for Windows. 1312 is what a logon over SSH or WinRM
// gets: it has no credential set at all.
func classifyCredentials(err error) error {
	var no syscall.Errno
	if !errors.As(err, &no) {
		return classifyCommon(err)
	}
	switch no {
	case winNoSuchLogonSession:
		return &KeyringAbsentError{Reason: NoSession, Err: err}
	case winNotFound:
		return ErrNotFound
	case winCancelled:
		return ErrKeyringDeclined
	default:
		return classifyCommon(err)
	}
}

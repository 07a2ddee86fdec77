package vault

import (
	"errors"
	"fmt"
	"time"
)

// Sentinels of the package; all are found with [errors.Is].
var (
	// ErrNotFound says that there is no such record, or no such keyring item.
	ErrNotFound = errors.New("not found")
	// ErrKeyringLocked says that the keyring exists and would have to ask the
	// person for its password, which was not allowed or not possible here.
	ErrKeyringLocked = errors.New("the keyring is locked")
	// ErrKeyringTimeout says that the keyring did not answer by the deadline. A
	// write may still happen later; nothing else was written after it.
	ErrKeyringTimeout = errors.New("the keyring did not answer in time")
	// ErrKeyringDeclined says that the person dismissed the keyring's question.
	ErrKeyringDeclined = errors.New("the keyring's question was declined")
	// ErrNoPassphrase says that the passphrase source is in use and nobody gave
	// a passphrase, or gave an empty one.
	ErrNoPassphrase = errors.New("no passphrase was given")
	// ErrNotOneLine says that a value for the keyring has a control character
	// in it; a line break inside a value destroys some keyrings (row S04).
	ErrNotOneLine = errors.New("a keyring value must be one line of text")
)

// NotFoundError says which record does not exist. It is [ErrNotFound].
type NotFoundError struct{ Name Name }

func (e *NotFoundError) Error() string { return fmt.Sprintf("%s %q not found", e.Name.Kind, e.Name.ID) }

// Is reports whether target is [ErrNotFound].
func (e *NotFoundError) Is(target error) bool { return target == ErrNotFound }

// NameError says that a record's name cannot be used.
type NameError struct {
	Name   Name
	Reason string
}

func (e *NameError) Error() string {
	return fmt.Sprintf("record name %q (%s): %s", e.Name.ID, e.Name.Kind, e.Reason)
}

// AbsentReason says in which way a keyring is absent.
type AbsentReason string

// The ways in which a keyring can be absent. Only these may ever move somebody
// to another storage; locked, slow and declined may not.
const (
	NoBus        AbsentReason = "no-bus"        // no D-Bus session bus to talk to
	NoService    AbsentReason = "no-service"    // a bus, and no secret service on it
	NoCollection AbsentReason = "no-collection" // a service without any collection to write to
	NoSession    AbsentReason = "no-session"    // Windows: a network logon has no credential set
	Unsupported  AbsentReason = "unsupported"   // this platform, or this program, has no keyring
)

// KeyringAbsentError says that there is no keyring to be used here.
type KeyringAbsentError struct {
	Reason AbsentReason
	Err    error // what the system said; may be nil
}

func (e *KeyringAbsentError) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("there is no keyring here (%s)", e.Reason)
	}
	return fmt.Sprintf("there is no keyring here (%s): %v", e.Reason, e.Err)
}

// Unwrap returns what the system said.
func (e *KeyringAbsentError) Unwrap() error { return e.Err }

// KeyringError says which keyring call failed. Its cause is one of the
// sentinels, a [KeyringAbsentError], a [TooBigError] or the system's own error.
type KeyringError struct {
	Op     string        // "read", "write" or "delete"
	Item   string        // service and user, as in "socialauth/vault-key-0011aabb"
	Waited time.Duration // after a timeout: how long
	Err    error
}

func (e *KeyringError) Error() string {
	return fmt.Sprintf("%s keyring item %s: %v", e.Op, e.Item, e.Err)
}

// Unwrap returns the cause.
func (e *KeyringError) Unwrap() error { return e.Err }

// TooBigError says that a value is over a limit; both numbers are in bytes.
type TooBigError struct{ Limit, Size int }

func (e *TooBigError) Error() string {
	return fmt.Sprintf("%d bytes are over the limit of %d", e.Size, e.Limit)
}

// KeyMissingError says that a vault exists and its key does not.
type KeyMissingError struct {
	Storage Storage
	Item    string // the keyring item or the key file
	Dir     string
	Records int // how many records are kept in Dir and cannot be opened
}

func (e *KeyMissingError) Error() string {
	return fmt.Sprintf("the vault key %s is gone; %d records are kept in %s", e.Item, e.Records, e.Dir)
}

// KeyCorruptError says that the stored key is there and is not whole.
type KeyCorruptError struct {
	Storage Storage
	Item    string
	Reason  string
}

func (e *KeyCorruptError) Error() string {
	return fmt.Sprintf("the vault key %s is damaged: %s", e.Item, e.Reason)
}

// KeyWrongError says that the stored key is whole and is not this vault's; with
// the passphrase source it says that the passphrase is not the right one.
type KeyWrongError struct {
	Storage Storage
	Item    string
}

func (e *KeyWrongError) Error() string {
	if e.Storage == Passphrase {
		return "the passphrase does not open this vault"
	}
	return fmt.Sprintf("the key %s is not the key of this vault", e.Item)
}

// RecordDamagedError says that a record's file is not what was written.
type RecordDamagedError struct {
	Path   string
	Reason string
}

func (e *RecordDamagedError) Error() string {
	return fmt.Sprintf("record %s is damaged: %s", e.Path, e.Reason)
}

// VaultDamagedError says that vault.json cannot be read as one.
type VaultDamagedError struct {
	Path   string
	Reason string
}

func (e *VaultDamagedError) Error() string {
	return fmt.Sprintf("vault file %s is damaged: %s", e.Path, e.Reason)
}

// NewerVersionError says that a newer version of the program wrote the thing.
type NewerVersionError struct {
	What    string // a path or a keyring item
	Version int
}

func (e *NewerVersionError) Error() string {
	return fmt.Sprintf("%s has format version %d, which this version of socialauth does not know", e.What, e.Version)
}

// InconsistentError says that records exist and nothing says which key they
// were sealed with, so no key may be made for them.
type InconsistentError struct {
	Dir     string
	Records int
	Reason  string
}

func (e *InconsistentError) Error() string {
	return fmt.Sprintf("the vault in %s is inconsistent: %s (%d records)", e.Dir, e.Reason, e.Records)
}

// StorageMismatchError says that a vault uses one storage and another was asked for.
type StorageMismatchError struct{ Recorded, Asked Storage }

func (e *StorageMismatchError) Error() string {
	return fmt.Sprintf("this vault uses the storage %q, not %q", e.Recorded, e.Asked)
}

// UnsafePathError says that a path is refused because somebody else could read
// it or could have put it there (row S07).
type UnsafePathError struct {
	Path   string
	Reason string
	Fix    string // a shell command that mends it, or ""
}

func (e *UnsafePathError) Error() string { return fmt.Sprintf("%s %s", e.Path, e.Reason) }

// LockedByError says that another process held a lock until the deadline.
type LockedByError struct {
	PID  int // 0 if it is not known
	Path string
}

func (e *LockedByError) Error() string {
	if e.PID == 0 {
		return fmt.Sprintf("another process holds %s", e.Path)
	}
	return fmt.Sprintf("process %d holds %s", e.PID, e.Path)
}

// StoreError says which file operation failed; the cause is the system's, so
// that errors.Is finds syscall.ENOSPC or fs.ErrPermission in it.
type StoreError struct {
	Op   string // "read", "write", "sync", "rename", "remove", "lock", "list", "create"
	Path string
	Err  error
}

func (e *StoreError) Error() string {
	return fmt.Sprintf("%s %s: %v", e.Op, e.Path, bare(e.Err))
}

// Unwrap returns the system's error.
func (e *StoreError) Unwrap() error { return e.Err }

// firstError returns the first that is not nil: one reason to refuse is enough,
// and a message has one line.
func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

package cli

import (
	"errors"
	"fmt"
	"syscall"

	"github.com/socialauth/socialauth/internal/vault"
)

// asVault is everything about keeping tokens: exit 6, except for files that
// others could have read or replaced, which is a refusal (exit 4).
func asVault(err error) *Error {
	local := func(code, message string) *Error { return &Error{Exit: exitLocal, Code: code, Message: message} }
	if e, ok := as[*vault.UnsafePathError](err); ok {
		out := &Error{Exit: exitRefused, Code: "unsafe_file", Message: fmt.Sprintf("refusing to use %s: it %s", e.Path, e.Reason)}
		if e.Fix != "" {
			out.hint("%s", e.Fix)
		}
		return out
	}
	if e, ok := as[*vault.TooBigError](err); ok {
		return local("too_big", "the keyring of this system cannot hold it: "+e.Error()).
			hint("leave out --keyring; the token is kept in the vault in any case")
	}
	if e := asKeyring(err); e != nil {
		return e
	}
	if e := asVaultKey(err); e != nil {
		return e
	}
	if e, ok := as[*vault.RecordDamagedError](err); ok {
		return local("record_damaged", e.Error()+"; nothing was deleted").hint("sign in again: the damaged file is then moved aside")
	}
	if e, ok := as[*vault.LockedByError](err); ok {
		who := "another process"
		if e.PID != 0 {
			who = fmt.Sprintf("another socialauth (pid %d)", e.PID)
		}
		return local("locked", who+" is working on this account")
	}
	if e, ok := as[*vault.StoreError](err); ok {
		switch {
		case errors.Is(e, syscall.ENOSPC):
			return local("disk_full", "no space left to keep the tokens; what was stored is unchanged")
		case errors.Is(e, syscall.EROFS):
			return local("read_only", e.Path+" is on a read-only file system; what was stored is unchanged")
		}
		return local("store", e.Error())
	}
	if e, ok := as[*vault.NoVaultError](err); ok {
		return (&Error{Exit: exitUsage, Code: "no_vault", Message: e.Error()}).hint("the first sign-in makes one: socialauth login PROVIDER")
	}
	if e, ok := as[*vault.SameStorageError](err); ok {
		return usagef("%s", e.Error())
	}
	if e, ok := as[*vault.NameError](err); ok {
		return usagef("%s", e.Error())
	}
	return nil
}

// asKeyring is a keyring that is not there or does not open.
func asKeyring(err error) *Error {
	if e, ok := as[*vault.KeyringAbsentError](err); ok {
		out := &Error{Exit: exitLocal, Code: "keyring_absent", Message: e.Error()}
		return out.
			hint("keep the key behind a passphrase: SOCIALAUTH_STORAGE=passphrase (with SOCIALAUTH_PASSPHRASE_FILE where nobody can type)").
			hint("or in a file of mode 0600, which protects against nothing that runs as you: SOCIALAUTH_STORAGE=key-file")
	}
	e := &Error{Exit: exitLocal}
	switch {
	case errors.Is(err, vault.ErrKeyringLocked):
		e.Code, e.Message = "keyring_locked", "the keyring is locked"
		e.hint("unlock it (log in to the desktop, or: gnome-keyring-daemon --unlock) and try again")
	case errors.Is(err, vault.ErrKeyringTimeout):
		e.Code, e.Message = "keyring_timeout", "the keyring did not answer in time; is it waiting for you in another window?"
	case errors.Is(err, vault.ErrKeyringDeclined):
		e.Code, e.Message, e.Exit = "keyring_declined", "the keyring's question was declined", exitPerson
	case errors.Is(err, vault.ErrNoPassphrase):
		e.Code, e.Message = "no_passphrase", "the vault needs its passphrase, and there is no terminal to ask on"
		e.hint("set SOCIALAUTH_PASSPHRASE_FILE or SOCIALAUTH_PASSPHRASE")
	default:
		if k, ok := as[*vault.KeyringError](err); ok {
			e.Code, e.Message = "keyring", k.Error()
			return e
		}
		return nil
	}
	return e
}

// asVaultKey is a vault whose key is gone, broken or another one. Nothing is
// ever deleted because of it.
func asVaultKey(err error) *Error {
	local := func(code string, e error) *Error {
		return &Error{Exit: exitLocal, Code: code, Message: e.Error() + "; nothing was deleted"}
	}
	if e, ok := as[*vault.KeyMissingError](err); ok {
		return local("key_missing", e).hint("restore the keyring from your backup; if it is lost for good: socialauth vault reset")
	}
	if e, ok := as[*vault.KeyCorruptError](err); ok {
		return local("key_corrupt", e)
	}
	if e, ok := as[*vault.KeyWrongError](err); ok {
		return local("key_wrong", e)
	}
	if e, ok := as[*vault.VaultDamagedError](err); ok {
		return local("vault_damaged", e)
	}
	if e, ok := as[*vault.InconsistentError](err); ok {
		return local("vault_inconsistent", e)
	}
	if e, ok := as[*vault.NewerVersionError](err); ok {
		return local("newer_version", e).hint("use the newer socialauth that wrote it")
	}
	if e, ok := as[*vault.StorageMismatchError](err); ok {
		return (&Error{Exit: exitUsage, Code: "storage_mismatch", Message: e.Error()}).
			hint("leave SOCIALAUTH_STORAGE unset, or move the key: socialauth vault migrate --to %s", e.Asked)
	}
	return nil
}

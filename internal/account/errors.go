package account

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/socialauth/socialauth/internal/vault"
)

// NotSignedInError means that there is no such account.
type NotSignedInError struct{ Account Ref }

// Error names the account.
func (e *NotSignedInError) Error() string { return "not signed in to " + e.Account.String() }

func notSignedIn(ref Ref, err error) error {
	if errors.Is(err, vault.ErrNotFound) {
		return &NotSignedInError{ref}
	}
	return err
}

// SignInAgainError means that the account's tokens cannot be made good without
// the person.
type SignInAgainError struct {
	Account Ref
	Reason  string // what happened, in words
	Err     error  // the provider's answer, if there was one
}

// Error says why.
func (e *SignInAgainError) Error() string {
	return fmt.Sprintf("the sign-in to %s has ended: %s", e.Account, e.Reason)
}

// Unwrap returns the provider's answer.
func (e *SignInAgainError) Unwrap() error { return e.Err }

// RecentFailureError means that the renewal failed moments ago, perhaps for
// another process, and was not tried again.
type RecentFailureError struct {
	Account Ref
	Failure Failure
}

// Error says why it failed then.
func (e *RecentFailureError) Error() string {
	return fmt.Sprintf("the token of %s could not be renewed at %s: %s",
		e.Account, e.Failure.At.UTC().Format(time.RFC3339), e.Failure.Reason)
}

// NoTokenError means that the account has no token of the type asked for.
type NoTokenError struct {
	Account Ref
	Type    string
	Reason  string
}

// Error says why.
func (e *NoTokenError) Error() string {
	return fmt.Sprintf("%s has no %s token: %s", e.Account, e.Type, e.Reason)
}

// OtherServerError means that the account's tokens came from another server
// than the one the settings name now. They are not sent there.
type OtherServerError struct {
	Account     Ref
	Stored, Now string // scheme://host
}

// Error names both.
func (e *OtherServerError) Error() string {
	return fmt.Sprintf("the sign-in to %s was made at %s, but the settings now point to %s", e.Account, e.Stored, e.Now)
}

// SubjectError means that somebody else than expected signed in.
type SubjectError struct{ Want, Got string }

// Error names both.
func (e *SubjectError) Error() string {
	return fmt.Sprintf("the person who signed in is %q, not %q as --expect-sub demands", e.Got, e.Want)
}

// AmbiguousError means that several accounts fit and none was named.
type AmbiguousError struct {
	What     string // what was asked for; empty for any account
	Accounts []string
}

// Error lists them.
func (e *AmbiguousError) Error() string {
	if len(e.Accounts) == 0 {
		return "no account was named, and there is none"
	}
	what := "no account was named"
	if e.What != "" {
		what = e.What + " has several accounts"
	}
	return what + ": there are " + strings.Join(e.Accounts, ", ")
}

// KeyError means that a signing key cannot be used or made.
type KeyError struct {
	Name   string
	Reason string
	Known  []string // the keys there are
}

// Error says why.
func (e *KeyError) Error() string { return fmt.Sprintf("key %q: %s", e.Name, e.Reason) }

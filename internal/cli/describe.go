package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"

	"github.com/socialauth/socialauth/internal/account"
	"github.com/socialauth/socialauth/internal/browser"
	"github.com/socialauth/socialauth/internal/config"
	"github.com/socialauth/socialauth/internal/jose"
	"github.com/socialauth/socialauth/internal/provider"
	"github.com/socialauth/socialauth/internal/tomlfile"
)

// describe puts a failure into words and gives it its exit code. It is the one
// place where that is done: the packages below return typed errors and say
// nothing to people. The order matters only in that the most specific type
// comes first.
func describe(err error) *Error {
	if e, ok := as[*Error](err); ok {
		return e // worded where it was noticed
	}
	for _, find := range []func(error) *Error{
		asInterrupted, asSettings, asAccount, asProtocol, asNetwork, asVault, asToken, asOutput,
	} {
		if e := find(err); e != nil {
			e.Err = err
			return e
		}
	}
	return &Error{Exit: exitFailure, Code: "failure", Message: err.Error(), Err: err}
}

// as finds an error of type T in the chain.
func as[T error](err error) (T, bool) {
	var target T
	ok := errors.As(err, &target)
	return target, ok
}

func asInterrupted(err error) *Error {
	if errors.Is(err, context.Canceled) {
		return &Error{Exit: exitFailure, Code: "interrupted", Message: "interrupted"}
	}
	return nil
}

// asSettings is wrong files and wrong names: the person's to mend.
func asSettings(err error) *Error {
	if e, ok := as[*tomlfile.Error](err); ok {
		return &Error{Exit: exitUsage, Code: "config", Message: e.Error()}
	}
	if e, ok := as[*provider.UnknownError](err); ok {
		out := usagef("there is no provider called %q", redactSecrets(e.ID))
		out.Code = "unknown_provider"
		if e.Suggestion != "" {
			out.hint("did you mean %s?", e.Suggestion)
		}
		return out.hint("socialauth provider list; for any other OpenID Connect server: socialauth login https://ITS-ISSUER")
	}
	if e, ok := as[*account.RefError](err); ok {
		return usagef("%s", redactSecrets(e.Error()))
	}
	if errors.Is(err, config.ErrNoHome) {
		return &Error{Exit: exitLocal, Code: "no_home", Message: err.Error()}
	}
	return nil
}

func asAccount(err error) *Error {
	if e, ok := as[*account.NotSignedInError](err); ok {
		return (&Error{Exit: exitSignIn, Code: "not_signed_in", Message: e.Error()}).hint("socialauth login %s", firstLogin(e.Account))
	}
	if e, ok := as[*account.SignInAgainError](err); ok {
		out := &Error{Exit: exitSignIn, Code: "sign_in_needed", Message: e.Error()}
		if server := asProtocol(e.Err); server != nil {
			out.Message += ": " + server.Message
		}
		return out.hint("socialauth login %s", e.Account)
	}
	if e, ok := as[*account.RecentFailureError](err); ok {
		out := &Error{Exit: exitProvider, Code: "renewal_failed", Message: e.Error()}
		if e.Failure.Ended {
			out.Exit, out.Code = exitSignIn, "sign_in_needed"
			return out.hint("socialauth login %s", e.Account)
		}
		return out.hint("it is tried again half a minute after that, or now: socialauth token refresh %s", e.Account)
	}
	if e, ok := as[*account.OtherServerError](err); ok {
		return (&Error{Exit: exitSignIn, Code: "other_server", Message: e.Error()}).
			hint("the token was not sent there; sign in again: socialauth login %s", e.Account).
			hint("or look at SOCIALAUTH_EMULATOR and your provider files")
	}
	if e, ok := as[*account.NoTokenError](err); ok {
		out := &Error{Exit: exitFailure, Code: "no_such_token", Message: e.Error()}
		if e.Type == account.JWT {
			out.hint("socialauth token mint %s", e.Account)
		}
		return out
	}
	if e, ok := as[*account.SubjectError](err); ok {
		return &Error{Exit: exitRefused, Code: "wrong_subject", Message: e.Error()}
	}
	if e, ok := as[*account.AmbiguousError](err); ok {
		if len(e.Accounts) == 0 {
			return (&Error{Exit: exitSignIn, Code: "not_signed_in", Message: "not signed in to anything"}).hint("socialauth login PROVIDER")
		}
		out := usagef("%s", e.Error())
		out.Code = "ambiguous_account"
		return out.hint("name one, or choose one for good: socialauth switch %s", e.Accounts[0])
	}
	if e, ok := as[*account.KeyError](err); ok {
		out := usagef("%s", e.Error())
		out.Code = "key"
		if len(e.Known) > 0 {
			out.hint("the keys are: %s", strings.Join(e.Known, ", "))
		}
		return out
	}
	return nil
}

// firstLogin is what `login` is to be called with for an account there is
// nothing known about: one with a host's name was named after an issuer.
func firstLogin(ref account.Ref) string {
	if strings.ContainsAny(ref.Provider, ".:") {
		return "https://" + ref.Provider
	}
	return ref.String()
}

// verifyWords lists why a token was refused, one fact a reason.
func verifyWords(e *jose.VerifyError) string {
	parts := make([]string, len(e.Reasons))
	for i, r := range e.Reasons {
		head := strings.ReplaceAll(string(r.Code), "_", " ")
		switch r.Code {
		case jose.CodeMissing, jose.CodeInvalid, jose.CodeClaim:
			head += " " + r.Claim
		case jose.CodeExpired, jose.CodeNotYet, jose.CodeIssuedLater:
			head = r.Claim // the detail says the rest
		}
		parts[i] = strings.TrimSuffix(head+": "+r.Detail, ": ")
	}
	return strings.Join(parts, "; ")
}

// asToken is tokens and keys that are not what they should be.
func asToken(err error) *Error {
	if e, ok := as[*jose.VerifyError](err); ok {
		exit := exitRefused
		if e.Has(jose.CodeMalformed) {
			exit = exitFailure
		}
		return &Error{Exit: exit, Code: "verification_failed", Message: "token refused: " + verifyWords(e)}
	}
	if e, ok := as[*jose.DecryptError](err); ok {
		return &Error{Exit: exitRefused, Code: "decrypt", Message: e.Error()}
	}
	if e, ok := as[*jose.SyntaxError](err); ok {
		return &Error{Exit: exitFailure, Code: "malformed", Message: e.Error()}
	}
	if e, ok := as[*jose.KeyError](err); ok {
		return &Error{Exit: exitUsage, Code: "key", Message: e.Error()}
	}
	if errors.Is(err, jose.ErrConfig) {
		return usagef("%v", err)
	}
	return nil
}

// asOutput is what could not be written or opened.
func asOutput(err error) *Error {
	if e, ok := as[*outputError](err); ok {
		out := &Error{Exit: exitLocal, Code: "output", Message: e.Error()}
		if errors.Is(e.err, syscall.ENOSPC) {
			out.Message = "write the output: no space left"
		}
		return out
	}
	if e, ok := as[*browser.UnsafeURLError](err); ok {
		return &Error{Exit: exitRefused, Code: "unsafe_url", Message: e.Error()}
	}
	if e, ok := as[*os.PathError](err); ok {
		return &Error{Exit: exitLocal, Code: "file", Message: fmt.Sprintf("%s %s: %v", e.Op, e.Path, e.Err)}
	}
	return nil
}

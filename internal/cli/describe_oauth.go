package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/socialauth/socialauth/internal/httpx"
	"github.com/socialauth/socialauth/internal/jose"
	"github.com/socialauth/socialauth/internal/oauth"
)

// asProtocol is what the provider said, or should not have said.
func asProtocol(err error) *Error {
	if err == nil {
		return nil
	}
	if e, ok := as[*oauth.AuthorizationError](err); ok {
		return authorizationRefused(e)
	}
	if e, ok := as[*oauth.ServerError](err); ok {
		return serverRefused(e)
	}
	if e, ok := as[*oauth.IDTokenError](err); ok {
		out := &Error{Exit: exitRefused, Code: "id_token", Message: "the provider's ID token is refused: " + innermostReason(e)}
		return skewHint(out, e.Skew.String(), e.Skew != 0)
	}
	if e, ok := as[*oauth.IssuerError](err); ok {
		return &Error{Exit: exitRefused, Code: "issuer_mismatch", Message: e.Error() + "; the code was not used"}
	}
	if e, ok := as[*oauth.RedirectError](err); ok {
		return &Error{Exit: exitProvider, Code: "redirected", Message: e.Error()}
	}
	if e, ok := as[*oauth.ProtocolError](err); ok {
		return &Error{Exit: exitProvider, Code: "bad_answer", Message: e.Error()}
	}
	if e, ok := as[*oauth.UnsafeURLError](err); ok {
		return &Error{Exit: exitRefused, Code: "unsafe_url", Message: "refusing to use " + e.Error()}
	}
	if e, ok := as[*oauth.UnsupportedError](err); ok {
		return &Error{Exit: exitUsage, Code: "unsupported", Message: e.Error()}
	}
	return asSignInSetup(err)
}

// asSignInSetup is what keeps a sign-in from starting.
func asSignInSetup(err error) *Error {
	if e, ok := as[*oauth.PortError](err); ok {
		return (&Error{Exit: exitLocal, Code: "port", Message: "the redirect needs " + e.Error()}).
			hint("name another one that is registered with the app: --port N, or --port 0 for any free one")
	}
	if e, ok := as[*oauth.ParamError](err); ok {
		return usagef("%s", e.Error())
	}
	if e, ok := as[*oauth.TooLongError](err); ok {
		return usagef("%s", e.Error())
	}
	if e, ok := as[*oauth.IssuerURLError](err); ok {
		out := usagef("%s", e.Error())
		if e.Suggestion != "" {
			out.hint("did you mean %s?", e.Suggestion)
		}
		return out
	}
	if e, ok := as[*oauth.DiscoveryError](err); ok {
		exit := exitProvider
		if e.Unsafe {
			exit = exitRefused
		}
		out := &Error{Exit: exit, Code: "discovery", Message: e.Error()}
		if e.Suggestion != "" {
			out.hint("its issuer calls itself %s; try: socialauth login %s", e.Suggestion, e.Suggestion)
		}
		return out
	}
	return nil
}

// innermostReason is the fact at the end of a chain of errors.
func innermostReason(err error) string {
	if e, ok := as[*jose.VerifyError](err); ok {
		return verifyWords(e)
	}
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err.Error()
		}
		err = next
	}
}

// authorizationRefused gives each error code of the authorization response its
// exit code (A12).
func authorizationRefused(e *oauth.AuthorizationError) *Error {
	out := &Error{Exit: exitProvider, Code: e.Code, Message: e.Error()}
	switch e.Code {
	case "access_denied", "user_cancelled_login", "user_cancelled_authorize", "ACCESS_DENIED":
		out.Exit, out.Message = exitPerson, "the sign-in was declined at the provider"
		if e.Description != "" {
			out.Message += ": " + e.Description
		}
	case "login_required", "consent_required", "interaction_required", "account_selection_required":
		out.Exit = exitSignIn
	case "invalid_scope", "invalid_request", "unauthorized_client", "unsupported_response_type":
		out.Exit = exitUsage
	}
	return out
}

// serverRefused words an endpoint's "no" (T18).
func serverRefused(e *oauth.ServerError) *Error {
	out := &Error{Exit: exitProvider, Code: e.Code, Message: serverWords(e)}
	if out.Code == "" {
		out.Code = fmt.Sprintf("http_%d", e.Status)
	}
	switch {
	case e.SignInNeeded():
		out.Exit = exitSignIn
	case e.Code == "invalid_client" || e.Code == "unauthorized_client":
		out.Exit = exitUsage
		out.hint("check the client id and the client secret")
	case e.Code == "invalid_scope":
		out.Exit = exitUsage
	case e.RetryAfter > 0:
		out.hint("the provider asks to wait %s", e.RetryAfter)
	}
	return skewHint(out, e.Skew.String(), e.Skew != 0)
}

// serverWords is the step, who answered what, and every fact that helps to ask
// the provider about it.
func serverWords(e *oauth.ServerError) string {
	text := fmt.Sprintf("%s: %s answered %d", e.Op, e.Host, e.Status)
	var facts []string
	for _, f := range [][2]string{{"", e.Code}, {"subcode ", e.Subcode}, {"", e.Detail}, {"fbtrace_id ", e.TraceID}} {
		if f[1] != "" {
			facts = append(facts, f[0]+f[1])
		}
	}
	if len(facts) > 0 {
		text += " (" + strings.Join(facts, ", ") + ")"
	}
	if e.Description != "" {
		text += ": " + e.Description
	}
	return text
}

// skewHint says that the clocks differ, which explains what else does not (T30).
func skewHint(e *Error, skew string, differs bool) *Error {
	if differs {
		e.hint("the provider's clock and this machine's differ by %s; is the clock here right?", skew)
	}
	return e
}

// asNetwork is a provider that gave no usable answer.
func asNetwork(err error) *Error {
	if e, ok := as[*httpx.Error](err); ok {
		if errors.Is(e.Err, context.Canceled) {
			return &Error{Exit: exitFailure, Code: "interrupted", Message: "interrupted"}
		}
		return &Error{Exit: exitProvider, Code: "network", Message: fmt.Sprintf("%s cannot be reached: %s: %s", e.Host, e.Phase, e.Reason())}
	}
	if e, ok := as[*httpx.TooLargeError](err); ok {
		return &Error{Exit: exitProvider, Code: "bad_answer", Message: e.Error()}
	}
	return nil
}

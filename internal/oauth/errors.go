package oauth

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/socialauth/socialauth/internal/plain"
)

// Sentinels to be tested with errors.Is.
var (
	// ErrNotOurs: a callback whose state is missing, wrong, used up or
	// unreadable. It says nothing about the sign-in, which goes on (A01).
	ErrNotOurs = errors.New("the answer does not belong to this sign-in")
	// ErrNoAnswer: the time given to [Listener.Wait] is over (L21).
	ErrNoAnswer = errors.New("no answer came from the browser")
	// ErrBareCode: something without the shape of a URL was pasted; a code
	// alone cannot be checked against the state (L33).
	ErrBareCode = errors.New("a code alone is not enough, the whole redirect URL is needed")
	// ErrUnsupported: the provider has no way to do what was asked; the error
	// is an [*UnsupportedError] with the reason.
	ErrUnsupported = errors.New("not supported by the provider")
	// ErrNoIDToken: openid was asked for and no ID token came (T17).
	ErrNoIDToken = errors.New("no ID token in the answer")
)

// notOursError is [ErrNotOurs] with the cause, which is fixed text.
type notOursError struct{ reason string }

func (e *notOursError) Error() string        { return ErrNotOurs.Error() + ": " + e.reason }
func (e *notOursError) Is(target error) bool { return target == ErrNotOurs }

// IssuerError is an authorization response from another issuer than the one
// the sign-in was started with, or from none although the provider always
// names itself (RFC 9207 section 2.4, A04). The code was not used.
type IssuerError struct {
	Want string
	Got  string // printable; empty if iss was missing
}

func (e *IssuerError) Error() string {
	if e.Got == "" {
		return fmt.Sprintf("the authorization response names no issuer, expected %q", e.Want)
	}
	return fmt.Sprintf("the authorization response is from issuer %q, expected %q", e.Got, e.Want)
}

// AuthorizationError is the provider's "no" in the authorization response (RFC
// 6749 section 4.1.2.1). All fields are printable and at most 500 characters;
// URI is never to be opened or made a link (L29).
type AuthorizationError struct {
	Code        string // access_denied, login_required, …
	Description string
	URI         string
}

func (e *AuthorizationError) Error() string {
	return withDetail("the provider refused: "+e.Code, e.Description)
}

// ServerError is an endpoint's "no": an error answer that could be read. All
// texts are printable and at most 500 characters.
type ServerError struct {
	Op          string // "exchange the code", "refresh", "profile", …
	Host        string
	Status      int    // HTTP status; 200 for providers that answer errors with it
	Code        string // RFC 6749 error code where the provider's means the same, else its own
	Subcode     string // Facebook's error_subcode
	Description string
	Detail      string // a second code or type (Kakao's KOE…, Facebook's OAuthException, GitHub's own name for Code)
	TraceID     string // Facebook's fbtrace_id
	RetryAfter  time.Duration
	// Skew is how far the provider's clock is ahead of ours, if more than two
	// minutes either way, else 0 (T30).
	Skew time.Duration
}

func (e *ServerError) Error() string {
	head := fmt.Sprintf("%s: %s answered %d", e.Op, e.Host, e.Status)
	if e.Code != "" {
		head += " " + e.Code
	}
	return withDetail(head, e.Description)
}

// SignInNeeded reports whether the answer means that the grant is gone and only
// a new sign-in helps: invalid_grant (RFC 6749 section 5.2), invalid_token (RFC
// 6750 section 3.1), Facebook's code 190, a plain 401 to a bearer token, and
// invalid_request to a refresh, with which X and Naver refuse a dead refresh
// token: the request itself is always well-formed.
func (e *ServerError) SignInNeeded() bool {
	switch e.Code {
	case "invalid_grant", "invalid_token", "190":
		return true
	case "invalid_client", "unauthorized_client":
		return false
	case "invalid_request":
		if e.Op == opRefresh {
			return true
		}
	}
	return e.Status == 401 && e.Op == opProfile
}

// ProtocolError is an answer that is malformed or unsafe to use. Nothing of it
// was kept.
type ProtocolError struct {
	Op     string
	Host   string
	Reason string
}

func (e *ProtocolError) Error() string {
	if e.Host == "" {
		return e.Op + ": " + e.Reason
	}
	return fmt.Sprintf("%s: %s: %s", e.Op, e.Host, e.Reason)
}

// RedirectError is a redirect from an endpoint that gets credentials. It was
// not followed (T08, T26).
type RedirectError struct {
	Op     string
	Host   string
	Status int
	Target string // scheme://host the Location header points to, printable, or "" if unreadable
}

func (e *RedirectError) Error() string {
	return fmt.Sprintf("%s: %s redirected to %q (%d); refusing to send credentials there", e.Op, e.Host, e.Target, e.Status)
}

// IDTokenError is an ID token that is missing or did not pass its checks.
type IDTokenError struct {
	Err  error
	Skew time.Duration // see [ServerError]; explains failures of exp, nbf and iat
}

func (e *IDTokenError) Error() string { return "ID token: " + e.Err.Error() }

// Unwrap returns the failed check.
func (e *IDTokenError) Unwrap() error { return e.Err }

// UnsafeURLError is a URL nothing may be sent to and that is not to be opened.
type UnsafeURLError struct {
	What   string // the field, e.g. "token_endpoint"
	URL    string // printable, without query, userinfo and fragment
	Reason string
}

func (e *UnsafeURLError) Error() string {
	return fmt.Sprintf("%s %q: %s", e.What, e.URL, e.Reason)
}

// ParamError is an argument of the caller's that cannot be used.
type ParamError struct {
	Name   string
	Reason string
}

func (e *ParamError) Error() string { return e.Name + ": " + e.Reason }

// TooLongError is an authorization URL no browser could be handed (B14).
type TooLongError struct{ Length, Limit int }

func (e *TooLongError) Error() string {
	return fmt.Sprintf("the authorization URL has %d bytes, the limit is %d", e.Length, e.Limit)
}

// PastedURLError is a pasted URL that is not the redirect of this sign-in.
type PastedURLError struct {
	Reason string // fixed text
}

func (e *PastedURLError) Error() string {
	return "the pasted text is not the redirect of this sign-in: " + e.Reason
}

// PortError is a callback port that could not be had.
type PortError struct {
	Port int
	Err  error
}

func (e *PortError) Error() string { return fmt.Sprintf("port %d: %v", e.Port, e.Err) }

// Unwrap returns the cause.
func (e *PortError) Unwrap() error { return e.Err }

// InUse reports whether another process has the port, on every platform.
func (e *PortError) InUse() bool { return inUse(e.Err) }

// UnsupportedError is [ErrUnsupported] with what was asked and why it cannot be.
type UnsupportedError struct {
	Op     string
	Reason string
}

func (e *UnsupportedError) Error() string { return e.Op + ": " + e.Reason }

// Is makes errors.Is(err, ErrUnsupported) true.
func (e *UnsupportedError) Is(target error) bool { return target == ErrUnsupported }

func withDetail(head, detail string) string {
	if detail == "" {
		return head
	}
	return head + ": " + detail
}

// maxText is how much of any text from the network an error carries (A09, T06).
const maxText = 500

// printable makes text from the network safe to show: control characters,
// bidirectional controls, invisible characters and broken UTF-8 appear as
// escapes, and it ends after maxText characters (C11).
func printable(s string) string { return plain.Cut(s, maxText) }

// redact takes what we sent out of what came back: some servers echo the code
// or the secret in error_description.
func redact(s string, secrets []string) string {
	for _, v := range secrets {
		if len(v) >= 4 {
			s = strings.ReplaceAll(s, v, "[redacted]")
		}
	}
	return s
}

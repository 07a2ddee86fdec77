package oauth

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/socialauth/socialauth/internal/plain"
)

// maxRetryAfter is the most a Retry-After is believed.
const maxRetryAfter = 24 * time.Hour

// hasError reports a "no" in an answer whose status may say anything: GitHub
// and Naver answer errors with 200.
func hasError(o object) bool {
	if !o.present("error") {
		return false
	}
	s, ok := asString(o["error"])
	return !ok || s != ""
}

// serverError reads a "no" in all the shapes the providers have. o is nil if
// the body could not be read, in which case none of it is kept.
func (in *reply) serverError(o object) *ServerError {
	e := &ServerError{Op: in.op, Host: in.host, Status: in.status, Skew: in.skew, RetryAfter: retryAfter(in.header)}
	if inner := o.object("error"); inner != nil {
		in.errorObject(e, inner)
	} else if o != nil {
		in.errorFields(e, o)
	}
	if e.Code == "" && in.status == http.StatusUnauthorized {
		e.Code = challengeError(in.header)
	}
	if o == nil && len(in.body) > 0 {
		e.Detail = "the body is not one that can be shown"
	}
	return e
}

// errorObject reads Facebook's {message,type,code,error_subcode,fbtrace_id} and
// Google's {code,message,status}.
func (in *reply) errorObject(e *ServerError, o object) {
	e.Code = in.keep(scalar(o["code"]))
	e.Subcode = in.keep(scalar(o["error_subcode"]))
	e.Description = in.keep(o.text("message"))
	e.TraceID = in.keep(o.text("fbtrace_id"))
	e.Detail = in.keep(first(o.text("type"), o.text("status")))
	if e.Code == "" {
		e.Code = e.Detail
	}
}

// errorFields reads RFC 6749 section 5.2, and what the APIs beside the token
// endpoint answer: Kakao {code,msg}, Naver {resultcode,message} and
// {errorCode,errorMessage}, GitHub {message}, X {title,detail}.
func (in *reply) errorFields(e *ServerError, o object) {
	e.Code = in.keep(first(o.text("error"), scalar(o["resultcode"]), scalar(o["errorCode"]), scalar(o["code"])))
	e.Description = in.keep(first(o.text("error_description"), o.text("message"), o.text("msg"),
		o.text("errorMessage"), o.text("detail"), o.text("title")))
	e.Detail = in.keep(scalar(o["error_code"]))
	if code := standardCode(e.Code); code != "" {
		e.Code, e.Detail = code, e.Code
	}
}

// standardCode is the RFC 6749 section 5.2 name of what GitHub calls by another.
func standardCode(code string) string {
	switch code {
	case "bad_verification_code", "bad_refresh_token":
		return "invalid_grant"
	case "incorrect_client_credentials":
		return "invalid_client"
	}
	return ""
}

// keep makes a text of the provider's fit to be kept.
func (in *reply) keep(s string) string { return printable(redact(s, in.secrets)) }

func first(list ...string) string {
	for _, s := range list {
		if s != "" {
			return s
		}
	}
	return ""
}

// retryAfter reads the seconds or the date of a Retry-After header (RFC 9110
// section 10.2.3).
func retryAfter(h http.Header) time.Duration {
	v := strings.TrimSpace(h.Get("Retry-After"))
	if n, err := strconv.ParseUint(v, 10, 31); err == nil {
		return min(time.Duration(n)*time.Second, maxRetryAfter)
	}
	at, err := http.ParseTime(v)
	if err != nil {
		return 0
	}
	date, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return 0
	}
	return min(max(at.Sub(date), 0), maxRetryAfter)
}

// challengeError reads the error code of a WWW-Authenticate: Bearer challenge
// (RFC 6750 section 3).
func challengeError(h http.Header) string {
	_, rest, ok := strings.Cut(h.Get("WWW-Authenticate"), `error="`)
	if !ok {
		return ""
	}
	code, _, _ := strings.Cut(rest, `"`)
	return plain.Cut(code, 100)
}

// asServer is errors.As for a [*ServerError].
func asServer(err error, to **ServerError) bool { return errors.As(err, to) }

// Package httpx makes the one HTTP client of the program.
//
// Its rules come from sections 5 and 10 of the threat catalogue. A redirect is
// never followed, because Go would replay a code and a client secret to
// wherever it points (T08, T26); the caller sees the 3xx answer. There is no
// cookie jar and no netrc (C24). Every phase of a request has a limit (T11),
// bodies are read against a limit that counts decoded bytes (T10, T12), and an
// error names the host and the phase but never a query, a fragment or a
// password, which is where codes and tokens travel (T21).
package httpx

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync/atomic"
	"time"
)

// Limits of one request. The sum of a slow connect and a slow answer is held
// by totalTimeout.
const (
	connectTimeout = 10 * time.Second
	tlsTimeout     = 10 * time.Second
	headerTimeout  = 15 * time.Second
	totalTimeout   = 30 * time.Second

	maxHeaderBytes = 64 << 10

	// MaxBody is how much of an answer [ReadBody] should be asked to take from
	// any endpoint of a provider: 1 MiB.
	MaxBody = 1 << 20
)

// Options say how a client differs from the default one.
type Options struct {
	// Base carries the requests; nil means the network, with the proxy of the
	// environment (never for loopback).
	Base http.RoundTripper
	// UserAgent goes with every request that has none of its own.
	UserAgent string
	// Debug, if set, gets one line for every request: method, host, path,
	// status and time. It never gets a query, a header or a body (C10).
	Debug io.Writer
	// Now is the clock of the Debug lines; required with Debug.
	Now func() time.Time
}

// NewClient returns the client. Use it with [Do] rather than its own methods:
// those wrap errors in a text that holds the whole URL.
func NewClient(o Options) *http.Client {
	base := o.Base
	if base == nil {
		base = &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			DialContext:            (&net.Dialer{Timeout: connectTimeout}).DialContext,
			TLSHandshakeTimeout:    tlsTimeout,
			ResponseHeaderTimeout:  headerTimeout,
			MaxResponseHeaderBytes: maxHeaderBytes,
			ForceAttemptHTTP2:      true,
			MaxIdleConnsPerHost:    2,
			IdleConnTimeout:        30 * time.Second,
		}
	}
	return &http.Client{
		Transport: &transport{base: base, userAgent: o.UserAgent, debug: o.Debug, now: o.Now},
		Timeout:   totalTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
	}
}

// Error is a request that got no usable answer.
type Error struct {
	Method string
	Host   string // as in the URL, with a port if it had one
	Phase  string // "resolve", "connect", "tls", "send", "wait for the answer" or "read the answer"
	Err    error
}

// Error says what failed without any part of the URL but its host.
func (e *Error) Error() string {
	return fmt.Sprintf("%s: %s: %s", e.Host, e.Phase, e.Reason())
}

// Reason is the cause in words.
func (e *Error) Reason() string {
	var (
		netErr  net.Error
		dns     *net.DNSError
		unknown x509.UnknownAuthorityError
		host    x509.HostnameError
		invalid x509.CertificateInvalidError
	)
	switch {
	case errors.Is(e.Err, context.DeadlineExceeded), errors.As(e.Err, &netErr) && netErr.Timeout():
		return "no answer in time"
	case errors.As(e.Err, &dns):
		return "the name cannot be resolved"
	case errors.As(e.Err, &unknown):
		return "the certificate is not signed by an authority this machine trusts"
	case errors.As(e.Err, &host):
		return "the certificate is for another host"
	case errors.As(e.Err, &invalid):
		return "the certificate is not valid now"
	}
	return innermost(e.Err)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// innermost returns the text at the end of a chain of wrapped errors, without
// the addresses and URLs that the outer ones add.
func innermost(err error) string {
	if op, ok := errors.AsType[*net.OpError](err); ok {
		err = op.Err
	}
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err.Error()
		}
		err = next
	}
}

// TooLargeError is an answer longer than the limit.
type TooLargeError struct {
	Host  string
	Limit int64 // bytes
}

// Error names the host and the limit.
func (e *TooLargeError) Error() string {
	return fmt.Sprintf("%s: the answer is larger than %d bytes", e.Host, e.Limit)
}

// Do sends req and returns the answer, whatever its status. The error is
// always an [*Error] or the context's.
func Do(c *http.Client, req *http.Request) (*http.Response, error) {
	resp, err := c.Do(req)
	if err == nil {
		return resp, nil
	}
	return nil, Clean(req, err)
}

// Clean turns an error of an [http.Client] for req into an [*Error], dropping
// the URL that net/http puts into the text. Context cancellation by the caller
// stays recognisable with errors.Is.
func Clean(req *http.Request, err error) error {
	if ours, ok := errors.AsType[*Error](err); ok {
		return ours
	}
	return &Error{Method: req.Method, Host: req.URL.Host, Phase: "send", Err: err}
}

// ReadBody reads and closes r.Body. More than limit bytes (after any decoding)
// is a [*TooLargeError], a broken or stalled body an [*Error].
func ReadBody(r *http.Response, limit int64) ([]byte, error) {
	defer func() { _ = r.Body.Close() }()
	method, host := "", ""
	if r.Request != nil {
		method, host = r.Request.Method, r.Request.URL.Host
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, limit+1))
	if err != nil {
		return nil, &Error{Method: method, Host: host, Phase: "read the answer", Err: err}
	}
	if int64(len(body)) > limit {
		return nil, &TooLargeError{Host: host, Limit: limit}
	}
	return body, nil
}

// transport names the phase in which a request failed and writes the trace.
type transport struct {
	base      http.RoundTripper
	userAgent string
	debug     io.Writer
	now       func() time.Time
}

func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	phase := atomic.Pointer[string]{}
	now := func(p string) { phase.Store(&p) }
	now("connect")
	ctx := httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{
		DNSStart:             func(httptrace.DNSStartInfo) { now("resolve") },
		ConnectStart:         func(string, string) { now("connect") },
		TLSHandshakeStart:    func() { now("tls") },
		GotConn:              func(httptrace.GotConnInfo) { now("send") },
		WroteRequest:         func(httptrace.WroteRequestInfo) { now("wait for the answer") },
		GotFirstResponseByte: func() { now("read the answer") },
	})
	out := req.Clone(ctx)
	if t.userAgent != "" && out.Header.Get("User-Agent") == "" {
		out.Header.Set("User-Agent", t.userAgent)
	}
	var start time.Time
	if t.debug != nil {
		start = t.now()
	}
	resp, err := t.base.RoundTrip(out)
	if err != nil {
		err = &Error{Method: req.Method, Host: req.URL.Host, Phase: *phase.Load(), Err: err}
	}
	if t.debug != nil {
		t.trace(req, resp, err, t.now().Sub(start))
	}
	return resp, err
}

// trace writes one line. The path is quoted where it could hold control bytes.
func (t *transport) trace(req *http.Request, resp *http.Response, err error, took time.Duration) {
	outcome := "no answer"
	switch {
	case err != nil:
		outcome = err.Error()
	case resp != nil:
		outcome = fmt.Sprint(resp.StatusCode)
	}
	path := strings.Trim(fmt.Sprintf("%q", req.URL.EscapedPath()), `"`)
	_, _ = fmt.Fprintf(t.debug, "socialauth: debug: %s %s://%s%s: %s (%d ms)\n",
		req.Method, req.URL.Scheme, req.URL.Host, path, outcome, took.Milliseconds())
}

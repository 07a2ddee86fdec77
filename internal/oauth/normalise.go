package oauth

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/socialauth/socialauth/internal/httpx"
	"github.com/socialauth/socialauth/internal/plain"
	"github.com/socialauth/socialauth/internal/provider"
)

// maxToken is the most one token may have (T04).
const maxToken = 64 << 10

// reply is one HTTP answer, read and off the wire.
type reply struct {
	op, host string
	status   int
	header   http.Header
	body     []byte
	// form: the provider may answer form-encoded (GitHub without Accept).
	form bool
	skew time.Duration
	// secrets are taken out of any text that is kept.
	secrets []string
}

// answer is a token answer, checked.
type answer struct {
	accessToken, refreshToken, idToken string
	expiresIn, refreshExpiresIn        lifetime
	scopes                             []string
	scopesStated                       bool
	skew                               time.Duration
	warnings                           []string
}

// tokenTransport carries one token request of the engine's. It sends it once,
// through the program's client, judges the answer and hands the engine a plain
// RFC 6749 answer. An answer that is a "no", or unusable, comes out as an error
// of this package.
type tokenTransport struct {
	client  *http.Client
	op      string
	form    bool
	secrets []string
	now     func() time.Time

	sent   bool
	answer *answer
}

func (c *Client) tokenTransport(op string, secrets ...string) *tokenTransport {
	return &tokenTransport{
		client: c.http(), op: op, form: c.Provider.Has(provider.QuirkFormResponse), now: c.Now,
		secrets: append(secrets, c.ClientSecret.Reveal()),
	}
}

// RoundTrip implements [http.RoundTripper].
func (t *tokenTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	if t.sent {
		return nil, &ProtocolError{Op: t.op, Host: req.URL.Host, Reason: "the request would have been sent twice"}
	}
	t.sent = true
	out := req.Clone(req.Context())
	out.Header.Set("Accept", "application/json")
	in, err := send(t.client, out, t.op, t.now, t.secrets)
	if err != nil {
		return nil, err
	}
	in.form = t.form
	a, err := normalise(in)
	if err != nil {
		return nil, err
	}
	t.answer = a
	// The engine gets what it insists on and no more; the rest is in t.answer.
	plain, err := json.Marshal(map[string]string{
		"access_token": a.accessToken, "token_type": "Bearer", "refresh_token": a.refreshToken,
	})
	if err != nil {
		return nil, &ProtocolError{Op: t.op, Host: req.URL.Host, Reason: "the answer cannot be handed on"}
	}
	return &http.Response{
		Status: "200 OK", StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:        http.Header{"Content-Type": {"application/json"}},
		ContentLength: int64(len(plain)), Body: io.NopCloser(bytes.NewReader(plain)), Request: req,
	}, nil
}

// send makes one request and reads the whole answer. A redirect is an error
// whatever its target (T08). Without now the server's clock is not looked at.
func send(client *http.Client, req *http.Request, op string, now func() time.Time, secrets []string) (*reply, error) {
	resp, err := httpx.Do(client, req)
	if err != nil {
		return nil, err
	}
	host := req.URL.Host
	if resp.StatusCode >= 300 && resp.StatusCode < 400 {
		_ = resp.Body.Close()
		return nil, &RedirectError{Op: op, Host: host, Status: resp.StatusCode, Target: target30x(req.URL, resp.Header.Get("Location"))}
	}
	body, err := httpx.ReadBody(resp, httpx.MaxBody)
	if _, large := errors.AsType[*httpx.TooLargeError](err); large {
		return nil, &ProtocolError{Op: op, Host: host, Reason: "the answer is larger than 1 MiB"}
	}
	if err != nil {
		return nil, err
	}
	in := &reply{op: op, host: host, status: resp.StatusCode, header: resp.Header, body: body, secrets: secrets}
	if now != nil {
		in.skew = clockSkew(resp.Header, now())
	}
	return in, nil
}

// target30x names scheme and host of a redirect, never its path or query.
func target30x(from *url.URL, location string) string {
	u, err := from.Parse(location)
	if err != nil || location == "" {
		return ""
	}
	return plain.Cut(u.Scheme+"://"+u.Host, 200)
}

// protocol is the error of an answer that cannot be used.
func (in *reply) protocol(reason string) error {
	return &ProtocolError{Op: in.op, Host: in.host, Reason: reason}
}

// object reads the body as a JSON object, or as a form where the provider's
// data allows that (T14). The Content-Type is believed only for forms: some
// servers label JSON text/plain or text/javascript.
func (in *reply) object() (object, error) {
	kind, _, err := mime.ParseMediaType(in.header.Get("Content-Type"))
	if err != nil {
		kind = ""
	}
	trimmed := bytes.TrimLeft(bytes.TrimPrefix(in.body, []byte("\xef\xbb\xbf")), " \t\r\n")
	switch {
	case len(trimmed) == 0:
		return nil, in.protocol("the answer is empty")
	case trimmed[0] == '{' && kind != "text/html":
		o, err := parseObject(in.body)
		if err != nil {
			return nil, in.protocol(err.Error())
		}
		return o, nil
	case in.form && (kind == "application/x-www-form-urlencoded" || kind == "text/plain"):
		o, err := formObject(in.body)
		if err != nil {
			return nil, in.protocol(err.Error())
		}
		return o, nil
	}
	if kind == "" {
		kind = "nothing it names"
	}
	return nil, in.protocol("asked for application/json and got " + plain.Cut(kind, 100))
}

// normalise turns one provider's token answer into an [answer], or the "no" in
// it into a [*ServerError]. It is total: whatever the bytes, it returns one or
// the other.
func normalise(in *reply) (*answer, error) {
	o, err := in.object()
	if in.status < 200 || in.status > 299 {
		return nil, in.serverError(o)
	}
	if err != nil {
		return nil, err
	}
	if hasError(o) {
		return nil, in.serverError(o)
	}
	if t := o.text("token_type"); t != "" && !strings.EqualFold(t, "bearer") {
		return nil, in.protocol("the token_type is not Bearer, which is the only one supported")
	}
	a := &answer{
		expiresIn: parseLifetime(o["expires_in"]), refreshExpiresIn: parseLifetime(o["refresh_token_expires_in"]),
		skew: in.skew,
	}
	if a.refreshExpiresIn.state == lifetimeMissing {
		a.refreshExpiresIn = parseLifetime(o["refresh_expires_in"])
	}
	for _, f := range []struct {
		name string
		to   *string
		must bool
	}{
		{"access_token", &a.accessToken, true},
		{"refresh_token", &a.refreshToken, false},
		{"id_token", &a.idToken, false},
	} {
		if *f.to, err = in.token(o, f.name, f.must); err != nil {
			return nil, err
		}
	}
	if a.scopes, a.scopesStated, err = in.scopes(o); err != nil {
		return nil, err
	}
	return a, nil
}

// token reads one token: a string of visible ASCII, 64 KiB at most (T03, T04,
// T17). An optional one may be absent, null or empty.
func (in *reply) token(o object, name string, must bool) (string, error) {
	what := strings.ReplaceAll(name, "_", " ")
	if !o.present(name) {
		if must {
			return "", in.protocol("the answer has no " + name)
		}
		return "", nil
	}
	s, ok := asString(o[name])
	switch {
	case !ok:
		return "", in.protocol("the " + what + " is not a string")
	case s == "" && must:
		return "", in.protocol("the " + what + " is empty")
	case s == "":
		return "", nil
	case len(s) > maxToken:
		return "", in.protocol("the " + what + " is longer than 64 KiB")
	case !visible(s):
		return "", in.protocol("the " + what + " has forbidden characters")
	}
	return s, nil
}

// scopes reads scope as a list in a string, or as an array of strings.
func (in *reply) scopes(o object) (list []string, stated bool, err error) {
	if !o.present("scope") {
		return nil, false, nil
	}
	if s, ok := asString(o["scope"]); ok {
		list = splitScopes(s)
	} else if json.Unmarshal(o["scope"], &list) != nil {
		return nil, false, in.protocol("the scope is neither a string nor a list of strings")
	}
	if checkScopes(list) != nil {
		return nil, false, in.protocol("the scope has forbidden characters")
	}
	return list, true, nil
}

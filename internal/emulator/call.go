package emulator

import (
	"errors"
	"io"
	"maps"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	maxQuery = 16 << 10
	maxBody  = 64 << 10
)

// call is one request on its way through the server.
type call struct {
	s     *Server
	w     *recorder
	r     *http.Request
	base  string
	realm *realm
	path  string // below /<id>
	entry Entry
}

// params are request parameters; none occurs twice, none is empty (RFC 6749
// section 3.1).
type params map[string]string

var errParameters = errors.New("a parameter is malformed or occurs twice")

// parseParams reads a query or a form strictly.
func parseParams(raw string) (params, error) {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return nil, errParameters
	}
	p := params{}
	for name, list := range values {
		if len(list) != 1 || !cleanText(name) || !cleanText(list[0]) {
			return nil, errParameters
		}
		if list[0] != "" {
			p[name] = list[0]
		}
	}
	return p, nil
}

// cleanText is valid UTF-8 without NUL.
func cleanText(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }

// body reads a request body of the given media type.
func (c *call) body(mediaType string) (string, error) {
	got, _, err := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	if err != nil || got != mediaType {
		return "", errors.New("the body must be " + mediaType)
	}
	b, err := io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, maxBody))
	if err != nil {
		return "", errors.New("the body is too large or was cut off")
	}
	return string(b), nil
}

// form reads the parameters of a POST from its body, of anything else from the query.
func (c *call) form() (params, error) {
	if c.r.Method != http.MethodPost {
		return parseParams(c.r.URL.RawQuery)
	}
	raw, err := c.body("application/x-www-form-urlencoded")
	if err != nil {
		return nil, err
	}
	return parseParams(raw)
}

// methods dispatches by method or answers 405.
func (c *call) methods(m map[string]func(*call)) {
	if h := m[c.r.Method]; h != nil {
		h(c)
		return
	}
	c.w.Header().Set("Allow", strings.Join(slices.Sorted(maps.Keys(m)), ", "))
	c.text(http.StatusMethodNotAllowed, "this path does not take "+logMethod(c.r.Method)+"\n")
}

func (c *call) text(status int, body string) {
	c.w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	c.w.WriteHeader(status)
	_, _ = io.WriteString(c.w, body)
}

// reply writes an answer of an endpoint.
func (c *call) reply(r reply) {
	h := c.w.Header()
	for name, value := range r.header {
		h.Set(name, value)
	}
	if r.status == 0 {
		r.status = http.StatusOK
	}
	if r.body == nil {
		c.w.WriteHeader(r.status)
		return
	}
	if o, ok := r.body.(object); ok && r.form {
		h.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
		c.w.WriteHeader(r.status)
		_, _ = io.WriteString(c.w, o.encodeForm())
		return
	}
	body, err := encodeJSON(r.body)
	if err != nil {
		c.text(http.StatusInternalServerError, "the answer could not be written as JSON\n")
		return
	}
	if r.header["Content-Type"] == "" {
		h.Set("Content-Type", "application/json; charset=utf-8")
	}
	c.w.WriteHeader(r.status)
	_, _ = c.w.Write(body)
}

// drop closes the connection without an answer.
func (c *call) drop() {
	c.w.finish(0)
	panic(http.ErrAbortHandler) //nolint:forbidigo // the documented way to drop a connection
}

// fault reports whether a fault strikes now and puts its name into the log.
func (c *call) fault(name string) (string, bool) {
	value, ok := c.s.faults.take(c.realm.p.ID, name)
	if ok {
		c.entry.Fault = name
	}
	return value, ok
}

func (c *call) struck(name string) bool {
	_, ok := c.fault(name)
	return ok
}

// wait sleeps for the length a fault names, or until the client is gone.
func (c *call) wait(fault string) {
	value, ok := c.fault(fault)
	if !ok {
		return
	}
	d, err := time.ParseDuration(value)
	if err != nil {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-c.r.Context().Done():
	}
}

// clock is the provider's idea of the time.
func (c *call) clock() time.Time {
	now := c.s.now()
	if c.realm == nil {
		return now
	}
	if value, ok := c.s.faults.take(c.realm.p.ID, "clock_skew"); ok {
		if d, err := time.ParseDuration(value); err == nil {
			return now.Add(d)
		}
	}
	return now
}

// url is where an endpoint of the data file is emulated: host out, base and id in.
func (c *call) url(endpoint string) string {
	u, err := url.Parse(endpoint)
	if err != nil || endpoint == "" {
		return ""
	}
	rest := u.Path
	if u.RawQuery != "" {
		rest += "?" + u.RawQuery
	}
	return c.base + "/" + c.realm.p.ID + rest
}

// issuer is what iss says.
func (c *call) issuer() string { return c.url(c.realm.p.Issuer) }

// loopbackHost accepts a Host header that names this computer, so that a name
// which was made to point here (DNS rebinding) reads nothing.
func loopbackHost(host string) bool {
	name, port, err := net.SplitHostPort(host)
	if err != nil {
		name, port = host, ""
	}
	if strings.Trim(port, "0123456789") != "" {
		return false
	}
	if strings.EqualFold(name, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(strings.Trim(name, "[]"))
	return err == nil && addr.IsLoopback() && addr.Zone() == ""
}

package oauth

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/socialauth/socialauth/internal/plain"
	"github.com/socialauth/socialauth/internal/provider"
)

// ListenOptions say where the browser is to come back to.
type ListenOptions struct {
	// Redirect is the provider's rule.
	Redirect provider.Redirect
	// Port overrides the rule's; 0 means what the rule says: a free port, or
	// its default one.
	Port int
	// RedirectURI overrides everything: a whole http URL on 127.0.0.1, [::1] or
	// localhost. Without a port in it, the port is chosen as above. An https URL
	// is allowed too (Facebook wants one for an app in Live mode): nothing
	// listens then, and the answer has to be pasted.
	RedirectURI string
}

// target is where to listen.
type target struct {
	host string // as in the redirect URI: "127.0.0.1", "[::1]" or "localhost"
	port int    // 0 = any
	path string
	// movable: the other address family may be used if the host's does not
	// exist, because the provider takes any loopback redirect (L32).
	movable bool
	named   bool   // the port stands in the redirect URI even if it is 80
	remote  string // an https redirect URI, where nothing of ours can listen
}

// defaultPath is where the browser comes back to if nobody says otherwise.
const defaultPath = "/callback"

func (o ListenOptions) target() (*target, error) {
	t := &target{host: o.Redirect.Host, path: o.Redirect.Path, port: o.Port, named: true}
	if t.host == "" {
		t.host = "127.0.0.1"
	}
	if t.path == "" {
		t.path = defaultPath
	}
	scheme := o.Redirect.Scheme
	if t.port == 0 && o.Redirect.Port == provider.PortFixed {
		t.port = o.Redirect.DefaultPort
	}
	t.movable = o.Redirect.Port != provider.PortFixed
	if o.RedirectURI != "" {
		u, err := safeURL("redirect_uri", o.RedirectURI)
		if err != nil {
			return nil, err
		}
		if u.RawQuery != "" || u.ForceQuery {
			return nil, unsafeURL("redirect_uri", u, "it has a query")
		}
		if u.Scheme == "https" {
			return &target{remote: u.String()}, nil
		}
		scheme, t.movable = u.Scheme, false
		t.host = strings.TrimSuffix(u.Host, ":"+u.Port())
		if t.path = u.EscapedPath(); t.path == "" {
			t.path = "/"
		}
		switch {
		case u.Port() != "":
			if t.port, err = strconv.Atoi(u.Port()); err != nil {
				return nil, unsafeURL("redirect_uri", u, "the port is not a number")
			}
		case o.Redirect.Port == provider.PortFixed && o.Port == 0:
			t.port, t.named = 80, false
		}
	}
	return t, t.check(scheme)
}

func (t *target) check(scheme string) error {
	bad := func(reason string) error {
		return &UnsafeURLError{What: "redirect_uri", URL: plain.Cut(scheme+"://"+t.host+t.path, 200), Reason: reason}
	}
	switch {
	case scheme != "http" && scheme != "":
		return bad("a program on this machine can only be reached over http")
	case t.host != "127.0.0.1" && t.host != "[::1]" && t.host != "localhost":
		return bad("the host must be 127.0.0.1, [::1] or localhost") // L01
	case t.port < 0 || t.port > 65535:
		return bad("the port is not between 1 and 65535")
	case !strings.HasPrefix(t.path, "/"):
		return bad("the path must begin with a slash")
	case t.path == donePath:
		return bad("the path " + donePath + " is taken by the page after the sign-in")
	case strings.ContainsAny(t.path, "?#\r\n\\ "):
		return bad("the path holds a character it must not")
	}
	return nil
}

// Listen opens the callback socket before any browser starts and keeps it, so
// that no other process can come between (L03). It binds loopback literals
// only (L01). For localhost it holds both address families on one port (L02):
// a browser picks either, and the other one must not be somebody else's. A
// family this machine does not have is left out. A fixed port that is busy is
// a [*PortError] at once (L04). The sockets answer once [Listener.Wait] runs;
// until then connections queue in the kernel. [Listener.Close] must be called.
func Listen(ctx context.Context, o ListenOptions) (*Listener, error) {
	t, err := o.target()
	if err != nil {
		return nil, err
	}
	if t.remote != "" {
		return newListener(nil, t.remote, "", nil), nil
	}
	sockets, port, err := t.bind(ctx)
	if err != nil {
		return nil, err
	}
	authority := t.host + ":" + strconv.Itoa(port)
	if !t.named {
		authority = t.host
	}
	redirect := url.URL{Scheme: "http", Host: authority, Path: t.path}
	return newListener(sockets, redirect.String(), t.path, hosts(sockets, t.host, port)), nil
}

// hosts are the exact Host headers that are answered (L13).
func hosts(sockets []net.Listener, host string, port int) []string {
	names := []string{host}
	for _, s := range sockets {
		if a, ok := s.Addr().(*net.TCPAddr); ok && a.IP.To4() == nil {
			names = append(names, "[::1]")
		} else {
			names = append(names, "127.0.0.1")
		}
	}
	var out []string
	for _, n := range names {
		out = append(out, fmt.Sprintf("%s:%d", n, port))
		if port == 80 {
			out = append(out, n)
		}
	}
	return out
}

// portTries is how many free ports are tried on which the other family turned
// out to be taken.
const portTries = 20

func (t *target) bind(ctx context.Context) ([]net.Listener, int, error) {
	if t.host == "localhost" {
		return t.bindBoth(ctx)
	}
	network, address := "tcp4", "127.0.0.1"
	if t.host == "[::1]" {
		network, address = "tcp6", "::1"
	}
	l, err := bindOne(ctx, network, address, t.port)
	if err != nil && absent(err) && t.movable {
		if network == "tcp4" {
			network, address, t.host = "tcp6", "::1", "[::1]"
		} else {
			network, address, t.host = "tcp4", "127.0.0.1", "127.0.0.1"
		}
		l, err = bindOne(ctx, network, address, t.port)
	}
	if err != nil {
		return nil, 0, &PortError{Port: t.port, Err: cause(err)}
	}
	return []net.Listener{l}, portOf(l), nil
}

// bindBoth holds 127.0.0.1 and ::1 on one port, or what of them exists.
func (t *target) bindBoth(ctx context.Context) ([]net.Listener, int, error) {
	var last error
	for range portTries {
		four, err := bindOne(ctx, "tcp4", "127.0.0.1", t.port)
		if err != nil && !absent(err) {
			return nil, 0, &PortError{Port: t.port, Err: cause(err)}
		}
		port, have := t.port, []net.Listener(nil)
		if err == nil {
			port, have = portOf(four), []net.Listener{four}
		}
		six, err := bindOne(ctx, "tcp6", "::1", port)
		switch {
		case err == nil:
			return append(have, six), portOf(six), nil
		case absent(err) && four != nil:
			return have, port, nil
		}
		if four != nil {
			_ = four.Close()
		}
		last = &PortError{Port: port, Err: cause(err)}
		if t.port != 0 || four == nil {
			break
		}
	}
	return nil, 0, last
}

func bindOne(ctx context.Context, network, address string, port int) (net.Listener, error) {
	lc := net.ListenConfig{Control: exclusive}
	return lc.Listen(ctx, network, net.JoinHostPort(address, strconv.Itoa(port)))
}

// cause drops the address that net puts before the reason.
func cause(err error) error {
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return op.Err
	}
	return err
}

func portOf(l net.Listener) int {
	if a, ok := l.Addr().(*net.TCPAddr); ok {
		return a.Port
	}
	return 0
}

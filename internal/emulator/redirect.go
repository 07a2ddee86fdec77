package emulator

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/socialauth/socialauth/internal/provider"
)

// callback is a redirect URI taken apart. What may differ between a registered
// one and a used one is the port alone.
type callback struct {
	scheme, host, port, rest string // rest is the path and, if there is one, the query
}

// parseCallback takes a redirect URI apart without normalising anything: what
// is not written plainly is refused, not repaired (I02).
func parseCallback(raw string) (callback, error) {
	var c callback
	for i := range len(raw) {
		if raw[i] <= ' ' || raw[i] > '~' || strings.IndexByte("\\\"<>^`{|}", raw[i]) >= 0 {
			return c, errors.New("it has a character that does not belong into a URI")
		}
	}
	scheme, after, ok := strings.Cut(raw, "://")
	if !ok || (scheme != "http" && scheme != "https") {
		return c, errors.New("it does not begin with http:// or https:// in lower case")
	}
	if strings.Contains(raw, "#") {
		return c, errors.New("it has a fragment")
	}
	end := strings.IndexAny(after, "/?")
	if end < 0 || after[end] != '/' {
		return c, errors.New("it has no path")
	}
	authority := after[:end]
	c.scheme, c.rest = scheme, after[end:]
	if strings.Contains(authority, "@") {
		return c, errors.New("it has a user name")
	}
	c.host = authority
	if i := strings.LastIndexByte(authority, ':'); i > strings.LastIndexByte(authority, ']') {
		c.host, c.port = authority[:i], authority[i+1:]
		if n, err := strconv.Atoi(c.port); err != nil || n < 1 || n > 65535 || strconv.Itoa(n) != c.port {
			return c, errors.New("its port is no number from 1 to 65535")
		}
	}
	if c.host == "" {
		return c, errors.New("it has no host")
	}
	if path, _, _ := strings.Cut(c.rest, "?"); !plainSegments(path) {
		return c, errors.New("its path is not a plain one")
	}
	return c, nil
}

// plainSegments: no part of the path, read as a server would, goes up or has
// something in it that another reader could split at.
func plainSegments(path string) bool {
	for segment := range strings.SplitSeq(path[1:], "/") {
		plain, err := url.PathUnescape(segment)
		if err != nil || plain == "." || plain == ".." || strings.ContainsAny(plain, "/\\;") {
			return false
		}
	}
	return true
}

func (c callback) loopback() bool {
	if c.host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(strings.Trim(c.host, "[]"))
	return err == nil && addr.IsLoopback() && addr.Zone() == ""
}

// checkRedirect decides whether a client may be sent to that URI; the error
// says why not. Real providers compare with what was typed into their console.
// Here that is [Options.Redirects], else what the client used first.
func (c *call) checkRedirect(clientID, raw string) error {
	used, err := parseCallback(raw)
	if err != nil {
		return err
	}
	r := c.realm
	if list := c.s.redirects[r.p.ID]; len(list) > 0 {
		if slices.ContainsFunc(list, func(reg string) bool { return r.registered(used, reg, raw) }) {
			return nil
		}
		return errors.New("it is not one of the registered ones: " + strings.Join(list, ", "))
	}
	if err := r.allowedHost(used); err != nil {
		return err
	}
	return c.learnRedirect(clientID, raw, used)
}

// registered compares a used redirect URI with a registered one: exactly, but
// for the port of a loopback host where the provider lets it vary.
func (r *realm) registered(used callback, reg, raw string) bool {
	if reg == raw {
		return true
	}
	known, err := parseCallback(reg)
	if err != nil || r.p.Redirect.Port != provider.PortAny || !known.loopback() {
		return false
	}
	known.port = used.port
	return known == used
}

// allowedHost applies the provider's rule on where a program on the person's
// own machine may listen.
func (r *realm) allowedHost(used callback) error {
	rule := r.p.Redirect
	if used.scheme != rule.Scheme {
		return fmt.Errorf("%s wants %s:// here", r.p.Name, rule.Scheme)
	}
	if used.host == rule.Host || (r.style.anyLoopback && used.loopback()) {
		return nil
	}
	return fmt.Errorf("%s wants the host %s here, not %s", r.p.Name, rule.Host, used.host)
}

// learnRedirect registers the first redirect URI of a client and holds the
// later ones against it. The port stays free: a person may register several.
func (c *call) learnRedirect(clientID, raw string, used callback) error {
	key := c.realm.p.ID + "\x00" + clientID
	now := c.s.now()
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	known, ok := c.s.store.redirects.get(key, now)
	if !ok {
		if strings.Contains(raw, "?") {
			return errors.New("it has a query, and no such redirect URI is registered")
		}
		c.s.store.redirects.put(key, []string{raw}, now, now.Add(tokenGrace))
		return nil
	}
	for _, reg := range known {
		if k, err := parseCallback(reg); err == nil {
			if k.port = used.port; k == used {
				return nil
			}
		}
	}
	return errors.New("this client used and so registered " + strings.Join(known, ", ") + "; only its port may change")
}

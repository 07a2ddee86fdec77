package oauth

import (
	"net/netip"
	"net/url"
	"path"
	"strings"
)

// IssuerURLError is an issuer that cannot be one (RFC 8414 section 2, D02).
type IssuerURLError struct {
	Input      string // printable, without userinfo, query and fragment
	Reason     string
	Suggestion string // what was probably meant, or empty
}

func (e *IssuerURLError) Error() string { return "issuer \"" + e.Input + "\": " + e.Reason }

const (
	wellKnownOIDC  = "/.well-known/openid-configuration"
	wellKnownOAuth = "/.well-known/oauth-authorization-server"
)

// checkIssuer parses an issuer as a person typed it. It is never changed, since
// it is compared byte for byte later; what looks like a slip is an
// [*IssuerURLError] with the corrected form.
func checkIssuer(typed string) (*url.URL, error) {
	fail := func(reason, suggestion string) (*url.URL, error) {
		return nil, &IssuerURLError{Input: printableURL(typed), Reason: reason, Suggestion: suggestion}
	}
	trimmed := strings.TrimSpace(typed)
	switch {
	case trimmed == "":
		return fail("it is empty", "")
	case strings.ContainsFunc(trimmed, func(r rune) bool { return r >= 0x80 }):
		return fail("it holds a letter outside ASCII; a host name has its xn-- form here", "")
	case strings.ContainsFunc(trimmed, func(r rune) bool { return r <= 0x20 || r == 0x7f || strings.ContainsRune("\"'<>\\^`|{}", r) }):
		return fail("it holds a character no URL has", "")
	case trimmed != typed:
		return fail("there is space around it", trimmed)
	case !strings.Contains(typed, "://"):
		if fixed := "https://" + typed; suggestible(fixed) {
			return fail("it has no https:// in front", fixed)
		}
		return fail("it has no https:// in front", "")
	}
	u, err := url.Parse(typed)
	if err != nil || u.Hostname() == "" || strings.HasPrefix(u.Host, "-") {
		return fail("it is not a URL with a host", "")
	}
	fixed := *u
	fixed.User, fixed.RawQuery, fixed.ForceQuery, fixed.Fragment, fixed.RawFragment = nil, "", false, "", ""
	fixed.Scheme, fixed.Host = strings.ToLower(u.Scheme), strings.ToLower(u.Host)
	switch {
	case fixed.Scheme != "https" && fixed.Scheme != "http":
		return fail("it does not begin with https://", "")
	case u.User != nil:
		return fail("it holds a user name", fixed.String())
	case u.RawQuery != "" || u.ForceQuery:
		return fail("it has a query", fixed.String())
	case strings.Contains(typed, "#"):
		return fail("it has a fragment", fixed.String())
	case u.Host != fixed.Host || !strings.HasPrefix(typed, fixed.Scheme+"://"):
		return fail("scheme and host are written in lower case", fixed.String())
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		fixed.Scheme = "https"
		return fail("it must be https; http is only for this machine", fixed.String())
	case dotSegments(u.EscapedPath()):
		fixed.Path, fixed.RawPath = path.Clean(u.Path), ""
		return fail("its path has a segment that leads elsewhere", fixed.String())
	}
	for _, suffix := range []string{wellKnownOIDC, wellKnownOAuth} {
		if base, ok := strings.CutSuffix(typed, suffix); ok {
			return fail("it is the address of the metadata, not the issuer", base)
		}
	}
	return u, nil
}

func suggestible(fixed string) bool {
	_, err := checkIssuer(fixed)
	return err == nil
}

func dotSegments(escaped string) bool {
	for part := range strings.SplitSeq(escaped, "/") {
		plain := strings.ReplaceAll(strings.ToLower(part), "%2e", ".")
		if plain == "." || plain == ".." {
			return true
		}
	}
	return false
}

// reach says from where a host can be reached, as far as its name tells.
type reach int

const (
	reachPublic reach = iota
	reachPrivate
	reachLoopback
)

// reachOf judges a host by its name alone. A name whose last label is a number
// is an address in one of the spellings only some resolvers know (127.1,
// 0x7f000001), and counts as the worst.
func reachOf(host string) reach {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if isLoopback(host) || strings.HasSuffix(host, ".localhost") {
		return reachLoopback
	}
	a, err := netip.ParseAddr(host)
	if err != nil {
		last := host[strings.LastIndexByte(host, '.')+1:]
		if last != "" && last[0] >= '0' && last[0] <= '9' {
			return reachLoopback
		}
		return reachPublic
	}
	a = a.Unmap()
	shared := netip.PrefixFrom(netip.AddrFrom4([4]byte{100, 64, 0, 0}), 10) // RFC 6598
	switch {
	case a.IsLoopback(), a.IsUnspecified():
		return reachLoopback
	case a.IsPrivate(), a.IsLinkLocalUnicast(), a.IsMulticast(), shared.Contains(a):
		return reachPrivate
	}
	return reachPublic
}

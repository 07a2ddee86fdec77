package provider

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"unicode"

	"github.com/socialauth/socialauth/internal/tomlfile"
)

func isAlnum(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// validID: [a-z0-9][a-z0-9-]*.
func validID(s string) bool {
	for i := range len(s) {
		if c := s[i]; (!isAlnum(c) || c >= 'A' && c <= 'Z') && (c != '-' || i == 0) {
			return false
		}
	}
	return s != ""
}

// validVersion: letters, digits, "-", "_" and "."; the first is one of the former two.
func validVersion(s string) bool {
	for i := range len(s) {
		if c := s[i]; !isAlnum(c) && (i == 0 || c != '.' && c != '-' && c != '_') {
			return false
		}
	}
	return s != ""
}

// validHost: a host in lower case, with a port or without, and nothing else.
func validHost(s string) bool {
	if s != strings.ToLower(s) || strings.ContainsAny(s, "/?#@%\\") || badURLByte(s) >= 0 {
		return false
	}
	u, err := url.Parse("https://" + s)
	if err != nil || u.Host != s || !validPort(u) || u.Hostname() == "" {
		return false
	}
	if strings.HasPrefix(s, "[") {
		return strings.Contains(u.Hostname(), ":")
	}
	for label := range strings.SplitSeq(u.Hostname(), ".") {
		for i := range len(label) {
			if c := label[i]; !isAlnum(c) && c != '-' && c != '_' {
				return false
			}
		}
		if label == "" {
			return false
		}
	}
	return true
}

// validScope: the scope-token of RFC 6749 section 3.3.
func validScope(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c == '"' || c == '\\' || c >= 0x7f {
			return false
		}
	}
	return s != ""
}

// validPath: names of letters, digits, "_" and "-" with dots between them.
func validPath(s string) bool {
	for name := range strings.SplitSeq(s, ".") {
		if !tomlfile.IsBareKey(name) {
			return false
		}
	}
	return true
}

// isPlainText reports whether people would see all of s and nothing else.
func isPlainText(s string) bool {
	for _, r := range s {
		if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
			return false
		}
	}
	return true
}

// plainPath reports whether a path needs no escape and has no segment that
// leads elsewhere.
func plainPath(path string) bool {
	return badURLByte(path) < 0 && !strings.ContainsAny(path, "%?#{}") && !hasDotSegment(path)
}

// validPort reports whether u has no port or one of 1 to 65535.
func validPort(u *url.URL) bool {
	if u.Port() == "" {
		return !strings.HasSuffix(u.Host, ":")
	}
	n, err := strconv.ParseUint(u.Port(), 10, 16)
	return err == nil && n > 0
}

// isLoopbackLiteral reports whether host is an IP address that means this
// machine. A name is none, whatever it resolves to (RFC 8252 section 8.3).
func isLoopbackLiteral(host string) bool {
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Zone() == "" && addr.Unmap().IsLoopback()
}

// hasDotSegment reports whether a path has a segment "." or "..", plain or
// percent-encoded.
func hasDotSegment(path string) bool {
	for segment := range strings.SplitSeq(path, "/") {
		switch plain, err := url.PathUnescape(segment); {
		case err != nil, plain == ".", plain == "..":
			return true
		}
	}
	return false
}

// badURLByte is the index of the first byte that may not stand in a URL as it
// is (RFC 3986 section 2; braces are for placeholders), or -1.
func badURLByte(s string) int {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || strings.IndexByte("\"<>\\^`|", c) >= 0 {
			return i
		}
	}
	return -1
}

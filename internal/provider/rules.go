package provider

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/socialauth/socialauth/internal/tomlfile"
)

// check applies every rule that does not need the file.
func (p *Provider) check() []*FieldError {
	c := &checker{p: p}
	c.names()
	c.enums()
	c.urls()
	c.requests()
	c.redirect()
	c.together()
	c.profile()
	c.evidence()
	return c.errs
}

type checker struct {
	p    *Provider
	errs []*FieldError
	// badHosts: the list itself is wrong, so it says nothing about an endpoint.
	badHosts bool
}

func (c *checker) fail(key, format string, args ...any) {
	c.errs = append(c.errs, &FieldError{Key: key, Reason: fmt.Sprintf(format, args...)})
}

// required reports whether the value is there, and an error if not.
func (c *checker) required(key, value string) bool {
	if value == "" {
		c.fail(key, "is missing")
	}
	return value != ""
}

func (c *checker) text(key, value string) {
	if !isPlainText(value) {
		c.fail(key, "has characters that cannot be shown")
	}
}

func (c *checker) names() {
	if c.required("id", c.p.ID) && !validID(c.p.ID) && !validHost(c.p.ID) {
		c.fail("id", "is %q, neither a name of a-z, 0-9 and - nor a host", c.p.ID)
	}
	if c.required("name", c.p.Name) {
		c.text("name", c.p.Name)
	}
	if v := c.p.APIVersion; v != "" && !validVersion(v) {
		c.fail("api_version", "is %q; only letters, digits, - _ and . are allowed, with a letter or digit in front", v)
	}
}

func (c *checker) enums() {
	p := c.p
	oneOf(c, "protocol", p.Protocol, OAuth2, OIDC)
	oneOf(c, "token_endpoint_auth_method", p.TokenEndpointAuthMethod, ClientSecretPost, ClientSecretBasic, AuthNone)
	oneOf(c, "code_challenge_method", p.CodeChallengeMethod, S256, ChallengeNone)
	oneOf(c, "client_secret", p.ClientSecret, SecretRequired, SecretOptional, SecretNever)
	oneOf(c, "refresh", p.Refresh, RefreshToken, RefreshFB, RefreshNone)
	if p.Refresh == RefreshToken || p.Rotation != "" {
		oneOf(c, "rotation", p.Rotation, RotationNever, RotationAlways, RotationLate, RotationVaries)
	}
	if p.Lifetime != LifetimeStated {
		oneOf(c, "lifetime", p.Lifetime, LifetimeUnlimited)
	}
	oneOf(c, "revocation", p.Revocation,
		RevokeRFC7009, RevokePermissions, RevokeGitHub, RevokeBearerPost, RevokeNone)
	oneOf(c, "introspection", p.Introspection,
		IntrospectRFC7662, IntrospectDebugToken, IntrospectTokenInfo, IntrospectGitHub, IntrospectBearerGet, IntrospectNone)
	if p.Device != DeviceRFC8628 {
		oneOf(c, "device", p.Device, DeviceFacebook)
	}
	for _, q := range p.Quirks {
		oneOf(c, "quirks", q, Quirks()...)
	}
	noTwice(c, "quirks", p.Quirks)
}

// oneOf checks a value of a closed list.
func oneOf[T ~string](c *checker, key string, value T, allowed ...T) {
	if slices.Contains(allowed, value) {
		return
	}
	if value == "" {
		c.fail(key, "is missing; it is one of %s", quoted(allowed))
		return
	}
	reason := fmt.Sprintf("is %q; it must be one of %s", value, quoted(allowed))
	if near := tomlfile.Nearest(string(value), asStrings(allowed)); near != "" {
		reason += fmt.Sprintf("; did you mean %q?", near)
	}
	c.fail(key, "%s", reason)
}

func asStrings[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = string(v)
	}
	return out
}

func quoted[T ~string](list []T) string {
	out := asStrings(list)
	for i, v := range out {
		out[i] = strconv.Quote(v)
	}
	return strings.Join(out, ", ")
}

// noTwice refuses a repeated entry.
func noTwice[T ~string](c *checker, key string, list []T) {
	for i, v := range list {
		if slices.Contains(list[:i], v) {
			c.fail(key, "has %q twice", v)
			return
		}
	}
}

// urls checks the issuer, the hosts and every endpoint.
func (c *checker) urls() {
	p := c.p
	c.required("authorization_endpoint", p.AuthorizationEndpoint)
	c.required("token_endpoint", p.TokenEndpoint)
	if p.Protocol == OIDC {
		for _, f := range []endpoint{{"issuer", &p.Issuer}, {"jwks_uri", &p.JWKSURI}} {
			if *f.url == "" {
				c.fail(f.name, `is missing; protocol "oidc" needs it to check ID tokens`)
			}
		}
	}
	for _, h := range p.Hosts {
		if !validHost(h) {
			c.badHosts = true
			c.fail("hosts", "has %q, which is not a host in lower case, with a port or without", h)
		}
	}
	noTwice(c, "hosts", p.Hosts)
	for _, e := range p.endpoints() {
		if *e.url != "" {
			c.endpoint(e.name, *e.url)
		}
	}
	if p.Issuer != "" {
		if u := c.url("issuer", p.Issuer); u != nil && (u.RawQuery != "" || u.ForceQuery) {
			c.fail("issuer", "must have no query (RFC 8414 section 2)")
		}
	}
	for _, alias := range p.IssuerAliases {
		if alias == "" || badURLByte(alias) >= 0 {
			c.fail("issuer_aliases", "has %q, which is not an issuer", alias)
		}
	}
	noTwice(c, "issuer_aliases", p.IssuerAliases)
}

// endpoint checks a URL that requests, and with them tokens, go to.
func (c *checker) endpoint(key, raw string) {
	u := c.url(key, raw)
	if u == nil {
		return
	}
	if !c.badHosts && !c.p.Trusts(u) {
		c.fail(key, "is on host %q, which is not in hosts", u.Host)
	}
	if key != "authorization_endpoint" {
		return
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		c.fail(key, "has a malformed query")
		return
	}
	for _, name := range slices.Sorted(maps.Keys(query)) {
		if isReservedParam(name) {
			c.fail(key, "has %q in its query, which the program sets itself", name)
			return
		}
	}
}

// url checks what holds for every URL of a provider and returns it parsed, or
// nil after an error.
func (c *checker) url(key, raw string) *url.URL {
	if i := badURLByte(raw); i >= 0 {
		c.fail(key, "has a byte %#02x, which a URL cannot have as it is", raw[i])
		return nil
	}
	reason := ""
	host, _, _ := splitURL(raw)
	filled := strings.ReplaceAll(strings.ReplaceAll(raw, "{client_id}", "0"), "{user-id}", "0")
	u, err := url.Parse(filled)
	switch {
	case strings.Contains(raw, "{api_version}"):
		reason = "has {api_version} without a usable api_version"
	case strings.ContainsAny(host, "{}"):
		reason = "has a placeholder in its host"
	case strings.ContainsAny(filled, "{}"):
		reason = "has an unknown placeholder; there are {api_version}, {client_id} and {user-id}"
	case err != nil:
		reason = "is not a URL"
	case u.Scheme != "https" && u.Scheme != "http":
		reason = "must begin with https://"
	case u.Host == "" || u.Opaque != "" || !validPort(u):
		reason = "has no valid host"
	case u.User != nil:
		reason = "must have no user name"
	case strings.Contains(raw, "#"):
		reason = "must have no fragment"
	case hasDotSegment(u.EscapedPath()):
		reason = "has a path segment that leads elsewhere"
	case u.Scheme == "http" && !isLoopbackLiteral(u.Hostname()):
		reason = "must be https; http is allowed on a literal loopback address only"
	}
	if reason != "" {
		c.fail(key, "%s", reason)
		return nil
	}
	return u
}

// requests checks what goes into an authorization request.
func (c *checker) requests() {
	p := c.p
	if p.ScopeSeparator != " " && p.ScopeSeparator != "," {
		c.fail("scope_separator", `is %q; it must be one of " ", ","`, p.ScopeSeparator)
	}
	c.scopes("scopes", p.Scopes)
	c.scopes("optional_scopes", p.OptionalScopes)
	for _, s := range p.OptionalScopes {
		if slices.Contains(p.Scopes, s) {
			c.fail("optional_scopes", "has %q, which is in scopes too", s)
		}
	}
	if p.Protocol == OIDC && !slices.Contains(p.Scopes, "openid") {
		c.fail("scopes", `must have "openid", or there will be no ID token`)
	}
	for _, name := range slices.Sorted(maps.Keys(p.AuthorizationParams)) {
		key := tomlfile.JoinKey([]string{"authorization_params", name})
		switch {
		case name == "" || badURLByte(name) >= 0:
			c.fail(key, "is not the name of a parameter")
		case isReservedParam(name):
			c.fail(key, "is set by the program itself")
		default:
			c.text(key, p.AuthorizationParams[name])
		}
	}
}

func (c *checker) scopes(key string, list []string) {
	for _, s := range list {
		if !validScope(s) || strings.Contains(s, c.p.ScopeSeparator) {
			c.fail(key, "has %q, which is not a scope (RFC 6749 section 3.3)", s)
		}
	}
	noTwice(c, key, list)
}

// isReservedParam reports whether the authorization request has a parameter of
// this name that is the program's own.
func isReservedParam(name string) bool {
	switch name {
	case "client_id", "client_secret", "redirect_uri", "response_type", "scope", "state",
		"nonce", "code_challenge", "code_challenge_method", "request", "request_uri":
		return true
	}
	return false
}

func (c *checker) redirect() {
	r := c.p.Redirect
	oneOf(c, "redirect.scheme", r.Scheme, "http", "https")
	oneOf(c, "redirect.host", r.Host, "127.0.0.1", "[::1]", "localhost")
	oneOf(c, "redirect.port", r.Port, PortAny, PortFixed)
	switch {
	case r.DefaultPort < 0 || r.DefaultPort > 65535:
		c.fail("redirect.default_port", "is %d; a port is 1 to 65535", r.DefaultPort)
	case r.Port == PortFixed && r.DefaultPort == 0:
		c.fail("redirect.default_port", `is missing; port "fixed" needs it`)
	case r.Port == PortAny && r.DefaultPort != 0:
		c.fail("redirect.default_port", `has no use with port "any"`)
	}
	if !strings.HasPrefix(r.Path, "/") || strings.HasPrefix(r.Path, "//") || !plainPath(r.Path) {
		c.fail("redirect.path", "is %q; it must begin with one / and be plain, without query or escapes", r.Path)
	}
	c.text("redirect.register", r.Register)
}

// together checks fields that must agree with each other.
func (c *checker) together() {
	p := c.p
	if (p.ClientSecret == SecretNever) != (p.TokenEndpointAuthMethod == AuthNone) {
		c.fail("client_secret", `"never" and token_endpoint_auth_method "none" go together`)
	}
	if p.Refresh != RefreshToken && p.Rotation != "" {
		c.fail("rotation", `has a use with refresh "refresh_token" only`)
	}
	if (p.Revocation == RevokeNone) != (p.RevocationEndpoint == "") {
		c.fail("revocation", `must be "none" exactly if there is no revocation_endpoint`)
	}
	if (p.Introspection == IntrospectNone) != (p.IntrospectionEndpoint == "") {
		c.fail("introspection", `must be "none" exactly if there is no introspection_endpoint`)
	}
	if p.Device != DeviceRFC8628 && p.DeviceAuthorizationEndpoint == "" {
		c.fail("device", "has no use without device_authorization_endpoint")
	}
	if p.IssInResponse && p.Issuer == "" {
		c.fail("authorization_response_iss_parameter_supported", "has no use without issuer")
	}
}

func (c *checker) profile() {
	m := c.p.Profile
	if len(m.Sub) == 0 {
		c.fail("profile.sub", "is missing; without it an account has no identity")
	}
	for _, f := range []struct {
		key   string
		paths []string
	}{
		{"profile.sub", m.Sub},
		{"profile.username", m.Username},
		{"profile.name", m.Name},
		{"profile.email", m.Email},
		{"profile.picture", m.Picture},
		{"profile.email_verified", m.EmailVerified},
	} {
		for _, path := range f.paths {
			if !validPath(path) {
				c.fail(f.key, "has %q, which is not a dotted path", path)
			}
		}
		noTwice(c, f.key, f.paths)
	}
	if m.EmailPresent && len(m.EmailVerified) > 0 {
		c.fail("profile.email_present_means_verified", "contradicts profile.email_verified")
	}
	switch {
	case (m.SuccessPath == "") != (m.SuccessValue == ""):
		c.fail("profile.success_path", "and profile.success_value go together")
	case m.SuccessPath != "" && !validPath(m.SuccessPath):
		c.fail("profile.success_path", "is %q, which is not a dotted path", m.SuccessPath)
	}
	c.text("profile.success_value", m.SuccessValue)
}

// evidence checks where the facts come from, as far as it is said.
func (c *checker) evidence() {
	p := c.p
	for _, f := range []endpoint{{"console", &p.Console}, {"documentation", &p.Documentation}} {
		u, err := url.Parse(*f.url)
		if *f.url != "" && (err != nil || badURLByte(*f.url) >= 0 || u.Scheme != "https" || u.Host == "" || u.User != nil) {
			c.fail(f.name, "must be an https URL")
		}
	}
	if _, err := time.Parse(time.DateOnly, p.Checked); p.Checked != "" && err != nil {
		c.fail("checked", "is %q; it must be a day such as 2026-11-22", p.Checked)
	}
	if p.Grade != "" {
		oneOf(c, "grade", p.Grade, "A", "B", "C")
	}
}

package provider

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// Endpoint is one URL of a provider under its RFC 8414 name.
type Endpoint struct {
	// Name is the key of the data file, such as "token_endpoint".
	Name string
	// URL is as in the data file: placeholders {client_id} and {user-id} stay.
	URL string
}

// Endpoints are the URLs the provider has, without the issuer, in the order of
// the data file.
func (p *Provider) Endpoints() []Endpoint {
	var have []Endpoint
	for _, e := range p.endpoints() {
		if *e.url != "" {
			have = append(have, Endpoint{Name: e.name, URL: *e.url})
		}
	}
	return have
}

// endpoint points at the field of one endpoint.
type endpoint struct {
	name string
	url  *string
}

// endpoints is the one list of them all: a new endpoint is a field and a line here.
func (p *Provider) endpoints() []endpoint {
	return []endpoint{
		{"authorization_endpoint", &p.AuthorizationEndpoint},
		{"token_endpoint", &p.TokenEndpoint},
		{"userinfo_endpoint", &p.UserinfoEndpoint},
		{"revocation_endpoint", &p.RevocationEndpoint},
		{"introspection_endpoint", &p.IntrospectionEndpoint},
		{"device_authorization_endpoint", &p.DeviceAuthorizationEndpoint},
		{"jwks_uri", &p.JWKSURI},
		{"profile.emails_endpoint", &p.Profile.EmailsEndpoint},
	}
}

// Trusts reports whether the provider's hosts include u's: a token may be sent
// there. A host without a port in the list means the port of the scheme.
func (p *Provider) Trusts(u *url.URL) bool {
	return u != nil && slices.ContainsFunc(p.Hosts, func(h string) bool { return sameHost(h, u) })
}

// sameHost compares an entry of hosts with a URL.
func sameHost(entry string, u *url.URL) bool {
	host, port := strings.ToLower(u.Hostname()), u.Port()
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	standard := ""
	switch u.Scheme {
	case "https":
		standard = "443"
	case "http":
		standard = "80"
	}
	if port == "" {
		port = standard
	}
	return entry == host+":"+port || entry == host && port == standard
}

// Paths maps each endpoint the provider has, and "issuer" if it has one, to its
// URL path without host and query: token_endpoint to /v26.0/oauth/access_token.
// Placeholders stay. The emulator serves these paths below the provider's id.
func (p *Provider) Paths() map[string]string {
	paths := map[string]string{}
	for _, e := range p.Endpoints() {
		_, paths[e.Name], _ = splitURL(e.URL)
	}
	if p.Issuer != "" {
		_, paths["issuer"], _ = splitURL(p.Issuer)
	}
	return paths
}

// splitURL cuts an absolute URL after its host and before its query, and
// changes no byte: url.URL would escape the braces of a placeholder.
func splitURL(raw string) (origin, path, query string) {
	scheme, rest, found := strings.Cut(raw, "://")
	if !found { // an issuer alias without a scheme: accounts.google.com
		scheme, rest = "", raw
	} else {
		scheme += "://"
	}
	if i := strings.IndexByte(rest, '?'); i >= 0 {
		rest, query = rest[:i], rest[i:]
	}
	if i := strings.IndexByte(rest, '/'); i >= 0 {
		rest, path = rest[:i], rest[i:]
	}
	return scheme + rest, path, query
}

// BaseError says why [Provider.Rebase] cannot use a base URL.
type BaseError struct {
	Reason string
}

// Error does not repeat the URL, which may hold what nobody should see.
func (e *BaseError) Error() string { return "the emulator's address " + e.Reason }

// CollisionError says that two endpoints on different hosts have the same path
// and could not be told apart below one base.
type CollisionError struct {
	ID, Path, First, Second string
}

// Error names the two endpoints.
func (e *CollisionError) Error() string {
	return fmt.Sprintf("%s: %s and %s are on different hosts but share the path %s", e.ID, e.First, e.Second, e.Path)
}

// Rebase is the provider moved to an emulator at base: https://HOST/path?q
// becomes BASE/<id>/path?q in every endpoint, the issuer and its aliases, and
// hosts is base's host alone. base is http or https on a literal loopback
// address or localhost, else a [*BaseError]. p is not changed.
func (p *Provider) Rebase(base string) (*Provider, error) {
	u, err := parseBase(base)
	if err != nil {
		return nil, err
	}
	prefix := strings.TrimRight(u.Path, "/") + "/" + url.PathEscape(p.ID)
	origin := u.Scheme + "://" + u.Host
	q := p.clone()
	q.Hosts = []string{u.Host}
	seen := map[string]Endpoint{}
	for _, e := range q.endpoints() {
		if *e.url == "" {
			continue
		}
		host, path, query := splitURL(*e.url)
		if other, ok := seen[path]; ok && other.URL != host {
			return nil, &CollisionError{ID: p.ID, Path: path, First: other.Name, Second: e.name}
		}
		seen[path] = Endpoint{Name: e.name, URL: host}
		*e.url = origin + prefix + path + query
	}
	if q.Issuer != "" {
		_, path, _ := splitURL(q.Issuer)
		q.Issuer = origin + prefix + path
	}
	for i, alias := range q.IssuerAliases {
		host, path, _ := splitURL(alias)
		q.IssuerAliases[i] = u.Host + prefix + path
		if strings.Contains(host, "://") {
			q.IssuerAliases[i] = origin + prefix + path
		}
	}
	return q, nil
}

func parseBase(base string) (*url.URL, error) {
	u, err := url.Parse(base)
	switch {
	case err != nil || u.Host == "" || u.Opaque != "":
		return nil, &BaseError{Reason: "is not a URL such as http://127.0.0.1:4400"}
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, &BaseError{Reason: "must begin with http:// or https://"}
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || strings.Contains(base, "#"):
		return nil, &BaseError{Reason: "must have no user name, query or fragment"}
	case u.RawPath != "" || !plainPath(u.Path):
		return nil, &BaseError{Reason: "has a path that cannot be used"}
	case !isLoopbackLiteral(u.Hostname()) && !strings.EqualFold(u.Hostname(), "localhost"):
		return nil, &BaseError{Reason: "must be on this machine: 127.0.0.1, [::1] or localhost"}
	case !validPort(u):
		return nil, &BaseError{Reason: "has no valid port"}
	}
	u.Host = strings.ToLower(u.Host)
	return u, nil
}

// clone copies the provider and everything it points to.
func (p *Provider) clone() *Provider {
	q := *p
	for _, list := range q.stringLists() {
		*list = slices.Clone(*list)
	}
	q.Quirks = slices.Clone(p.Quirks)
	q.AuthorizationParams = maps.Clone(p.AuthorizationParams)
	return &q
}

// stringLists points at every list of strings of the provider.
func (p *Provider) stringLists() []*[]string {
	m := &p.Profile
	return []*[]string{
		&p.Hosts, &p.IssuerAliases, &p.Scopes, &p.OptionalScopes,
		&m.Sub, &m.Username, &m.Name, &m.Email, &m.Picture, &m.EmailVerified,
	}
}

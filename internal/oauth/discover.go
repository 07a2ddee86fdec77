package oauth

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/socialauth/socialauth/internal/provider"
)

// discoverTimeout is for both documents together (D06).
const discoverTimeout = 10 * time.Second

// DiscoveryError is metadata that cannot be used. Nothing was sent to any
// address in it.
type DiscoveryError struct {
	Issuer string // as asked for
	Field  string // of the document; empty if there is no document
	Reason string
	Got    string // what the field holds, printable, if that helps
	// Unsafe: using it would be a risk, and not only impossible.
	Unsafe bool
	// Suggestion is an issuer that would have matched, or empty.
	Suggestion string
}

func (e *DiscoveryError) Error() string {
	s := "discovery of " + e.Issuer + ": "
	if e.Field != "" {
		s += e.Field + " "
	}
	s += e.Reason
	if e.Got != "" {
		s += ": \"" + e.Got + "\""
	}
	return s
}

// Discover reads an issuer's metadata and makes a provider of it, whose id is
// the issuer's host. It asks for the OpenID Connect document (Discovery section
// 4) and, if there is none, for the one of RFC 8414. Nothing in the document is
// believed before its issuer is the one asked for, byte for byte; then every
// endpoint is checked (D01): https, or http only where the issuer itself is on
// this machine, and no address of this machine or a private network for an
// issuer on the public one. Errors: [*IssuerURLError], [*DiscoveryError],
// [*UnsafeURLError], [*RedirectError], [*ProtocolError], [*ServerError],
// [*httpx.Error].
func Discover(ctx context.Context, hc *http.Client, issuer string) (*provider.Provider, error) {
	m, err := findMetadata(ctx, hc, issuer)
	if err != nil {
		return nil, err
	}
	return m.provider()
}

// findMetadata reads an issuer's document in the first of the two places that
// has one. Nothing in it has been checked yet.
func findMetadata(ctx context.Context, hc *http.Client, issuer string) (*metadata, error) {
	at, err := checkIssuer(issuer)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, discoverTimeout)
	defer cancel()
	hc = safeClient(hc)
	oidc, oauth := *at, *at
	oidc.Path, oidc.RawPath = strings.TrimSuffix(at.Path, "/")+wellKnownOIDC, ""
	oauth.Path, oauth.RawPath = wellKnownOAuth+strings.TrimSuffix(at.Path, "/"), ""
	doc, found, err := fetchMetadata(ctx, hc, &oidc)
	if err == nil && !found {
		doc, found, err = fetchMetadata(ctx, hc, &oauth)
	}
	switch {
	case err != nil:
		return nil, err
	case !found:
		return nil, &DiscoveryError{Issuer: issuer, Reason: "there is no metadata document, neither " + wellKnownOIDC + " nor " + wellKnownOAuth}
	}
	return &metadata{issuer: issuer, at: at, doc: doc}, nil
}

// fetchMetadata reads one document; found is false if the server says that
// there is none.
func fetchMetadata(ctx context.Context, hc *http.Client, from *url.URL) (doc object, found bool, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, from.String(), nil)
	if err != nil {
		return nil, false, &ProtocolError{Op: opDiscover, Host: from.Host, Reason: "the request could not be made"}
	}
	req.Header.Set("Accept", "application/json")
	in, err := send(hc, req, opDiscover, nil, nil)
	if err != nil {
		return nil, false, err
	}
	switch in.status {
	case http.StatusNotFound, http.StatusGone, http.StatusMethodNotAllowed, http.StatusBadRequest,
		http.StatusUnauthorized, http.StatusForbidden:
		return nil, false, nil
	case http.StatusOK:
		doc, err = in.object()
		return doc, err == nil, err
	}
	return nil, false, in.serverError(nil)
}

// metadata is one document under examination.
type metadata struct {
	issuer string
	at     *url.URL
	doc    object
	hosts  []string
}

func (m *metadata) fail(field, reason string, unsafe bool) *DiscoveryError {
	return &DiscoveryError{Issuer: m.issuer, Field: field, Reason: reason, Unsafe: unsafe}
}

func (m *metadata) provider() (*provider.Provider, error) {
	if err := m.checkIssuer(); err != nil {
		return nil, err
	}
	p := &provider.Provider{
		ID: m.at.Host, Name: m.at.Host, Issuer: m.issuer, Protocol: provider.OAuth2,
		IssInResponse: isTrue(m.doc["authorization_response_iss_parameter_supported"]),
		Profile: provider.ProfileMap{
			Sub: []string{"sub"}, Username: []string{"preferred_username", "nickname"}, Name: []string{"name"},
			Email: []string{"email"}, EmailVerified: []string{"email_verified"}, Picture: []string{"picture"},
		},
	}
	for _, f := range []struct {
		name string
		to   *string
		must bool
	}{
		{"authorization_endpoint", &p.AuthorizationEndpoint, true},
		{"token_endpoint", &p.TokenEndpoint, true},
		{"userinfo_endpoint", &p.UserinfoEndpoint, false},
		{"revocation_endpoint", &p.RevocationEndpoint, false},
		{"introspection_endpoint", &p.IntrospectionEndpoint, false},
		{"device_authorization_endpoint", &p.DeviceAuthorizationEndpoint, false},
		{"jwks_uri", &p.JWKSURI, m.isOIDC()},
	} {
		var err error
		if *f.to, err = m.endpoint(f.name, f.must); err != nil {
			return nil, err
		}
	}
	p.Hosts = m.hosts
	for _, step := range []func(*provider.Provider) error{m.grants, m.authMethod, m.scopes} {
		if err := step(p); err != nil {
			return nil, err
		}
	}
	p.SetDefaults()
	if err := onLiteral(p).Validate(); err != nil {
		return nil, m.fail("", printable(err.Error()), false)
	}
	return p, nil
}

// checkIssuer compares the document's issuer with the one asked for (RFC 8414
// section 3.3).
func (m *metadata) checkIssuer() error {
	got, ok := asString(m.doc["issuer"])
	switch {
	case !ok:
		return m.fail("issuer", "is missing", false)
	case got == m.issuer:
		return nil
	}
	e := m.fail("issuer", "is not the one asked for", true)
	e.Got = printable(got)
	if strings.TrimSuffix(got, "/") == strings.TrimSuffix(m.issuer, "/") {
		e.Suggestion = e.Got
	}
	return e
}

// endpoint reads one URL of the document and checks it.
func (m *metadata) endpoint(field string, must bool) (string, error) {
	if !m.doc.present(field) {
		if must {
			return "", m.fail(field, "is missing", false)
		}
		return "", nil
	}
	raw, ok := asString(m.doc[field])
	if !ok || raw == "" {
		return "", m.fail(field, "is not a URL", false)
	}
	u, err := safeURL(field, raw)
	if err != nil {
		return "", err
	}
	from, to := reachOf(m.at.Hostname()), reachOf(u.Hostname())
	switch {
	case u.Scheme == "http" && from != reachLoopback:
		return "", unsafeURL(field, u, "it is http although the issuer is not on this machine")
	case to > from:
		return "", unsafeURL(field, u, "it is on this machine or a private network and the issuer is not")
	case dotSegments(u.EscapedPath()):
		return "", unsafeURL(field, u, "its path has a segment that leads elsewhere")
	}
	host := strings.ToLower(u.Host)
	u.Host = host
	if !slices.Contains(m.hosts, host) {
		m.hosts = append(m.hosts, host)
	}
	return u.String(), nil
}

// isOIDC: only an OpenID provider has subject types (Discovery section 3).
func (m *metadata) isOIDC() bool {
	scopes, _ := m.list("scopes_supported")
	return m.doc.present("subject_types_supported") || m.doc.present("id_token_signing_alg_values_supported") ||
		slices.Contains(scopes, "openid")
}

// grants checks that the code flow with PKCE and a signed ID token is possible
// (A02, D09). A list that is absent says nothing.
func (m *metadata) grants(p *provider.Provider) error {
	if types, ok := m.list("response_types_supported"); ok && !slices.Contains(types, "code") {
		return m.fail("response_types_supported", "has no \"code\"", false)
	}
	if methods, ok := m.list("code_challenge_methods_supported"); ok && !slices.Contains(methods, string(provider.S256)) {
		return m.fail("code_challenge_methods_supported", "has no \"S256\"", true)
	}
	if !m.isOIDC() {
		return nil
	}
	p.Protocol = provider.OIDC
	algs, ok := m.list("id_token_signing_alg_values_supported")
	usable := slices.ContainsFunc(algs, func(a string) bool { return slices.Contains(idTokenAlgorithms(), a) })
	if ok && !usable {
		return m.fail("id_token_signing_alg_values_supported", "has no algorithm with a public key", true)
	}
	return nil
}

// authMethod chooses how the client names itself at the token endpoint. Absent
// means client_secret_basic (RFC 8414 section 2). A client without a secret is
// "none" whatever stands here.
func (m *metadata) authMethod(p *provider.Provider) error {
	methods, ok := m.list("token_endpoint_auth_methods_supported")
	switch {
	case !ok || slices.Contains(methods, string(provider.ClientSecretBasic)):
		p.TokenEndpointAuthMethod = provider.ClientSecretBasic
	case slices.Contains(methods, string(provider.ClientSecretPost)):
		p.TokenEndpointAuthMethod = provider.ClientSecretPost
	case slices.Contains(methods, string(provider.AuthNone)):
		p.TokenEndpointAuthMethod = provider.AuthNone
	default:
		return m.fail("token_endpoint_auth_methods_supported", "has none of client_secret_basic, client_secret_post and none", false)
	}
	return nil
}

// scopes asks for who signed in and, where there is such a scope, for a refresh
// token.
func (m *metadata) scopes(p *provider.Provider) error {
	if p.Protocol != provider.OIDC {
		return nil
	}
	offered, ok := m.list("scopes_supported")
	p.Scopes = []string{"openid"}
	for _, s := range []string{"profile", "email"} {
		if !ok || slices.Contains(offered, s) {
			p.Scopes = append(p.Scopes, s)
		}
	}
	if slices.Contains(offered, "offline_access") {
		p.Scopes = append(p.Scopes, "offline_access")
	}
	return nil
}

// list reads an array of strings; ok is false if there is none.
func (m *metadata) list(name string) (list []string, ok bool) {
	if !m.doc.present(name) || json.Unmarshal(m.doc[name], &list) != nil {
		return nil, false
	}
	return list, true
}

// onLiteral is p with the name localhost, which package provider does not take
// in data files, replaced by an address: for an issuer that a person typed as
// http://localhost:8080 it is what was asked for.
func onLiteral(p *provider.Provider) *provider.Provider {
	q := *p
	swap := func(s string) string {
		return strings.Replace(strings.Replace(s, "http://localhost:", "http://127.0.0.1:", 1), "http://localhost/", "http://127.0.0.1/", 1)
	}
	for _, f := range []*string{
		&q.Issuer, &q.AuthorizationEndpoint, &q.TokenEndpoint, &q.UserinfoEndpoint, &q.RevocationEndpoint,
		&q.IntrospectionEndpoint, &q.DeviceAuthorizationEndpoint, &q.JWKSURI,
	} {
		*f = swap(*f)
	}
	q.Hosts = nil
	for _, h := range p.Hosts {
		if name, port, ok := strings.Cut(h, ":"); ok && name == "localhost" {
			h = "127.0.0.1:" + port
		}
		if !slices.Contains(q.Hosts, h) {
			q.Hosts = append(q.Hosts, h)
		}
	}
	return &q
}

package provider

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

// Has reports whether the provider has the oddity q.
func (p *Provider) Has(q Quirk) bool { return slices.Contains(p.Quirks, q) }

// MarshalJSON gives the documented form, in which scopes, hosts, quirks and
// profile.sub are lists and never null.
func (p Provider) MarshalJSON() ([]byte, error) {
	type plain Provider // without this method
	q := plain(p)
	q.Hosts, q.Scopes, q.Quirks = notNil(q.Hosts), notNil(q.Scopes), notNil(q.Quirks)
	q.Profile.Sub = notNil(q.Profile.Sub)
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // the caller's encoder decides
	if err := enc.Encode(q); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func notNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// SetDefaults fills what a file, or a provider built in code, may leave out: a
// scope separator of one space, PKCE with S256, an optional secret, a redirect
// to http://127.0.0.1:PORT/callback on a free port, refresh tokens of which
// nothing is known, and RFC 7009 or RFC 7662 where there is such an endpoint.
func (p *Provider) SetDefaults() {
	setIfZero(&p.ScopeSeparator, " ")
	setIfZero(&p.CodeChallengeMethod, S256)
	if p.TokenEndpointAuthMethod == AuthNone {
		setIfZero(&p.ClientSecret, SecretNever)
	}
	setIfZero(&p.ClientSecret, SecretOptional)
	setIfZero(&p.Redirect.Scheme, "http")
	setIfZero(&p.Redirect.Host, "127.0.0.1")
	setIfZero(&p.Redirect.Port, PortAny)
	setIfZero(&p.Redirect.Path, "/callback")
	setIfZero(&p.Refresh, RefreshToken)
	if p.Refresh == RefreshToken {
		setIfZero(&p.Rotation, RotationVaries)
	}
	if p.RevocationEndpoint != "" {
		setIfZero(&p.Revocation, RevokeRFC7009)
	}
	setIfZero(&p.Revocation, RevokeNone)
	if p.IntrospectionEndpoint != "" {
		setIfZero(&p.Introspection, IntrospectRFC7662)
	}
	setIfZero(&p.Introspection, IntrospectNone)
	p.Hosts, p.Scopes, p.Quirks = notNil(p.Hosts), notNil(p.Scopes), notNil(p.Quirks)
}

func setIfZero[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Validate checks the rules of a data file on a provider built in code, where
// SetDefaults has been called. The id may also be a host with a port, as that
// of a discovered provider is. The error is a [*FieldError], the first in the
// order of the fields.
func (p *Provider) Validate() error {
	if errs := p.check(); len(errs) > 0 {
		return errs[0]
	}
	return nil
}

// Quirks are all the oddities the program knows, in no order that matters.
func Quirks() []Quirk {
	return []Quirk{
		QuirkErrorObject, QuirkAppSecretProof, QuirkLongLivedExchange, QuirkGrantedScopes,
		QuirkFragmentTail, QuirkErrorWith200, QuirkFormResponse, QuirkStateInTokenRequest,
		QuirkExpiresInString, QuirkNonceOptional, QuirkNumericSub,
	}
}

// expand puts api_version into the issuer and the endpoints. A version that is
// not one stays out; check reports it.
func (p *Provider) expand() {
	if !validVersion(p.APIVersion) {
		return
	}
	for _, e := range append(p.endpoints(), endpoint{"issuer", &p.Issuer}) {
		*e.url = strings.ReplaceAll(*e.url, "{api_version}", p.APIVersion)
	}
}

package oauth

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/socialauth/socialauth/internal/plain"
	"github.com/socialauth/socialauth/internal/provider"
)

// Lengths of profile fields in characters (T27).
const (
	maxField   = 256
	maxPicture = 2048
)

// Profile is who signed in, in one shape for every provider. Its texts have at
// most 256 characters and no control characters; what else a terminal must not
// get (bidirectional controls) is for the caller to escape. Identifiers that
// are JSON numbers are their digits, unrounded.
type Profile struct {
	Sub      string
	Username string
	Name     string
	Email    string
	// EmailVerified is true only if the provider says so of this address.
	EmailVerified bool
	// Picture is an absolute http or https URL, or empty. It is never fetched (T28).
	Picture string
	// Raw is the provider's answer, byte for byte, or the ID token's claims for
	// a provider that has no endpoint to ask.
	Raw json.RawMessage
}

// Profile asks the provider who the token belongs to. Where there is an ID
// token its sub must be the answer's (OpenID Connect Core section 5.3.2), else
// the error is an [*IDTokenError]; what the answer lacks is taken from its
// claims. Errors are those of [Client.Exchange]; a token that is no longer good
// is a [*ServerError] with SignInNeeded.
func (c *Client) Profile(ctx context.Context, t *Tokens) (*Profile, error) {
	claims, err := claimsOf(t)
	if err != nil {
		return nil, err
	}
	if c.Provider.UserinfoEndpoint == "" {
		if claims == nil {
			return nil, &UnsupportedError{Op: opProfile, Reason: "the provider has no endpoint for it and sent no ID token"}
		}
		return c.mapProfile(claims, t.Claims, "")
	}
	o, raw, err := c.api(ctx, opProfile, "userinfo_endpoint", c.Provider.UserinfoEndpoint, t)
	if err != nil {
		return nil, err
	}
	host := hostOf(c.Provider.UserinfoEndpoint)
	p, err := c.mapProfile(o, raw, host)
	if err != nil {
		return nil, err
	}
	if claims != nil {
		if claims.text("sub") != p.Sub {
			return nil, &IDTokenError{Err: otherPerson("it is another person's than the profile's")}
		}
		c.fromClaims(p, claims)
	}
	if c.Provider.Profile.EmailsEndpoint != "" {
		if err := c.emails(ctx, t, p); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func claimsOf(t *Tokens) (object, error) {
	if len(t.Claims) == 0 {
		return nil, nil
	}
	o, err := parseObject(t.Claims)
	if err != nil {
		return nil, &IDTokenError{Err: err}
	}
	return o, nil
}

// api makes one GET with the access token and returns the JSON object.
func (c *Client) api(ctx context.Context, op, what, endpoint string, t *Tokens) (object, json.RawMessage, error) {
	in, err := c.bearer(ctx, http.MethodGet, op, what, endpoint, t)
	if err != nil {
		return nil, nil, err
	}
	o, err := in.object()
	if in.status < 200 || in.status > 299 {
		return nil, nil, in.serverError(o)
	}
	if err != nil {
		return nil, nil, err
	}
	if hasError(o) {
		return nil, nil, in.serverError(o)
	}
	if m := c.Provider.Profile; m.SuccessPath != "" && o.at(m.SuccessPath) != nil && scalar(o.at(m.SuccessPath)) != m.SuccessValue {
		return nil, nil, in.serverError(o)
	}
	return o, in.body, nil
}

// bearer makes one API request. The token travels in the Authorization header
// (RFC 6750 section 2.1), never in the URL.
func (c *Client) bearer(ctx context.Context, method, op, what, endpoint string, t *Tokens, fill ...string) (*reply, error) {
	to, err := c.endpoint(what, endpoint, fill...)
	if err != nil {
		return nil, err
	}
	token := t.AccessToken.Reveal()
	extra := url.Values{}
	c.appSecretProof(extra, token)
	addQuery(to, extra)
	req, err := http.NewRequestWithContext(ctx, method, to.String(), nil)
	if err != nil {
		return nil, &ProtocolError{Op: op, Host: to.Host, Reason: "the request could not be made"}
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Accept", "application/json")
	return send(c.http(), req, op, c.Now, []string{token, extra.Get("appsecret_proof"), c.ClientSecret.Reveal()})
}

// addQuery adds to the endpoint's own query without rewriting it.
func addQuery(u *url.URL, extra url.Values) {
	if len(extra) == 0 {
		return
	}
	if u.RawQuery != "" {
		u.RawQuery += "&"
	}
	u.RawQuery += extra.Encode()
}

// mapProfile reads the fields where the provider's data says they are.
func (c *Client) mapProfile(o object, raw json.RawMessage, host string) (*Profile, error) {
	m := c.Provider.Profile
	p := &Profile{
		Sub: lookup(o, m.Sub), Username: field(lookup(o, m.Username)), Name: field(lookup(o, m.Name)),
		Email: lookup(o, m.Email), Picture: picture(lookup(o, m.Picture)), Raw: raw,
	}
	// An identifier is never cut or repaired: two people would become one.
	if p.Sub == "" || len(p.Sub) > maxField || p.Sub != printable(p.Sub) {
		return nil, &ProtocolError{Op: opProfile, Host: host, Reason: "the answer has no usable identifier"}
	}
	if !plausibleEmail(p.Email) {
		p.Email = ""
	}
	if p.Email != "" {
		p.EmailVerified = m.EmailPresent || len(m.EmailVerified) > 0
		for _, path := range m.EmailVerified {
			p.EmailVerified = p.EmailVerified && isTrue(o.at(path))
		}
	}
	return p, nil
}

// fromClaims fills what the userinfo answer lacks from the ID token, whose
// claim names are standard.
func (c *Client) fromClaims(p *Profile, claims object) {
	if p.Name == "" {
		p.Name = field(claims.text("name"))
	}
	if p.Username == "" && c.Provider.Protocol == provider.OIDC {
		p.Username = field(claims.text("preferred_username"))
	}
	if p.Picture == "" {
		p.Picture = picture(claims.text("picture"))
	}
	if email := claims.text("email"); p.Email == "" && plausibleEmail(email) {
		p.Email, p.EmailVerified = email, isTrue(claims["email_verified"])
	}
}

// emails asks GitHub's list of addresses. The one in the profile is only what
// the person chose to show; the list says which is primary and confirmed. An
// app without the scope for it keeps the shown one, unverified.
func (c *Client) emails(ctx context.Context, t *Tokens, p *Profile) error {
	in, err := c.bearer(ctx, http.MethodGet, opEmails, "emails_endpoint", c.Provider.Profile.EmailsEndpoint, t)
	if err != nil {
		return err
	}
	switch {
	case in.status == http.StatusForbidden || in.status == http.StatusNotFound:
		return nil
	case in.status != http.StatusOK:
		o, err := in.object()
		if err != nil {
			o = nil
		}
		return in.serverError(o)
	}
	var list []object
	if checkJSON(bytes.TrimSpace(in.body)) != nil || json.Unmarshal(in.body, &list) != nil {
		return in.protocol("the answer is not a list of addresses")
	}
	for _, e := range list {
		address, verified := e.text("email"), isTrue(e["verified"])
		shown := p.Email != "" && strings.EqualFold(address, p.Email)
		primary := p.Email == "" && isTrue(e["primary"]) && verified && plausibleEmail(address)
		if shown || primary {
			p.Email, p.EmailVerified = address, verified
			return nil
		}
	}
	return nil
}

// lookup returns the first of several paths that holds a text or a number.
func lookup(o object, paths []string) string {
	for _, path := range paths {
		if s := scalar(o.at(path)); s != "" {
			return s
		}
	}
	return ""
}

// field cuts a text of the profile and takes its control characters out. The
// rest stays as it is: a name may need a zero-width joiner.
func field(s string) string {
	n := 0
	for i := range s {
		if n == maxField {
			s = s[:i]
			break
		}
		n++
	}
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r >= 0x7f && r <= 0x9f {
			return '\uFFFD'
		}
		return r
	}, s)
}

// plausibleEmail refuses what would have to be cut or escaped: a changed
// address is somebody else's.
func plausibleEmail(s string) bool {
	return len(s) <= 254 && strings.Contains(s, "@") && s == printable(s) && !strings.ContainsAny(s, " <>\"")
}

// picture keeps an absolute web address and nothing else.
func picture(s string) string {
	u, err := url.Parse(s)
	if err != nil || len(s) > maxPicture || u.Host == "" || u.User != nil || (u.Scheme != "https" && u.Scheme != "http") || s != plain.Cut(s, maxPicture) {
		return ""
	}
	return s
}

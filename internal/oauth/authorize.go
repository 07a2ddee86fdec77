package oauth

import (
	"crypto/rand"
	"encoding/base64"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"

	"golang.org/x/oauth2"

	"github.com/socialauth/socialauth/internal/provider"
	"github.com/socialauth/socialauth/internal/secret"
)

// maxAuthorizeURL is less than a command line on Windows takes, and more than
// any server reads.
const maxAuthorizeURL = 32_000

// AuthorizeOptions are one sign-in's wishes.
type AuthorizeOptions struct {
	// RedirectURI is [Listener.RedirectURI]; required.
	RedirectURI string
	// Scopes replace the provider's default ones if not empty.
	Scopes []string
	// Params go into the URL and win over the provider's own. What this package
	// must control itself is refused with a [*ParamError].
	Params map[string]string
	// LoginHint is sent as login_hint (OpenID Connect Core section 3.1.2.1).
	LoginHint string
}

// Attempt is one sign-in under way. It lives in memory only. Check and CheckURL
// may be called from several goroutines; the state is used up by the first
// answer that carries it.
type Attempt struct {
	// URL is what to open in the browser, re-serialised from its parts (B01).
	URL string
	// Host is the host of URL, to be shown before it is opened (B10).
	Host        string
	RedirectURI string
	Scopes      []string
	State       secret.Text
	// CodeVerifier is empty for a provider without PKCE.
	CodeVerifier secret.Text
	// Nonce is empty unless openid was asked for.
	Nonce secret.Text

	tokenEndpoint string // of the provider it was started at (A05)
	issuer        string
	issRequired   bool
	granted       bool // granted_scopes and denied_scopes count
	objectError   bool // error_code and error_message are an error
	used          atomic.Bool
}

// reserved are the parameters only this package sets: they carry the checks,
// or would move the answer to where it cannot be read.
func reserved(name string) bool {
	switch name {
	case "response_type", "response_mode", "client_id", "client_secret", "redirect_uri", "scope", "state",
		"nonce", "code_challenge", "code_challenge_method", "code_verifier", "request", "request_uri":
		return true
	}
	return false
}

// Authorize prepares a sign-in: a URL with a fresh state, PKCE challenge and,
// if openid is asked for, nonce, 256 random bits each (A01, A02). The endpoint's
// own query is kept (RFC 6749 section 3.1). Errors: [*UnsafeURLError],
// [*ParamError], [*TooLongError].
func (c *Client) Authorize(o AuthorizeOptions) (*Attempt, error) {
	p := c.Provider
	endpoint, err := c.endpoint("authorization_endpoint", p.AuthorizationEndpoint)
	if err != nil {
		return nil, err
	}
	for name := range endpoint.Query() {
		if reserved(name) {
			return nil, unsafeURL("authorization_endpoint", endpoint, "its query sets "+printable(name))
		}
	}
	if c.ClientID == "" {
		return nil, &ParamError{Name: "client_id", Reason: "there is none"}
	}
	scopes := o.Scopes
	if len(scopes) == 0 {
		scopes = p.Scopes
	}
	if err := checkScopes(scopes); err != nil {
		return nil, err
	}
	a := &Attempt{
		Host: endpoint.Host, RedirectURI: o.RedirectURI, Scopes: slices.Clone(scopes),
		State:         secret.New(random()),
		tokenEndpoint: p.TokenEndpoint, issuer: p.Issuer, issRequired: p.IssInResponse,
		granted: p.Has(provider.QuirkGrantedScopes), objectError: p.Has(provider.QuirkErrorObject),
	}
	params, err := c.authorizeParams(a, o)
	if err != nil {
		return nil, err
	}
	conf := oauth2.Config{
		ClientID: c.ClientID, RedirectURL: o.RedirectURI,
		Endpoint: oauth2.Endpoint{AuthURL: endpoint.String()},
	}
	a.URL = conf.AuthCodeURL(a.State.Reveal(), params...)
	if o.RedirectURI == "" {
		return nil, &ParamError{Name: "redirect_uri", Reason: "there is none"}
	}
	if len(a.URL) > maxAuthorizeURL {
		return nil, &TooLongError{Length: len(a.URL), Limit: maxAuthorizeURL}
	}
	return a, nil
}

// authorizeParams are the parameters beyond client, redirect and state.
func (c *Client) authorizeParams(a *Attempt, o AuthorizeOptions) ([]oauth2.AuthCodeOption, error) {
	p := c.Provider
	extra := maps.Clone(p.AuthorizationParams)
	if extra == nil {
		extra = map[string]string{}
	}
	maps.Copy(extra, o.Params)
	for name := range extra {
		if name == "" || reserved(name) {
			return nil, &ParamError{Name: printable(name), Reason: "this parameter cannot be set"}
		}
	}
	if o.LoginHint != "" {
		extra["login_hint"] = o.LoginHint
	}
	if len(a.Scopes) > 0 {
		extra["scope"] = strings.Join(a.Scopes, separator(p.ScopeSeparator))
	}
	if wantsIDToken(p, a.Scopes) {
		a.Nonce = secret.New(random())
		extra["nonce"] = a.Nonce.Reveal()
	}
	var out []oauth2.AuthCodeOption
	for _, name := range slices.Sorted(maps.Keys(extra)) {
		out = append(out, oauth2.SetAuthURLParam(name, extra[name]))
	}
	if p.CodeChallengeMethod != provider.ChallengeNone {
		a.CodeVerifier = secret.New(random())
		out = append(out, oauth2.S256ChallengeOption(a.CodeVerifier.Reveal()))
	}
	return out, nil
}

// wantsIDToken reports whether the sign-in must end with an ID token.
func wantsIDToken(p *provider.Provider, scopes []string) bool {
	return p.Protocol == provider.OIDC || slices.Contains(scopes, "openid")
}

func separator(s string) string {
	if s == "" {
		return " "
	}
	return s
}

// checkScopes refuses what is not a scope-token of RFC 6749 section 3.3.
func checkScopes(scopes []string) error {
	for _, s := range scopes {
		if s == "" || strings.ContainsFunc(s, func(r rune) bool {
			return r <= 0x20 || r >= 0x7f || r == '"' || r == '\\'
		}) {
			return &ParamError{Name: "scope", Reason: "\"" + printable(s) + "\" is not a scope"}
		}
	}
	return nil
}

// random returns 256 bits of crypto/rand in base64url, 43 characters: the
// length and alphabet of a code verifier (RFC 7636 section 4.1). crypto/rand
// ends the program rather than return an error.
func random() string {
	var b [32]byte
	_, _ = rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// redirect returns the parsed redirect URI; it was made by Listen.
func (a *Attempt) redirect() (*url.URL, error) { return url.Parse(a.RedirectURI) }

package oauth

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/socialauth/socialauth/internal/plain"
	"github.com/socialauth/socialauth/internal/provider"
	"github.com/socialauth/socialauth/internal/secret"
)

// Names of operations, as they stand in errors.
const (
	opAuthorize  = "authorize"
	opExchange   = "exchange the code"
	opLongLived  = "exchange for a long-lived token"
	opRefresh    = "refresh"
	opRevoke     = "revoke"
	opIntrospect = "introspect"
	opProfile    = "profile"
	opEmails     = "email addresses"
	opKeys       = "signing keys"
	opDiscover   = "discovery"
)

// Client is one app registered at one provider. All fields but ClientSecret
// are required; HTTP comes from package httpx.
type Client struct {
	Provider     *provider.Provider
	ClientID     string
	ClientSecret secret.Text
	HTTP         *http.Client
	Now          func() time.Time
}

// http returns the client with redirects and cookies off, whatever the caller
// configured: Go replays a request's body on 307 and follows a 302 to accept
// another host's token (T08).
func (c *Client) http() *http.Client { return safeClient(c.HTTP) }

func safeClient(h *http.Client) *http.Client {
	out := *h
	out.Jar = nil
	out.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &out
}

// config returns the engine for the token endpoint. The style is always
// explicit: with auto-detection the engine sends a code or a refresh token a
// second time after any failure (T09). A client without a secret names itself
// in the body, since an empty password in a Basic header is refused by X.
func (c *Client) config(redirectURI string) (*oauth2.Config, error) {
	endpoint, err := c.endpoint("token_endpoint", c.Provider.TokenEndpoint)
	if err != nil {
		return nil, err
	}
	return &oauth2.Config{
		ClientID:     c.ClientID,
		ClientSecret: c.secretText(),
		RedirectURL:  redirectURI,
		Endpoint:     oauth2.Endpoint{TokenURL: endpoint.String(), AuthStyle: c.authStyle()},
	}, nil
}

func (c *Client) authStyle() oauth2.AuthStyle {
	if c.Provider.TokenEndpointAuthMethod == provider.ClientSecretBasic && c.secretText() != "" {
		return oauth2.AuthStyleInHeader
	}
	return oauth2.AuthStyleInParams
}

// secretText is the client secret, unless the provider never takes one.
func (c *Client) secretText() string {
	if c.Provider.ClientSecret == provider.SecretNever || c.Provider.TokenEndpointAuthMethod == provider.AuthNone {
		return ""
	}
	return c.ClientSecret.Reveal()
}

// authenticate adds the client's credentials to a form request, in the way
// [Client.config] tells the engine. RFC 6749 section 2.3.1 wants both halves of
// Basic form-encoded first (T24).
func (c *Client) authenticate(header http.Header, form url.Values) {
	if c.authStyle() == oauth2.AuthStyleInHeader {
		r := http.Request{Header: header}
		r.SetBasicAuth(url.QueryEscape(c.ClientID), url.QueryEscape(c.secretText()))
		return
	}
	form.Set("client_id", c.ClientID)
	if s := c.secretText(); s != "" {
		form.Set("client_secret", s)
	}
}

// endpoint parses one of the provider's URLs and decides whether anything may
// be sent there: https, or http to loopback; a host the provider's data lists;
// no userinfo, no fragment, no placeholder left (B10, A05, H03).
func (c *Client) endpoint(what, raw string, fill ...string) (*url.URL, error) {
	fill = append(fill, "{api_version}", c.Provider.APIVersion, "{client_id}", url.PathEscape(c.ClientID))
	raw = strings.NewReplacer(fill...).Replace(raw)
	u, err := safeURL(what, raw)
	if err != nil {
		return nil, err
	}
	if !c.Provider.Trusts(u) {
		return nil, unsafeURL(what, u, "the host is not one the provider's data lists")
	}
	return u, nil
}

// safeURL parses raw and refuses what is not plain https, or http to loopback.
// The result is to be used re-serialised, never raw itself (B01).
func safeURL(what, raw string) (*url.URL, error) {
	if raw == "" {
		return nil, &UnsafeURLError{What: what, Reason: "there is none"}
	}
	for _, r := range raw {
		if r <= 0x20 || r >= 0x7f || strings.ContainsRune("\"'<>\\^`|{}", r) {
			return nil, &UnsafeURLError{What: what, URL: printableURL(raw), Reason: "it holds a character no URL has"}
		}
	}
	u, err := url.Parse(raw)
	if err != nil {
		return nil, &UnsafeURLError{What: what, URL: printableURL(raw), Reason: "it cannot be parsed"}
	}
	switch {
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, unsafeURL(what, u, "the scheme is not https")
	case u.Host == "" || u.Hostname() == "" || u.Opaque != "":
		return nil, unsafeURL(what, u, "it has no host")
	case u.User != nil:
		return nil, unsafeURL(what, u, "it holds a user name")
	case u.Fragment != "" || strings.Contains(raw, "#"):
		return nil, unsafeURL(what, u, "it has a fragment")
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		return nil, unsafeURL(what, u, "the scheme is http and the host is not this machine")
	case strings.HasPrefix(u.Host, "-"):
		return nil, unsafeURL(what, u, "the host begins with a dash")
	}
	return u, nil
}

func unsafeURL(what string, u *url.URL, reason string) *UnsafeURLError {
	return &UnsafeURLError{What: what, URL: bare(u), Reason: reason}
}

// bare is a URL fit for an error: no userinfo, no query, no fragment, printable.
func bare(u *url.URL) string {
	if u.Host == "" {
		return plain.Cut(u.Scheme+":…", 200)
	}
	return plain.Cut((&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String(), 200)
}

// printableURL is bare for what could not be parsed. With an @ in it there is no
// telling where a password begins or ends, and only the scheme is left.
func printableURL(raw string) string {
	if i := strings.IndexAny(raw, "?#"); i >= 0 && !strings.Contains(raw, "@") {
		raw = raw[:i] + "…"
	}
	if strings.Contains(raw, "@") {
		scheme, _, found := strings.Cut(raw, "://")
		if !found || strings.ContainsAny(scheme, "@:/?#") {
			return "…"
		}
		raw = scheme + "://…"
	}
	return plain.Cut(raw, 200)
}

// isLoopback reports literal loopback addresses and the name localhost.
func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.Zone() == "" && a.IsLoopback() && !a.Is4In6()
}

// clockSkew is how far the answer's Date is ahead of now, or 0 if there is no
// Date or it is less than two minutes off (T30).
func clockSkew(h http.Header, now time.Time) time.Duration {
	date, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return 0
	}
	if d := date.Sub(now); d.Abs() > 2*time.Minute {
		return d.Round(time.Second)
	}
	return 0
}

package oauth

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/oauth2"

	"github.com/socialauth/socialauth/internal/provider"
)

// Refresh renews t and returns new tokens; t is unchanged. It sends exactly one
// request and never repeats it, since a refresh token that rotates may be spent
// by a request whose answer was lost. What the answer leaves out, refresh token
// (absent or empty, T15), scopes and ID token claims, is kept from t. A new ID
// token is verified and must be for the same person. [ErrUnsupported] if the
// provider or this grant has nothing to refresh with.
func (c *Client) Refresh(ctx context.Context, t *Tokens) (*Tokens, error) {
	switch c.Provider.Refresh {
	case provider.RefreshFB:
		return c.longLived(ctx, t)
	case provider.RefreshNone:
		return nil, &UnsupportedError{Op: opRefresh, Reason: "this provider has no way to renew a token"}
	case provider.RefreshToken:
	}
	if t.RefreshToken.IsZero() {
		return nil, &UnsupportedError{Op: opRefresh, Reason: "the sign-in brought no refresh token"}
	}
	conf, err := c.config("")
	if err != nil {
		return nil, err
	}
	wire := c.tokenTransport(opRefresh, t.RefreshToken.Reveal(), t.AccessToken.Reveal())
	at := c.Now()
	old := &oauth2.Token{RefreshToken: t.RefreshToken.Reveal()}
	if _, err := conf.TokenSource(engineContext(ctx, wire), old).Token(); err != nil {
		return nil, wire.cause(ctx, conf, err)
	}
	out := newTokens(wire.answer, at, c.unlimited())
	if err := c.acceptIDToken(ctx, out, false, idTokenContext{previous: t.Claims, skew: wire.answer.skew}); err != nil {
		return nil, err
	}
	out.inherit(t, wire.answer)
	return out, nil
}

// inherit keeps what a refresh answer left out.
func (t *Tokens) inherit(old *Tokens, a *answer) {
	if t.RefreshToken.IsZero() || t.RefreshToken.Equal(old.RefreshToken.Reveal()) {
		t.RefreshToken = old.RefreshToken
		if t.RefreshExpiresAt.IsZero() {
			t.RefreshExpiresAt = old.RefreshExpiresAt
		}
	}
	if t.IDToken.IsZero() {
		t.IDToken, t.Claims = old.IDToken, old.Claims
	}
	if a.scopesStated {
		// A warning is due for what was lost since, not for what was declined
		// at the sign-in.
		t.grant(old.Scopes, a.scopes, nil, true)
		t.Denied = append(without(old.Denied, t.Scopes), t.Denied...)
	} else {
		t.Scopes, t.Denied = slices.Clone(old.Scopes), slices.Clone(old.Denied)
	}
}

// postForm sends an authenticated form to one of the provider's endpoints; the
// engine has no call for these grants.
func (c *Client) postForm(ctx context.Context, op string, to *url.URL, form url.Values, secrets ...string) (*reply, error) {
	header := http.Header{}
	c.authenticate(header, form)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to.String(), strings.NewReader(form.Encode()))
	if err != nil {
		return nil, &ProtocolError{Op: op, Host: to.Host, Reason: "the request could not be made"}
	}
	req.Header = header
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	in, err := send(c.http(), req, op, c.Now, append(secrets, c.ClientSecret.Reveal()))
	if err != nil {
		return nil, err
	}
	in.form = c.Provider.Has(provider.QuirkFormResponse)
	return in, nil
}

func hostOf(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	return u.Host
}

package oauth

import (
	"context"
	"errors"
	"net/http"

	"golang.org/x/oauth2"

	"github.com/socialauth/socialauth/internal/httpx"
	"github.com/socialauth/socialauth/internal/provider"
)

// Exchange turns the code of a into tokens, with exactly one request that
// carries the code (T09). An ID token that was asked for is verified; one that
// is missing or wrong is an [*IDTokenError] and nothing is returned. Where the
// provider's tokens must be exchanged for long-lived ones at once, that is done
// too; if it fails the short-lived token is returned with a warning, since the
// code is spent. Errors: [*ServerError], [*ProtocolError], [*RedirectError],
// [*UnsafeURLError], [*httpx.Error], and a [*ParamError] for an attempt that was
// started at another provider (A05).
func (c *Client) Exchange(ctx context.Context, a *Attempt, r *Response) (*Tokens, error) {
	if a.tokenEndpoint != c.Provider.TokenEndpoint {
		return nil, &ParamError{Name: "attempt", Reason: "it was started at another provider"}
	}
	conf, err := c.config(a.RedirectURI)
	if err != nil {
		return nil, err
	}
	var params []oauth2.AuthCodeOption
	if !a.CodeVerifier.IsZero() {
		params = append(params, oauth2.VerifierOption(a.CodeVerifier.Reveal()))
	}
	if c.Provider.Has(provider.QuirkStateInTokenRequest) {
		params = append(params, oauth2.SetAuthURLParam("state", a.State.Reveal()))
	}
	wire := c.tokenTransport(opExchange, r.Code.Reveal(), a.CodeVerifier.Reveal(), a.State.Reveal())
	at := c.Now()
	_, err = conf.Exchange(engineContext(ctx, wire), r.Code.Reveal(), params...)
	if err != nil {
		return nil, wire.cause(ctx, conf, err)
	}
	t := newTokens(wire.answer, at, c.unlimited())
	if err := c.acceptIDToken(ctx, t, wantsIDToken(c.Provider, a.Scopes), idTokenContext{
		nonce: a.Nonce, code: r.Code, skew: wire.answer.skew,
	}); err != nil {
		return nil, err
	}
	granted, stated := wire.answer.scopes, wire.answer.scopesStated
	if len(r.GrantedScopes) > 0 || len(r.DeniedScopes) > 0 {
		granted, stated = r.GrantedScopes, true
	}
	t.grant(a.Scopes, granted, r.DeniedScopes, stated)
	if c.Provider.Has(provider.QuirkLongLivedExchange) {
		return c.longLivedOrWarn(ctx, t), nil
	}
	return t, nil
}

func (c *Client) unlimited() bool { return c.Provider.Lifetime == provider.LifetimeUnlimited }

// engineContext makes the engine use wire for its one request.
func engineContext(ctx context.Context, wire http.RoundTripper) context.Context {
	return context.WithValue(ctx, oauth2.HTTPClient, &http.Client{
		Transport:     wire,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	})
}

// cause finds our own error in what the engine returned. The engine's texts are
// never shown: they can hold a URL or a body (T06).
func (t *tokenTransport) cause(ctx context.Context, conf *oauth2.Config, err error) error {
	if own := ownError(err); own != nil {
		return own
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return &ProtocolError{Op: t.op, Host: hostOf(conf.Endpoint.TokenURL), Reason: "the request could not be made"}
}

// ownError unwraps err down to a type that is safe to show.
func ownError(err error) error {
	var (
		server   *ServerError
		protocol *ProtocolError
		redirect *RedirectError
		network  *httpx.Error
		unsafe   *UnsafeURLError
	)
	switch {
	case errors.As(err, &unsafe):
		return unsafe
	case errors.As(err, &server):
		return server
	case errors.As(err, &protocol):
		return protocol
	case errors.As(err, &redirect):
		return redirect
	case errors.As(err, &network):
		return network
	}
	return nil
}

package oauth

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"

	"github.com/socialauth/socialauth/internal/provider"
	"github.com/socialauth/socialauth/internal/secret"
)

// Revoke ends the grant at the provider, in the way its data says. sub is the
// person's identifier there (Facebook's URL has it). A token that is already
// dead is success. The local copy is the caller's to delete whatever comes back
// (T29). [ErrUnsupported] if the provider has no way.
func (c *Client) Revoke(ctx context.Context, t *Tokens, sub string) error {
	if c.Provider.RevocationEndpoint == "" && c.Provider.Revocation != provider.RevokeNone && c.Provider.Revocation != "" {
		return &UnsupportedError{Op: opRevoke, Reason: "the provider's data names no endpoint for it"}
	}
	switch c.Provider.Revocation {
	case provider.RevokeRFC7009:
		return c.revokeRFC7009(ctx, t)
	case provider.RevokePermissions:
		return c.revokePermissions(ctx, t, sub)
	case provider.RevokeGitHub:
		in, err := c.githubToken(ctx, http.MethodDelete, opRevoke, "revocation_endpoint", c.Provider.RevocationEndpoint, t)
		if err != nil {
			return err
		}
		if in.status == http.StatusNotFound {
			return nil
		}
		return in.mustSucceed()
	case provider.RevokeBearerPost:
		in, err := c.bearer(ctx, http.MethodPost, opRevoke, "revocation_endpoint", c.Provider.RevocationEndpoint, t)
		if err != nil {
			return err
		}
		return in.mustSucceed()
	case provider.RevokeNone:
	}
	return &UnsupportedError{Op: opRevoke, Reason: "the provider has no way to revoke a token; its own pages list the apps a person allowed"}
}

// revokeRFC7009 revokes the refresh token and then the access token: a server
// need not end the one with the other (RFC 7009 section 2.1). What it says
// about the second does not matter if it does not know it any more or does not
// revoke that kind.
func (c *Client) revokeRFC7009(ctx context.Context, t *Tokens) error {
	if !t.RefreshToken.IsZero() {
		if err := c.revokeOne(ctx, t.RefreshToken, "refresh_token"); err != nil && !tokenUnknown(err) {
			return err
		}
	}
	err := c.revokeOne(ctx, t.AccessToken, "access_token")
	var e *ServerError
	switch {
	case err == nil || tokenUnknown(err):
		return nil
	case errors.As(err, &e) && e.Code == "unsupported_token_type" && !t.RefreshToken.IsZero():
		return nil
	}
	return err
}

func tokenUnknown(err error) bool {
	var e *ServerError
	return errors.As(err, &e) && (e.Code == "invalid_token" || e.Code == "invalid_grant")
}

func (c *Client) revokeOne(ctx context.Context, token secret.Text, hint string) error {
	to, err := c.endpoint("revocation_endpoint", c.Provider.RevocationEndpoint)
	if err != nil {
		return err
	}
	form := url.Values{"token": {token.Reveal()}, "token_type_hint": {hint}}
	in, err := c.postForm(ctx, opRevoke, to, form, token.Reveal())
	if err != nil {
		return err
	}
	return in.mustSucceed()
}

// revokePermissions deletes all of the app's permissions (Facebook).
func (c *Client) revokePermissions(ctx context.Context, t *Tokens, sub string) error {
	if sub == "" {
		return &ParamError{Name: "sub", Reason: "the person's identifier is needed"}
	}
	in, err := c.bearer(ctx, http.MethodDelete, opRevoke, "revocation_endpoint", c.Provider.RevocationEndpoint, t,
		"{user-id}", url.PathEscape(sub))
	if err != nil {
		return err
	}
	if err := in.mustSucceed(); err != nil {
		var e *ServerError
		if errors.As(err, &e) && e.Code == "190" {
			return nil
		}
		return err
	}
	// The answer is {"success":true}, in old versions the word true alone.
	if body := bytes.TrimSpace(in.body); string(body) == "true" {
		return nil
	}
	o, err := in.object()
	if err != nil {
		return err
	}
	if !isTrue(o["success"]) {
		return in.protocol("the provider did not confirm that the permissions are deleted")
	}
	return nil
}

// githubToken asks GitHub about a token, or deletes it: Basic authentication
// of the app, the token in a JSON body.
func (c *Client) githubToken(ctx context.Context, method, op, what, endpoint string, t *Tokens) (*reply, error) {
	to, err := c.endpoint(what, endpoint)
	if err != nil {
		return nil, err
	}
	if c.ClientSecret.IsZero() {
		return nil, &UnsupportedError{Op: op, Reason: "it needs the client secret"}
	}
	token := t.AccessToken.Reveal()
	body, err := json.Marshal(map[string]string{"access_token": token})
	if err != nil {
		return nil, &ProtocolError{Op: op, Host: to.Host, Reason: "the request could not be made"}
	}
	req, err := http.NewRequestWithContext(ctx, method, to.String(), bytes.NewReader(body))
	if err != nil {
		return nil, &ProtocolError{Op: op, Host: to.Host, Reason: "the request could not be made"}
	}
	req.SetBasicAuth(c.ClientID, c.ClientSecret.Reveal())
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	return send(c.http(), req, op, c.Now, []string{token, c.ClientSecret.Reveal()})
}

// mustSucceed turns any status but 2xx, and an error with 200, into a
// [*ServerError]. A body is not required.
func (in *reply) mustSucceed() error {
	o, err := in.object()
	if err != nil {
		o = nil
	}
	if in.status < 200 || in.status > 299 || hasError(o) {
		return in.serverError(o)
	}
	return nil
}

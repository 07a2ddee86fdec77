package oauth

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/socialauth/socialauth/internal/plain"
	"github.com/socialauth/socialauth/internal/provider"
)

// Introspection is what a provider says about an access token, with the member
// names of RFC 7662 section 2.2 whatever the provider calls them.
type Introspection struct {
	Active   bool
	Scope    string // separated by spaces
	ClientID string
	Sub      string
	Exp      time.Time // zero if the provider did not say, or if it never ends
	// Raw is the provider's answer, byte for byte; nil if it had none to show.
	Raw json.RawMessage
}

// Introspect asks the provider about t's access token. A token the provider
// does not know is not an error but Active false. [ErrUnsupported], with the
// reason, where there is no way to ask.
func (c *Client) Introspect(ctx context.Context, t *Tokens) (*Introspection, error) {
	none := &UnsupportedError{Op: opIntrospect, Reason: "the provider has no endpoint that answers questions about a token"}
	if c.Provider.IntrospectionEndpoint == "" {
		return nil, none
	}
	switch c.Provider.Introspection {
	case provider.IntrospectRFC7662:
		return c.introspectRFC7662(ctx, t)
	case provider.IntrospectDebugToken:
		return c.debugToken(ctx, t)
	case provider.IntrospectTokenInfo:
		return c.tokenInfo(ctx, t)
	case provider.IntrospectGitHub:
		return c.githubIntrospect(ctx, t)
	case provider.IntrospectBearerGet:
		return c.bearerIntrospect(ctx, t)
	case provider.IntrospectNone:
	}
	return nil, none
}

func (c *Client) introspectRFC7662(ctx context.Context, t *Tokens) (*Introspection, error) {
	to, err := c.endpoint("introspection_endpoint", c.Provider.IntrospectionEndpoint)
	if err != nil {
		return nil, err
	}
	token := t.AccessToken.Reveal()
	in, err := c.postForm(ctx, opIntrospect, to, url.Values{"token": {token}, "token_type_hint": {"access_token"}}, token)
	if err != nil {
		return nil, err
	}
	o, err := in.success()
	if err != nil {
		return nil, err
	}
	return &Introspection{
		Active: isTrue(o["active"]), Scope: spaced(o.text("scope")), ClientID: field(o.text("client_id")),
		Sub: field(scalar(o["sub"])), Exp: unix(o["exp"]), Raw: in.body,
	}, nil
}

// success returns the object of a 2xx answer, and any other as its error.
func (in *reply) success() (object, error) {
	o, err := in.object()
	if in.status < 200 || in.status > 299 {
		return nil, in.serverError(o)
	}
	if err != nil {
		return nil, err
	}
	if hasError(o) {
		return nil, in.serverError(o)
	}
	return o, nil
}

// debugToken asks Facebook. The app's own token, APPID|SECRET, travels in the
// Authorization header; the token in question can only be in the query, which
// no error and no trace ever shows.
func (c *Client) debugToken(ctx context.Context, t *Tokens) (*Introspection, error) {
	to, err := c.endpoint("introspection_endpoint", c.Provider.IntrospectionEndpoint)
	if err != nil {
		return nil, err
	}
	if c.ClientSecret.IsZero() {
		return nil, &UnsupportedError{Op: opIntrospect, Reason: "it needs the client secret"}
	}
	app, token := c.ClientID+"|"+c.ClientSecret.Reveal(), t.AccessToken.Reveal()
	q := url.Values{"input_token": {token}}
	c.appSecretProof(q, app)
	addQuery(to, q)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, to.String(), nil)
	if err != nil {
		return nil, &ProtocolError{Op: opIntrospect, Host: to.Host, Reason: "the request could not be made"}
	}
	req.Header.Set("Authorization", "Bearer "+app)
	req.Header.Set("Accept", "application/json")
	in, err := send(c.http(), req, opIntrospect, c.Now, []string{token, app, c.ClientSecret.Reveal(), q.Get("appsecret_proof")})
	if err != nil {
		return nil, err
	}
	o, err := in.success()
	if err != nil {
		return nil, err
	}
	data := o.object("data")
	if data == nil {
		return nil, in.protocol("the answer has no data")
	}
	out := &Introspection{
		Active: isTrue(data["is_valid"]), ClientID: field(scalar(data["app_id"])), Sub: field(scalar(data["user_id"])),
		Exp: unix(data["expires_at"]), Raw: in.body,
	}
	var scopes []string
	if json.Unmarshal(data["scopes"], &scopes) == nil {
		out.Scope = spaced(strings.Join(scopes, " "))
	}
	return out, nil
}

// tokenInfo asks Google. The documented call has the token in the query, which
// no error and no trace ever shows.
func (c *Client) tokenInfo(ctx context.Context, t *Tokens) (*Introspection, error) {
	to, err := c.endpoint("introspection_endpoint", c.Provider.IntrospectionEndpoint)
	if err != nil {
		return nil, err
	}
	token := t.AccessToken.Reveal()
	addQuery(to, url.Values{"access_token": {token}})
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, to.String(), nil)
	if err != nil {
		return nil, &ProtocolError{Op: opIntrospect, Host: to.Host, Reason: "the request could not be made"}
	}
	req.Header.Set("Accept", "application/json")
	in, err := send(c.http(), req, opIntrospect, c.Now, []string{token})
	if err != nil {
		return nil, err
	}
	o, err := in.success()
	// A dead token is a 400 there, invalid_token or invalid_request.
	if err != nil && in.status == http.StatusBadRequest {
		return &Introspection{Raw: jsonOnly(in.body)}, nil
	}
	if err != nil {
		return nil, err
	}
	return &Introspection{
		Active: true, Scope: spaced(o.text("scope")), ClientID: field(first(o.text("azp"), o.text("aud"))),
		Sub: field(scalar(o["sub"])), Exp: unix(o["exp"]), Raw: in.body,
	}, nil
}

// githubIntrospect asks GitHub with the app's own credentials.
func (c *Client) githubIntrospect(ctx context.Context, t *Tokens) (*Introspection, error) {
	in, err := c.githubToken(ctx, http.MethodPost, opIntrospect, "introspection_endpoint", c.Provider.IntrospectionEndpoint, t)
	if err != nil {
		return nil, err
	}
	o, err := in.success()
	if err != nil && in.status == http.StatusNotFound {
		return &Introspection{Raw: jsonOnly(in.body)}, nil
	}
	if err != nil {
		return nil, err
	}
	out := &Introspection{
		Active: true, ClientID: field(o.object("app").text("client_id")),
		Sub: field(scalar(o.object("user")["id"])), Raw: in.body,
	}
	var scopes []string
	if json.Unmarshal(o["scopes"], &scopes) == nil {
		out.Scope = spaced(strings.Join(scopes, " "))
	}
	if at, err := time.Parse(time.RFC3339, o.text("expires_at")); err == nil {
		out.Exp = at.UTC()
	}
	return out, nil
}

// bearerIntrospect asks Kakao or Naver with the token itself. Kakao answers id,
// app_id and expires_in, Naver a resultcode.
func (c *Client) bearerIntrospect(ctx context.Context, t *Tokens) (*Introspection, error) {
	at := c.Now()
	o, raw, err := c.api(ctx, opIntrospect, "introspection_endpoint", c.Provider.IntrospectionEndpoint, t)
	if err != nil {
		var e *ServerError
		if asServer(err, &e) && (e.Status == http.StatusUnauthorized || e.Status == http.StatusOK) {
			return &Introspection{}, nil
		}
		return nil, err
	}
	out := &Introspection{
		Active: true, ClientID: field(scalar(o["app_id"])),
		Sub: field(first(scalar(o["id"]), scalar(o.at("response.id")))), Raw: raw,
	}
	if l := parseLifetime(o["expires_in"]); l.state == lifetimeStated {
		out.Exp = at.Add(l.length).UTC()
	}
	return out, nil
}

// spaced makes any list of scopes one that is separated by single spaces.
func spaced(s string) string { return plain.Cut(strings.Join(splitScopes(s), " "), 4096) }

// unix reads seconds since 1970, as a number or in a string. 0 means "never"
// at Facebook, and nonsense is nothing.
func unix(raw json.RawMessage) time.Time {
	n, err := strconv.ParseInt(scalar(raw), 10, 64)
	if err != nil || n <= 0 || n > 253402300799 { // year 9999
		return time.Time{}
	}
	return time.Unix(n, 0).UTC()
}

func jsonOnly(body []byte) json.RawMessage {
	if !json.Valid(body) {
		return nil
	}
	return body
}

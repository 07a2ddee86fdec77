package oauth

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/url"

	"github.com/socialauth/socialauth/internal/provider"
)

// longLived exchanges an access token for one of about 60 days
// (fb_exchange_token). It is a POST although the documentation shows a GET, so
// that the secret and the token stay out of the URL.
func (c *Client) longLived(ctx context.Context, t *Tokens) (*Tokens, error) {
	op := opLongLived
	to, err := c.endpoint("token_endpoint", c.Provider.TokenEndpoint)
	if err != nil {
		return nil, err
	}
	if c.secretText() == "" {
		return nil, &UnsupportedError{Op: op, Reason: "it needs the client secret"}
	}
	form := url.Values{"grant_type": {"fb_exchange_token"}, "fb_exchange_token": {t.AccessToken.Reveal()}}
	at := c.Now()
	in, err := c.postForm(ctx, op, to, form, t.AccessToken.Reveal())
	if err != nil {
		return nil, err
	}
	a, err := normalise(in)
	if err != nil {
		return nil, err
	}
	out := newTokens(a, at, c.unlimited())
	a.scopesStated = false // the grant is the same
	out.inherit(t, a)
	if a.expiresIn.state == lifetimeMissing {
		c.learnExpiry(ctx, out)
	}
	return out, nil
}

// learnExpiry asks debug_token for what the answer of a long-lived exchange
// sometimes leaves out. 0 means that the token does not expire. A failure
// leaves the expiry unknown.
func (c *Client) learnExpiry(ctx context.Context, t *Tokens) {
	if c.Provider.Introspection != provider.IntrospectDebugToken || c.Provider.IntrospectionEndpoint == "" {
		return
	}
	about, err := c.debugToken(ctx, t)
	if err != nil || !about.Active {
		return
	}
	o, err := parseObject(about.Raw)
	switch {
	case err != nil:
	case !about.Exp.IsZero():
		t.Expiry, t.ExpiresAt = ExpiryKnown, about.Exp
	case scalar(o.at("data.expires_at")) == "0":
		t.Expiry = ExpiryNever
	}
}

// longLivedOrWarn is [Client.longLived] after a code exchange: the code is
// spent, so a failure must not lose the token there is.
func (c *Client) longLivedOrWarn(ctx context.Context, t *Tokens) *Tokens {
	long, err := c.longLived(ctx, t)
	if err != nil {
		text := "the exchange for a long-lived token failed; this one lasts hours only"
		if ownError(err) != nil || errors.Is(err, ErrUnsupported) {
			text += " (" + err.Error() + ")"
		}
		t.warn(text)
		return t
	}
	long.Warnings = append(t.Warnings, long.Warnings...)
	return long
}

// appSecretProof adds the proof that the caller of an API knows the client
// secret: hex HMAC-SHA256 of the access token the call uses, under the secret.
func (c *Client) appSecretProof(q url.Values, accessToken string) {
	if !c.Provider.Has(provider.QuirkAppSecretProof) || c.ClientSecret.IsZero() {
		return
	}
	mac := hmac.New(sha256.New, []byte(c.ClientSecret.Reveal()))
	_, _ = mac.Write([]byte(accessToken))
	q.Set("appsecret_proof", hex.EncodeToString(mac.Sum(nil)))
}

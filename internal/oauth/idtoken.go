package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/socialauth/socialauth/internal/jose"
	"github.com/socialauth/socialauth/internal/provider"
	"github.com/socialauth/socialauth/internal/secret"
)

// idTokenLeeway is how far two clocks may be apart without anybody noticing.
const idTokenLeeway = time.Minute

// idTokenContext is what an ID token is compared with beyond the client's own
// configuration.
type idTokenContext struct {
	nonce    secret.Text
	code     secret.Text
	previous json.RawMessage // claims of the last ID token, at a refresh
	skew     time.Duration
}

// idTokenAlgorithms are the asymmetric ones. An HMAC would make the client
// secret a signing key that every copy of a desktop app has (D09, W02).
func idTokenAlgorithms() []string {
	return slices.DeleteFunc(jose.Algorithms(), func(alg string) bool {
		return alg == "HS256" || alg == "HS384" || alg == "HS512"
	})
}

// acceptIDToken verifies t's ID token and sets t.Claims, or drops the token. A
// missing one is an error only if must is set. One that nobody asked for, from
// a provider whose keys are unknown, is dropped with a warning: an unverified
// token is never kept.
func (c *Client) acceptIDToken(ctx context.Context, t *Tokens, must bool, in idTokenContext) error {
	if t.IDToken.IsZero() {
		if must {
			return &IDTokenError{Err: ErrNoIDToken}
		}
		return nil
	}
	if c.Provider.JWKSURI == "" || c.Provider.Issuer == "" {
		if must {
			return &IDTokenError{Err: &UnsupportedError{Op: "ID token", Reason: "the provider's data names no issuer or no keys to check it with"}}
		}
		t.IDToken = secret.Text{}
		t.warn("the provider sent an ID token that cannot be checked; it was dropped")
		return nil
	}
	claims, err := c.verifyIDToken(ctx, t, in)
	var key *jose.KeyError
	switch {
	case err == nil:
		t.Claims = claims
		return nil
	case ownError(err) != nil: // the keys could not be fetched
		return ownError(err)
	case errors.As(err, &key):
		return &ProtocolError{Op: opKeys, Host: hostOf(c.Provider.JWKSURI), Reason: "the answer is not a JWK set: " + printable(key.Reason)}
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return &IDTokenError{Err: err, Skew: in.skew}
}

// verifyIDToken checks everything of OpenID Connect Core section 3.1.3.7 and,
// at a refresh, of section 12.2: the person must be the same. The keys are
// fetched for this one token, so that a rotated key is never missed.
func (c *Client) verifyIDToken(ctx context.Context, t *Tokens, in idTokenContext) (json.RawMessage, error) {
	v := jose.Verifier{
		Keys:       jose.NewRemoteSet(c.fetchKeys, c.Now),
		Algorithms: idTokenAlgorithms(),
		Issuers:    append([]string{c.Provider.Issuer}, c.Provider.IssuerAliases...),
		Audiences:  []string{c.ClientID},
		Now:        c.Now, Leeway: idTokenLeeway,
	}
	options := jose.IDTokenOptions{
		Nonce: in.nonce, NonceOptional: c.Provider.Has(provider.QuirkNonceOptional),
		AccessToken: t.AccessToken, Code: in.code,
	}
	var before object
	if in.previous != nil {
		var err error
		if before, err = parseObject(in.previous); err != nil {
			return nil, err
		}
		options.Nonce, options.NonceOptional = secret.New(before.text("nonce")), true
	}
	got, err := v.VerifyIDToken(ctx, []byte(t.IDToken.Reveal()), options)
	if err != nil {
		return nil, err
	}
	if sub, _ := got.String("sub"); before != nil && sub != before.text("sub") {
		return nil, otherPerson("it is another person's than before")
	}
	return got.Payload, nil
}

func otherPerson(detail string) error {
	return &jose.VerifyError{Reasons: []jose.Reason{{Code: jose.CodeInvalid, Claim: "sub", Detail: detail}}}
}

// fetchKeys gets the provider's JWK set.
func (c *Client) fetchKeys(ctx context.Context) ([]byte, error) {
	from, err := c.endpoint("jwks_uri", c.Provider.JWKSURI)
	if err != nil {
		return nil, err
	}
	return FetchKeySet(ctx, c.http(), c.Now, from.String())
}

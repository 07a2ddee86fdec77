package oauth

import (
	"context"
	"net/http"
	"time"
)

// KeySetURL asks an issuer's metadata for its jwks_uri, for checking tokens that
// others got: nothing else has to be in the document, so that issuers nobody signs
// in to have it too. The same rules as for [Discover] hold.
func KeySetURL(ctx context.Context, hc *http.Client, issuer string) (string, error) {
	m, err := findMetadata(ctx, hc, issuer)
	if err != nil {
		return "", err
	}
	if err := m.checkIssuer(); err != nil {
		return "", err
	}
	return m.endpoint("jwks_uri", true)
}

// FetchKeySet gets a JWK set: from https, or http on this machine, without
// following redirects, at most 1 MiB.
func FetchKeySet(ctx context.Context, hc *http.Client, now func() time.Time, from string) ([]byte, error) {
	u, err := safeURL("jwks_uri", from)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, &ProtocolError{Op: opKeys, Host: u.Host, Reason: "the request could not be made"}
	}
	req.Header.Set("Accept", "application/jwk-set+json, application/json")
	in, err := send(safeClient(hc), req, opKeys, now, nil)
	if err != nil {
		return nil, err
	}
	if in.status != http.StatusOK {
		return nil, in.serverError(nil)
	}
	return in.body, nil
}

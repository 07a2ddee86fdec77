package cli

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"github.com/socialauth/socialauth/internal/account"
	"github.com/socialauth/socialauth/internal/jose"
	"github.com/socialauth/socialauth/internal/oauth"
)

// verifyKeys is where the keys come from. Nothing is asked over the network here:
// that is done when the first token needs a key.
func (a *App) verifyKeys(o verifyOptions, v *jose.Verifier) (jose.KeySource, error) {
	switch {
	case o.local:
		return a.localKeys(v)
	case o.key != "":
		return a.fileKey(o.key, func(data []byte) (*jose.Key, error) { return parseKey(data, o.alg) })
	case isURL(o.jwks):
		return a.remoteKeys(func(context.Context) (string, error) { return o.jwks, nil }), nil
	case o.jwks != "":
		return a.fileKeys(o.jwks)
	case o.hmac != "":
		if o.alg == "" {
			return nil, usagef("--hmac-key-file needs --alg HS256, HS384 or HS512")
		}
		return a.fileKey(o.hmac, func(data []byte) (*jose.Key, error) { return jose.HMACKey(trimNewline(data), o.alg) })
	case len(o.issuers) == 1 && isURL(o.issuers[0]):
		return a.remoteKeys(func(ctx context.Context) (string, error) {
			return oauth.KeySetURL(ctx, a.httpClient(), o.issuers[0])
		}), nil
	}
	return nil, usagef("verify needs a key: --local, --key, --jwks, --hmac-key-file, or one --issuer that is a URL").hint("socialauth verify --help")
}

// isURL tells a URL from a file name. Which URLs are taken is decided where they
// are used.
func isURL(s string) bool {
	return strings.HasPrefix(strings.ToLower(s), "https://") || strings.HasPrefix(strings.ToLower(s), "http://")
}

// localKeys is the person's own keys, for what they sign.
func (a *App) localKeys(v *jose.Verifier) (jose.KeySource, error) {
	w, err := a.open()
	if err != nil {
		return nil, err
	}
	if len(v.Issuers) == 0 {
		issuer := w.mintDefaults().Issuer
		if issuer == "" {
			issuer = account.DefaultIssuer
		}
		v.Issuers = []string{issuer}
	}
	v.Types = []string{jose.TypeMinted}
	return w.accounts.LocalKeys(), nil
}

func (a *App) fileKey(path string, parse func([]byte) (*jose.Key, error)) (jose.KeySource, error) {
	data, err := readKeyFile(path)
	if err != nil {
		return nil, err
	}
	key, err := parse(data)
	if err != nil {
		return nil, keyFileError(path, err)
	}
	return jose.NewSet(key), nil
}

func (a *App) fileKeys(path string) (jose.KeySource, error) {
	data, err := readKeyFile(path)
	if err != nil {
		return nil, err
	}
	set, err := jose.ParseSet(data)
	if err != nil {
		return nil, keyFileError(path, err)
	}
	for _, skipped := range set.Skipped() {
		a.warn("a key of the set is not used: " + skipped.Error())
	}
	return set, nil
}

// remoteKeys is a key set on the network, at the URL that where finds.
func (a *App) remoteKeys(where func(context.Context) (string, error)) jose.KeySource {
	return remoteKeys{jose.NewRemoteSet(func(ctx context.Context) ([]byte, error) {
		from, err := where(ctx)
		if err != nil {
			return nil, err
		}
		return oauth.FetchKeySet(ctx, a.httpClient(), a.Now, from)
	}, a.Now)}
}

// remoteKeys tells a server's bad key set from a bad key of the person's.
type remoteKeys struct{ *jose.RemoteSet }

func (r remoteKeys) Keys(ctx context.Context, kid, alg string) ([]*jose.Key, error) {
	keys, err := r.RemoteSet.Keys(ctx, kid, alg)
	if e, ok := as[*jose.KeyError](err); ok {
		return nil, &Error{Exit: exitProvider, Code: "key_set", Message: "what the server sent is no key set: " + e.Error(), Err: err}
	}
	return keys, err
}

// expectedClaims reads --claim. The value is compared with a string, a number or a
// boolean, so nothing in it is JSON.
func expectedClaims(items []string) ([]jose.ExpectedClaim, error) {
	var list []jose.ExpectedClaim
	for _, item := range items {
		name, value, ok := strings.Cut(item, "=")
		if !ok || name == "" {
			return nil, usagef("--claim wants name=value, not %q", redactSecrets(item))
		}
		list = append(list, jose.ExpectedClaim{Name: name, Value: value})
	}
	return list, nil
}

// runVerifyDetached checks the signature of a token over a payload in a file.
func (a *App) runVerifyDetached(ctx context.Context, args []string, o verifyOptions) error {
	if len(o.audience)+len(o.issuers)+len(o.claims)+len(o.require) > 0 || o.local {
		return usagef("with --payload-file only the signature is checked: there are no claims to compare, and your own keys sign none")
	}
	v := &jose.Verifier{Now: a.Now}
	if o.alg != "" {
		v.Algorithms = []string{o.alg}
	}
	var err error
	if v.Keys, err = a.verifyKeys(o, v); err != nil {
		return err
	}
	payload, err := readFile(o.payload, maxToken)
	if err != nil {
		return err
	}
	input, err := a.tokenInput(args)
	if err != nil {
		return err
	}
	good, err := v.VerifyDetached(ctx, trimNewline(input), payload)
	if err != nil {
		return a.verifyFailed(err)
	}
	if a.flags.json {
		return a.printJSON(map[string]any{"verified": true, "alg": good.Alg, "kid": good.Key.KeyID(), "header": good.Header, "payload_bytes": len(payload)})
	}
	a.note("socialauth: the signature over %d bytes is good (%s)", len(payload), good.Alg)
	return nil
}

// parseKey takes a JWK or a PEM block.
func parseKey(data []byte, alg string) (*jose.Key, error) {
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")) {
		return jose.ParseJWK(data)
	}
	return jose.ParsePEM(data, alg)
}

func keyFileError(path string, err error) error {
	return &Error{Exit: exitUsage, Code: "key", Message: fmt.Sprintf("%s: %v", path, err), Err: err}
}

func trimNewline(data []byte) []byte {
	return bytes.TrimSuffix(bytes.TrimSuffix(data, []byte("\n")), []byte("\r"))
}

// maxKeyFile is the largest key file that is read, in bytes (K17).
const maxKeyFile = 1 << 20

func readKeyFile(path string) ([]byte, error) { return readFile(path, maxKeyFile) }

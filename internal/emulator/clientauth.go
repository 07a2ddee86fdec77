package emulator

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/url"
	"strings"

	"github.com/socialauth/socialauth/internal/provider"
	"github.com/socialauth/socialauth/internal/secret"
)

// authenticate finds out who the client is, by the provider's method and no
// other (RFC 6749 section 2.3.1): a client that tries both ways, as libraries
// do when nobody tells them, must be seen failing here.
func (c *call) authenticate(form params) (client, *failure) {
	who, fail := c.credentials(form)
	if fail != nil {
		return client{}, fail
	}
	p := c.realm.p
	switch {
	case who.id == "":
		return client{}, &failure{reason: missingClient, detail: "client_id is missing"}
	case who.secret.IsZero() && p.ClientSecret == provider.SecretRequired:
		return client{}, &failure{reason: badClient, detail: "client_secret is missing"}
	case !who.secret.IsZero() && p.ClientSecret == provider.SecretNever:
		return client{}, &failure{reason: badClient, detail: "this provider gives clients no secret"}
	}
	if c.s.clients == nil {
		return who, nil
	}
	want, ok := c.s.clients[who.id]
	if !ok || !sameText(want, who.secret.Reveal()) {
		return client{}, &failure{reason: badClient, detail: "client_id or client_secret is wrong"}
	}
	return who, nil
}

// credentials reads id and secret from where the provider wants them.
func (c *call) credentials(form params) (client, *failure) {
	method, either := c.realm.p.TokenEndpointAuthMethod, c.realm.style.eitherAuth
	header := c.r.Header.Get("Authorization")
	body := client{form["client_id"], secret.New(form["client_secret"])}
	if header == "" {
		c.entry.ClientAuth = string(provider.AuthNone)
		if !body.secret.IsZero() {
			c.entry.ClientAuth = string(provider.ClientSecretPost)
			if method != provider.ClientSecretPost && !either {
				return client{}, &failure{reason: badClient, detail: "client_secret belongs into the Authorization header"}
			}
		}
		return body, nil
	}
	c.entry.ClientAuth = string(provider.ClientSecretBasic)
	if method != provider.ClientSecretBasic && !either {
		return client{}, &failure{reason: badClient, detail: "client_secret belongs into the body, not into a header"}
	}
	who, ok := basic(header)
	if !ok || who.secret.IsZero() {
		return client{}, &failure{reason: badClient, detail: "the Authorization header is not Basic with an id and a secret"}
	}
	if !body.secret.IsZero() || (body.id != "" && body.id != who.id) {
		return client{}, &failure{reason: badRequest, detail: "two client authentications in one request"}
	}
	return who, nil
}

// basic reads an Authorization header; both halves are form-encoded before
// they are joined.
func basic(header string) (client, bool) {
	scheme, token, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Basic") {
		return client{}, false
	}
	raw, err := base64.StdEncoding.DecodeString(token)
	if err != nil {
		return client{}, false
	}
	id, pass, ok := strings.Cut(string(raw), ":")
	if !ok {
		return client{}, false
	}
	id, err = url.QueryUnescape(id)
	if err != nil {
		return client{}, false
	}
	pass, err = url.QueryUnescape(pass)
	if err != nil {
		return client{}, false
	}
	return client{id, secret.New(pass)}, true
}

// sameText compares secrets in constant time, whatever their lengths.
func sameText(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

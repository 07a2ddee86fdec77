package emulator

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/socialauth/socialauth/internal/jose"
	"github.com/socialauth/socialauth/internal/provider"
)

const (
	discoverySuffix = "/.well-known/openid-configuration"
	// metadataPrefix is where RFC 8414 puts the document of an issuer with a path.
	metadataPrefix = "/.well-known/oauth-authorization-server/"
)

// signingKey is the key of this run, made when it is first needed.
func (s *Server) signingKey() (*jose.Key, error) {
	s.keyMu.Lock()
	defer s.keyMu.Unlock()
	if s.key == nil {
		k, err := jose.GenerateKey("RS256", rand.Reader)
		if err != nil {
			return nil, fmt.Errorf("make the signing key of this run: %w", err)
		}
		s.key = k
	}
	return s.key, nil
}

// idToken signs an ID token (OpenID Connect Core section 2), with its faults.
func (c *call) idToken(g *grant, accessToken string) (string, error) {
	key, err := c.s.signingKey()
	if err != nil {
		return "", err
	}
	claims, err := c.idTokenClaims(g, key.Alg(), accessToken)
	if err != nil {
		return "", err
	}
	token, err := jose.Sign(key, jose.Header{Typ: "JWT"}, claims.Bytes())
	if err != nil {
		return "", err
	}
	if c.struck("bad_signature") {
		token = damage(token)
	}
	return token, nil
}

func (c *call) idTokenClaims(g *grant, alg, accessToken string) (*jose.Claims, error) {
	now := c.clock()
	issuer, audience, subject, nonce := c.issuer(), g.clientID, c.subject(g), g.nonce
	if c.struck("wrong_id_token_issuer") {
		issuer = "https://issuer.invalid"
	}
	if c.struck("wrong_audience") {
		audience = "another-client"
	}
	if c.struck("wrong_subject") {
		subject = "somebody-else"
	}
	if c.struck("wrong_nonce") {
		nonce = "another-nonce"
	}
	hash, err := jose.AtHash(alg, accessToken)
	if err != nil {
		return nil, err
	}
	o := object{
		{"iss", issuer},
		{"azp", audience},
		{"aud", audience},
		{"sub", subject},
		{"at_hash", hash},
		{"auth_time", g.authTime.Unix()},
	}
	if nonce != "" {
		o = append(o, member{"nonce", nonce})
	}
	o = append(o, c.realm.style.idClaims(c, g)...)
	o = append(o, member{"iat", now.Unix()}, member{"exp", now.Add(time.Hour).Unix()})
	claims := &jose.Claims{}
	for _, m := range o {
		if err := claims.Set(m.name, m.value); err != nil {
			return nil, err
		}
	}
	return claims, nil
}

// damage changes one character in the middle of the signature.
func damage(token string) string {
	i := strings.LastIndexByte(token, '.') + 10
	if i >= len(token) {
		return token
	}
	swap := byte('A')
	if token[i] == swap {
		swap = 'B'
	}
	return token[:i] + string(swap) + token[i+1:]
}

// jwks publishes the public half of the signing key.
func (c *call) jwks() {
	key, err := c.s.signingKey()
	if err == nil {
		var set []byte
		if set, err = jose.NewSet(key).Marshal(); err == nil {
			c.reply(reply{body: json.RawMessage(set)})
			return
		}
	}
	c.text(http.StatusInternalServerError, "the key set could not be made\n")
}

// metadata is the discovery document (OpenID Connect Discovery section 3, RFC
// 8414), for those who sign in by issuer.
func (s *Server) metadata(c *call) {
	p := c.realm.p
	methods := []provider.AuthMethod{p.TokenEndpointAuthMethod}
	if c.realm.style.eitherAuth {
		methods = []provider.AuthMethod{provider.ClientSecretPost, provider.ClientSecretBasic}
	}
	if p.ClientSecret != provider.SecretRequired {
		methods = append(methods, provider.AuthNone)
	}
	scopes := append([]string(nil), p.Scopes...)
	o := object{
		{"issuer", c.issuer()},
		{"authorization_endpoint", c.url(p.AuthorizationEndpoint)},
		{"token_endpoint", c.url(p.TokenEndpoint)},
		{"userinfo_endpoint", c.url(p.UserinfoEndpoint)},
		{"jwks_uri", c.url(p.JWKSURI)},
		{"response_types_supported", []string{"code"}},
		{"response_modes_supported", []string{"query"}},
		{"grant_types_supported", []string{grantCode, grantRefresh}},
		{"subject_types_supported", []string{"public"}},
		{"id_token_signing_alg_values_supported", []string{"RS256"}},
		{"scopes_supported", scopes},
		{"token_endpoint_auth_methods_supported", methods},
		{"code_challenge_methods_supported", []string{"S256"}},
		{"authorization_response_iss_parameter_supported", c.realm.sendsIssuer()},
	}
	if p.Revocation == provider.RevokeRFC7009 {
		o = append(o, member{"revocation_endpoint", c.url(p.RevocationEndpoint)})
	}
	if p.Introspection == provider.IntrospectRFC7662 {
		o = append(o, member{"introspection_endpoint", c.url(p.IntrospectionEndpoint)})
	}
	c.reply(reply{body: o})
}

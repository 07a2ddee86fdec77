package emulator

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/socialauth/socialauth/internal/provider"
	"github.com/socialauth/socialauth/internal/secret"
)

// Grant types. The last two are Facebook's substitute for a refresh and
// Naver's older way to revoke.
const (
	grantCode     = "authorization_code"
	grantRefresh  = "refresh_token"
	grantFacebook = "fb_exchange_token"
	grantDelete   = "delete"
)

// issued is what a token request leads to, before the provider words it.
type issued struct {
	grant   *grant
	access  *access
	refresh string // empty: no refresh token in this answer
	idToken string
}

// token is the token endpoint.
func (c *call) token() {
	form, err := c.form()
	if err != nil {
		c.refuse(failure{reason: badRequest, detail: err.Error()})
		return
	}
	kind := form["grant_type"]
	if kind == "" && form["code"] != "" && c.realm.style.grantOptional {
		kind = grantCode
	}
	c.entry.Grant = logGrant(kind)
	c.entry.PKCE = form["code_verifier"] != ""
	c.entry.State = form["state"] != ""
	p := c.realm.p
	switch {
	case kind == "":
		c.refuse(failure{reason: badRequest, detail: "grant_type is missing"})
	case kind == grantCode:
		c.tokenRequest("token", form, (*call).exchangeCode)
	case kind == grantRefresh && p.Refresh == provider.RefreshToken:
		c.tokenRequest("refresh", form, (*call).refresh)
	case kind == grantFacebook && p.Refresh == provider.RefreshFB:
		c.tokenRequest(c.facebookStep(form), form, (*call).exchangeFacebook)
	case kind == grantDelete && p.ID == "naver":
		c.tokenRequest("revoke", form, (*call).deleteNaver)
	default:
		c.refuse(failure{reason: unsupportedGrant, detail: "this grant_type is not supported"})
	}
}

// tokenRequest checks the client and runs one grant with the faults of its
// step ("token", "refresh", "long_lived", "revoke") around it.
func (c *call) tokenRequest(step string, form params, grantType func(*call, params, client) (object, *failure)) {
	if c.tokenFault(step) {
		return
	}
	who, fail := c.authenticate(form)
	if fail != nil {
		c.refuse(*fail)
		return
	}
	c.s.mu.Lock()
	answer, fail := grantType(c, form, who)
	c.s.mu.Unlock()
	if c.struck(step + "_drop") {
		c.drop()
	}
	if fail != nil {
		c.refuse(*fail)
		return
	}
	if step == "token" && c.struck("token_huge") {
		c.huge(answer)
		return
	}
	c.reply(reply{body: answer, form: c.wantsForm()})
}

// wantsForm: GitHub answers form-encoded unless JSON is asked for.
func (c *call) wantsForm() bool {
	return c.realm.has(provider.QuirkFormResponse) &&
		!strings.Contains(c.r.Header.Get("Accept"), "json")
}

// refuse answers an error of the token endpoint in the provider's shape.
func (c *call) refuse(f failure) {
	r := c.realm.style.tokenError(c, f)
	r.form = r.form || c.wantsForm()
	c.reply(r)
}

// tokenFault plays the faults that need no valid request; it reports whether
// the answer is out.
func (c *call) tokenFault(step string) bool {
	c.wait(step + "_slow")
	if value, ok := c.fault(step + "_status"); ok {
		c.brokenStatus(value)
		return true
	}
	if step == "refresh" && c.struck("refresh_invalid_grant") {
		c.refuse(failure{reason: forced, code: "invalid_grant", status: http.StatusBadRequest, detail: "the grant is gone"})
		return true
	}
	if step == "long_lived" && c.struck("long_lived_error") {
		c.refuse(failure{reason: badRefresh, detail: "the exchange failed"})
		return true
	}
	if step != "token" {
		return false
	}
	if code, ok := c.fault("token_error"); ok {
		c.refuse(failure{reason: forced, code: code, status: http.StatusBadRequest, detail: "the stand-in was asked to fail"})
		return true
	}
	if target, ok := c.fault("token_redirect"); ok {
		c.w.Header().Set("Location", target)
		c.w.WriteHeader(http.StatusTemporaryRedirect)
		return true
	}
	if c.struck("token_html") {
		c.w.Header().Set("Content-Type", "text/html; charset=utf-8")
		c.w.WriteHeader(http.StatusOK)
		_, _ = io.WriteString(c.w, "<!DOCTYPE html><title>Welcome</title><p>Please log in to this network.\n")
		return true
	}
	return false
}

// brokenStatus answers an HTTP status in the provider's shape.
func (c *call) brokenStatus(value string) {
	status, err := strconv.Atoi(value)
	if err != nil {
		return
	}
	if status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable {
		c.w.Header().Set("Retry-After", "1")
	}
	code := "invalid_request"
	if status >= 500 {
		code = "server_error"
	}
	r := c.realm.style.tokenError(c, failure{reason: forced, code: code, status: status, detail: "the stand-in was asked to fail"})
	r.status = status
	c.reply(r)
}

// huge answers the real tokens among 8 MiB of padding.
func (c *call) huge(answer object) {
	body, err := encodeJSON(answer)
	if err != nil {
		return
	}
	c.w.Header().Set("Content-Type", "application/json; charset=utf-8")
	c.w.WriteHeader(http.StatusOK)
	_, _ = c.w.Write(body[:len(body)-1])
	_, _ = io.WriteString(c.w, `,"padding":"`)
	block := strings.Repeat("x", 64<<10)
	for range (8 << 20) / len(block) {
		if _, err := io.WriteString(c.w, block); err != nil {
			return
		}
	}
	_, _ = io.WriteString(c.w, `"}`)
}

// exchangeCode is RFC 6749 section 4.1.3 with RFC 7636. A code is used up by
// any attempt of an authenticated client, right or wrong. s.mu is held.
func (c *call) exchangeCode(form params, who client) (object, *failure) {
	now := c.s.now()
	cd, ok := c.s.store.codes.get(form["code"], now)
	switch {
	case form["code"] == "":
		return nil, &failure{reason: badRequest, detail: "code is missing"}
	case !ok || cd.req.realm != c.realm || cd.req.clientID != who.id:
		return nil, &failure{reason: badCode, detail: "the authorization code is not known"}
	case cd.spent:
		if cd.grant != nil {
			cd.grant.revoked = true
		}
		return nil, &failure{reason: spentCode, detail: "the authorization code was used before; what it gave is revoked"}
	case !now.Before(cd.expires):
		return nil, &failure{reason: badCode, detail: "the authorization code has expired"}
	}
	cd.spent = true
	if c.realm.has(provider.QuirkStateInTokenRequest) && form["state"] != "" && form["state"] != cd.req.state {
		return nil, &failure{reason: badRequest, detail: "state is not the one of the authorization request"}
	}
	if f := cd.checkProof(form); f != nil {
		return nil, f
	}
	req := cd.req
	key := c.realm.p.ID + "\x00" + who.id + "\x00" + req.person.ID
	before, known := c.s.store.consents.get(key, now)
	if !known {
		before = &consent{}
		c.s.store.consents.put(key, before, now, time.Time{})
	}
	before.times++
	cd.grant = &grant{
		realm: c.realm, clientID: who.id, secret: who.secret, person: req.person, scopes: cd.granted, denied: cd.denied,
		nonce: req.nonce, authTime: now, refresh: c.realm.style.givesRefresh(req, !known),
	}
	return c.give(cd.grant, true)
}

// checkProof compares what ties a token request to its authorization request.
func (cd *code) checkProof(form params) *failure {
	switch redirect := form["redirect_uri"]; {
	case redirect == "" && cd.req.realm.style.redirectOptional:
	case redirect != cd.req.redirectURI:
		return &failure{reason: wrongRedirect, detail: "redirect_uri is not the one of the authorization request"}
	}
	verifier, challenge := form["code_verifier"], cd.req.challenge
	if cd.req.realm.p.CodeChallengeMethod == provider.ChallengeNone {
		return nil
	}
	switch {
	case challenge == "" && verifier == "":
		return nil
	case challenge == "":
		return &failure{reason: wrongVerifier, detail: "code_verifier without a code_challenge before"}
	case verifier == "":
		return &failure{reason: wrongVerifier, detail: "code_verifier is missing"}
	}
	sum := sha256.Sum256([]byte(verifier))
	got := base64.RawURLEncoding.EncodeToString(sum[:])
	if !goodVerifier(verifier) || subtle.ConstantTimeCompare([]byte(got), []byte(challenge)) != 1 {
		return &failure{reason: wrongVerifier, detail: "code_verifier does not fit the code_challenge"}
	}
	return nil
}

// goodVerifier checks the form of RFC 7636 section 4.1.
func goodVerifier(v string) bool {
	const unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
	return len(v) >= 43 && len(v) <= 128 && strings.Trim(v, unreserved) == ""
}

// refresh is RFC 6749 section 6. A refresh token that was replaced and comes
// again ends the whole family (RFC 9700 section 4.14.2, I05). s.mu is held.
func (c *call) refresh(form params, who client) (object, *failure) {
	now := c.s.now()
	old, ok := c.s.store.renewals.get(form["refresh_token"], now)
	switch {
	case form["refresh_token"] == "":
		return nil, &failure{reason: badRequest, detail: "refresh_token is missing"}
	case !ok || old.grant.realm != c.realm || old.grant.clientID != who.id || !old.grant.secret.Equal(who.secret.Reveal()):
		return nil, &failure{reason: badRefresh, detail: "the refresh token is not known"}
	case old.grant.revoked:
		return nil, &failure{reason: badRefresh, detail: "the grant was revoked"}
	case old.spent:
		old.grant.revoked = true
		return nil, &failure{reason: badRefresh, detail: "the refresh token was used before; the grant is revoked"}
	}
	for s := range strings.FieldsSeq(form["scope"]) {
		if !old.grant.has(s) {
			return nil, &failure{reason: badScope, detail: "a scope was not granted"}
		}
	}
	old.spent = c.realm.rotates(old, now)
	return c.give(old.grant, old.spent)
}

// rotates says whether this refresh replaces the refresh token.
func (r *realm) rotates(old *renewal, now time.Time) bool {
	switch r.p.Rotation {
	case provider.RotationAlways, provider.RotationVaries:
		return true
	case provider.RotationLate:
		return old.expires.Sub(now) < 30*24*time.Hour
	case provider.RotationNever:
	}
	return false
}

// give makes the tokens of an answer. s.mu is held.
func (c *call) give(g *grant, withRefresh bool) (object, *failure) {
	life := c.realm.style.accessTTL
	if value, ok := c.fault("short_lived"); ok {
		if n, err := strconv.Atoi(value); err == nil {
			life = time.Duration(n) * time.Second
		}
	}
	t := issued{grant: g, access: c.s.addAccess(g, life, false)}
	if withRefresh && g.refresh && c.realm.p.Refresh == provider.RefreshToken {
		t.refresh = c.s.addRenewal(g)
	}
	if g.has("openid") && c.realm.p.JWKSURI != "" && !c.struck("no_id_token") {
		token, err := c.idToken(g, t.access.value)
		if err != nil {
			return nil, &failure{reason: forced, code: "server_error", status: http.StatusInternalServerError, detail: err.Error()}
		}
		t.idToken = token
	}
	return c.disturb(c.realm.style.answer(c, t)), nil
}

// disturb applies the faults that change a good token answer.
func (c *call) disturb(answer object) object {
	if c.struck("no_refresh_token") {
		answer = answer.without("refresh_token").without("refresh_token_expires_in")
	}
	if raw, ok := c.fault("expires_in"); ok {
		if raw == "omit" {
			answer = answer.without("expires_in")
		} else {
			answer = answer.set("expires_in", json.RawMessage(raw))
		}
	}
	kind, ok := c.fault("bad_token")
	if !ok {
		return answer
	}
	switch kind {
	case "newline":
		return answer.set("access_token", "emulated\r\nX-Injected: yes")
	case "escape":
		return answer.set("access_token", "emulated\x1b]0;title\x07")
	case "empty":
		return answer.set("access_token", "")
	case "number":
		return answer.set("access_token", 12345)
	}
	return answer.without("access_token")
}

// client is who a token request comes from.
type client struct {
	id     string
	secret secret.Text // empty for a public client
}

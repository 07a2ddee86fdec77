package emulator

import (
	"net/http"
	"strings"
)

// userinfo is the profile endpoint.
func (c *call) userinfo() {
	c.withToken("", func(a *access) {
		if c.realm.p.ID == "facebook" && !c.aboutMe(a.grant) {
			c.reply(c.facebookUnknownObject())
			return
		}
		c.reply(c.realm.style.profile(c, a))
	})
}

// withToken runs h with the live access token of the request, after the
// profile's faults, or answers the provider's error. A scope that is not empty
// must have been granted. s.mu is not held.
func (c *call) withToken(scope string, h func(*access)) {
	if value, ok := c.fault("profile_status"); ok {
		c.brokenStatus(value)
		return
	}
	st := c.realm.style
	if c.struck("profile_error") {
		c.reply(st.apiError(c, failure{reason: revokedToken, detail: "the token was revoked"}))
		return
	}
	if st.userAgentNeeded && c.r.Header.Get("User-Agent") == "" {
		c.reply(st.apiError(c, failure{reason: noUserAgent}))
		return
	}
	a, fail := c.liveToken(c.presented())
	if fail == nil && scope != "" && !a.grant.has(scope) {
		fail = &failure{reason: notAllowed, detail: "the token has no scope " + scope}
	}
	if fail == nil {
		fail = c.checkProof(a)
	}
	if fail != nil {
		c.reply(st.apiError(c, *fail))
		return
	}
	h(a)
}

// presented is the access token a request carries: in the Authorization header
// (RFC 6750 section 2.1), and at Facebook also as a parameter.
func (c *call) presented() string {
	scheme, token, _ := strings.Cut(c.r.Header.Get("Authorization"), " ")
	if token != "" && (strings.EqualFold(scheme, "Bearer") || (c.realm.p.ID == "github" && strings.EqualFold(scheme, "token"))) {
		return strings.TrimSpace(token)
	}
	if c.realm.p.ID == "facebook" {
		if q, err := parseParams(c.r.URL.RawQuery); err == nil {
			return q["access_token"]
		}
	}
	return ""
}

// liveToken looks an access token up and says what is wrong with it. The copy
// it returns may be read without the lock.
func (c *call) liveToken(value string) (*access, *failure) {
	if value == "" {
		return nil, &failure{reason: missingToken, detail: "no access token was sent"}
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	a, ok := c.s.findAccess(c.realm, value)
	switch {
	case !ok:
		return nil, &failure{reason: badToken, detail: "the access token is not known"}
	case a.grant.revoked:
		return nil, &failure{reason: revokedToken, detail: "the access token was revoked"}
	case a.expired(c.s.now()):
		return nil, &failure{reason: expiredToken, detail: "the access token has expired"}
	}
	snapshot, family := *a, *a.grant
	snapshot.grant = &family
	return &snapshot, nil
}

// endGrant revokes the family of an access or refresh token and reports
// whether there was one that lived.
func (c *call) endGrant(value string) bool {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	g, ok := c.s.findGrant(c.realm, value)
	if !ok || g.revoked {
		return false
	}
	g.revoked = true
	return true
}

// endAll revokes every grant of a client and a person, as when the person
// removes the app.
func (c *call) endAll(like *grant) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	end := func(g *grant) {
		if g.realm == c.realm && g.clientID == like.clientID && g.person == like.person {
			g.revoked = true
		}
	}
	c.s.store.access.each(func(a *access) { end(a.grant) })
	c.s.store.renewals.each(func(r *renewal) { end(r.grant) })
	c.s.store.consents.drop(c.realm.p.ID + "\x00" + like.clientID + "\x00" + like.person.ID)
}

// revokeFault plays the fault revoke_status.
func (c *call) revokeFault() bool {
	value, ok := c.fault("revoke_status")
	if ok {
		c.brokenStatus(value)
	}
	return ok
}

// basicClient reads the client from a Basic header and compares it with the
// one a grant belongs to (GitHub's token API).
func (c *call) basicClient() (client, bool) {
	who, ok := basic(c.r.Header.Get("Authorization"))
	if !ok {
		return client{}, false
	}
	if c.s.clients == nil {
		return who, true
	}
	want, known := c.s.clients[who.id]
	return who, known && sameText(want, who.secret.Reveal())
}

func status(code int, body any) reply { return reply{status: code, body: body} }

// noContent is an empty 204.
func noContent() reply { return reply{status: http.StatusNoContent} }

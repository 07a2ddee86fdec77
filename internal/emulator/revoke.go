package emulator

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/socialauth/socialauth/internal/provider"
)

// revocationMethods are the handlers of the revocation endpoint.
func revocationMethods(p *provider.Provider) map[string]func(*call) {
	switch p.Revocation {
	case provider.RevokeRFC7009:
		return map[string]func(*call){http.MethodPost: (*call).revoke}
	case provider.RevokePermissions:
		return map[string]func(*call){http.MethodDelete: (*call).facebookDelete}
	case provider.RevokeGitHub:
		return map[string]func(*call){http.MethodDelete: (*call).githubDelete}
	case provider.RevokeBearerPost:
		return map[string]func(*call){http.MethodPost: (*call).kakaoUnlink}
	case provider.RevokeNone:
	}
	return nil
}

// revoke is RFC 7009. Whatever token of a family is named, all of it ends.
func (c *call) revoke() {
	if c.revokeFault() {
		return
	}
	form, err := c.form()
	if err != nil {
		c.refuse(failure{reason: badRequest, detail: err.Error()})
		return
	}
	if form["token"] == "" {
		c.refuse(failure{reason: badRequest, detail: "token is missing"})
		return
	}
	st := c.realm.style
	if !st.openRevocation {
		who, fail := c.authenticate(form)
		if fail == nil && !c.owns(who, form["token"]) {
			fail = &failure{reason: badClient, detail: "the token is another client's"}
		}
		if fail != nil {
			c.refuse(*fail)
			return
		}
	}
	if !c.endGrant(form["token"]) && st.unknownToken != nil {
		c.reply(*st.unknownToken)
		return
	}
	c.reply(st.revoked)
}

// owns reports whether a token, if it exists, is that client's.
func (c *call) owns(who client, token string) bool {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	g, ok := c.s.findGrant(c.realm, token)
	return !ok || (g.clientID == who.id && g.secret.Equal(who.secret.Reveal()))
}

// deleteNaver is Naver's older revocation at the token endpoint. s.mu is held.
func (c *call) deleteNaver(form params, who client) (object, *failure) {
	g, ok := c.s.findGrant(c.realm, form["access_token"])
	if !ok || g.revoked || g.clientID != who.id {
		return nil, &failure{reason: badRefresh, detail: "the access token is not known"}
	}
	g.revoked = true
	return object{{"access_token", form["access_token"]}, {"result", "success"}}, nil
}

// githubToken reads the JSON body {"access_token": "…"} of GitHub's token API
// and checks the Basic client against the path and the token.
func (c *call) githubToken() (*access, bool) {
	who, ok := c.basicClient()
	segments := pathSegments(c.path)
	if !ok || len(segments) < 2 || who.id != segments[1] {
		c.reply(c.realm.style.apiError(c, failure{reason: badToken}))
		return nil, false
	}
	raw, err := smallBody(c)
	var body struct {
		AccessToken string `json:"access_token"`
	}
	if err != nil || json.Unmarshal(raw, &body) != nil || body.AccessToken == "" {
		c.reply(status(http.StatusUnprocessableEntity, object{{"message", "Validation Failed"}}))
		return nil, false
	}
	a, fail := c.liveToken(body.AccessToken)
	if fail != nil || a.grant.clientID != who.id || !a.grant.secret.Equal(who.secret.Reveal()) {
		c.reply(githubNotFound())
		return nil, false
	}
	return a, true
}

// githubDelete is DELETE /applications/{client_id}/token.
func (c *call) githubDelete() {
	if c.revokeFault() {
		return
	}
	if a, ok := c.githubToken(); ok {
		c.endGrant(a.value)
		c.reply(noContent())
	}
}

// kakaoUnlink is POST /v1/user/unlink with the bearer: the app is gone from the
// person's list.
func (c *call) kakaoUnlink() { c.kakaoEnd((*call).endAll) }

// kakaoLogout is POST /v1/user/logout: only this sign-in ends.
func (c *call) kakaoLogout() { c.kakaoEnd(nil) }

// numeric is an identifier as a JSON number, if it is one.
func numeric(id string) any {
	if id == "" || strings.Trim(id, "0123456789") != "" || id[0] == '0' {
		return id
	}
	return json.Number(id)
}

func (c *call) kakaoEnd(end func(*call, *grant)) {
	if c.revokeFault() {
		return
	}
	a, fail := c.liveToken(c.presented())
	if fail != nil {
		c.reply(c.realm.style.apiError(c, *fail))
		return
	}
	if end != nil {
		end(c, a.grant)
	} else {
		c.endGrant(a.value)
	}
	c.reply(reply{body: object{{"id", numeric(c.subject(a.grant))}}})
}

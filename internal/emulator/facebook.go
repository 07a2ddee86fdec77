package emulator

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Facebook: no refresh token, errors as objects, permissions that can be
// declined, and appsecret_proof on the Graph API.
func facebookStyle() *style {
	return &style{
		accessTTL: 2 * time.Hour,
		// What is left of 60 days by the time the answer is out.
		longTTL:       5183944 * time.Second,
		tokenByGet:    true,
		grantOptional: true,
		mandatory:     []string{"public_profile"},
		accessToken: func(random []byte) string {
			return "EAAemulated" + base64.RawURLEncoding.EncodeToString(random)
		},
		subject: func(p *Person) string { return p.number("facebook", 17) },
		answer: func(c *call, t issued) object {
			answer := object{{"access_token", t.access.value}, {"token_type", "bearer"}, {"expires_in", c.lifetime(t.access)}}
			if t.idToken != "" {
				answer = append(answer, member{"id_token", t.idToken})
			}
			return answer
		},
		tokenError: facebookTokenError,
		apiError:   facebookAPIError,
		profile:    facebookProfile,
		idClaims: func(c *call, g *grant) object {
			o := object{{"name", g.person.Name}, {"picture", c.pictureURL(g.person)}}
			if email := c.email(g.person); email != "" && g.has("email") {
				o = append(o, member{"email", email})
			}
			return o
		},
	}
}

// graphError is an error of the Graph API.
func (c *call) graphError(status int, kind string, code, subcode int, message string) reply {
	o := object{{"message", message}, {"type", kind}, {"code", code}}
	if subcode != 0 {
		o = append(o, member{"error_subcode", subcode})
	}
	o = append(o, member{"fbtrace_id", "A" + base64.RawURLEncoding.EncodeToString(random(16))})
	r := reply{status: status, body: object{{"error", o}}}
	if kind == oauthException {
		r.header = map[string]string{"WWW-Authenticate": `OAuth "Facebook Platform" "invalid_request"`}
	}
	return r
}

const oauthException = "OAuthException"

func facebookTokenError(c *call, f failure) reply {
	bad := http.StatusBadRequest
	switch f.reason {
	case missingClient:
		return c.graphError(bad, oauthException, 101, 0, "Missing client_id parameter.")
	case badClient:
		return c.graphError(bad, oauthException, 1, 0, "Error validating client secret: "+f.detail+".")
	case badCode:
		return c.graphError(bad, oauthException, 100, 36007, "This authorization code is not good: "+f.detail+".")
	case spentCode:
		return c.graphError(bad, oauthException, 100, 36009, "This authorization code has been used.")
	case wrongRedirect:
		return c.graphError(bad, oauthException, 100, 36008, "Error validating verification code: "+f.detail+".")
	case badRefresh, expiredToken:
		return c.graphError(bad, oauthException, 190, 463, "Error validating access token: "+f.detail+".")
	case revokedToken:
		return facebookAPIError(c, f)
	case forced:
		if f.code == "invalid_grant" {
			return c.graphError(f.status, oauthException, 190, 463, "Error validating access token: "+f.detail+".")
		}
		code := 100
		if f.status >= http.StatusInternalServerError {
			code = 2 // an outage of the API service
		}
		return c.graphError(f.status, oauthException, code, 0, "("+f.code+") "+f.detail+".")
	default:
		return c.graphError(bad, oauthException, 100, 0, "Invalid parameter: "+f.detail+".")
	}
}

func facebookAPIError(c *call, f failure) reply {
	bad := http.StatusBadRequest
	switch f.reason {
	case missingToken:
		return c.graphError(bad, oauthException, 2500, 0, "An active access token must be used to query information about the current user.")
	case expiredToken:
		return c.graphError(bad, oauthException, 190, 463, "Error validating access token: the session has expired.")
	case revokedToken:
		return c.graphError(bad, oauthException, 190, 458, "Error validating access token: the person has taken the app's permissions back.")
	case wrongProof:
		return c.graphError(bad, "GraphMethodException", 100, 0, "Invalid appsecret_proof provided in the API argument")
	case notAllowed:
		return c.graphError(http.StatusForbidden, oauthException, 200, 0, "Permissions error")
	default:
		return c.graphError(http.StatusUnauthorized, oauthException, 190, 0, "Invalid OAuth access token: "+f.detail+".")
	}
}

// checkProof compares appsecret_proof, if one was sent, with the hex
// HMAC-SHA256 of the access token under the client secret.
func (c *call) checkProof(a *access) *failure {
	if c.realm.p.ID != "facebook" {
		return nil
	}
	q, err := parseParams(c.r.URL.RawQuery)
	if err != nil {
		return &failure{reason: badToken, detail: err.Error()}
	}
	c.entry.Proof = q["appsecret_proof"] != ""
	if !c.entry.Proof || a.grant.secret.IsZero() {
		return nil
	}
	mac := hmac.New(sha256.New, []byte(a.grant.secret.Reveal()))
	mac.Write([]byte(a.value))
	if !hmac.Equal([]byte(hex.EncodeToString(mac.Sum(nil))), []byte(q["appsecret_proof"])) {
		return &failure{reason: wrongProof}
	}
	return nil
}

// facebookProfile is GET /me with the parameter fields.
func facebookProfile(c *call, a *access) reply {
	p := a.grant.person
	fields := []string{"name", "id"}
	if q, err := parseParams(c.r.URL.RawQuery); err == nil && q["fields"] != "" {
		fields = strings.Split(q["fields"], ",")
	}
	o := object{}
	for _, f := range fields {
		name, _, _ := strings.Cut(f, ".") // picture.type(large)
		switch name, _, _ = strings.Cut(name, "{"); name {
		case "name":
			o = o.set("name", p.Name)
		case "first_name":
			o = o.set("first_name", p.GivenName)
		case "last_name":
			o = o.set("last_name", p.FamilyName)
		case "email":
			if email := c.email(p); email != "" && a.grant.has("email") {
				o = o.set("email", email)
			}
		case "picture":
			o = o.set("picture", object{{"data", object{
				{"height", 200}, {"is_silhouette", false}, {"url", c.pictureURL(p)}, {"width", 200},
			}}})
		case "id":
		default:
			return c.graphError(http.StatusBadRequest, oauthException, 100, 0,
				"(#100) Tried accessing a field that does not exist on node type (User)")
		}
	}
	return reply{body: o.set("id", c.subject(a.grant))}
}

// aboutMe: the path names the token's own person.
func (c *call) aboutMe(g *grant) bool {
	segments := pathSegments(c.path)
	return len(segments) > 1 && (segments[1] == "me" || segments[1] == c.subject(g))
}

func (c *call) facebookUnknownObject() reply {
	return c.graphError(http.StatusBadRequest, "GraphMethodException", 100, 33,
		"Unsupported request. The object does not exist or cannot be loaded due to missing permissions.")
}

// facebookPermissions is GET /{user-id}/permissions.
func (c *call) facebookPermissions() {
	c.facebookOwn(func(a *access) {
		list := []object{}
		for _, s := range a.grant.scopes {
			list = append(list, object{{"permission", s}, {"status", "granted"}})
		}
		for _, s := range a.grant.denied {
			list = append(list, object{{"permission", s}, {"status", "declined"}})
		}
		c.reply(reply{body: object{{"data", list}}})
	})
}

// facebookDelete is DELETE /{user-id}/permissions: the app loses all of them
// and every token of this person dies.
func (c *call) facebookDelete() {
	if c.revokeFault() {
		return
	}
	c.facebookOwn(func(a *access) {
		c.endAll(a.grant)
		c.reply(reply{body: object{{"success", true}}})
	})
}

// facebookOwn runs h for a live token on a path about its own person.
func (c *call) facebookOwn(h func(*access)) {
	a, fail := c.liveToken(c.presented())
	if fail == nil {
		fail = c.checkProof(a)
	}
	switch {
	case fail != nil:
		c.reply(facebookAPIError(c, *fail))
	case !c.aboutMe(a.grant):
		c.reply(c.facebookUnknownObject())
	default:
		h(a)
	}
}

// facebookStep tells the exchange right after a sign-in from a renewal, for
// the faults.
func (c *call) facebookStep(form params) string {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	if a, ok := c.s.findAccess(c.realm, form[grantFacebook]); ok && a.longLived {
		return "refresh"
	}
	return "long_lived"
}

// exchangeFacebook is grant_type=fb_exchange_token: a live token for one of
// about 60 days. The old one stays good until it expires. s.mu is held.
func (c *call) exchangeFacebook(form params, who client) (object, *failure) {
	old, ok := c.s.findAccess(c.realm, form[grantFacebook])
	switch {
	case form[grantFacebook] == "":
		return nil, &failure{reason: badRequest, detail: "fb_exchange_token is missing"}
	case !ok || old.grant.clientID != who.id || !old.grant.secret.Equal(who.secret.Reveal()):
		return nil, &failure{reason: badRefresh, detail: "the token is not known"}
	case old.grant.revoked:
		return nil, &failure{reason: revokedToken}
	case old.expired(c.s.now()):
		return nil, &failure{reason: expiredToken, detail: "the session has expired"}
	}
	life := c.realm.style.longTTL
	t := issued{grant: old.grant, access: c.s.addAccess(old.grant, life, true)}
	return c.disturb(c.realm.style.answer(c, t)), nil
}

// debugToken is GET /debug_token with an app token APPID|SECRET.
func (c *call) debugToken() {
	q, err := parseParams(c.r.URL.RawQuery)
	if err != nil || q["input_token"] == "" {
		c.reply(c.graphError(http.StatusBadRequest, oauthException, 100, 0, "(#100) The parameter input_token is required"))
		return
	}
	app := q["access_token"]
	if app == "" {
		app = c.presented()
	}
	id, appSecret, _ := strings.Cut(app, "|")
	c.s.mu.Lock()
	a, ok := c.s.findAccess(c.realm, q["input_token"])
	var body object
	if ok && a.grant.clientID == id && a.grant.secret.Equal(appSecret) {
		body = c.debugAnswer(a)
	}
	c.s.mu.Unlock()
	switch known := c.s.clients; {
	case id == "" || appSecret == "" || (known != nil && !sameText(known[id], appSecret)) || (ok && body == nil):
		c.reply(c.graphError(http.StatusBadRequest, oauthException, 100, 0,
			"(#100) You must provide an app access token, or a user access token that is an owner or developer of the app"))
	case body == nil:
		c.reply(reply{body: object{{"data", object{
			{"error", object{{"code", 190}, {"message", "Invalid OAuth access token."}}}, {"is_valid", false}, {"scopes", []string{}},
		}}}})
	default:
		c.reply(reply{body: object{{"data", body}}})
	}
}

// debugAnswer is what debug_token says about a token, dead or alive. s.mu is held.
func (c *call) debugAnswer(a *access) object {
	o := object{
		{"app_id", a.grant.clientID},
		{"type", "USER"},
		{"application", "Emulated app"},
		{"data_access_expires_at", a.issued.Add(90 * 24 * time.Hour).Unix()},
	}
	switch {
	case a.grant.revoked:
		o = append(o, member{"error", object{{"code", 190}, {"message", "The app's permissions were taken back."}, {"subcode", 458}}})
	case a.expired(c.s.now()):
		o = append(o, member{"error", object{{"code", 190}, {"message", "The session has expired."}, {"subcode", 463}}})
	}
	return append(o, object{
		{"expires_at", a.expires.Unix()},
		{"is_valid", o.get("error") == nil},
		{"issued_at", a.issued.Unix()},
		{"scopes", slices.Clone(a.grant.scopes)},
		{"user_id", c.subject(a.grant)},
	}...)
}

package emulator

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// Kakao: numbers for identifiers, KOE codes beside the OAuth error, a new
// refresh token only near the end of the old one.
func kakaoStyle() *style {
	return &style{
		accessTTL:    21599 * time.Second,
		refreshTTL:   5183999 * time.Second,
		withoutScope: []string{"account_email", "profile_image", "profile_nickname"},
		subject:      func(p *Person) string { return p.number("kakao", 18) },
		answer: func(c *call, t issued) object {
			answer := object{{"access_token", t.access.value}, {"token_type", "bearer"}}
			if t.refresh != "" {
				answer = append(answer, member{"refresh_token", t.refresh})
			}
			if t.idToken != "" {
				answer = append(answer, member{"id_token", t.idToken})
			}
			answer = append(answer, member{"expires_in", c.lifetime(t.access)},
				member{"scope", strings.Join(t.grant.scopes, " ")})
			if t.refresh != "" {
				answer = append(answer, member{"refresh_token_expires_in", int64(c.realm.style.refreshTTL / time.Second)})
			}
			return answer
		},
		tokenError: kakaoTokenError,
		apiError:   kakaoAPIError,
		profile:    kakaoProfile,
		introspection: func(c *call, a *access) reply {
			left := a.expires.Sub(c.s.now())
			return reply{body: object{
				{"id", json.Number(c.subject(a.grant))},
				{"expires_in", int64(left / time.Second)},
				{"app_id", 1000001},
				{"expiresInMillis", left.Milliseconds()},
				{"appId", 1000001},
			}}
		},
		idClaims: func(c *call, g *grant) object {
			o := object{}
			if g.has("profile_nickname") {
				o = append(o, member{"nickname", g.person.Name})
			}
			if g.has("profile_image") {
				o = append(o, member{"picture", c.pictureURL(g.person)})
			}
			if email := c.email(g.person); email != "" && g.has("account_email") {
				o = append(o, member{"email", email})
			}
			return o
		},
	}
}

func kakaoTokenError(_ *call, f failure) reply {
	code, text, status := f.rfcError()
	koe := map[reason]string{
		badClient: "KOE010", missingClient: "KOE101", wrongRedirect: "KOE303", badCode: "KOE320", spentCode: "KOE320",
		wrongVerifier: "KOE320", badRefresh: "KOE322", unsupportedGrant: "KOE009", badScope: "KOE205",
	}[f.reason]
	if f.reason == forced && code == "invalid_grant" {
		koe = "KOE322"
	}
	o := object{{"error", code}, {"error_description", text}}
	if koe != "" {
		o = append(o, member{"error_code", koe})
	}
	return reply{status: status, body: o}
}

// kakaoAPIError: the numbers are negative, and -401 is every way of a token
// not being good.
func kakaoAPIError(_ *call, f failure) reply {
	switch f.reason {
	case notAllowed:
		return status(http.StatusForbidden, object{{"msg", "insufficient scopes."}, {"code", -402}})
	case missingToken:
		return status(http.StatusUnauthorized, object{{"msg", "authentication key is missing"}, {"code", -401}})
	default:
		return status(http.StatusUnauthorized, object{{"msg", "this access token does not exist"}, {"code", -401}})
	}
}

func kakaoProfile(c *call, a *access) reply {
	g, p := a.grant, a.grant.person
	account, profile, properties := object{}, object{}, object{}
	if g.has("profile_nickname") {
		account = append(account, member{"profile_nickname_needs_agreement", false})
		profile = append(profile, member{"nickname", p.Name})
		properties = append(properties, member{"nickname", p.Name})
	}
	if g.has("profile_image") {
		account = append(account, member{"profile_image_needs_agreement", false})
		profile = append(profile, member{"thumbnail_image_url", c.pictureURL(p)},
			member{"profile_image_url", c.pictureURL(p)}, member{"is_default_image", false})
		properties = append(properties, member{"profile_image", c.pictureURL(p)}, member{"thumbnail_image", c.pictureURL(p)})
	}
	if len(profile) > 0 {
		account = append(account, member{"profile", profile})
	}
	if g.has("account_email") {
		email := c.email(p)
		account = append(account, member{"has_email", email != ""})
		if email != "" {
			account = append(account, member{"email_needs_agreement", false}, member{"is_email_valid", true},
				member{"is_email_verified", p.EmailVerified}, member{"email", email})
		}
	}
	return reply{body: object{
		{"id", json.Number(c.subject(g))},
		{"connected_at", g.authTime.UTC().Format(time.RFC3339)},
		{"properties", properties},
		{"kakao_account", account},
	}}
}

// kakaoUserinfo is GET /v1/oidc/userinfo, for tokens with openid.
func (c *call) kakaoUserinfo() {
	c.withToken("openid", func(a *access) {
		o := object{{"sub", c.subject(a.grant)}}
		for _, m := range c.realm.style.idClaims(c, a.grant) {
			o = append(o, m)
			if m.name == "email" {
				o = append(o, member{"email_verified", a.grant.person.EmailVerified})
			}
		}
		c.reply(reply{body: o})
	})
}

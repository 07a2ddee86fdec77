package emulator

import (
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Google: OpenID Connect, a refresh token only for access_type=offline and
// then only with a fresh consent, scopes that come back under longer names.
func googleStyle() *style {
	return &style{
		accessTTL:      3599 * time.Second,
		refreshTTL:     180 * 24 * time.Hour,
		eitherAuth:     true,
		anyLoopback:    true,
		openRevocation: true,
		accessToken: func(random []byte) string {
			return "ya29.emulated" + base64.RawURLEncoding.EncodeToString(random)
		},
		refreshToken: func(random []byte) string { return "1//emulated" + base64.RawURLEncoding.EncodeToString(random) },
		subject:      func(p *Person) string { return "1" + p.number("google", 18) + "00" },
		givesRefresh: func(req *request, first bool) bool {
			return req.params["access_type"] == "offline" &&
				(first || strings.Contains(" "+req.params["prompt"]+" ", " consent "))
		},
		grantedScope: googleScopes,
		tokenError:   googleTokenError,
		apiError: func(c *call, f failure) reply {
			r := plainAPIError(c, f)
			r.body = object{{"error", "invalid_request"}, {"error_description", "Invalid Credentials"}}
			return r
		},
		revoked:      reply{body: object{}},
		unknownToken: &reply{status: http.StatusBadRequest, body: object{{"error", "invalid_token"}, {"error_description", "Token expired or revoked"}}},
	}
}

// googleScopes writes email and profile under the names Google answers with.
func googleScopes(scopes []string) string {
	out := make([]string, 0, len(scopes))
	for _, s := range scopes {
		if s == "email" || s == "profile" {
			s = "https://www.googleapis.com/auth/userinfo." + s
		}
		out = append(out, s)
	}
	return strings.Join(out, " ")
}

func googleTokenError(c *call, f failure) reply {
	r := plainTokenError(c, f)
	if f.reason == badRefresh {
		r.body = object{{"error", "invalid_grant"}, {"error_description", "Token has been expired or revoked."}}
	}
	return r
}

// tokenInfo is GET /tokeninfo?access_token=…: every value is a string.
func (c *call) tokenInfo() {
	q, err := parseParams(c.r.URL.RawQuery)
	var a *access
	var fail *failure
	if err == nil {
		a, fail = c.liveToken(q["access_token"])
	}
	if err != nil || fail != nil {
		c.reply(status(http.StatusBadRequest, object{{"error", "invalid_token"}, {"error_description", "Invalid Value"}}))
		return
	}
	o := object{
		{"azp", a.grant.clientID},
		{"aud", a.grant.clientID},
		{"sub", c.subject(a.grant)},
		{"scope", googleScopes(a.grant.scopes)},
		{"exp", strconv.FormatInt(a.expires.Unix(), 10)},
		{"expires_in", strconv.FormatInt(int64(a.expires.Sub(c.s.now())/time.Second), 10)},
	}
	if email := c.email(a.grant.person); email != "" && a.grant.has("email") {
		o = append(o, member{"email", email}, member{"email_verified", strconv.FormatBool(a.grant.person.EmailVerified)})
	}
	c.reply(reply{body: append(o, member{"access_type", "offline"})})
}

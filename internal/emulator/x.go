package emulator

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// X: PKCE always, codes of 30 seconds, refresh tokens that work once, problem
// documents from the API.
func xStyle() *style {
	return &style{
		codeTTL:      30 * time.Second,
		accessTTL:    2 * time.Hour,
		refreshTTL:   180 * 24 * time.Hour,
		pkceRequired: true,
		anyLoopback:  true,
		subject:      func(p *Person) string { return "1" + p.number("x", 18) },
		givesRefresh: func(req *request, _ bool) bool { return slices.Contains(req.scopes, "offline.access") },
		answer: func(c *call, t issued) object {
			answer := object{
				{"token_type", "bearer"},
				{"expires_in", c.lifetime(t.access)},
				{"access_token", t.access.value},
				{"scope", strings.Join(t.grant.scopes, " ")},
			}
			if t.refresh != "" {
				answer = append(answer, member{"refresh_token", t.refresh})
			}
			return answer
		},
		tokenError: xTokenError,
		apiError:   xAPIError,
		profile:    xProfile,
		revoked:    reply{body: object{{"revoked", true}}},
	}
}

// xTokenError: a code or refresh token that is not good is called
// invalid_request here, not invalid_grant.
func xTokenError(c *call, f failure) reply {
	bad := func(text string) reply {
		return status(http.StatusBadRequest, object{{"error", "invalid_request"}, {"error_description", text}})
	}
	switch f.reason {
	case badCode, spentCode:
		return bad("Value passed for the authorization code was invalid.")
	case badRefresh:
		return bad("Value passed for the token was invalid.")
	case wrongRedirect:
		return bad("Value passed for the redirect uri did not match the uri of the authorization code.")
	case wrongVerifier:
		return bad("Value passed for the code verifier did not match the code challenge.")
	case badClient:
		return status(http.StatusUnauthorized, object{
			{"error", "unauthorized_client"}, {"error_description", "Missing valid authorization header"},
		})
	default:
		return plainTokenError(c, f)
	}
}

func xAPIError(_ *call, f failure) reply {
	code, title := http.StatusUnauthorized, "Unauthorized"
	if f.reason == notAllowed {
		code, title = http.StatusForbidden, "Forbidden"
	}
	return reply{
		status: code, header: map[string]string{"Content-Type": "application/problem+json"},
		body: object{{"title", title}, {"type", "about:blank"}, {"status", code}, {"detail", title}},
	}
}

// xProfile is GET /2/users/me with the parameter user.fields.
func xProfile(c *call, a *access) reply {
	for _, need := range []string{"users.read", "tweet.read"} {
		if !a.grant.has(need) {
			return xAPIError(c, failure{reason: notAllowed})
		}
	}
	p := a.grant.person
	username := p.Username
	if username == "" {
		username = strings.ReplaceAll(p.ID, "-", "_")
	}
	o := object{{"id", c.subject(a.grant)}, {"name", p.Name}, {"username", username}}
	q, err := parseParams(c.r.URL.RawQuery)
	if err != nil {
		return xAPIError(c, failure{reason: badRequest})
	}
	fields := strings.Split(q["user.fields"], ",")
	if slices.Contains(fields, "profile_image_url") {
		o = append(o, member{"profile_image_url", c.pictureURL(p)})
	}
	if slices.Contains(fields, "confirmed_email") && a.grant.has("users.email") && p.EmailVerified {
		if email := c.email(p); email != "" {
			o = append(o, member{"confirmed_email", email})
		}
	}
	return reply{body: object{{"data", o}}}
}

package emulator

import (
	"net/http"
	"strings"
	"time"
)

// The plain forms of the RFCs, used where a provider has no oddity.

// lifetime is expires_in in whole seconds.
func (c *call) lifetime(a *access) int64 {
	return int64(a.expires.Sub(a.issued) / time.Second)
}

func plainAnswer(c *call, t issued) object {
	answer := object{{"access_token", t.access.value}, {"token_type", "Bearer"}}
	if !t.access.expires.IsZero() {
		answer = append(answer, member{"expires_in", c.lifetime(t.access)})
	}
	if t.refresh != "" {
		answer = append(answer, member{"refresh_token", t.refresh})
	}
	answer = append(answer, member{"scope", c.realm.style.grantedScope(t.grant.scopes)})
	if t.idToken != "" {
		answer = append(answer, member{"id_token", t.idToken})
	}
	return answer
}

func plainTokenError(_ *call, f failure) reply {
	code, text, status := f.rfcError()
	r := reply{status: status, body: object{{"error", code}, {"error_description", text}}}
	if status == http.StatusUnauthorized {
		r.header = map[string]string{"WWW-Authenticate": `Basic realm="token"`}
	}
	return r
}

// plainAPIError is RFC 6750 section 3.
func plainAPIError(_ *call, f failure) reply {
	switch f.reason {
	case missingToken:
		return reply{status: http.StatusUnauthorized, header: map[string]string{"WWW-Authenticate": "Bearer"}}
	case notAllowed:
		return reply{
			status: http.StatusForbidden, header: map[string]string{"WWW-Authenticate": `Bearer error="insufficient_scope"`},
			body: object{{"error", "insufficient_scope"}},
		}
	default:
		return reply{
			status: http.StatusUnauthorized, header: map[string]string{"WWW-Authenticate": `Bearer error="invalid_token"`},
			body: object{{"error", "invalid_token"}, {"error_description", f.detail}},
		}
	}
}

// plainIntrospection is RFC 7662 section 2.2 for a live token.
func plainIntrospection(c *call, a *access) reply {
	body := object{
		{"active", true},
		{"scope", strings.Join(a.grant.scopes, " ")},
		{"client_id", a.grant.clientID},
		{"sub", c.subject(a.grant)},
		{"iat", a.issued.Unix()},
	}
	if !a.expires.IsZero() {
		body = append(body, member{"exp", a.expires.Unix()})
	}
	return reply{body: body}
}

// subject is the person's identifier at this provider.
func (c *call) subject(g *grant) string { return c.realm.style.subject(g.person) }

// email is the person's address, or nothing with the fault no_email.
func (c *call) email(p *Person) string {
	if p.Email == "" || c.struck("no_email") {
		return ""
	}
	return p.Email
}

// oidcClaims are the standard claims the granted scopes open (OpenID Connect
// Core section 5.4); sub is the first.
func (c *call) oidcClaims(g *grant) object {
	p := g.person
	o := object{{"sub", c.subject(g)}}
	if g.has("profile") {
		o = append(o, member{"name", p.Name}, member{"given_name", p.GivenName})
		if p.FamilyName != "" {
			o = append(o, member{"family_name", p.FamilyName})
		}
		if p.Username != "" {
			o = append(o, member{"preferred_username", p.Username})
		}
		o = append(o, member{"picture", c.pictureURL(p)})
	}
	if g.has("email") {
		if email := c.email(p); email != "" {
			o = append(o, member{"email", email}, member{"email_verified", p.EmailVerified})
		}
	}
	return o
}

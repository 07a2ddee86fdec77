package emulator

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// GitHub as an OAuth App: tokens without an end, errors with status 200, form
// answers, a second request for the email.
func githubStyle() *style {
	return &style{
		eitherAuth:      true,
		anyLoopback:     true,
		userAgentNeeded: true,
		accessToken: func(random []byte) string {
			return "gho_emulated" + base64.RawURLEncoding.EncodeToString(random)
		},
		subject:      func(p *Person) string { return p.number("github", 8) },
		givesRefresh: func(*request, bool) bool { return false },
		grantedScope: func(scopes []string) string { return strings.Join(scopes, ",") },
		answer: func(c *call, t issued) object {
			answer := object{{"access_token", t.access.value}}
			if !t.access.expires.IsZero() {
				answer = append(answer, member{"expires_in", c.lifetime(t.access)})
			}
			return append(answer, member{"scope", c.realm.style.grantedScope(t.grant.scopes)}, member{"token_type", "bearer"})
		},
		tokenError:    githubTokenError,
		apiError:      githubAPIError,
		profile:       githubProfile,
		introspection: githubIntrospection,
	}
}

const githubDocs = "https://docs.github.com/rest"

func githubTokenError(_ *call, f failure) reply {
	code := map[reason]string{
		badCode: "bad_verification_code", spentCode: "bad_verification_code", wrongVerifier: "bad_verification_code",
		wrongRedirect: "redirect_uri_mismatch", badClient: "incorrect_client_credentials",
		missingClient: "incorrect_client_credentials", badRefresh: "bad_refresh_token",
	}[f.reason]
	if code == "" {
		code, _, _ = f.rfcError()
	}
	return reply{body: object{{"error", code}, {"error_description", f.detail}, {"error_uri", "https://docs.github.com/apps/" + code}}}
}

func githubAPIError(_ *call, f failure) reply {
	switch f.reason {
	case noUserAgent:
		return status(http.StatusForbidden, object{
			{"message", "Request forbidden by administrative rules. Please make sure your request has a User-Agent header."},
		})
	case missingToken:
		return status(http.StatusUnauthorized, object{
			{"message", "Requires authentication"}, {"documentation_url", githubDocs}, {"status", "401"},
		})
	case notAllowed:
		return githubNotFound()
	default:
		return status(http.StatusUnauthorized, object{
			{"message", "Bad credentials"}, {"documentation_url", githubDocs}, {"status", "401"},
		})
	}
}

func githubNotFound() reply {
	return status(http.StatusNotFound, object{
		{"message", "Not Found"}, {"documentation_url", githubDocs}, {"status", "404"},
	})
}

// githubUser is the public part of a user. The address is never in it, so that
// a client has to ask /user/emails.
func (c *call) githubUser(g *grant) object {
	p := g.person
	login := p.Username
	if login == "" {
		login = p.ID
	}
	return object{
		{"login", login},
		{"id", json.Number(c.subject(g))},
		{"node_id", base64.StdEncoding.EncodeToString([]byte("04:User" + c.subject(g)))},
		{"avatar_url", c.pictureURL(p)},
		{"type", "User"},
		{"site_admin", false},
	}
}

func githubProfile(c *call, a *access) reply {
	o := append(c.githubUser(a.grant), member{"name", a.grant.person.Name}, member{"email", nil})
	return reply{body: o, header: map[string]string{"X-OAuth-Scopes": strings.Join(a.grant.scopes, ", ")}}
}

// githubEmails is GET /user/emails.
func (c *call) githubEmails() {
	c.withToken("user:email", func(a *access) {
		list := []object{}
		if p := a.grant.person; p.Email != "" && !c.struck("no_email") {
			list = append(list,
				object{
					{"email", p.ID + "+github@users.noreply.example.com"}, {"primary", false}, {"verified", true}, {"visibility", nil},
				},
				object{{"email", p.Email}, {"primary", true}, {"verified", p.EmailVerified}, {"visibility", "private"}},
			)
		}
		c.reply(reply{body: list})
	})
}

// githubIntrospection is POST /applications/{client_id}/token.
func githubIntrospection(c *call, a *access) reply {
	created := a.issued.UTC().Format(time.RFC3339)
	return reply{body: object{
		{"id", json.Number(a.grant.person.number("github token", 9))},
		{"app", object{{"name", "Emulated app"}, {"url", c.base}, {"client_id", a.grant.clientID}}},
		{"token", a.value},
		{"scopes", a.grant.scopes},
		{"created_at", created},
		{"updated_at", created},
		{"expires_at", nil},
		{"user", c.githubUser(a.grant)},
	}}
}

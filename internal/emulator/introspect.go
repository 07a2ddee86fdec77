package emulator

import (
	"io"
	"net/http"
	"strings"

	"github.com/socialauth/socialauth/internal/provider"
)

// introspectionMethods are the handlers of the introspection endpoint.
func introspectionMethods(p *provider.Provider) map[string]func(*call) {
	switch p.Introspection {
	case provider.IntrospectDebugToken, provider.IntrospectTokenInfo, provider.IntrospectBearerGet:
		return map[string]func(*call){http.MethodGet: (*call).introspect}
	case provider.IntrospectRFC7662, provider.IntrospectGitHub:
		return map[string]func(*call){http.MethodPost: (*call).introspect}
	case provider.IntrospectNone:
	}
	return nil
}

// introspect answers what a token is good for, in the provider's way.
func (c *call) introspect() {
	switch c.realm.p.Introspection {
	case provider.IntrospectDebugToken:
		c.debugToken()
	case provider.IntrospectTokenInfo:
		c.tokenInfo()
	case provider.IntrospectGitHub:
		if a, ok := c.githubToken(); ok {
			c.reply(c.realm.style.introspection(c, a))
		}
	case provider.IntrospectBearerGet:
		a, fail := c.liveToken(c.presented())
		if fail != nil {
			c.reply(c.realm.style.apiError(c, *fail))
			return
		}
		c.reply(c.realm.style.introspection(c, a))
	case provider.IntrospectRFC7662:
		c.introspectRFC7662()
	case provider.IntrospectNone:
	}
}

func (c *call) introspectRFC7662() {
	form, err := c.form()
	if err != nil {
		c.refuse(failure{reason: badRequest, detail: err.Error()})
		return
	}
	who, fail := c.authenticate(form)
	if fail != nil {
		c.refuse(*fail)
		return
	}
	a, fail := c.liveToken(form["token"])
	if fail != nil || a.grant.clientID != who.id {
		c.reply(reply{body: object{{"active", false}}})
		return
	}
	c.reply(c.realm.style.introspection(c, a))
}

// pathSegments cuts a path into its parts.
func pathSegments(path string) []string { return strings.Split(strings.Trim(path, "/"), "/") }

// smallBody reads a small body of any type.
func smallBody(c *call) ([]byte, error) {
	return io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, maxBody))
}

package emulator

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/socialauth/socialauth/internal/provider"
)

// realm is one emulated provider.
type realm struct {
	p      *provider.Provider
	style  *style
	routes []route
}

// route is one path below /<id>. A segment written {name} stands for any one
// segment. One path may have several routes with different methods.
type route struct {
	segments []string
	methods  map[string]func(*call)
}

// Own paths below /<id> for the forms of the pages.
const (
	signInPath  = "/emulator/sign-in"
	consentPath = "/emulator/consent"
)

func newRealm(p *provider.Provider) (*realm, error) {
	r := &realm{p: p, style: styleOf(p)}
	get := func(h func(*call)) map[string]func(*call) { return map[string]func(*call){http.MethodGet: h} }
	post := func(h func(*call)) map[string]func(*call) { return map[string]func(*call){http.MethodPost: h} }
	token := post((*call).token)
	if r.style.tokenByGet {
		token[http.MethodGet] = (*call).token
	}
	profile := get((*call).userinfo)
	profile[http.MethodPost] = (*call).userinfo
	endpoints := []struct {
		url     string
		methods map[string]func(*call)
	}{
		{p.AuthorizationEndpoint, get((*call).authorize)},
		{p.TokenEndpoint, token},
		{p.UserinfoEndpoint, profile},
		{p.Profile.EmailsEndpoint, get((*call).githubEmails)},
		{p.JWKSURI, get((*call).jwks)},
		{p.RevocationEndpoint, revocationMethods(p)},
		{p.IntrospectionEndpoint, introspectionMethods(p)},
	}
	for _, e := range endpoints {
		if e.url == "" || e.methods == nil {
			continue
		}
		path, err := endpointPath(e.url)
		if err != nil {
			return nil, fmt.Errorf("provider %s: %w", p.ID, err)
		}
		r.add(path, e.methods)
	}
	if p.Issuer != "" && p.JWKSURI != "" {
		path, err := endpointPath(p.Issuer)
		if err != nil {
			return nil, fmt.Errorf("provider %s: %w", p.ID, err)
		}
		r.add(strings.TrimRight(path, "/")+discoverySuffix, get(func(c *call) { c.s.metadata(c) }))
	}
	r.extra()
	r.add(signInPath, post((*call).signIn))
	r.add(consentPath, post((*call).consent))
	return r, nil
}

// extra adds paths that a provider has and no client of ours is told about.
func (r *realm) extra() {
	get := func(h func(*call)) map[string]func(*call) { return map[string]func(*call){http.MethodGet: h} }
	switch r.p.ID {
	case "facebook":
		version := "/" + r.p.APIVersion
		r.add(version+"/me/permissions", map[string]func(*call){
			http.MethodGet: (*call).facebookPermissions, http.MethodDelete: (*call).facebookDelete,
		})
		r.add(version+"/{user-id}/permissions", map[string]func(*call){http.MethodGet: (*call).facebookPermissions})
		r.add(version+"/debug_token", get((*call).introspect))
		r.add(version+"/{user-id}", get((*call).userinfo))
	case "kakao":
		r.add("/v1/user/logout", map[string]func(*call){http.MethodPost: (*call).kakaoLogout})
		r.add("/v1/oidc/userinfo", get((*call).kakaoUserinfo))
	}
}

func (r *realm) has(q provider.Quirk) bool { return r.p.Has(q) }

func (r *realm) add(path string, methods map[string]func(*call)) {
	r.routes = append(r.routes, route{strings.Split(path, "/"), methods})
}

// endpointPath is the path of an endpoint as it appears below /<id>.
func endpointPath(endpoint string) (string, error) {
	u, err := url.Parse(endpoint)
	if err != nil {
		return "", fmt.Errorf("endpoint %q is no URL", endpoint)
	}
	if u.Path == "" {
		return "/", nil
	}
	return u.Path, nil
}

// match returns the handlers of a path by method.
func (r *realm) match(path string) map[string]func(*call) {
	var found map[string]func(*call)
	segments := strings.Split(path, "/")
	for _, exact := range []bool{true, false} {
		for _, rt := range r.routes {
			if !rt.fits(segments, exact) {
				continue
			}
			if found == nil {
				found = map[string]func(*call){}
			}
			for method, h := range rt.methods {
				if found[method] == nil {
					found[method] = h
				}
			}
		}
	}
	return found
}

func (rt route) fits(segments []string, exact bool) bool {
	if len(rt.segments) != len(segments) {
		return false
	}
	wild := false
	for i, want := range rt.segments {
		switch {
		case strings.HasPrefix(want, "{") && segments[i] != "":
			wild = true
		case want != segments[i]:
			return false
		}
	}
	return wild != exact
}

func (r *realm) serve(c *call, path string) {
	methods := r.match(path)
	if methods == nil {
		c.reply(r.style.notFound())
		return
	}
	c.path = path
	c.methods(methods)
}

// notFound is an unknown path, in the plainest form.
func (s *style) notFound() reply {
	return reply{status: http.StatusNotFound, body: object{{"error", "not_found"}}}
}

package emulator

import (
	"fmt"
	"hash/fnv"
	"net/http"
	"strings"
	"unicode"
)

// pictures is where the people's portraits are, so that no profile names a
// host on the internet.
const pictures = "/emulator/people/"

// realmInfo is one provider on the first page.
type realmInfo struct {
	ID, Name, Register string
	Endpoints          []endpointInfo
	Env                []string
	Known              bool
}

type endpointInfo struct{ Name, URL string }

// index lists what is served, with settings to copy.
func (s *Server) index(c *call) {
	var realms []realmInfo
	for _, id := range s.order {
		c.realm = s.realms[id]
		realms = append(realms, c.info())
	}
	c.realm = nil
	c.render(http.StatusOK, "Emulated providers", "", func(w *htmlWriter) {
		w.banner("banner wide-banner", "None of this is real.",
			"These are stand-ins for the providers on this computer, made by socialauth, for trying out an app offline.")
		w.open("main", set("class", "wide"))
		w.text("\n")
		w.line("h1", "Providers emulated here")
		w.line("h2", "For socialauth itself")
		w.line("pre", "SOCIALAUTH_EMULATOR="+c.base)
		for _, r := range realms {
			w.realm(r)
		}
		w.line("h2", "People")
		w.open("ul")
		w.text("\n")
		for i := range s.people {
			w.open("li")
			w.elem("code", s.people[i].ID)
			w.text(": ")
			w.elem("bdi", s.people[i].Name)
			w.text(", ")
			w.address(&s.people[i])
			w.closeLine("li")
		}
		w.closeLine("ul")
		w.closeLine("main")
	})
}

func (w *htmlWriter) realm(r realmInfo) {
	w.line("h2", r.Name, set("id", r.ID))
	w.open("table")
	w.fixed("\n<tr><th scope=\"col\">Endpoint</th><th scope=\"col\">Here</th></tr>\n")
	for _, e := range r.Endpoints {
		w.open("tr")
		w.elem("th", e.Name, set("scope", "row"))
		w.open("td")
		w.elem("code", e.URL)
		w.close("td")
		w.closeLine("tr")
	}
	w.closeLine("table")
	w.open("p")
	w.text("Settings to copy; any client id and secret will do")
	if r.Known {
		w.text(": no, this stand-in knows only the clients it was started with")
	}
	w.text(".")
	w.closeLine("p")
	w.line("pre", strings.Join(r.Env, "\n")+"\n")
	w.line("p", "Redirect URI: "+r.Register, set("class", "small"))
}

func (c *call) info() realmInfo {
	pr := c.realm.p
	info := realmInfo{ID: pr.ID, Name: pr.Name, Register: pr.Redirect.Register, Known: c.s.clients != nil}
	endpoints := []endpointInfo{
		{"issuer", pr.Issuer},
		{"authorization", pr.AuthorizationEndpoint},
		{"token", pr.TokenEndpoint},
		{"profile", pr.UserinfoEndpoint},
		{"emails", pr.Profile.EmailsEndpoint},
		{"revocation", pr.RevocationEndpoint},
		{"introspection", pr.IntrospectionEndpoint},
		{"keys", pr.JWKSURI},
	}
	for _, e := range endpoints {
		if u := c.url(e.URL); u != "" {
			info.Endpoints = append(info.Endpoints, endpointInfo{e.Name, u})
		}
	}
	prefix := "SOCIALAUTH_" + strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToUpper(r)
		}
		return '_'
	}, pr.ID)
	info.Env = []string{
		"SOCIALAUTH_EMULATOR=" + c.base, prefix + "_CLIENT_ID=emulated-client", prefix + "_CLIENT_SECRET=emulated-secret",
	}
	return info
}

// picture draws a portrait: initials on a colour.
func (s *Server) picture(c *call) {
	who := s.person(strings.TrimSuffix(strings.TrimPrefix(c.r.URL.Path, pictures), ".svg"))
	if who == nil {
		c.text(http.StatusNotFound, "nobody has this picture\n")
		return
	}
	initial := "?"
	for _, r := range who.Name {
		if unicode.IsLetter(r) {
			initial = string(unicode.ToUpper(r))
			break
		}
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(who.ID))
	c.w.Header().Set("Content-Type", "image/svg+xml; charset=utf-8")
	c.w.WriteHeader(http.StatusOK)
	fmt.Fprintf(c.w, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100" role="img">`+
		`<rect width="100" height="100" fill="hsl(%d 45%% 40%%)"/><text x="50" y="66" font-size="48" font-family="sans-serif" `+
		`text-anchor="middle" fill="#fff">%s</text></svg>`+"\n", h.Sum32()%360, initial)
}

func (c *call) pictureURL(p *Person) string { return c.base + pictures + p.ID + ".svg" }

package emulator

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"hash/fnv"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"unicode"
)

//go:embed pages
var pageFiles embed.FS

// pictures is where the people's portraits are, so that no profile names a
// host on the internet.
const pictures = "/emulator/people/"

func (s *Server) loadPages() error {
	t, err := template.ParseFS(pageFiles, "pages/pages.html")
	if err != nil {
		return fmt.Errorf("read the embedded pages: %w", err)
	}
	css, err := pageFiles.ReadFile("pages/style.css")
	if err != nil {
		return fmt.Errorf("read the embedded pages: %w", err)
	}
	sum := sha256.Sum256(css)
	s.pages, s.css = t, template.CSS(css) //nolint:gosec // our own embedded style sheet
	s.styleHash = base64.StdEncoding.EncodeToString(sum[:])
	return nil
}

// page is what every template gets.
type page struct {
	Title, Provider, Client, Action, Handle string
	CSS                                     template.CSS
	People                                  []Person
	Person                                  *Person
	Decline                                 bool
	Scopes                                  []scopeBox
	Target                                  string
	Detail, Code                            string
	Base                                    string
	Realms                                  []realmInfo
}

type scopeBox struct {
	Name      string
	Mandatory bool
}

// realmInfo is one provider on the first page.
type realmInfo struct {
	ID, Name, Register string
	Endpoints          []endpointInfo
	Env                []string
	Known              bool
}

type endpointInfo struct{ Name, URL string }

// render writes a page with the strictest policy it works under. formTarget is
// the origin a form's answer is redirected to: Chromium checks form-action for
// redirects too.
func (c *call) render(status int, name string, p page, formTarget string) {
	p.CSS = c.s.css
	form := "'none'"
	if formTarget != "" {
		form = "'self' " + formTarget
	}
	h := c.w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'sha256-"+c.s.styleHash+
		"'; img-src data:; form-action "+form+"; frame-ancestors 'none'; base-uri 'none'")
	h.Set("Content-Type", "text/html; charset=utf-8")
	var b strings.Builder
	if err := c.s.pages.ExecuteTemplate(&b, name, p); err != nil {
		c.text(http.StatusInternalServerError, "the page could not be made\n")
		return
	}
	c.w.WriteHeader(status)
	_, _ = c.w.Write([]byte(b.String()))
}

func (c *call) signInPage(handle string, req *request) {
	people := slices.Clone(c.s.people)
	if hint := req.params["login_hint"]; hint != "" {
		slices.SortStableFunc(people, func(a, b Person) int { return rank(a, hint) - rank(b, hint) })
	}
	c.render(http.StatusOK, "sign-in", page{
		Title: "Sign in to the stand-in for " + c.realm.p.Name, Provider: c.realm.p.Name, Client: req.clientID,
		Action: "/" + c.realm.p.ID + signInPath, Handle: handle, People: people,
	}, req.formTarget())
}

// rank puts the person a login_hint names first.
func rank(p Person, hint string) int {
	if hint == p.Email || hint == p.Username || hint == p.ID {
		return 0
	}
	return 1
}

func (c *call) consentPage(handle string, req *request, who *Person) {
	boxes := make([]scopeBox, 0, len(req.scopes))
	for _, s := range req.scopes {
		boxes = append(boxes, scopeBox{s, slices.Contains(c.realm.style.mandatory, s)})
	}
	c.render(http.StatusOK, "consent", page{
		Title: "Let " + req.clientID + " in?", Provider: c.realm.p.Name, Client: req.clientID,
		Action: "/" + c.realm.p.ID + consentPath, Handle: handle, Person: who,
		Decline: c.realm.canDecline(), Scopes: boxes, Target: req.redirectURI,
	}, req.formTarget())
}

// formTarget is the source expression for the redirect URI in form-action. Any
// port of its host is let through, since an app's callback may go on to its
// own front end. A policy cannot name an IPv6 literal, so there the scheme has
// to do.
func (req *request) formTarget() string {
	cb, err := parseCallback(req.redirectURI)
	if err != nil {
		return ""
	}
	if strings.HasPrefix(cb.host, "[") {
		return cb.scheme + ":"
	}
	if cb.loopback() {
		return cb.scheme + "://" + cb.host + ":*"
	}
	if cb.port != "" {
		return cb.scheme + "://" + cb.host + ":" + cb.port
	}
	return cb.scheme + "://" + cb.host
}

func (c *call) errorPage(title, detail string) {
	c.errorPageStatus(http.StatusBadRequest, title, detail)
}

func (c *call) errorPageStatus(status int, title, detail string) {
	c.render(status, "error", page{Title: title, Provider: c.realm.p.Name, Detail: detail}, "")
}

// index lists what is served, with settings to copy.
func (s *Server) index(c *call) {
	p := page{Title: "Emulated providers", Base: c.base, People: s.people}
	for _, id := range s.order {
		c.realm = s.realms[id]
		p.Realms = append(p.Realms, c.info())
	}
	c.realm = nil
	c.render(http.StatusOK, "index", p, "")
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

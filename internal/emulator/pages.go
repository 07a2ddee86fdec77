package emulator

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

//go:embed pages/style.css
var pageFiles embed.FS

func (s *Server) loadStyle() error {
	css, err := pageFiles.ReadFile("pages/style.css")
	if err != nil {
		return fmt.Errorf("read the embedded style sheet: %w", err)
	}
	if s.style, err = newStyleSheet(css); err != nil {
		return err
	}
	sum := sha256.Sum256(css)
	s.styleHash = base64.StdEncoding.EncodeToString(sum[:])
	return nil
}

// render writes a page with the strictest policy it works under. formTarget is
// the origin a form's answer is redirected to: Chromium checks form-action for
// redirects too. The body writes what stands between the body's tags.
func (c *call) render(status int, title, formTarget string, body func(*htmlWriter)) {
	form := "'none'"
	if formTarget != "" {
		form = "'self' " + formTarget
	}
	h := c.w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'sha256-"+c.s.styleHash+
		"'; img-src data:; form-action "+form+"; frame-ancestors 'none'; base-uri 'none'")
	h.Set("Content-Type", "text/html; charset=utf-8")
	page, err := document(title, c.s.style, body)
	if err != nil {
		c.text(http.StatusInternalServerError, "the page could not be made\n")
		return
	}
	c.w.WriteHeader(status)
	_, _ = c.w.Write([]byte(page))
}

// document is a whole page.
func document(title string, css styleSheet, body func(*htmlWriter)) (string, error) {
	w := &htmlWriter{}
	w.fixed("<!DOCTYPE html>\n")
	w.open("html", set("lang", "en"))
	w.text("\n")
	w.open("head")
	w.fixed("\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n" + generator + "\n")
	w.line("title", title)
	w.fixed("<link rel=\"icon\" href=\"data:,\">\n")
	w.style(css)
	w.closeLine("head")
	w.open("body")
	w.text("\n")
	body(w)
	w.closeLine("body")
	w.closeLine("html")
	return w.finish()
}

// banner says first of all that this is not the real thing.
func (w *htmlWriter) banner(class, first, rest string) {
	w.open("p", set("class", class), set("role", "note"))
	w.elem("strong", first)
	w.text(" " + rest)
	w.closeLine("p")
}

func (w *htmlWriter) notProvider(name, rest string) {
	w.banner("banner", "This is not "+name+".", "It is a stand-in on this computer, made by socialauth."+rest)
}

// beginForm opens a form of the stand-in, to be closed by its user.
func (w *htmlWriter) beginForm(action, handle string) {
	w.open("form", set("method", "post"), to("action", action))
	w.text("\n")
	w.void("input", set("type", "hidden"), set("name", "request"), set("value", handle))
	w.text("\n")
}

func (w *htmlWriter) submit(name, value, text string, more ...attr) {
	w.elem("button", text, append(more, set("type", "submit"), set("name", name), set("value", value))...)
}

// address is a person's e-mail address.
func (w *htmlWriter) address(p *Person) {
	if p.Email == "" {
		w.text("no email")
		return
	}
	w.elem("bdi", p.Email)
	if !p.EmailVerified {
		w.text(" (not verified)")
	}
}

func (c *call) signInPage(handle string, req *request) {
	people := slices.Clone(c.s.people)
	if hint := req.params["login_hint"]; hint != "" {
		slices.SortStableFunc(people, func(a, b Person) int { return rank(a, hint) - rank(b, hint) })
	}
	name := c.realm.p.Name
	title := "Sign in to the stand-in for " + name
	c.render(http.StatusOK, title, req.formTarget(), func(w *htmlWriter) {
		w.notProvider(name, nothingReaches(name))
		w.open("main")
		w.text("\n")
		w.line("h1", title)
		w.open("p")
		w.text("The app ")
		w.open("strong")
		w.elem("bdi", req.clientID)
		w.close("strong")
		w.text(" wants to know who you are. Who do you want to be?")
		w.closeLine("p")
		w.beginForm(c.formPath(signInPath), handle)
		w.peopleButtons(people)
		w.open("p")
		w.submit("cancel", "1", "Cancel")
		w.closeLine("p")
		w.closeLine("form")
		w.closeLine("main")
	})
}

func (w *htmlWriter) peopleButtons(people []Person) {
	w.open("ul", set("class", "plain"))
	w.text("\n")
	for i := range people {
		p := &people[i]
		w.open("li")
		w.open("button", set("class", "person"), set("type", "submit"), set("name", "person"), set("value", p.ID))
		w.elem("bdi", p.Name)
		w.void("br")
		w.open("span", set("class", "small"))
		w.address(p)
		w.close("span")
		w.close("button")
		w.closeLine("li")
	}
	w.closeLine("ul")
}

func nothingReaches(name string) string {
	return " Nothing you do here reaches " + name + ", and nobody here is real."
}

// formPath is a path of this realm, for a form's action. The id of a discovered
// provider is a host, and so may have the brackets of an IPv6 address.
func (c *call) formPath(path string) string { return "/" + url.PathEscape(c.realm.p.ID) + path }

// rank puts the person a login_hint names first.
func rank(p Person, hint string) int {
	if hint == p.Email || hint == p.Username || hint == p.ID {
		return 0
	}
	return 1
}

func (c *call) consentPage(handle string, req *request, who *Person) {
	name := c.realm.p.Name
	c.render(http.StatusOK, "Let "+req.clientID+" in?", req.formTarget(), func(w *htmlWriter) {
		w.notProvider(name, nothingReaches(name))
		w.open("main")
		w.text("\n")
		w.open("h1")
		w.text("Let ")
		w.elem("bdi", req.clientID)
		w.text(" in?")
		w.closeLine("h1")
		w.open("p")
		w.text("You are ")
		w.open("strong")
		w.elem("bdi", who.Name)
		w.close("strong")
		w.text(". The app asks for:")
		w.closeLine("p")
		w.beginForm(c.formPath(consentPath), handle)
		if c.realm.canDecline() {
			w.scopeBoxes(req.scopes, c.realm.style.mandatory)
		} else {
			w.scopeList(req.scopes)
		}
		w.open("p", set("class", "small"))
		w.text("Your answer goes to ")
		w.elem("bdi", req.redirectURI)
		w.text(".")
		w.closeLine("p")
		w.open("p")
		w.submit("decision", "allow", "Allow", set("class", "primary"))
		w.text("\n")
		w.submit("decision", "deny", "Deny")
		w.closeLine("p")
		w.closeLine("form")
		w.closeLine("main")
	})
}

// scopeBoxes lets a person take scopes away, but for the mandatory ones.
func (w *htmlWriter) scopeBoxes(scopes, mandatory []string) {
	w.open("fieldset")
	w.text("\n")
	w.line("legend", "Untick what the app shall not have")
	for _, s := range scopes {
		if slices.Contains(mandatory, s) {
			w.open("p")
			w.elem("bdi", s)
			w.text(" (always)")
			w.closeLine("p")
			continue
		}
		w.open("label")
		w.void("input", set("type", "checkbox"), set("name", "scope"), set("value", s), bare("checked"))
		w.elem("bdi", s)
		w.closeLine("label")
	}
	w.closeLine("fieldset")
}

func (w *htmlWriter) scopeList(scopes []string) {
	w.open("ul")
	w.text("\n")
	for _, s := range scopes {
		w.open("li")
		w.elem("bdi", s)
		w.closeLine("li")
	}
	if len(scopes) == 0 {
		w.line("li", "nothing but who you are")
	}
	w.closeLine("ul")
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
	c.render(status, title, "", func(w *htmlWriter) {
		w.notProvider(c.realm.p.Name, "")
		w.open("main")
		w.text("\n")
		w.line("h1", title)
		w.open("p")
		w.elem("bdi", detail)
		w.closeLine("p")
		w.line("p", "The app was told nothing: where to send an answer could not be trusted, or the page was used up.", set("class", "small"))
		w.closeLine("main")
	})
}

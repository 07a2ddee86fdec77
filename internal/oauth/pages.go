package oauth

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"
)

// pageStyle is the whole style of every page. The hash in the
// Content-Security-Policy is computed from it, so the two cannot part.
const pageStyle = `:root{color-scheme:light dark}` +
	`body{margin:0;font:1.125rem/1.5 system-ui,sans-serif;background:#fff;color:#1a1a1a}` +
	`main{max-width:34rem;margin:12vh auto 0;padding:0 1.5rem}` +
	`h1{font-size:1.6rem;line-height:1.25;margin:0 0 .75rem}p{margin:0}` +
	`@media (prefers-color-scheme:dark){body{background:#161616;color:#f0f0f0}}`

// page is a text for the browser. Both parts are constants of this file:
// nothing that came over the network can get onto a page (L26, L28, L29).
type page struct {
	status      int
	title, text string
}

func pageSuccess() page {
	return page{http.StatusOK, "You are signed in", "You can close this tab and go back to the terminal."}
}

func pageDenied() page {
	return page{http.StatusForbidden, "Not signed in", "The provider did not allow it. The terminal says more. You can close this tab."}
}

func pageFailed() page {
	return page{http.StatusBadGateway, "Not signed in", "Something went wrong after you came back. The terminal says what. You can close this tab."}
}

// pageWorking is for a sign-in that takes longer than a browser should wait;
// it promises nothing (L23).
func pageWorking() page {
	return page{http.StatusAccepted, "Return to the terminal", "The sign-in is still being completed there. You can close this tab."}
}

func pageNotOurs() page {
	return page{http.StatusBadRequest, "Nothing to do here", "This address does not belong to a sign-in that is going on. Return to the terminal."}
}

func pageRefused(status int) page {
	title := "This cannot be answered"
	switch status {
	case http.StatusForbidden:
		title = "This request is refused"
	case http.StatusNotFound:
		title = "There is nothing here"
	case http.StatusMethodNotAllowed:
		title = "This method is not used here"
	}
	return page{status, title, "A sign-in is waiting at another address. Return to the terminal."}
}

// securityPolicy allows the one style and nothing else.
func securityPolicy() string {
	sum := sha256.Sum256([]byte(pageStyle))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
}

// pageHeaders go with every answer, the redirect included, and are set before
// the status is written: set later they would be lost (L27).
func pageHeaders(h http.Header) {
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", securityPolicy())
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
}

// writePage is the only place that writes a page.
func writePage(w http.ResponseWriter, p page) {
	pageHeaders(w.Header())
	body := `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>` + p.title + ` - socialauth</title>
<style>` + pageStyle + `</style>
</head>
<body>
<main id="` + doneFragment + `">
<h1>` + p.title + `</h1>
<p>` + p.text + `</p>
</main>
</body>
</html>
`
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(p.status)
	_, _ = w.Write([]byte(body))
}

// The page after the callback. Its address has no code and no state, so
// neither stays in the address bar or the history (L24). It has a fragment of
// its own because a browser carries the old one over to a redirect that has
// none, and Facebook's answers end in #_=_.
const (
	donePath     = "/done"
	doneFragment = "end"
)

// writeDone sends the browser to the page after the callback.
func writeDone(w http.ResponseWriter) {
	pageHeaders(w.Header())
	w.Header().Set("Location", donePath+"#"+doneFragment)
	w.Header().Set("Content-Length", "0")
	w.WriteHeader(http.StatusSeeOther)
}

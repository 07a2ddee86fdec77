package emulator

import (
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/socialauth/socialauth/internal/provider"
)

// authorize is the authorization endpoint (RFC 6749 section 4.1.1). Until the
// client and the redirect URI are known to be good nothing is redirected; the
// person sees an error page.
func (c *call) authorize() {
	q, err := parseParams(c.r.URL.RawQuery)
	if err != nil {
		c.errorPage("The request cannot be read", err.Error())
		return
	}
	if err := c.checkClientID(q["client_id"]); err != nil {
		c.errorPage("The client is not known", err.Error())
		return
	}
	if q["redirect_uri"] == "" {
		c.errorPage("The redirect URI is missing", "the parameter redirect_uri is required")
		return
	}
	if err := c.checkRedirect(q["client_id"], q["redirect_uri"]); err != nil {
		c.errorPage("The redirect URI is not allowed", "redirect_uri "+q["redirect_uri"]+": "+err.Error())
		return
	}
	req := &request{
		realm: c.realm, clientID: q["client_id"], redirectURI: q["redirect_uri"], state: q["state"],
		nonce: q["nonce"], challenge: q["code_challenge"], params: q, scopes: c.realm.splitScopes(q["scope"]),
	}
	if code, text := req.check(); code != "" {
		c.redirect(req, object{{"error", code}, {"error_description", text}})
		return
	}
	if code, ok := c.fault("authorize_error"); ok {
		c.redirect(req, object{{"error", code}, {"error_description", "the stand-in was asked to fail"}})
		return
	}
	if c.struck("deny") {
		c.deny(req)
		return
	}
	handle := base64.RawURLEncoding.EncodeToString(random(32))
	c.s.mu.Lock()
	now := c.s.now()
	c.s.store.requests.put(handle, req, now, now.Add(requestTTL))
	c.s.mu.Unlock()
	c.signInPage(handle, req)
}

// checkClientID refuses a client that was not configured.
func (c *call) checkClientID(id string) error {
	if id == "" {
		return errors.New("the parameter client_id is required")
	}
	if len(id) > 256 || strings.ContainsFunc(id, func(r rune) bool { return r < 0x20 || r > 0x7e }) {
		return errors.New("the client_id has characters no client_id has")
	}
	if _, ok := c.s.clients[id]; !ok && c.s.clients != nil {
		return errors.New("client_id " + id + " is not registered here")
	}
	return nil
}

// check judges everything the client may be told by redirect.
func (req *request) check() (code, text string) {
	q, p := req.params, req.realm.p
	switch {
	case q["response_type"] != "code":
		return "unsupported_response_type", "only response_type=code is supported"
	case q["response_mode"] != "" && q["response_mode"] != "query":
		return "invalid_request", "only response_mode=query is supported"
	case q["request"] != "" || q["request_uri"] != "":
		return "request_not_supported", "request objects are not supported"
	case q["prompt"] == "none":
		return "login_required", "nobody is signed in"
	case q["state"] == "" && req.realm.style.stateRequired:
		return "invalid_request", "state is required"
	case len(q["state"]) > 500 || len(q["nonce"]) > 500:
		return "invalid_request", "state and nonce may have 500 characters"
	}
	if p.CodeChallengeMethod != provider.ChallengeNone {
		if text := checkChallenge(q, req.realm.style.pkceRequired); text != "" {
			return "invalid_request", text
		}
	}
	for _, s := range req.scopes {
		if strings.ContainsFunc(s, func(r rune) bool { return r <= 0x20 || r > 0x7e || r == '"' || r == '\\' }) {
			return "invalid_scope", "a scope has a character no scope has"
		}
	}
	if len(req.scopes) > 100 {
		return "invalid_scope", "more than 100 scopes"
	}
	return "", ""
}

// checkChallenge wants S256 and nothing else (RFC 7636, I03): a provider that
// also takes "plain" would let a client fall back to it unnoticed.
func checkChallenge(q params, required bool) string {
	challenge, method := q["code_challenge"], q["code_challenge_method"]
	switch {
	case challenge == "" && method != "":
		return "code_challenge_method without code_challenge"
	case challenge == "" && required:
		return "code_challenge is required"
	case challenge == "":
		return ""
	case method != "S256":
		return "code_challenge_method must be S256"
	}
	if b, err := base64.RawURLEncoding.Strict().DecodeString(challenge); err != nil || len(b) != 32 {
		return "code_challenge is not the base64url form of a SHA-256 digest"
	}
	return ""
}

// splitScopes reads the scope parameter: by the provider's separator, and by
// spaces too where that is a comma, as libraries send both to Facebook.
func (r *realm) splitScopes(scope string) []string {
	fields := strings.FieldsFunc(scope, func(c rune) bool {
		return c == ' ' || (r.p.ScopeSeparator != " " && strings.ContainsRune(r.p.ScopeSeparator, c))
	})
	if len(fields) == 0 {
		fields = r.style.withoutScope
	}
	out := []string{}
	for _, s := range append(slices.Clone(r.style.mandatory), fields...) {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// canDecline: the consent page has a box for each scope.
func (r *realm) canDecline() bool { return r.has(provider.QuirkGrantedScopes) }

// signIn takes the sign-in form: who is it?
func (c *call) signIn() {
	form, req, ok := c.pageForm()
	if !ok {
		return
	}
	handle := form.Get("request")
	if form.Has("cancel") {
		c.finish(handle)
		c.deny(req)
		return
	}
	who := c.s.person(form.Get("person"))
	if who == nil {
		c.errorPage("Nobody was chosen", "the form names no person of this stand-in")
		return
	}
	c.s.mu.Lock()
	req.person = who
	c.s.mu.Unlock()
	c.consentPage(handle, req, who)
}

// consent takes the consent form.
func (c *call) consent() {
	form, req, ok := c.pageForm()
	if !ok {
		return
	}
	c.s.mu.Lock()
	who := req.person
	c.s.mu.Unlock()
	decision := form.Get("decision")
	if who == nil || (decision != "allow" && decision != "deny") {
		c.errorPage("The form is not complete", "sign in first, then allow or deny")
		return
	}
	c.finish(form.Get("request"))
	if decision == "deny" {
		c.deny(req)
		return
	}
	granted, denied := req.scopes, []string(nil)
	if c.realm.canDecline() {
		granted, denied = c.realm.split(req.scopes, form["scope"])
	}
	if list, ok := c.fault("decline"); ok {
		drop := c.realm.splitScopes(strings.ReplaceAll(list, ",", " "))
		keep := slices.DeleteFunc(slices.Clone(granted), func(s string) bool { return slices.Contains(drop, s) })
		granted, denied = c.realm.split(req.scopes, keep)
	}
	c.allow(req, who, granted, denied)
}

// split sorts the scopes asked for into granted and denied ones.
func (r *realm) split(asked, ticked []string) (granted, denied []string) {
	for _, s := range asked {
		if slices.Contains(ticked, s) || slices.Contains(r.style.mandatory, s) {
			granted = append(granted, s)
		} else {
			denied = append(denied, s)
		}
	}
	return granted, denied
}

// pageForm reads a form of our own pages and finds its request. The handle in
// the form is what stops forgery: no other site can read it. Browsers that say
// where a form came from are believed too (I07).
func (c *call) pageForm() (url.Values, *request, bool) {
	if err := http.NewCrossOriginProtection().Check(c.r); err != nil {
		c.errorPageStatus(http.StatusForbidden, "This form came from another site", "open the sign-in again from your app")
		return nil, nil, false
	}
	raw, err := c.body("application/x-www-form-urlencoded")
	if err != nil {
		c.errorPage("The form cannot be read", err.Error())
		return nil, nil, false
	}
	form, err := url.ParseQuery(raw)
	if err != nil || !slices.ContainsFunc(form["request"], func(s string) bool { return s != "" }) {
		c.errorPage("The form cannot be read", "it is not one of this stand-in's")
		return nil, nil, false
	}
	c.s.mu.Lock()
	req, ok := c.s.store.requests.get(form.Get("request"), c.s.now())
	c.s.mu.Unlock()
	if !ok || req.realm != c.realm {
		c.errorPage("This page is no longer good", "it was used or is older than ten minutes; open the sign-in again from your app")
		return nil, nil, false
	}
	return form, req, true
}

// finish makes the pages of a request useless: one request, one answer.
func (c *call) finish(handle string) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	c.s.store.requests.drop(handle)
}

// allow gives out a code.
func (c *call) allow(req *request, who *Person, granted, denied []string) {
	value := base64.RawURLEncoding.EncodeToString(random(32))
	c.s.mu.Lock()
	now := c.s.now()
	req.person = who
	ends := now.Add(c.realm.style.codeTTL)
	// A dead code is kept for a while: its second use must be recognised.
	c.s.store.codes.put(value, &code{req: req, granted: granted, denied: denied, expires: ends}, now, ends.Add(requestTTL))
	c.s.mu.Unlock()
	answer := object{{"code", value}}
	if c.realm.canDecline() && req.params["return_scopes"] == "true" {
		sep := c.realm.p.ScopeSeparator
		answer = append(answer, member{"granted_scopes", strings.Join(granted, sep)})
		answer = append(answer, member{"denied_scopes", strings.Join(denied, sep)})
	}
	if c.struck("repeat_code") {
		answer = append(answer, member{"code", "another-code"})
	}
	c.redirect(req, answer)
}

func (c *call) deny(req *request) {
	answer := object{{"error", "access_denied"}, {"error_description", "the person said no"}}
	if c.realm.p.ID == "facebook" {
		answer = object{
			{"error", "access_denied"},
			{"error_code", "200"},
			{"error_description", "Permissions error"},
			{"error_reason", "user_denied"},
		}
	}
	c.redirect(req, answer)
}

// redirect sends the browser back to the client with the answer, state and,
// where the provider does so, iss (RFC 9207).
func (c *call) redirect(req *request, answer object) {
	state, hasState := req.state, req.state != ""
	if c.struck("wrong_state") {
		state, hasState = "another-state", true
	}
	if c.struck("no_state") {
		hasState = false
	}
	if hasState {
		answer = append(answer, member{"state", state})
	}
	issuer := ""
	if c.realm.sendsIssuer() && !c.struck("no_issuer") {
		issuer = c.issuer()
	}
	if c.struck("wrong_issuer") {
		issuer = "https://issuer.invalid"
	}
	if issuer != "" {
		answer = append(answer, member{"iss", issuer})
	}
	var query []string
	for _, m := range answer {
		query = append(query, url.QueryEscape(m.name)+"="+url.QueryEscape(fmt.Sprint(m.value)))
	}
	target := req.redirectURI + "?" + strings.Join(query, "&")
	if strings.Contains(req.redirectURI, "?") {
		target = req.redirectURI + "&" + strings.Join(query, "&")
	}
	if c.realm.has(provider.QuirkFragmentTail) {
		target += "#_=_"
	}
	maps.DeleteFunc(c.w.Header(), func(name string, _ []string) bool { return name == "Content-Security-Policy" })
	c.w.Header().Set("Location", target)
	status := http.StatusFound
	if c.r.Method == http.MethodPost {
		status = http.StatusSeeOther
	}
	c.w.WriteHeader(status)
}

func (r *realm) sendsIssuer() bool {
	return r.p.Issuer != "" && (r.p.IssInResponse || r.p.ID == "github")
}

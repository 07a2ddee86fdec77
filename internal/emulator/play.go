package emulator

import (
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Choice is what the person does on the pages.
type Choice struct {
	// Person is who signs in; empty means the first one offered.
	Person string
	// Deny presses Deny on the consent page, Cancel the one on the sign-in page.
	Deny, Cancel bool
	// Decline unticks these scopes.
	Decline []string
	// Stop ends before the callback is opened: [Outcome.Callback] can then be
	// pasted somewhere, and Status and Body are zero.
	Stop bool
}

// Outcome is where a played sign-in ended.
type Outcome struct {
	// Callback is the address the browser was sent to, with its fragment. It
	// has the code in it and belongs into no log.
	Callback string
	// Status and Body are the client's final page.
	Status int
	Body   string
}

// Text is the page as a person reads it: no markup, blanks collapsed.
func (o *Outcome) Text() string { return pageText(o.Body) }

// PageError is a page that could not be played on: an error page of the
// stand-in, or one that is not its own.
type PageError struct {
	Status int
	Text   string
}

func (e *PageError) Error() string {
	return fmt.Sprintf("the page with status %d cannot be played: %s", e.Status, e.Text)
}

const (
	maxPage     = 1 << 20
	maxHops     = 5
	generator   = `<meta name="generator" content="socialauth emulator">`
	browserKind = "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"
)

// Play is a person with a browser: it opens the authorization URL, fills in
// the stand-in's forms as c says, is sent back to the client's callback and
// goes on to its final page. It keeps no cookies, as no page here needs any.
// The client is used for its transport; redirects are followed here.
func Play(ctx context.Context, client *http.Client, authorizeURL string, c Choice) (*Outcome, error) {
	plain := *client
	plain.Jar = nil
	plain.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	p := player{ctx: ctx, client: &plain}
	at, err := url.Parse(authorizeURL)
	if err != nil {
		return nil, errors.New("the authorization URL is no URL")
	}
	answer, err := p.get(at)
	// At most two pages, sign-in and consent, stand between here and the callback.
	for range 3 {
		if err != nil {
			return nil, err
		}
		if answer.location != nil {
			return p.callback(answer.location, c.Stop)
		}
		answer, err = p.fill(answer, c)
	}
	return nil, errors.New("the pages lead nowhere")
}

// player is one browser window.
type player struct {
	ctx    context.Context //nolint:containedctx // lives for one call of Play
	client *http.Client
}

// answer is one response.
type answer struct {
	url      *url.URL
	location *url.URL // of a redirect
	status   int
	body     string
}

func (p *player) get(u *url.URL) (*answer, error) {
	plain := *u
	plain.Fragment = "" // a browser keeps it to itself
	req, err := http.NewRequestWithContext(p.ctx, http.MethodGet, plain.String(), http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("open a page: %w", err)
	}
	return p.send(req)
}

func (p *player) send(req *http.Request) (*answer, error) {
	req.Header.Set("Accept", browserKind)
	req.Header.Set("Sec-Fetch-Mode", "navigate")
	req.Header.Set("Sec-Fetch-Dest", "document")
	res, err := p.client.Do(req)
	if err != nil {
		// The error of net/http has the whole URL in it, code and all.
		if inner, ok := errors.AsType[*url.Error](err); ok {
			err = inner.Err
		}
		return nil, fmt.Errorf("open the page at %s: %w", req.URL.Host, err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxPage))
	if err != nil {
		return nil, fmt.Errorf("read the page at %s: %w", req.URL.Host, err)
	}
	a := &answer{url: req.URL, status: res.StatusCode, body: string(body)}
	if target := res.Header.Get("Location"); target != "" && res.StatusCode >= 300 && res.StatusCode < 400 {
		if a.location, err = req.URL.Parse(target); err != nil {
			return nil, fmt.Errorf("the page at %s redirects to something that is no URL", req.URL.Host)
		}
	}
	return a, nil
}

// fill answers one of our own pages.
func (p *player) fill(page *answer, c Choice) (*answer, error) {
	if page.status != http.StatusOK || !strings.Contains(page.body, generator) {
		return nil, &PageError{page.status, pageText(page.body)}
	}
	f, ok := readForm(page.body)
	if !ok {
		return nil, &PageError{page.status, pageText(page.body)}
	}
	press := f.button("decision", map[bool]string{true: "deny", false: "allow"}[c.Deny])
	if people := f.named("person"); len(people) > 0 {
		press = f.button("person", c.Person)
		if c.Person == "" {
			press = &people[0]
		}
		if c.Cancel {
			press = f.button("cancel", "1")
		}
	}
	if press == nil {
		return nil, &PageError{page.status, "there is no button for this choice"}
	}
	values := url.Values{press.name: {press.value}}
	for _, field := range f.fields {
		if field.kind == "hidden" || (field.checked && !slices.Contains(c.Decline, field.value)) {
			values.Add(field.name, field.value)
		}
	}
	target, err := page.url.Parse(f.action)
	if err != nil || target.Host != page.url.Host {
		return nil, &PageError{page.status, "the form leads elsewhere"}
	}
	req, err := http.NewRequestWithContext(p.ctx, http.MethodPost, target.String(), strings.NewReader(values.Encode()))
	if err != nil {
		return nil, fmt.Errorf("send a form: %w", err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", page.url.Scheme+"://"+page.url.Host)
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	return p.send(req)
}

// callback opens the client's callback and what it redirects to.
func (p *player) callback(target *url.URL, stop bool) (*Outcome, error) {
	o := &Outcome{Callback: target.String()}
	if stop {
		return o, nil
	}
	for range maxHops {
		a, err := p.get(target)
		if err != nil {
			return o, err
		}
		if a.location == nil {
			o.Status, o.Body = a.status, a.body
			return o, nil
		}
		target = a.location
	}
	return o, errors.New("the callback redirects without end")
}

// form is a form of our own pages.
type form struct {
	action string
	fields []field
}

// field is an input or a button.
type field struct {
	kind, name, value string // kind is the type attribute
	checked           bool
}

func (f *form) named(name string) []field {
	var out []field
	for _, x := range f.fields {
		if x.name == name {
			out = append(out, x)
		}
	}
	return out
}

func (f *form) button(name, value string) *field {
	for i := range f.fields {
		if x := &f.fields[i]; x.kind == "submit" && x.name == name && x.value == value {
			return x
		}
	}
	return nil
}

// readForm reads the one form of a page. It understands what [htmlWriter]
// writes, quoted attributes and no scripts, and is no HTML parser.
func readForm(page string) (*form, bool) {
	_, rest, ok := strings.Cut(page, "<form ")
	if !ok {
		return nil, false
	}
	rest, _, ok = strings.Cut(rest, "</form>")
	if !ok {
		return nil, false
	}
	head, rest, _ := strings.Cut(rest, ">")
	f := &form{action: attributes(head)["action"]}
	for _, part := range strings.Split(rest, "<")[1:] {
		tag, _, _ := strings.Cut(part, ">")
		name, attrs, _ := strings.Cut(tag, " ")
		if name != "input" && name != "button" {
			continue
		}
		a := attributes(attrs)
		_, checked := a["checked"]
		f.fields = append(f.fields, field{kind: a["type"], name: a["name"], value: a["value"], checked: checked})
	}
	return f, true
}

// attributes reads name="value" pairs and bare names.
func attributes(s string) map[string]string {
	out := map[string]string{}
	for s = strings.TrimSpace(s); s != ""; s = strings.TrimSpace(s) {
		end := strings.IndexAny(s, "= ")
		if end < 0 || s[end] == ' ' {
			name, rest, _ := strings.Cut(s, " ")
			out[name], s = "", rest
			continue
		}
		name, rest, quoted := strings.Cut(s, `="`)
		if !quoted || len(name) != end {
			return out
		}
		value, after, _ := strings.Cut(rest, `"`)
		out[name], s = html.UnescapeString(value), after
	}
	return out
}

// pageText is what is left of a page without markup and styles.
func pageText(page string) string {
	if _, after, ok := strings.Cut(page, "<body>"); ok {
		page = after
	}
	var b strings.Builder
	for i, part := range strings.Split(page, "<") {
		if i > 0 {
			_, part, _ = strings.Cut(part, ">")
			b.WriteByte(' ')
		}
		b.WriteString(part)
	}
	return strings.Join(strings.Fields(html.UnescapeString(b.String())), " ")
}

package jose

import (
	"bytes"
	"net/url"
	"slices"
	"strings"
)

// found is the token in a pasted text.
type found struct {
	token    []byte
	stripped []string
	others   []string
}

func (f *found) strip(what string) { f.stripped = append(f.stripped, what) }

const (
	maxStrip = 12   // wrappings around one token
	maxPairs = 1000 // named values that are looked at
)

// extract takes wrappings off until nothing more comes off.
func extract(input []byte) (*found, error) {
	f := &found{token: input}
	if bare(input) {
		return f, nil
	}
	for range maxStrip {
		before := len(f.stripped)
		for _, step := range []func(*found) error{
			stripBlanks, stripLines, stripHeader, stripQuotes, stripScheme, stripObject, stripURL, stripPairs,
		} {
			if err := step(f); err != nil {
				return nil, err
			}
			if len(f.stripped) > before {
				break
			}
		}
		if len(f.stripped) == before {
			break
		}
	}
	if len(f.token) == 0 {
		return nil, &SyntaxError{Reason: "there is nothing in the input"}
	}
	return f, nil
}

// bare reports whether the input is a token and nothing else.
func bare(input []byte) bool {
	for _, c := range input {
		if !tokenByte(c) && c != '.' {
			return false
		}
	}
	return len(input) > 0
}

func stripBlanks(f *found) error {
	if rest, ok := bytes.CutPrefix(f.token, []byte("\xef\xbb\xbf")); ok {
		f.token = rest
		f.strip("bom")
		return nil
	}
	trimmed := bytes.TrimFunc(f.token, blank)
	if len(trimmed) == len(f.token) {
		return nil
	}
	// The line end every pipe adds is not worth a word.
	if !bytes.Equal(f.token, append(slices.Clip(trimmed), '\n')) {
		f.strip("blanks")
	}
	f.token = trimmed
	return nil
}

func blank(r rune) bool {
	switch r {
	case ' ', '\t', '\r', '\n', '\v', '\f', 0xa0, 0x200b, 0xfeff:
		return true
	}
	return false
}

// stripLines picks the authorization line of several, and joins a token that was
// broken into lines.
func stripLines(f *found) error {
	if !bytes.ContainsAny(f.token, " \t\r\n") {
		return nil
	}
	for line := range bytes.Lines(f.token) {
		trimmed := bytes.TrimFunc(line, blank)
		if len(line) < len(f.token) && hasPrefixFold(trimmed, "authorization:") {
			f.token = trimmed
			f.strip("lines")
			return nil
		}
	}
	if f.token[0] != 'e' { // see looksLikeJWT
		return nil
	}
	whole, pieces := 0, 0
	joined := make([]byte, 0, len(f.token))
	for p := range bytes.FieldsFuncSeq(f.token, blank) {
		for _, c := range p {
			if !tokenByte(c) && c != '.' && c != '~' && c != '=' && c != '+' && c != '/' {
				return nil
			}
		}
		if looksLikeJWT(p) && len(parts(p, 2)) == 3 {
			whole++
		}
		pieces++
		joined = append(joined, p...)
	}
	if whole > 1 {
		return &SyntaxError{Reason: "more than one token in the input"}
	}
	if !looksLikeJWT(joined) || pieces < 2 {
		return nil
	}
	f.token = joined
	f.strip("line_breaks")
	return nil
}

func hasPrefixFold(text []byte, prefix string) bool {
	return len(text) >= len(prefix) && strings.EqualFold(string(text[:len(prefix)]), prefix)
}

// stripHeader takes off the name of an HTTP header, and curl's -H before it.
func stripHeader(f *found) error {
	text := f.token
	if rest, ok := bytes.CutPrefix(text, []byte("-H ")); ok {
		f.token = rest
		f.strip("option:-H")
		return nil
	}
	i := bytes.IndexByte(text, ':')
	if i <= 0 || i > 40 || i+1 < len(text) && text[i+1] == '/' {
		return nil
	}
	for _, c := range text[:i] {
		if !tokenByte(c) {
			return nil
		}
	}
	name := string(text[:i])
	f.token = bytes.TrimFunc(text[i+1:], blank)
	f.strip("header:" + name)
	return nil
}

func stripQuotes(f *found) error {
	text := f.token
	if len(text) < 2 || text[0] != text[len(text)-1] {
		return nil
	}
	switch text[0] {
	case '"':
		var d document
		if d.parse(text, depthTolerant) == nil {
			f.token = []byte(member{value: d.text}.str())
			f.strip("quotes")
			return nil
		}
		fallthrough
	case '\'', '`':
		f.token = text[1 : len(text)-1]
		f.strip("quotes")
	}
	return nil
}

func stripScheme(f *found) error {
	for _, scheme := range []string{"Bearer", "DPoP", "token", "JWT"} {
		n := len(scheme)
		if hasPrefixFold(f.token, scheme) && len(f.token) > n && (f.token[n] == ' ' || f.token[n] == '\t') {
			f.token = bytes.TrimFunc(f.token[n:], blank)
			f.strip("scheme:" + scheme)
			return nil
		}
	}
	return nil
}

// tokenNames are members and parameters that hold tokens, the most telling first.
func tokenNames() []string {
	return []string{
		"id_token", "access_token", "jwt", "token", "logout_token", "client_assertion", "assertion",
		"subject_token", "id_token_hint", "request", "response", "credential", "refresh_token",
	}
}

// stripObject takes the token out of a JSON object, unless that is a token in
// JSON serialization itself.
func stripObject(f *found) error {
	if len(f.token) == 0 || f.token[0] != '{' {
		return nil
	}
	var d document
	if err := d.parse(f.token, depthTolerant); err != nil {
		err.JSON = false
		return err
	}
	if jsonToken(&d) != "" {
		return nil
	}
	var list []pair
	for m := range d.members() {
		if m.kind == kindString && len(list) < maxPairs {
			list = append(list, pair{string(m.name), m.str()})
		}
	}
	if f.choose("json", list) {
		return nil
	}
	return &SyntaxError{Reason: "a JSON object with no token in it"}
}

type pair struct{ name, value string }

// choose takes the best of several named values: the first by name that is a
// JWT, else the first by name, else anything that looks like a JWT.
func (f *found) choose(where string, list []pair) bool {
	rank := func(p pair) int {
		n := slices.Index(tokenNames(), p.name)
		jwt := looksLikeJWT([]byte(p.value))
		switch {
		case n >= 0 && jwt:
			return n
		case n >= 0 && p.value != "":
			return 100 + n
		case jwt:
			return 200
		}
		return 1000
	}
	best := -1
	for i, p := range list {
		if rank(p) < 1000 && (best < 0 || rank(p) < rank(list[best])) {
			best = i
		}
	}
	if best < 0 {
		return false
	}
	for i, p := range list {
		if i != best && rank(p) < 1000 {
			f.others = append(f.others, p.name)
		}
	}
	f.token = []byte(list[best].value)
	f.strip(where + ":" + list[best].name)
	return true
}

// stripURL takes the token out of the query or the fragment of a URL, or out of
// a form.
func stripURL(f *found) error {
	text := string(f.token)
	_, query, isURL := strings.Cut(text, "://")
	if isURL {
		i := strings.IndexAny(query, "?#")
		if i < 0 {
			return &SyntaxError{Reason: "a URL with no token in it"}
		}
		query = query[i:]
	} else if query = text; !strings.ContainsAny(text, "&?#") {
		return nil
	}
	var list []pair
	for item := range strings.FieldsFuncSeq(query, func(r rune) bool { return r == '?' || r == '#' || r == '&' }) {
		name, value, ok := strings.Cut(item, "=")
		if plain, err := url.QueryUnescape(value); err == nil {
			value = plain
		}
		if ok && len(list) < maxPairs {
			list = append(list, pair{name, value})
		}
	}
	if f.choose("url", list) || !isURL {
		return nil
	}
	return &SyntaxError{Reason: "a URL with no token in it"}
}

// stripPairs takes the token out of a cookie or a shell assignment.
func stripPairs(f *found) error {
	text := strings.TrimSpace(strings.TrimPrefix(string(f.token), "export "))
	name, _, ok := strings.Cut(text, "=")
	if !ok || name == "" || strings.ContainsFunc(name, func(r rune) bool { return r > 0x7f || !tokenByte(byte(r)) && r != '$' && r != ':' && r != ' ' }) {
		return nil
	}
	where := "assignment"
	if strings.Contains(text, ";") || slices.ContainsFunc(f.stripped, func(s string) bool {
		return strings.EqualFold(s, "header:cookie") || strings.EqualFold(s, "header:set-cookie")
	}) {
		where = "cookie"
	}
	var list []pair
	for item := range strings.SplitSeq(text, ";") {
		name, value, ok := strings.Cut(item, "=")
		value = strings.Trim(strings.TrimSpace(value), `"'`)
		if ok && len(list) < maxPairs && (looksLikeJWT([]byte(value)) || recognise([]byte(value)) != nil) {
			list = append(list, pair{strings.TrimSpace(name), value})
		}
	}
	if len(list) == 0 {
		return nil
	}
	if !f.choose(where, list) { // an opaque token under a name of its own
		f.token = []byte(list[0].value)
		f.strip(where + ":" + list[0].name)
	}
	return nil
}

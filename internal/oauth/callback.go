package oauth

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/socialauth/socialauth/internal/plain"
	"github.com/socialauth/socialauth/internal/secret"
)

// maxQuery is more than a callback line can have (L12); a pasted URL obeys it too.
const maxQuery = 32 << 10

// Response is the authorization response of a person who said yes.
type Response struct {
	Code secret.Text
	// GrantedScopes and DeniedScopes are set only where the provider reports
	// them on the callback (Facebook with return_scopes).
	GrantedScopes, DeniedScopes []string
}

// Check judges the query of a callback, raw as it stands in the request line.
//
// The order is the point (A01, L06): first the state, compared in constant time
// and used up by the first match, before which every failure, a query that
// cannot be read and a repeated parameter included, is [ErrNotOurs]; then iss
// ([*IssuerError], RFC 9207); then error ([*AuthorizationError]); then the code
// ([*ProtocolError] if there is none).
func (a *Attempt) Check(rawQuery string) (*Response, error) {
	q, err := parseQuery(rawQuery)
	if err != nil {
		return nil, err
	}
	if jarm, ok := q["response"]; ok && q["state"] == "" {
		return nil, a.checkJARM(jarm)
	}
	if q["state"] == "" {
		return nil, &notOursError{"it carries no state"}
	}
	if a.State.IsZero() || !a.State.Equal(q["state"]) {
		return nil, &notOursError{"its state is another one"}
	}
	if !a.used.CompareAndSwap(false, true) {
		return nil, &notOursError{"its state was used before"}
	}
	return a.believe(q)
}

// believe reads a query whose state is ours.
func (a *Attempt) believe(q map[string]string) (*Response, error) {
	iss, named := q["iss"]
	if a.issuer != "" && (named || a.issRequired) && iss != a.issuer {
		return nil, &IssuerError{Want: a.issuer, Got: printable(iss)}
	}
	if code, ok := q["error"]; ok {
		return nil, &AuthorizationError{
			Code: plain.Cut(code, 100), Description: printable(q["error_description"]), URI: printable(q["error_uri"]),
		}
	}
	if msg, ok := q["error_message"]; ok && a.objectError {
		return nil, &AuthorizationError{Code: plain.Cut(q["error_code"], 100), Description: printable(msg)}
	}
	code := q["code"]
	if code == "" {
		return nil, &ProtocolError{Op: opAuthorize, Reason: "the answer has neither a code nor an error"}
	}
	if !visible(code) {
		return nil, &ProtocolError{Op: opAuthorize, Reason: "the code has forbidden characters"}
	}
	r := &Response{Code: secret.New(code)}
	if a.granted {
		r.GrantedScopes = splitScopes(q["granted_scopes"])
		r.DeniedScopes = splitScopes(q["denied_scopes"])
	}
	return r, nil
}

// checkJARM recognises an answer in JARM mode (A11). It ends the sign-in only if
// the JWT inside carries our state; its signature does not matter for that,
// since nothing in it is used.
func (a *Attempt) checkJARM(jwt string) error {
	parts := strings.Split(jwt, ".")
	var claims struct {
		State string `json:"state"`
	}
	if len(parts) == 3 {
		if payload, err := base64.RawURLEncoding.DecodeString(parts[1]); err == nil {
			_ = json.Unmarshal(payload, &claims)
		}
	}
	if claims.State != "" && a.State.Equal(claims.State) && a.used.CompareAndSwap(false, true) {
		return &ProtocolError{Op: opAuthorize, Reason: "the provider answered in JARM mode, which is not supported; unset response_mode"}
	}
	return &notOursError{"it is in JARM mode, which is not supported"}
}

// CheckURL judges a redirect URL that a person copied from the address bar,
// exactly as the listener judges a request: scheme, host, port and path must be
// those of RedirectURI, then [Attempt.Check] looks at the query. A bare code is
// [ErrBareCode], another URL a [*PastedURLError]. A fragment is ignored.
func (a *Attempt) CheckURL(pasted string) (*Response, error) {
	pasted = strings.TrimSpace(pasted)
	if !strings.Contains(pasted, "://") {
		if strings.Contains(pasted, "?") {
			return nil, &PastedURLError{"it does not begin with http:// or https://"}
		}
		return nil, ErrBareCode
	}
	if len(pasted) > maxQuery {
		return nil, &PastedURLError{"it is too long"}
	}
	got, err := url.Parse(pasted)
	if err != nil {
		return nil, &PastedURLError{"it cannot be parsed"}
	}
	want, err := a.redirect()
	if err != nil {
		return nil, &PastedURLError{"there is no redirect to compare it with"}
	}
	switch {
	case got.User != nil:
		return nil, &PastedURLError{"it holds a user name"}
	case got.Scheme != want.Scheme:
		return nil, &PastedURLError{"its scheme is another one"}
	case got.Host != want.Host:
		return nil, &PastedURLError{"its host or port is another one"}
	case got.EscapedPath() != want.EscapedPath():
		return nil, &PastedURLError{"its path is another one"}
	}
	return a.Check(got.RawQuery)
}

// parseQuery reads a query strictly (L11): what net/url would drop or repair, a
// bad escape, a semicolon, is refused here, and so are control characters,
// broken UTF-8 and a name that comes twice (RFC 6749 section 3.1).
func parseQuery(raw string) (map[string]string, error) {
	if len(raw) > maxQuery {
		return nil, &notOursError{"it is too long"}
	}
	out := map[string]string{}
	if raw == "" {
		return out, nil
	}
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		key, value, _ := strings.Cut(pair, "=")
		name, err1 := url.QueryUnescape(key)
		text, err2 := url.QueryUnescape(value)
		if err1 != nil || err2 != nil || strings.Contains(pair, ";") || !clean(name) || !clean(text) {
			return nil, &notOursError{"its query is malformed"}
		}
		if _, again := out[name]; again {
			return nil, &notOursError{"it has a parameter twice"}
		}
		out[name] = text
	}
	return out, nil
}

// clean reports text without NUL in valid UTF-8. Other control characters can
// stand in an error_description and are escaped when shown.
func clean(s string) bool { return utf8.ValidString(s) && !strings.Contains(s, "\x00") }

// visible reports visible ASCII without spaces, which is what tokens and codes
// are made of (T03).
func visible(s string) bool {
	for i := range len(s) {
		if s[i] <= 0x20 || s[i] >= 0x7f {
			return false
		}
	}
	return s != ""
}

// splitScopes cuts a scope list at spaces and commas; no provider has a scope
// with either inside.
func splitScopes(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == ',' })
}

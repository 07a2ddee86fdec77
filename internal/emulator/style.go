package emulator

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/socialauth/socialauth/internal/provider"
)

// style is what a server must know about one provider beyond its data file:
// how long things live, what it insists on, and how its answers read. The
// functions that are nil for a provider are filled with the plain RFC forms.
type style struct {
	codeTTL    time.Duration
	accessTTL  time.Duration // 0: access tokens do not expire
	longTTL    time.Duration // of a long-lived token (Facebook)
	refreshTTL time.Duration

	pkceRequired     bool // every client must send a code_challenge
	stateRequired    bool // an authorization request without state is refused
	tokenByGet       bool // the token endpoint takes GET with a query
	eitherAuth       bool // client_secret_basic and client_secret_post are both taken
	redirectOptional bool // the token request may leave redirect_uri out
	grantOptional    bool // a token request with a code may leave grant_type out
	anyLoopback      bool // redirects may use another loopback host than the data file's
	openRevocation   bool // revocation asks for no client authentication
	userAgentNeeded  bool // API calls without a User-Agent are refused

	// mandatory scopes cannot be unticked.
	mandatory []string
	// withoutScope is what an authorization request without scope asks for.
	withoutScope []string

	accessToken  func(random []byte) string
	refreshToken func(random []byte) string
	// subject is the person's identifier at this provider.
	subject func(p *Person) string
	// givesRefresh says whether a sign-in comes with a refresh token.
	givesRefresh func(req *request, first bool) bool
	// answer is the token answer before faults.
	answer func(c *call, t issued) object
	// grantedScope is the scope member of a token answer.
	grantedScope func(scopes []string) string
	tokenError   func(c *call, f failure) reply
	apiError     func(c *call, f failure) reply
	profile      func(c *call, a *access) reply
	// revoked and unknownToken answer an RFC 7009 revocation.
	revoked      reply
	unknownToken *reply
	// introspection answers about a live token.
	introspection func(c *call, a *access) reply
	// idClaims adds the provider's own claims to an ID token.
	idClaims func(c *call, g *grant) object
}

// styleOf picks the provider's style and fills its gaps.
func styleOf(p *provider.Provider) *style {
	var s *style
	switch p.ID {
	case "facebook":
		s = facebookStyle()
	case "google":
		s = googleStyle()
	case "github":
		s = githubStyle()
	case "x":
		s = xStyle()
	case "kakao":
		s = kakaoStyle()
	case "naver":
		s = naverStyle()
	default:
		s = &style{accessTTL: time.Hour, refreshTTL: 30 * 24 * time.Hour, anyLoopback: true}
	}
	s.fill(p)
	return s
}

func (s *style) fill(p *provider.Provider) {
	setDefault(&s.codeTTL, 10*time.Minute)
	opaque := func(random []byte) string { return "emulated-" + base64.RawURLEncoding.EncodeToString(random) }
	if s.accessToken == nil {
		s.accessToken = opaque
	}
	if s.refreshToken == nil {
		s.refreshToken = opaque
	}
	if s.subject == nil {
		s.subject = func(who *Person) string { return who.opaque(p.ID) }
	}
	if s.givesRefresh == nil {
		s.givesRefresh = func(*request, bool) bool { return true }
	}
	if s.answer == nil {
		s.answer = plainAnswer
	}
	if s.grantedScope == nil {
		s.grantedScope = func(scopes []string) string { return strings.Join(scopes, " ") }
	}
	if s.tokenError == nil {
		s.tokenError = plainTokenError
	}
	if s.apiError == nil {
		s.apiError = plainAPIError
	}
	if s.profile == nil {
		s.profile = func(c *call, a *access) reply { return reply{body: c.oidcClaims(a.grant)} }
	}
	if s.introspection == nil {
		s.introspection = plainIntrospection
	}
	if s.idClaims == nil {
		s.idClaims = func(c *call, g *grant) object { return c.oidcClaims(g)[1:] }
	}
}

func setDefault(d *time.Duration, v time.Duration) {
	if *d == 0 {
		*d = v
	}
}

// reason says why a request is refused; each style words it its own way.
type reason int

const (
	badRequest reason = iota
	unsupportedGrant
	missingClient
	badClient
	badCode
	spentCode
	wrongRedirect
	wrongVerifier
	badRefresh
	badScope
	missingToken
	badToken
	expiredToken
	revokedToken
	notAllowed // the token's scopes do not reach this far
	wrongProof // appsecret_proof does not fit
	noUserAgent
	forced // a fault names code and status
)

// failure is a refusal before it has a wording.
type failure struct {
	reason reason
	detail string // for developers, plain English
	code   string // with forced
	status int    // with forced
}

// rfcError gives the OAuth error code, text and status of a failure at the
// token endpoint (RFC 6749 section 5.2).
func (f failure) rfcError() (code, text string, status int) {
	code, status = "invalid_grant", http.StatusBadRequest
	switch f.reason {
	case badRequest:
		code = "invalid_request"
	case unsupportedGrant:
		code = "unsupported_grant_type"
	case missingClient, badClient:
		code, status = "invalid_client", http.StatusUnauthorized
	case badScope:
		code = "invalid_scope"
	case forced:
		code, status = f.code, f.status
	default:
	}
	return code, f.detail, status
}

// reply is an answer before it is written; status 0 means 200.
type reply struct {
	status int
	header map[string]string
	body   any // JSON; nil for an empty body
	form   bool
}

// member and object are a JSON object whose members keep their order, so that
// answers look like the provider's.
type member struct {
	name  string
	value any
}

type object []member

// MarshalJSON writes the members in order.
func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := encodeJSON(m.name)
		if err != nil {
			return nil, err
		}
		value, err := encodeJSON(m.value)
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

func (o object) set(name string, value any) object {
	if i := slices.IndexFunc(o, func(m member) bool { return m.name == name }); i >= 0 {
		o[i].value = value
		return o
	}
	return append(o, member{name, value})
}

func (o object) without(name string) object {
	return slices.DeleteFunc(o, func(m member) bool { return m.name == name })
}

func (o object) get(name string) any {
	for _, m := range o {
		if m.name == name {
			return m.value
		}
	}
	return nil
}

// encodeForm writes the object as application/x-www-form-urlencoded (GitHub).
func (o object) encodeForm() string {
	v := url.Values{}
	for _, m := range o {
		if text, ok := m.value.(string); ok {
			v.Set(m.name, text)
			continue
		}
		if text, err := encodeJSON(m.value); err == nil {
			v.Set(m.name, strings.Trim(string(text), `"`))
		}
	}
	return v.Encode()
}

// encodeJSON is json.Marshal without the escapes for HTML, which no provider
// writes.
func encodeJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

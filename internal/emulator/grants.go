package emulator

import (
	"slices"
	"time"

	"github.com/socialauth/socialauth/internal/secret"
)

// How much is remembered at most, and how long a sign-in page may stay open.
const (
	maxRequests  = 1024
	maxCodes     = 1024
	maxTokens    = 8192
	maxConsents  = 2048
	maxRedirects = 1024
	requestTTL   = 10 * time.Minute
)

// request is an authorization request that passed every check and waits for
// the person's answer.
type request struct {
	realm       *realm
	clientID    string
	redirectURI string
	scopes      []string
	state       string
	nonce       string
	challenge   string // S256; empty without PKCE
	params      params
	person      *Person // nil until somebody signed in
}

// code is an authorization code. It stays in the table after its one use so
// that a second use can be told from a made-up one and end what the first gave
// (RFC 6749 section 4.1.2).
type code struct {
	req     *request
	granted []string
	denied  []string
	expires time.Time
	grant   *grant // set by the first use
	spent   bool
}

// grant is the family of everything that came out of one consent.
type grant struct {
	realm    *realm
	clientID string
	secret   secret.Text // what the client proved itself with; empty for a public one
	person   *Person
	scopes   []string
	denied   []string
	nonce    string
	authTime time.Time
	refresh  bool // refresh tokens are given
	revoked  bool
}

func (g *grant) has(scope string) bool { return slices.Contains(g.scopes, scope) }

// access is one access token.
type access struct {
	grant     *grant
	value     string
	issued    time.Time
	expires   time.Time // zero: never
	longLived bool
}

func (a *access) expired(now time.Time) bool {
	return !a.expires.IsZero() && !now.Before(a.expires)
}

// renewal is one refresh token.
type renewal struct {
	grant   *grant
	issued  time.Time
	expires time.Time
	spent   bool // a newer one took its place
}

// consent remembers that a person let a client in before.
type consent struct{ times int }

// store is everything the server remembers about sign-ins.
type store struct {
	requests  *table[*request]
	codes     *table[*code]
	access    *table[*access]
	renewals  *table[*renewal]
	consents  *table[*consent]
	redirects *table[[]string]
}

func newStore() *store {
	return &store{
		requests:  newTable[*request](maxRequests),
		codes:     newTable[*code](maxCodes),
		access:    newTable[*access](maxTokens),
		renewals:  newTable[*renewal](maxTokens),
		consents:  newTable[*consent](maxConsents),
		redirects: newTable[[]string](maxRedirects),
	}
}

// tokenGrace is how long an expired token is still known, so that the answer
// can say "expired" and not "never heard of it", as the providers' do.
const tokenGrace = 24 * time.Hour

// addAccess gives out an access token; life 0 means it does not expire.
func (s *Server) addAccess(g *grant, life time.Duration, long bool) *access {
	now := s.now()
	a := &access{grant: g, value: g.realm.style.accessToken(random(32)), issued: now, longLived: long}
	keep := time.Time{}
	if life != 0 {
		a.expires = now.Add(life)
		keep = a.expires.Add(tokenGrace)
	}
	s.store.access.put(a.value, a, now, keep)
	return a
}

func (s *Server) addRenewal(g *grant) string {
	now := s.now()
	value := g.realm.style.refreshToken(random(32))
	r := &renewal{grant: g, issued: now, expires: now.Add(g.realm.style.refreshTTL)}
	s.store.renewals.put(value, r, now, r.expires)
	return value
}

// findAccess returns the access token of this provider with that value, dead
// or alive.
func (s *Server) findAccess(r *realm, value string) (*access, bool) {
	a, ok := s.store.access.get(value, s.now())
	if !ok || a.grant.realm != r {
		return nil, false
	}
	return a, true
}

// findGrant finds the family by an access or a refresh token.
func (s *Server) findGrant(r *realm, value string) (*grant, bool) {
	if a, ok := s.findAccess(r, value); ok {
		return a.grant, true
	}
	if n, ok := s.store.renewals.get(value, s.now()); ok && n.grant.realm == r {
		return n.grant, true
	}
	return nil, false
}

// RevokeAll ends every grant at a provider ("" means all of them), as when the
// person removes the app in their settings.
func (s *Server) RevokeAll(provider string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	end := func(g *grant) {
		if provider == "" || g.realm.p.ID == provider {
			g.revoked = true
		}
	}
	s.store.access.each(func(a *access) { end(a.grant) })
	s.store.renewals.each(func(r *renewal) { end(r.grant) })
}

// ExpireAccessTokens makes every access token given out so far an expired one.
// Refresh tokens stay good.
func (s *Server) ExpireAccessTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	s.store.access.each(func(a *access) {
		if a.expires.IsZero() || a.expires.After(now) {
			a.expires = now
		}
	})
}

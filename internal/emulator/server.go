package emulator

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/socialauth/socialauth/internal/jose"
	"github.com/socialauth/socialauth/internal/provider"
)

// Options says what a [Server] plays.
type Options struct {
	// Providers are served under /<id>/…; they are taken as loaded, not rebased.
	Providers []*provider.Provider
	// Now is the clock; it is required.
	Now func() time.Time
	// People can sign in; nil means [People].
	People []Person
	// Clients maps a client_id to its secret, "" for a public client. Nil means
	// that every client is known and every secret is right, as long as the same
	// sign-in keeps to it.
	Clients map[string]string
	// Redirects are the registered redirect URIs by provider id. A provider
	// without any learns them: the first one a client uses is registered, and
	// from then on only its port may change (I02).
	Redirects map[string][]string
	// Faults are switched on from the start, written as [ParseFault] reads them.
	Faults []string
	// Log, if set, is called for each request just before its answer leaves; the
	// calls do not overlap.
	Log func(Entry)
	// Key signs ID tokens. Nil, which is right for everything but tests, makes
	// a fresh RS256 key when the first one is needed (I01).
	Key *jose.Key
}

// Server is the stand-in. It is safe for concurrent use.
type Server struct {
	now       func() time.Time
	people    []Person
	clients   map[string]string
	redirects map[string][]string
	realms    map[string]*realm
	order     []string
	faults    faultSet
	style     styleSheet
	styleHash string

	mu    sync.Mutex // guards store and everything reachable from it
	store *store

	keyMu sync.Mutex
	key   *jose.Key

	logMu   sync.Mutex
	log     []Entry
	onEntry func(Entry)
}

// New checks the options and makes a server; it opens no port.
func New(o Options) (*Server, error) {
	if o.Now == nil {
		return nil, errors.New("emulator needs a clock")
	}
	s := &Server{
		now: o.Now, people: o.People, clients: o.Clients, redirects: o.Redirects,
		realms: map[string]*realm{}, store: newStore(), key: o.Key, onEntry: o.Log,
	}
	if s.people == nil {
		s.people = People()
	}
	if len(s.people) == 0 {
		return nil, errors.New("emulator needs at least one person")
	}
	if err := checkPeople(s.people); err != nil {
		return nil, err
	}
	for _, p := range o.Providers {
		if s.realms[p.ID] != nil {
			return nil, fmt.Errorf("provider %q is given twice", p.ID)
		}
		r, err := newRealm(p)
		if err != nil {
			return nil, err
		}
		s.realms[p.ID] = r
		s.order = append(s.order, p.ID)
	}
	slices.Sort(s.order)
	if err := s.checkRedirects(); err != nil {
		return nil, err
	}
	if err := s.loadStyle(); err != nil {
		return nil, err
	}
	for _, spec := range o.Faults {
		if err := s.SetFault(ParseFault(spec)); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// checkRedirects finds registered redirect URIs that could never be used.
func (s *Server) checkRedirects() error {
	for id, list := range s.redirects {
		if s.realms[id] == nil {
			return fmt.Errorf("redirect URIs are registered for %q, which is not served", id)
		}
		for _, uri := range list {
			if _, err := parseCallback(uri); err != nil {
				return fmt.Errorf("the redirect URI %q registered for %s: %w", uri, id, err)
			}
		}
	}
	return nil
}

// Handler serves everything. The base is where people reach it, for example
// http://127.0.0.1:4400; it is the beginning of every issuer and endpoint that
// is named. An empty base takes the Host of each request.
func (s *Server) Handler(base string) http.Handler {
	base = strings.TrimRight(base, "/")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := &call{s: s, r: r, base: base}
		c.w = &recorder{ResponseWriter: w, call: c}
		c.entry = Entry{Method: logMethod(r.Method), Path: logPath(r.URL)}
		if c.base == "" {
			c.base = "http://" + r.Host
		}
		s.serve(c)
	})
}

func (s *Server) serve(c *call) {
	h := c.w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Pragma", "no-cache")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'")
	h.Set("Server", "socialauth-emulator")
	if !loopbackHost(c.r.Host) {
		c.text(http.StatusMisdirectedRequest, "this stand-in answers on loopback addresses only\n")
		return
	}
	id, rest, _ := strings.Cut(strings.TrimPrefix(c.r.URL.Path, "/"), "/")
	if c.realm = s.realms[id]; c.realm != nil {
		c.entry.Provider = id
	}
	h.Set("Date", c.clock().UTC().Format(http.TimeFormat))
	if len(c.r.URL.RawQuery) > maxQuery {
		c.text(http.StatusRequestURITooLong, "the query is too long\n")
		return
	}
	if c.realm != nil {
		c.realm.serve(c, "/"+rest)
		return
	}
	s.serveOwn(c)
}

// serveOwn answers the paths that belong to no provider.
func (s *Server) serveOwn(c *call) {
	switch path := c.r.URL.Path; {
	case path == "/":
		c.methods(map[string]func(*call){http.MethodGet: s.index})
	case strings.HasPrefix(path, pictures):
		c.methods(map[string]func(*call){http.MethodGet: s.picture})
	case strings.HasPrefix(path, metadataPrefix):
		c.realm = s.realms[strings.TrimPrefix(path, metadataPrefix)]
		if c.realm != nil && c.realm.p.Issuer != "" && c.realm.p.JWKSURI != "" {
			c.methods(map[string]func(*call){http.MethodGet: s.metadata})
			return
		}
		fallthrough
	default:
		c.text(http.StatusNotFound, "nothing is served here; see / for what is\n")
	}
}

// random returns n random bytes.
func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails: a system without randomness ends the program
	return b
}

// person finds somebody by id.
func (s *Server) person(id string) *Person {
	for i := range s.people {
		if s.people[i].ID == id {
			return &s.people[i]
		}
	}
	return nil
}

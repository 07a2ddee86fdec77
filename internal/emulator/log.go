package emulator

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// maxLog is how many requests are remembered; older ones are forgotten.
const maxLog = 10_000

// Entry is one request as the log keeps it: never a query, a form value, a
// header or a body. Its JSON form is one line of the NDJSON log.
type Entry struct {
	// Time is when the answer began, in UTC.
	Time time.Time `json:"time"`
	// Provider is the id of the emulated provider, empty for the server's own pages.
	Provider string `json:"provider,omitempty"`
	// Method is the HTTP method.
	Method string `json:"method"`
	// Path is the escaped URL path without query, cut at 256 bytes.
	Path string `json:"path"`
	// Grant is the grant_type of a token request, "other" for an unknown one.
	Grant string `json:"grant_type,omitempty"`
	// ClientAuth says how the client proved itself: client_secret_basic,
	// client_secret_post or none.
	ClientAuth string `json:"client_auth,omitempty"`
	// PKCE: the token request carried a code_verifier.
	PKCE bool `json:"code_verifier,omitempty"`
	// State: the token request repeated the state (Naver).
	State bool `json:"state,omitempty"`
	// Proof: an API call carried appsecret_proof (Facebook).
	Proof bool `json:"appsecret_proof,omitempty"`
	// Fault names the fault that shaped the answer.
	Fault string `json:"fault,omitempty"`
	// Status is the HTTP status; 0 means the connection was dropped.
	Status int `json:"status"`
}

// String is the line a golden file holds: METHOD /path [grant_type] status.
func (e Entry) String() string {
	parts := []string{e.Method, e.Path}
	if e.Grant != "" {
		parts = append(parts, e.Grant)
	}
	status := "dropped"
	if e.Status != 0 {
		status = strconv.Itoa(e.Status)
	}
	return strings.Join(append(parts, status), " ")
}

// MarshalJSON writes the time as RFC 3339 in UTC with whole seconds.
func (e Entry) MarshalJSON() ([]byte, error) {
	type plain Entry
	return json.Marshal(struct {
		Time string `json:"time"`
		plain
	}{e.Time.UTC().Format(time.RFC3339), plain(e)})
}

// Log returns the newest requests, oldest first.
func (s *Server) Log() []Entry {
	s.logMu.Lock()
	defer s.logMu.Unlock()
	return append([]Entry(nil), s.log...)
}

// ClearLog forgets the requests so far.
func (s *Server) ClearLog() {
	s.logMu.Lock()
	defer s.logMu.Unlock()
	s.log = nil
}

func (s *Server) record(e Entry) {
	s.logMu.Lock()
	defer s.logMu.Unlock()
	if len(s.log) >= maxLog {
		s.log = append(s.log[:0], s.log[maxLog/10:]...)
	}
	s.log = append(s.log, e)
	if s.onEntry != nil {
		s.onEntry(e)
	}
}

// logPath makes a path safe for one line of a log.
func logPath(u *url.URL) string {
	const limit = 256
	p := u.EscapedPath()
	if len(p) > limit {
		p = p[:limit] + "..."
	}
	return p
}

// logMethod keeps a made-up method out of the log.
func logMethod(m string) string {
	switch m {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
		http.MethodDelete, http.MethodOptions, http.MethodConnect, http.MethodTrace:
		return m
	}
	return "OTHER"
}

// logGrant keeps everything but the known names out of the log: a confused
// client may put a secret where the grant type belongs.
func logGrant(g string) string {
	switch g {
	case "":
		return ""
	case grantCode, grantRefresh, grantFacebook, grantDelete, "client_credentials", "password",
		"urn:ietf:params:oauth:grant-type:device_code", "urn:ietf:params:oauth:grant-type:token-exchange":
		return g
	}
	return "other"
}

// recorder writes the log entry before the first byte of the answer leaves, so
// that whoever has the answer finds its line in the log.
type recorder struct {
	http.ResponseWriter
	call *call
	done bool
}

func (w *recorder) WriteHeader(status int) {
	w.finish(status)
	w.ResponseWriter.WriteHeader(status)
}

func (w *recorder) Write(b []byte) (int, error) {
	if !w.done {
		w.WriteHeader(http.StatusOK)
	}
	return w.ResponseWriter.Write(b)
}

func (w *recorder) finish(status int) {
	if w.done {
		return
	}
	w.done = true
	w.call.entry.Status = status
	w.call.entry.Time = w.call.s.now().UTC()
	w.call.s.record(w.call.entry)
}

package emulator

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// FaultInfo documents one fault.
type FaultInfo struct {
	// Name is what [Server.SetFault] takes.
	Name string `json:"name"`
	// Value describes the value, empty if the fault takes none.
	Value string `json:"value,omitempty"`
	// Help is one line.
	Help string `json:"help"`

	check func(string) error
}

// FaultError is a fault that does not exist or a value that does not fit.
type FaultError struct {
	Name, Reason string
	// Names are all faults there are, if the name was unknown.
	Names []string
}

func (e *FaultError) Error() string {
	return fmt.Sprintf("fault %q: %s", e.Name, e.Reason)
}

// FaultNames is the closed list of faults, by the step they disturb.
func FaultNames() []FaultInfo {
	return slices.Concat(authorizeFaults(), tokenFaults(), refreshFaults(), idTokenFaults(), apiFaults())
}

func authorizeFaults() []FaultInfo {
	return []FaultInfo{
		{"deny", "", "the person says no at once", noValue},
		{"decline", "SCOPES", "the person unticks these scopes (comma separated)", someText},
		{"authorize_error", "CODE", "the callback carries this error code", errorCode},
		{"wrong_state", "", "the callback carries another state", noValue},
		{"no_state", "", "the callback carries no state", noValue},
		{"wrong_issuer", "", "the callback's iss names somebody else, also where none is sent normally", noValue},
		{"no_issuer", "", "the callback carries no iss although the provider always sends it", noValue},
		{"repeat_code", "", "the callback carries two codes", noValue},
	}
}

func tokenFaults() []FaultInfo {
	return []FaultInfo{
		{"token_error", "CODE", "the code exchange answers this OAuth error in the provider's shape", errorCode},
		{"token_status", "STATUS", "the code exchange answers this HTTP status (400 to 599)", errorStatus},
		{"token_slow", "DURATION", "the code exchange answers after this long", positiveDuration},
		{"token_drop", "", "the code is used up, then the connection closes without an answer", noValue},
		{"token_redirect", "URL", "the code exchange answers 307 to this URL", absoluteURL},
		{"token_html", "", "the code exchange answers 200 with a web page", noValue},
		{"token_huge", "", "the code exchange answers 8 MiB of valid JSON", noValue},
		{"bad_token", "KIND", "the access token is newline, escape, empty, number or missing", tokenKind},
		{"expires_in", "JSON", "expires_in is this JSON value, or is left out with omit", jsonOrOmit},
		{"no_refresh_token", "", "no answer carries a refresh token", noValue},
		{"short_lived", "SECONDS", "access tokens live this long", seconds},
		{"long_lived_error", "", "the exchange for a long-lived token fails (Facebook)", noValue},
	}
}

func refreshFaults() []FaultInfo {
	return []FaultInfo{
		{"refresh_invalid_grant", "", "a refresh answers invalid_grant in the provider's shape", noValue},
		{"refresh_status", "STATUS", "a refresh answers this HTTP status (400 to 599)", errorStatus},
		{"refresh_slow", "DURATION", "a refresh answers after this long", positiveDuration},
		{"refresh_drop", "", "the refresh is done, then the connection closes without an answer", noValue},
	}
}

func idTokenFaults() []FaultInfo {
	return []FaultInfo{
		{"no_id_token", "", "the ID token is left out", noValue},
		{"wrong_id_token_issuer", "", "the ID token's iss names somebody else", noValue},
		{"wrong_nonce", "", "the ID token has another nonce", noValue},
		{"wrong_audience", "", "the ID token is for another client", noValue},
		{"wrong_subject", "", "the ID token is about somebody else than the profile", noValue},
		{"bad_signature", "", "the ID token's signature is damaged", noValue},
		{"clock_skew", "DURATION", "the provider's clock is ahead by this (or behind, with -)", anyDuration},
	}
}

func apiFaults() []FaultInfo {
	return []FaultInfo{
		{"no_email", "", "the profile has no email", noValue},
		{"profile_status", "STATUS", "the profile answers this HTTP status (400 to 599)", errorStatus},
		{"profile_error", "", "the profile answers that the token is not good, in the provider's shape", noValue},
		{"revoke_status", "STATUS", "the revocation answers this HTTP status (400 to 599)", errorStatus},
	}
}

// fault is one active fault.
type fault struct {
	provider string // "" for all
	name     string
	value    string
	left     int // how often it still strikes; -1 for always
}

// faultSet holds the active faults.
type faultSet struct {
	mu     sync.Mutex
	active []*fault
}

// ParseFault reads the form of a command line, "[provider:]name[=value][*N]",
// into what [Server.SetFault] takes.
func ParseFault(spec string) (name, value string) {
	name, value, _ = strings.Cut(spec, "=")
	return name, value
}

// SetFault switches a fault on. The name may begin with a provider and a colon
// ("facebook:token_status"), else it strikes at all of them. The name or the
// value may end in *N: then it strikes N times only. Setting a fault again
// replaces it. An unknown name or a value that does not fit is a *[FaultError].
func (s *Server) SetFault(name, value string) error {
	f := fault{name: name, value: value, left: -1}
	if id, rest, ok := strings.Cut(name, ":"); ok {
		f.provider, f.name = id, rest
		if s.realms[id] == nil {
			return &FaultError{Name: name, Reason: fmt.Sprintf("provider %q is not served here", id)}
		}
	}
	for _, part := range []*string{&f.name, &f.value} {
		if err := f.takeCount(part); err != nil {
			return &FaultError{Name: name, Reason: err.Error()}
		}
	}
	all := FaultNames()
	i := slices.IndexFunc(all, func(i FaultInfo) bool { return i.Name == f.name })
	if i < 0 {
		e := &FaultError{Name: name, Reason: "there is no such fault"}
		for _, known := range all {
			e.Names = append(e.Names, known.Name)
		}
		return e
	}
	if err := all[i].check(f.value); err != nil {
		return &FaultError{Name: name, Reason: err.Error()}
	}
	s.faults.set(&f)
	return nil
}

// takeCount cuts a trailing *N off text.
func (f *fault) takeCount(text *string) error {
	i := strings.LastIndexByte(*text, '*')
	if i < 0 {
		return nil
	}
	n, err := strconv.Atoi((*text)[i+1:])
	if err != nil || n < 1 {
		return fmt.Errorf("%q is not a count; write for example *1", (*text)[i:])
	}
	f.left, *text = n, (*text)[:i]
	return nil
}

// ClearFaults switches every fault off.
func (s *Server) ClearFaults() {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.active = nil
}

func (fs *faultSet) set(f *fault) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	fs.active = slices.DeleteFunc(fs.active, func(o *fault) bool { return o.provider == f.provider && o.name == f.name })
	fs.active = append(fs.active, f)
}

// take reports whether the fault strikes now, and counts it.
func (fs *faultSet) take(provider, name string) (string, bool) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	for _, own := range []string{provider, ""} {
		for _, f := range fs.active {
			if f.name != name || f.provider != own || f.left == 0 {
				continue
			}
			if f.left > 0 {
				f.left--
			}
			return f.value, true
		}
	}
	return "", false
}

func noValue(v string) error {
	if v != "" {
		return fmt.Errorf("takes no value")
	}
	return nil
}

func someText(v string) error {
	if v == "" || len(v) > 1000 {
		return fmt.Errorf("needs a value of 1 to 1000 bytes")
	}
	return nil
}

// errorCode wants the characters of RFC 6749 section 5.2.
func errorCode(v string) error {
	bad := func(c rune) bool { return c < 0x20 || c > 0x7e || c == '"' || c == '\\' }
	if v == "" || len(v) > 100 || strings.ContainsFunc(v, bad) {
		return fmt.Errorf("needs an error code such as invalid_grant")
	}
	return nil
}

func errorStatus(v string) error {
	if n, err := strconv.Atoi(v); err != nil || n < 400 || n > 599 {
		return fmt.Errorf("needs an HTTP status from 400 to 599")
	}
	return nil
}

func anyDuration(v string) error {
	if _, err := time.ParseDuration(v); err != nil {
		return fmt.Errorf("needs a duration such as 90s")
	}
	return nil
}

func positiveDuration(v string) error {
	if d, err := time.ParseDuration(v); err != nil || d <= 0 || d > time.Hour {
		return fmt.Errorf("needs a duration of up to 1h, such as 2s")
	}
	return nil
}

func seconds(v string) error {
	if n, err := strconv.Atoi(v); err != nil || n < 1 || n > 1<<30 {
		return fmt.Errorf("needs a number of seconds")
	}
	return nil
}

func absoluteURL(v string) error {
	if u, err := url.Parse(v); err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return fmt.Errorf("needs an absolute http or https URL")
	}
	return nil
}

func tokenKind(v string) error {
	if !slices.Contains([]string{"newline", "escape", "empty", "number", "missing"}, v) {
		return fmt.Errorf("needs newline, escape, empty, number or missing")
	}
	return nil
}

func jsonOrOmit(v string) error {
	if v != "omit" && (len(v) > 1000 || !json.Valid([]byte(v))) {
		return fmt.Errorf("needs a JSON value or the word omit")
	}
	return nil
}

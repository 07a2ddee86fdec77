//go:build unix

package cli_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"time"
)

// issue is the place of a token in the history of its account: tokens of a
// later sign-in are newer, and of one sign-in those that were issued later.
type issue struct {
	account     string
	family, seq int
}

func (i issue) compare(o issue) int {
	return cmp.Or(cmp.Compare(i.family, o.family), cmp.Compare(i.seq, o.seq))
}

// reuse is a refresh token that was shown once more after it had been spent,
// which ends its family.
type reuse struct {
	issue
	at time.Time
}

// book is the handler that writes token requests down.
func (l *lab) book(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var form url.Values
		if r.Method == http.MethodPost {
			body, _ := io.ReadAll(r.Body)
			r.Body = io.NopCloser(bytes.NewReader(body))
			form, _ = url.ParseQuery(string(body))
		}
		if form.Get("grant_type") == "" {
			if token := form.Get("token"); token != "" {
				l.mu.Lock()
				l.revoked = token
				l.mu.Unlock()
			}
			next.ServeHTTP(w, r)
			return
		}
		answer := httptest.NewRecorder()
		defer func() { // a dropped connection is a panic on its way to the server
			if dropped := recover(); dropped != nil {
				l.write(form, answer.Body.Bytes())
				panic(dropped)
			}
		}()
		next.ServeHTTP(answer, r)
		l.write(form, answer.Body.Bytes())
		if l.hook != nil && form.Get("grant_type") == "refresh_token" {
			l.hook()
		}
		maps.Copy(w.Header(), answer.Header())
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes())
	})
}

func (l *lab) write(form url.Values, body []byte) {
	var given struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
	}
	_ = json.Unmarshal(body, &given) // an error answer gives nothing
	l.mu.Lock()
	defer l.mu.Unlock()
	var at issue
	switch shown := form.Get("refresh_token"); form.Get("grant_type") {
	case "refresh_token":
		at = l.families[shown]
		if l.spent[shown]++; l.spent[shown] > 1 {
			l.reuses = append(l.reuses, reuse{at, time.Now()})
		}
	case "authorization_code":
		redirect, _ := url.Parse(form.Get("redirect_uri"))
		at.account = l.ports[redirect.Port()]
		l.begun[at.account]++
		at.family = l.begun[at.account]
	}
	if given.Access == "" {
		return
	}
	l.issued++
	at.seq = l.issued
	l.tokens[given.Access] = at
	if given.Refresh != "" {
		l.families[given.Refresh] = at
	}
}

// refreshes counts the refreshes that the provider was asked for.
func (l *lab) refreshes() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, times := range l.spent {
		n += times
	}
	return n
}

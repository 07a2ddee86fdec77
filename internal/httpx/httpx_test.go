package httpx_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/socialauth/socialauth/internal/httpx"
)

func get(t *testing.T, c *http.Client, url string) (*http.Response, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	return httpx.Do(c, req)
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	hits := 0
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hits++ }))
	defer other.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		first := httptest.NewServer(http.RedirectHandler(other.URL+"/steal", status))
		resp, err := get(t, httpx.NewClient(httpx.Options{}), first.URL)
		first.Close()
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != status {
			t.Errorf("status = %d, want the redirect itself (%d)", resp.StatusCode, status)
		}
	}
	if hits != 0 {
		t.Errorf("the redirect's target was asked %d times, want 0", hits)
	}
}

func TestErrorNamesHostAndPhaseOnly(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	host := l.Addr().String()
	_ = l.Close()
	_, err = get(t, httpx.NewClient(httpx.Options{}), "http://user:CANARY-PASSWORD-1@"+host+"/x?code=CANARY-CODE-1")
	var e *httpx.Error
	if !errors.As(err, &e) {
		t.Fatalf("error is %T, want *httpx.Error", err)
	}
	if e.Host != host || e.Phase != "connect" {
		t.Errorf("host %q phase %q, want %q and connect", e.Host, e.Phase, host)
	}
	if strings.Contains(err.Error(), "CANARY") {
		t.Errorf("the error holds a secret: %v", err)
	}
	if want := host + ": connect: connection refused"; err.Error() != want {
		t.Errorf("error = %q, want %q", err, want)
	}
}

func TestPhaseOfASilentServer(t *testing.T) {
	release := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer srv.Close()
	defer close(release)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	req, _ := http.NewRequestWithContext(ctx, http.MethodGet, srv.URL, nil)
	_, err := httpx.Do(httpx.NewClient(httpx.Options{}), req)
	var e *httpx.Error
	if !errors.As(err, &e) || e.Phase != "wait for the answer" || e.Reason() != "no answer in time" {
		t.Fatalf("error = %v, want a timeout while waiting for the answer", err)
	}
}

func TestReadBodyCountsDecodedBytes(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/gzip" {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			_, _ = io.CopyN(z, zeros{}, 4<<20)
			_ = z.Close()
			return
		}
		_, _ = io.CopyN(w, zeros{}, 1024)
	}))
	defer srv.Close()
	c := httpx.NewClient(httpx.Options{})
	for _, tc := range []struct {
		path  string
		limit int64
		ok    bool
	}{{"/", 1024, true}, {"/", 1023, false}, {"/gzip", httpx.MaxBody, false}} {
		resp, err := get(t, c, srv.URL+tc.path)
		if err != nil {
			t.Fatal(err)
		}
		_, err = httpx.ReadBody(resp, tc.limit)
		var big *httpx.TooLargeError
		if tc.ok != (err == nil) || !tc.ok && !errors.As(err, &big) {
			t.Errorf("%s with limit %d: %v", tc.path, tc.limit, err)
		}
	}
}

func TestTraceHoldsNoSecret(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.UserAgent() != "socialauth/test" {
			w.WriteHeader(http.StatusTeapot)
		}
	}))
	defer srv.Close()
	var trace bytes.Buffer
	c := httpx.NewClient(httpx.Options{Debug: &trace, Now: time.Now, UserAgent: "socialauth/test"})
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, srv.URL+"/token?code=CANARY-CODE-2",
		strings.NewReader("client_secret=CANARY-CLIENT-2"))
	req.Header.Set("Authorization", "Bearer CANARY-ACCESS-2")
	resp, err := httpx.Do(c, req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if strings.Contains(trace.String(), "CANARY") {
		t.Errorf("trace holds a secret: %s", trace.String())
	}
	if !strings.Contains(trace.String(), "POST "+srv.URL+"/token: 200") {
		t.Errorf("trace = %q", trace.String())
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

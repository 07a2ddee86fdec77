package oauth

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/socialauth/socialauth/internal/provider"
)

// waiting is a listener with a sign-in that waits for its callback.
type waiting struct {
	t       *testing.T
	l       *Listener
	a       *Attempt
	cancel  context.CancelFunc
	result  chan error
	finish  func(context.Context, *Response) error
	pasted  chan string
	mu      sync.Mutex
	notices []string
}

func wait(t *testing.T, o ListenOptions, change func(*waiting)) *waiting {
	t.Helper()
	l, err := Listen(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	w := &waiting{
		t: t, l: l, result: make(chan error, 1), pasted: make(chan string, 8),
		finish: func(context.Context, *Response) error { return nil },
	}
	w.a = authorizeAt(t, l.RedirectURI())
	if change != nil {
		change(w)
	}
	ctx, cancel := context.WithCancel(t.Context())
	w.cancel = cancel
	go func() {
		w.result <- l.Wait(ctx, WaitOptions{
			Attempt: w.a, Pasted: w.pasted,
			Finish: func(ctx context.Context, r *Response) error { return w.finish(ctx, r) },
			Notice: func(s string) {
				w.mu.Lock()
				defer w.mu.Unlock()
				w.notices = append(w.notices, s)
			},
		})
	}()
	t.Cleanup(func() { cancel(); l.shut() })
	return w
}

func authorizeAt(t *testing.T, redirect string) *Attempt {
	t.Helper()
	p := &provider.Provider{
		AuthorizationEndpoint: "https://idp.example/authorize", Hosts: []string{"idp.example"}, Scopes: []string{"email"},
	}
	a, err := (&Client{Provider: p, ClientID: "client-1"}).Authorize(AuthorizeOptions{RedirectURI: redirect})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func (w *waiting) noticed() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string(nil), w.notices...)
}

// good is the callback that belongs to the sign-in.
func (w *waiting) good() string {
	return w.l.RedirectURI() + "?code=" + testCode + "&state=" + url.QueryEscape(w.a.State.Reveal())
}

func (w *waiting) address() string {
	u, _ := url.Parse(w.l.RedirectURI())
	return u.Host
}

// get follows redirects, like a browser, and returns the last status and page.
func (w *waiting) get(u string) (int, string) {
	w.t.Helper()
	resp, err := http.Get(u)
	if err != nil {
		w.t.Error(err)
		return 0, ""
	}
	defer func() { _ = resp.Body.Close() }()
	body, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(body)
}

// raw sends bytes and returns the answer's head and body.
func (w *waiting) raw(request string) (*http.Response, string) {
	w.t.Helper()
	c, err := net.Dial("tcp", w.address())
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.WriteString(c, request); err != nil && !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, syscall.EPIPE) {
		w.t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		w.t.Fatalf("%.60q: %v", request, err)
	}
	body, _ := io.ReadAll(resp.Body)
	return resp, string(body)
}

// stillWaiting proves that the sign-in goes on by finishing it.
func (w *waiting) stillWaiting() {
	w.t.Helper()
	select {
	case err := <-w.result:
		w.t.Fatalf("the wait ended: %v", err)
	default:
	}
	if status, page := w.get(w.good()); status != 200 {
		w.t.Fatalf("the right callback got %d %s", status, page)
	}
	if err := <-w.result; err != nil {
		w.t.Fatal(err)
	}
}

func literal() ListenOptions {
	return ListenOptions{Redirect: provider.Redirect{Scheme: "http", Host: "127.0.0.1", Port: provider.PortAny, Path: "/callback"}}
}

func both() ListenOptions {
	return ListenOptions{Redirect: provider.Redirect{Scheme: "http", Host: "localhost", Port: provider.PortAny, Path: "/callback"}}
}

// haveIPv6 skips a test where there is no ::1. CI must have one.
func haveIPv6(t *testing.T) {
	t.Helper()
	l, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("this machine has no ::1")
		}
		t.Skip("this machine has no ::1")
	}
	_ = l.Close()
}

func TestListenBindsLoopbackOnly(t *testing.T) { // L01
	for _, o := range []ListenOptions{literal(), both()} {
		l, err := Listen(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range l.sockets {
			if a, ok := s.Addr().(*net.TCPAddr); !ok || !a.IP.IsLoopback() {
				t.Errorf("bound %s", s.Addr())
			}
		}
		l.Close()
	}
	for _, uri := range []string{
		"http://0.0.0.0:0/callback", "http://192.0.2.1:8400/callback", "http://[::]:8400/callback", "http://example.com/callback",
		"http://127.0.0.1.example.com/cb", "http://127.0.0.2:8400/cb", "http://localhost.:8400/cb", "ftp://127.0.0.1/cb",
		"http://user@127.0.0.1/cb", "http://127.0.0.1:8400/cb#x", "http://127.0.0.1:8400/cb?x=1", "http://127.0.0.1:99999/cb",
		"http://127.0.0.1:8400/done", "http://127.0.0.1:-1/cb",
	} {
		l, err := Listen(t.Context(), ListenOptions{RedirectURI: uri})
		if _, ok := errors.AsType[*UnsafeURLError](err); !ok {
			t.Errorf("%s: error is %v, want *UnsafeURLError", uri, err)
		}
		if l != nil {
			l.Close()
		}
	}
}

func TestLocalhostHoldsBothFamilies(t *testing.T) { // L02
	haveIPv6(t)
	l, err := Listen(t.Context(), both())
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	port := portOf(l.sockets[0])
	if want := fmt.Sprintf("http://localhost:%d/callback", port); l.RedirectURI() != want {
		t.Errorf("redirect URI %s, want %s", l.RedirectURI(), want)
	}
	for _, address := range []string{"127.0.0.1", "::1"} {
		if s, err := net.Listen("tcp", net.JoinHostPort(address, strconv.Itoa(port))); err == nil {
			_ = s.Close()
			t.Errorf("somebody else could bind %s on our port", address)
		}
	}
}

func TestLocalhostWithASquatter(t *testing.T) { // L02, L04
	haveIPv6(t)
	squatter, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = squatter.Close() }()
	port := portOf(squatter)
	o := both()
	o.Redirect.Port, o.Redirect.DefaultPort = provider.PortFixed, port
	_, err = Listen(t.Context(), o)
	var busy *PortError
	if !errors.As(err, &busy) || busy.Port != port || !busy.InUse() {
		t.Fatalf("error is %v, want *PortError for %d", err, port)
	}
	free, err := net.Listen("tcp4", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		t.Fatalf("the other family is still held: %v", err)
	}
	_ = free.Close()
}

func TestFixedPort(t *testing.T) { // L04
	held, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := portOf(held)
	o := literal()
	o.Port = port
	_, err = Listen(t.Context(), o)
	var busy *PortError
	if !errors.As(err, &busy) || busy.Port != port {
		t.Errorf("error is %v, want *PortError", err)
	}
	_ = held.Close()
	l, err := Listen(t.Context(), ListenOptions{RedirectURI: fmt.Sprintf("http://127.0.0.1:%d/some/path", port)})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if want := fmt.Sprintf("http://127.0.0.1:%d/some/path", port); l.RedirectURI() != want {
		t.Errorf("redirect URI %s, want %s", l.RedirectURI(), want)
	}
}

func TestRemoteRedirectTakesOnlyPastedAnswers(t *testing.T) {
	w := wait(t, ListenOptions{RedirectURI: "https://app.example/callback"}, nil)
	if w.l.Local() || len(w.l.sockets) != 0 {
		t.Error("something listens for an https redirect")
	}
	w.pasted <- w.good()
	if err := <-w.result; err != nil {
		t.Error(err)
	}
	w.l.Close()
}

// What does not belong to the sign-in is answered and changes nothing.
func TestIgnoredRequests(t *testing.T) {
	host := "127.0.0.1"
	get := func(target string, header ...string) string {
		return "GET " + target + " HTTP/1.1\r\nHost: HOST\r\n" + strings.Join(append(header, ""), "\r\n") + "Connection: close\r\n\r\n"
	}
	state := "code=x&state=STATE" // the right state, so that only the row's own check can refuse
	for name, c := range map[string]struct {
		request string
		status  int
	}{
		"L05 no state":              {get("/callback?code=x"), 400},
		"L05 wrong state":           {get("/callback?code=x&state=" + strings.Repeat("A", 43)), 400},
		"L06 error without state":   {get("/callback?error=access_denied"), 400},
		"L06 error, wrong state":    {get("/callback?error=access_denied&state=x"), 400},
		"L07 favicon":               {get("/favicon.ico"), 404},
		"L07 robots":                {get("/robots.txt"), 404},
		"L07 root":                  {get("/"), 404},
		"L07 well-known":            {get("/.well-known/x"), 404},
		"L07 path below":            {get("/callback/?" + state), 404},
		"L07 other case":            {get("/Callback?" + state), 404},
		"L07 escaped path":          {get("/%63allback?" + state), 404},
		"L07 done too early":        {get("/done"), 404},
		"L09 POST":                  {"POST /callback?" + state + " HTTP/1.1\r\nHost: HOST\r\nContent-Length: 1\r\n\r\nx", 405},
		"L09 HEAD":                  {"HEAD /callback?" + state + " HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n", 405},
		"L09 OPTIONS":               {"OPTIONS /callback?" + state + " HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n", 405},
		"L11 bad escape":            {get("/callback?" + state + "&x=%zz"), 400},
		"L11 NUL":                   {get("/callback?" + state + "&x=%00"), 400},
		"L11 semicolon":             {get("/callback?" + state + ";x=1"), 400},
		"L11 broken UTF-8":          {get("/callback?" + state + "&x=%ff%fe"), 400},
		"L11 state twice":           {get("/callback?" + state + "&state=STATE"), 400},
		"L12 many parameters":       {get("/callback?" + state + "&" + strings.Repeat("a&", 20_000)), 431},
		"L13 rebinding":             {strings.Replace(get("/callback?"+state), "HOST", "evil.example", 1), 403},
		"L13 no port":               {strings.Replace(get("/callback?"+state), "HOST", host, 1), 403},
		"L13 other port":            {strings.Replace(get("/callback?"+state), "HOST", host+":1", 1), 403},
		"L13 trailing dot":          {strings.Replace(get("/callback?"+state), "HOST", "localhost.:PORT", 1), 403},
		"L13 name that is not used": {strings.Replace(get("/callback?"+state), "HOST", "localhost:PORT", 1), 403},
		"L14 Origin":                {get("/callback?"+state, "Origin: https://evil.example"), 403},
		"L14 Origin null":           {get("/callback?"+state, "Origin: null"), 403},
		"L14 fetch":                 {get("/callback?"+state, "Sec-Fetch-Mode: no-cors"), 403},
		"L14 cors":                  {get("/callback?"+state, "Sec-Fetch-Mode: cors", "Sec-Fetch-Site: cross-site"), 403},
		"L14 frame":                 {get("/callback?"+state, "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: iframe"), 403},
		"L15 absolute form":         {get("http://evil.example/callback?" + state), 400},
		"L15 absolute form, ours":   {get("http://HOST/callback?" + state), 400},
		"L15 CONNECT":               {"CONNECT evil.example:443 HTTP/1.1\r\nHost: HOST\r\n\r\n", 405},
		"L15 PRI":                   {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 0},
		"L15 asterisk":              {"OPTIONS * HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n", 400},
		"L15 double slash":          {get("//callback?" + state), 400},
		"L15 HTTP/1.0 without Host": {"GET /callback?" + state + " HTTP/1.0\r\n\r\n", 403},
		"L15 two Hosts":             {get("/callback?"+state, "Host: HOST"), 400},
		"L17 header bomb":           {get("/callback?"+state, "X: "+strings.Repeat("x", 40<<10)), 431},
		"L25 open redirect":         {get("/callback?next=https://evil.example"), 400},
	} {
		t.Run(name, func(t *testing.T) {
			w := wait(t, literal(), nil)
			_, port, _ := net.SplitHostPort(w.address())
			resp, body := w.raw(strings.NewReplacer("HOST", w.address(), "PORT", port, "STATE", w.a.State.Reveal()).Replace(c.request))
			if c.status != 0 && resp.StatusCode != c.status {
				t.Errorf("status %d, want %d", resp.StatusCode, c.status)
			}
			if resp.StatusCode < 400 {
				t.Errorf("status %d of a request that is not ours", resp.StatusCode)
			}
			if strings.Contains(body, "signed in") {
				t.Errorf("the page speaks of success: %s", body)
			}
			if resp.Header.Get("Location") != "" || resp.Header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("unexpected header: %v", resp.Header)
			}
			w.stillWaiting()
		})
	}
}

func TestNavigationOfABrowserPasses(t *testing.T) { // L14
	w := wait(t, literal(), nil)
	resp, _ := w.raw("GET " + strings.TrimPrefix(w.good(), "http://"+w.address()) + " HTTP/1.1\r\nHost: " + w.address() +
		"\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Dest: document\r\nSec-Fetch-User: ?1\r\n\r\n")
	if resp.StatusCode != 303 || resp.Header.Get("Location") != "/done#end" {
		t.Errorf("got %d to %q, want 303 to /done#end", resp.StatusCode, resp.Header.Get("Location"))
	}
	checkPageHeaders(t, resp)
	if err := <-w.result; err != nil {
		t.Error(err)
	}
}

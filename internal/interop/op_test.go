package interop_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
)

// foreign is an OpenID Connect server nobody here wrote: zitadel's certified
// provider library with its own example pages and storage.
type foreign struct {
	issuer string
	mu     sync.Mutex
	log    []string
}

const foreignClient = "native"

// startForeign serves it on loopback with one native public client, whose
// registered redirect is http://127.0.0.1/callback on any port (RFC 8252
// section 7.3), and whose requests must carry PKCE.
func startForeign(t *testing.T) *foreign {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &foreign{issuer: "http://" + listener.Addr().String()}
	clients := map[string]*storage.Client{
		foreignClient: storage.NativeClient(foreignClient, "http://127.0.0.1/callback", "http://localhost/callback"),
	}
	slog.SetDefault(slog.New(slog.DiscardHandler)) // the example logs each request
	router := exampleop.SetupServer(f.issuer, storage.NewStorageWithClients(storage.NewUserStore(f.issuer), clients), nil, false)
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: f.record(router)}}
	server.Start()
	t.Cleanup(server.Close)
	return f
}

// record keeps "METHOD /path grant_type" of each request, and passes it on.
func (f *foreign) record(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		line := r.Method + " " + r.URL.Path
		if r.Method == http.MethodPost && r.ParseForm() == nil {
			line = strings.TrimSpace(line + " " + r.PostForm.Get("grant_type"))
		}
		f.mu.Lock()
		f.log = append(f.log, line)
		f.mu.Unlock()
		next.ServeHTTP(w, r)
	})
}

// requests counts the recorded requests that begin with prefix.
func (f *foreign) requests(prefix string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(slices.Collect(func(yield func(string) bool) {
		for _, line := range f.log {
			if strings.HasPrefix(line, prefix) && !yield(line) {
				return
			}
		}
	}))
}

// keys is a file with the server's key set.
func (f *foreign) keys(t *testing.T) string {
	t.Helper()
	response, err := http.Get(f.issuer + "/keys")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %v", response.Status, err)
	}
	file := filepath.Join(t.TempDir(), "jwks.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// testUser is an account of zitadel's example storage.
func testUser() person {
	return person{Fields: map[string]string{"username": "test-user@127.0.0.1", "password": "verysecure"}}
}

// account is what socialauth calls the account of an issuer given by URL.
func (f *foreign) account() string { return strings.TrimPrefix(f.issuer, "http://") }

// TestForeignServerStandsAlone proves the fixture without our program: the
// server signs a person in, redirects to any loopback port with the state it was
// given, and refuses a redirect that was not registered.
func TestForeignServerStandsAlone(t *testing.T) {
	f := startForeign(t)
	got := make(chan url.Values, 1)
	callback := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got <- r.URL.Query()
		_, _ = io.WriteString(w, "<p>done</p>")
	}))
	t.Cleanup(callback.Close)
	challenge := sha256.Sum256([]byte("a code verifier of forty-three characters ok"))
	query := url.Values{
		"response_type": {"code"}, "client_id": {foreignClient}, "scope": {"openid email"}, "state": {"CANARY-STATE-1"},
		"redirect_uri":          {callback.URL + "/callback"},
		"code_challenge":        {base64.RawURLEncoding.EncodeToString(challenge[:])},
		"code_challenge_method": {"S256"},
	}
	if err := testUser().visit(f.issuer+"/auth?"+query.Encode(), io.Discard); err != nil {
		t.Fatal(err)
	}
	if answer := <-got; answer.Get("state") != "CANARY-STATE-1" || answer.Get("code") == "" {
		t.Fatalf("callback got %v", answer)
	}
	query.Set("redirect_uri", callback.URL+"/elsewhere")
	if err := testUser().visit(f.issuer+"/auth?"+query.Encode(), io.Discard); err == nil {
		t.Fatal("a redirect_uri that is not registered was served")
	}
}

// TestSignInAtForeignServer is the main job against somebody else's server:
// discovery, sign-in, a verified ID token, refresh, sign-out.
func TestSignInAtForeignServer(t *testing.T) {
	f := startForeign(t)
	m := newMachine(t)
	journey := m.browser(testUser())

	login := m.must("login", f.issuer, "--client-id", foreignClient, "--scope", "openid", "--scope", "profile",
		"--scope", "email", "--scope", "offline_access", "--timeout", "40s")
	if login.stdout != "" {
		t.Errorf("login prints on stdout: %v", login)
	}
	checkJourney(t, journey)
	if n := f.requests("POST /oauth/token"); n != 1 {
		t.Errorf("%d token requests for one sign-in, want 1", n)
	}

	account := f.account()
	idToken := m.line("token", "print", account, "--type", "id")
	claims := payload(t, idToken)
	if claims["iss"] != f.issuer || claims["sub"] != "id1" || !strings.Contains(fmt.Sprint(claims["aud"]), foreignClient) {
		t.Errorf("ID token says %v", claims)
	}
	keys := f.keys(t)
	for audience, code := range map[string]int{foreignClient: 0, "somebody-else": 4} {
		r := m.pipe(idToken+"\n", "verify", "--jwks", keys, "--issuer", f.issuer, "--audience", audience, "-")
		if r.code != code || (code != 0 && r.stdout != "") {
			t.Errorf("verify for %s: want exit %d: %v", audience, code, r)
		}
	}

	status := m.must("status", "--json").stdout
	if !strings.Contains(status, account) || strings.Contains(status, idToken) {
		t.Errorf("status --json: %s", status)
	}

	first := m.line("token", "print", account)
	if again := m.line("token", "print", account); again != first {
		t.Error("a token that is valid was replaced")
	}
	if n := f.requests("POST /oauth/token"); n != 1 {
		t.Errorf("printing a valid token made token requests: %d", n)
	}
	m.must("token", "refresh", account)
	if second := m.line("token", "print", account); second == first {
		t.Error("the token is the same after a refresh")
	}
	if n := f.requests("POST /oauth/token refresh_token"); n != 1 {
		t.Errorf("%d refresh requests, want 1", n)
	}

	m.must("logout", account)
	if n := f.requests("POST /revoke"); n == 0 {
		t.Error("logout did not revoke at the server")
	}
	if r := m.run("token", "print", account); r.code != 3 || r.stdout != "" {
		t.Errorf("after logout: want exit 3 and nothing on stdout: %v", r)
	}
}

// TestForeignServerSaysNo: an unknown client is refused before there is a code,
// and the person at the browser sees it; socialauth waits, and then says that
// nobody answered.
func TestForeignServerSaysNo(t *testing.T) {
	f := startForeign(t)
	m := newMachine(t)
	m.browser(testUser())
	r := m.run("login", f.issuer, "--client-id", "nobody-knows-me", "--timeout", "2s")
	if r.code != 7 || r.stdout != "" {
		t.Errorf("want exit 7 and nothing on stdout: %v", r)
	}
	if n := f.requests("POST /oauth/token"); n != 0 {
		t.Errorf("%d token requests without a code", n)
	}
}

// checkJourney: the person ended on a page of ours that is not an error and
// whose address has no code any more.
func checkJourney(t *testing.T, file string) {
	t.Helper()
	text := awaitJourney(t, file)
	status, address, _ := strings.Cut(text[strings.LastIndex(text, "\n")+1:], " ")
	last, err := url.Parse(address)
	if err != nil || status != "200" || last.Hostname() != "127.0.0.1" || last.Path != "/done" || last.RawQuery != "" {
		t.Errorf("the person's journey was\n%s", text)
	}
}

// awaitJourney waits until the person has closed the browser, which may be a
// moment after login has ended, and returns the pages seen.
func awaitJourney(t *testing.T, file string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for tick := time.Tick(10 * time.Millisecond); ; {
		text, err := os.ReadFile(file)
		if pages, ended := strings.CutSuffix(string(text), journeyEnd); ended {
			return strings.TrimSpace(pages)
		}
		select {
		case <-tick:
		case <-ctx.Done():
			t.Fatalf("the browser was not started, or did not get to the end (%v):\n%s", err, text)
		}
	}
}

// payload reads a JWT's claims without checking anything.
func payload(t *testing.T, token string) map[string]any {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("not a signed JWT: %d parts", len(parts))
	}
	decoded, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	return decodeObject(t, string(decoded))
}

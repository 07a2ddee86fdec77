package emulator_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/socialauth/socialauth/internal/emulator"
)

func fuzzHandler(f *testing.F) http.Handler {
	f.Helper()
	s, err := emulator.New(emulator.Options{
		Providers: allProviders(f), Now: func() time.Time { return time.Unix(1_800_000_000, 0) }, Key: testKey(f),
	})
	if err != nil {
		f.Fatal(err)
	}
	return s.Handler("http://127.0.0.1:4400")
}

// FuzzAuthorize: whatever the query, a redirect goes to a loopback host only,
// and nothing answers 500.
func FuzzAuthorize(f *testing.F) {
	h := fuzzHandler(f)
	good := url.Values{
		"client_id": {"a"}, "redirect_uri": {"http://127.0.0.1:1/callback"}, "response_type": {"code"}, "state": {"s"}, "prompt": {"none"},
	}
	f.Add("google", good.Encode())
	f.Add("naver", "client_id=a&redirect_uri=http://127.0.0.1:1/callback&response_type=token")
	f.Add("facebook", "redirect_uri=http://localhost@evil.example/&client_id=a")
	f.Add("x", "a=%zz;b")
	f.Fuzz(func(t *testing.T, id, query string) {
		path := map[string]string{
			"google": "/google/o/oauth2/v2/auth", "naver": "/naver/oauth2/authorize", "facebook": "/facebook/v26.0/dialog/oauth",
		}[id]
		if path == "" {
			path = "/x/i/oauth2/authorize"
		}
		w := serve(h, http.MethodGet, path, query, "")
		if w.Code >= 500 {
			t.Fatalf("status %d", w.Code)
		}
		target := w.Header().Get("Location")
		if target == "" {
			return
		}
		u, err := url.Parse(target)
		if err != nil || u.User != nil || (u.Hostname() != "localhost" && u.Hostname() != "127.0.0.1" && u.Hostname() != "::1") {
			t.Fatalf("redirect to %q", target)
		}
	})
}

// FuzzToken: no form gets a token out of nothing.
func FuzzToken(f *testing.F) {
	h := fuzzHandler(f)
	f.Add("/google/token", "grant_type=authorization_code&code=x&client_id=a&client_secret=b", "")
	f.Add("/facebook/v26.0/oauth/access_token", "grant_type=fb_exchange_token&fb_exchange_token=x&client_id=a&client_secret=b", "")
	f.Add("/x/2/oauth2/token", "grant_type=refresh_token&refresh_token=x", "Basic YTpi")
	f.Add("/naver/oauth2/token", "grant_type=delete&access_token=x&client_id=a&client_secret=b", "")
	f.Add("/github/applications/a/token", `{"access_token":"x"}`, "Basic YTpi")
	f.Add("/google/revoke", "token=x", "")
	f.Add("/facebook/emulator/consent", "request=x&decision=allow", "")
	f.Fuzz(func(t *testing.T, path, body, auth string) {
		if !strings.HasPrefix(path, "/") {
			return
		}
		w := serve(h, http.MethodPost, path, body, auth)
		if w.Code >= 500 || strings.Contains(w.Body.String(), `"access_token"`) {
			t.Fatalf("status %d: %s", w.Code, w.Body)
		}
	})
}

// FuzzPath: any method and path is answered without a panic, and logged in one line.
func FuzzPath(f *testing.F) {
	h := fuzzHandler(f)
	f.Add("GET", "/facebook/v26.0/me", "fields=id&access_token=x")
	f.Add("DELETE", "/facebook/v26.0/1/permissions", "appsecret_proof=x")
	f.Add("GET", "/facebook/debug_token", "input_token=x&access_token=a|b")
	f.Add("GET", "/google/tokeninfo", "access_token=x")
	f.Add("GET", "/.well-known/oauth-authorization-server/google", "")
	f.Fuzz(func(t *testing.T, method, path, query string) {
		if !strings.HasPrefix(path, "/") || method == "" {
			return
		}
		if w := serve(h, method, path, query, "Bearer x"); w.Code >= 500 {
			t.Fatalf("status %d: %s", w.Code, w.Body)
		}
	})
}

func serve(h http.Handler, method, path, text, auth string) *httptest.ResponseRecorder {
	r := &http.Request{
		Method: method, Host: "127.0.0.1:4400", URL: &url.URL{Path: path}, Header: http.Header{"Authorization": {auth}},
		Body: http.NoBody, RequestURI: path,
	}
	if auth == "" {
		r.Header.Del("Authorization")
	}
	if method == http.MethodPost {
		r = httptest.NewRequest(method, "http://127.0.0.1:4400/", strings.NewReader(text))
		r.URL.Path = path
		if auth != "" {
			r.Header.Set("Authorization", auth)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	} else {
		r.URL.RawQuery = text
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

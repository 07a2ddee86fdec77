package emulator_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialauth/socialauth/internal/emulator"
)

// faultTests shows what each fault does; TestEveryFault fails for one that has
// no entry.
func faultTests() map[string]struct {
	value string
	check func(*testing.T, *stand)
} {
	type entry = struct {
		value string
		check func(*testing.T, *stand)
	}
	return map[string]entry{
		"deny":            {"", wantCallback("facebook", "error", "access_denied")},
		"decline":         {"email", wantCallback("facebook", "denied_scopes", "email")},
		"authorize_error": {"temporarily_unavailable", wantCallback("google", "error", "temporarily_unavailable")},
		"wrong_state":     {"", wantCallback("google", "state", "another-state")},
		"no_state":        {"", wantCallback("google", "state", "")},
		"wrong_issuer":    {"", wantCallback("google", "iss", "https://issuer.invalid")},
		"no_issuer":       {"", wantCallback("github", "iss", "")},
		"repeat_code": {"", func(t *testing.T, st *stand) {
			diff(t, "codes", 2, len(st.callback("google", emulator.Choice{}, nil)["code"]))
		}},

		"token_error":    {"temporarily_unavailable", wantExchange("google", 400, `{"error":"temporarily_unavailable"`)},
		"token_status":   {"503", wantExchange("facebook", 503, `{"error":{"message":"(server_error)`)},
		"token_slow":     {"1ms", wantExchange("google", 200, `{"access_token":`)},
		"token_drop":     {"", wantDropped("token_drop")},
		"token_redirect": {"https://elsewhere.invalid/", wantRedirected},
		"token_html":     {"", wantExchange("google", 200, "<!DOCTYPE html>")},
		"token_huge": {"", func(t *testing.T, st *stand) {
			a := st.exchange("google", st.callback("google", emulator.Choice{}, nil))
			if len(a.body) < 8<<20 || a.text("access_token") == "" {
				t.Errorf("%d bytes", len(a.body))
			}
		}},
		"bad_token":        {"number", wantMember("google", "access_token", json.Number("12345"))},
		"expires_in":       {`3600.5`, wantMember("google", "expires_in", json.Number("3600.5"))},
		"no_refresh_token": {"", wantMember("kakao", "refresh_token", nil)},
		"short_lived":      {"7", wantMember("google", "expires_in", json.Number("7"))},
		"long_lived_error": {"", func(t *testing.T, st *stand) {
			a := st.token("facebook", url.Values{
				"grant_type": {"fb_exchange_token"}, "fb_exchange_token": {st.signIn("facebook").text("access_token")},
			})
			diff(t, "code", any(json.Number("190")), dig(a.json, "error.code"))
		}},

		"refresh_invalid_grant": {"", wantRefresh("x", 400, `{"error":"invalid_grant"`)},
		"refresh_status":        {"500", wantRefresh("google", 500, `{"error":"server_error"`)},
		"refresh_slow":          {"1ms", wantRefresh("google", 200, `{"access_token":`)},
		"refresh_drop":          {"", wantDropped("refresh_drop")},

		"no_id_token":           {"", wantMember("google", "id_token", nil)},
		"wrong_id_token_issuer": {"", wantClaim("iss", "https://issuer.invalid")},
		"wrong_nonce":           {"", wantClaim("nonce", "another-nonce")},
		"wrong_audience":        {"", wantClaim("aud", "another-client")},
		"wrong_subject":         {"", wantClaim("sub", "somebody-else")},
		"clock_skew":            {"10m", wantClaim("iat", json.Number("1795342200"))},
		"bad_signature": {"", func(t *testing.T, st *stand) {
			damaged := st.signIn("google").text("id_token")
			st.s.ClearFaults()
			if !verifies(t, st, st.signIn("google").text("id_token")) {
				t.Error("the undamaged signature does not verify")
			}
			if verifies(t, st, damaged) {
				t.Error("the damaged signature verifies")
			}
		}},

		"no_email":       {"", wantProfile("google", 200, "email", nil)},
		"profile_status": {"502", wantProfile("google", 502, "error", "server_error")},
		"profile_error":  {"", wantProfile("naver", 401, "resultcode", "024")},
		"revoke_status": {"503", func(t *testing.T, st *stand) {
			a := st.do(st.request("POST", st.ps["google"].RevocationEndpoint, url.Values{"token": {"any"}}))
			diff(t, "status and Retry-After", []any{503, "1"}, []any{a.status, a.header.Get("Retry-After")})
		}},
	}
}

func TestEveryFault(t *testing.T) {
	tests := faultTests()
	for _, info := range emulator.FaultNames() {
		t.Run(info.Name, func(t *testing.T) {
			tc, ok := tests[info.Name]
			if !ok {
				t.Fatal("no test shows what this fault does")
			}
			if info.Help == "" || (tc.value == "") != (info.Value == "") {
				t.Errorf("documentation = %+v", info)
			}
			st := start(t, nil)
			if err := st.s.SetFault(info.Name, tc.value); err != nil {
				t.Fatal(err)
			}
			tc.check(t, st)
		})
	}
}

func wantCallback(id, name, want string) func(*testing.T, *stand) {
	return func(t *testing.T, st *stand) {
		t.Helper()
		diff(t, name, want, st.callback(id, emulator.Choice{}, nil).Get(name))
	}
}

func wantExchange(id string, status int, prefix string) func(*testing.T, *stand) {
	return func(t *testing.T, st *stand) {
		t.Helper()
		a := st.exchange(id, st.callback(id, emulator.Choice{}, nil))
		if a.status != status || !strings.HasPrefix(a.body, prefix) {
			t.Errorf("answer = %d %s, want %d %s…", a.status, a.body, status, prefix)
		}
	}
}

func wantMember(id, name string, want any) func(*testing.T, *stand) {
	return func(t *testing.T, st *stand) {
		t.Helper()
		diff(t, name, want, st.exchange(id, st.callback(id, emulator.Choice{}, nil)).json[name])
	}
}

func wantRefresh(id string, status int, prefix string) func(*testing.T, *stand) {
	return func(t *testing.T, st *stand) {
		t.Helper()
		a := st.token(id, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {st.signIn(id).text("refresh_token")}})
		if a.status != status || !strings.HasPrefix(a.body, prefix) {
			t.Errorf("answer = %d %s, want %d %s…", a.status, a.body, status, prefix)
		}
	}
}

func wantProfile(id string, status int, name string, want any) func(*testing.T, *stand) {
	return func(t *testing.T, st *stand) {
		t.Helper()
		a := st.bearer("GET", st.ps[id].UserinfoEndpoint, st.signIn(id).text("access_token"))
		diff(t, "status", status, a.status)
		diff(t, name, want, a.json[name])
	}
}

func wantClaim(name string, want any) func(*testing.T, *stand) {
	return func(t *testing.T, st *stand) {
		t.Helper()
		parts := strings.Split(st.signIn("google").text("id_token"), ".")
		payload, err := base64.RawURLEncoding.DecodeString(parts[1])
		if err != nil {
			t.Fatal(err)
		}
		d := json.NewDecoder(strings.NewReader(string(payload)))
		d.UseNumber()
		var claims map[string]any
		if err := d.Decode(&claims); err != nil {
			t.Fatal(err)
		}
		diff(t, name, want, claims[name])
	}
}

func wantRedirected(t *testing.T, st *stand) {
	t.Helper()
	a := st.exchange("google", st.callback("google", emulator.Choice{}, nil))
	if a.status != 307 || a.header.Get("Location") != "https://elsewhere.invalid/" {
		t.Errorf("answer = %d %v", a.status, a.header)
	}
}

// wantDropped: the code or refresh token is used up and the answer is lost.
func wantDropped(fault string) func(*testing.T, *stand) {
	return func(t *testing.T, st *stand) {
		t.Helper()
		form := url.Values{"client_id": {clientID}}
		if fault == "token_drop" {
			form.Set("grant_type", "authorization_code")
			form.Set("code", st.callback("x", emulator.Choice{}, nil).Get("code"))
			form.Set("redirect_uri", st.redirectURI("x"))
			form.Set("code_verifier", verifier)
		} else {
			form.Set("grant_type", "refresh_token")
			form.Set("refresh_token", st.signIn("x").text("refresh_token"))
		}
		req := st.asClient("x", st.request("POST", st.ps["x"].TokenEndpoint, nil), form)
		if res, err := st.http.Do(req); err == nil {
			res.Body.Close()
			t.Fatalf("there was an answer: %d", res.StatusCode)
		}
		log := st.s.Log()
		diff(t, "log", "POST /x/2/oauth2/token "+form.Get("grant_type")+" dropped", log[len(log)-1].String())
		st.s.ClearFaults()
		if a := st.token("x", form); a.status != 400 {
			t.Errorf("the second try = %d %s", a.status, a.body)
		}
	}
}

func verifies(t *testing.T, st *stand, token string) bool {
	t.Helper()
	parts := strings.Split(token, ".")
	keys, err := testKey(t).Public().MarshalJWK(false)
	if err != nil || len(parts) != 3 {
		t.Fatal(err, len(parts))
	}
	return st.checkSignature(keys, token)
}

func TestFaultCountsAndPrefixes(t *testing.T) {
	st := start(t, func(o *emulator.Options) { o.Faults = []string{"google:token_status=500*2", "deny*1"} })
	diff(t, "first", "access_denied", st.callback("facebook", emulator.Choice{}, nil).Get("error"))
	diff(t, "second", "", st.callback("facebook", emulator.Choice{}, nil).Get("error"))
	q := st.callback("google", emulator.Choice{}, nil)
	var got []int
	for range 3 {
		got = append(got, st.exchange("google", q).status)
	}
	diff(t, "google", []int{500, 500, 200}, got)
	diff(t, "facebook", 200, st.signIn("facebook").status)
}

func TestSetFaultRefuses(t *testing.T) {
	st := start(t, nil)
	for _, spec := range []string{
		"", "nonsense", "nonsense=1", "token_status", "token_status=200", "token_status=x", "deny=1", "deny*0", "deny*x",
		"token_slow=-1s", "token_slow=2h", "token_slow=soon", "token_redirect=/here", "token_redirect=javascript:x",
		"bad_token=odd", "expires_in=", "expires_in={", "token_error=", "token_error=\"", "short_lived=0", "clock_skew=",
		"decline=", "myspace:deny", "token_status=500*-1",
	} {
		err := st.s.SetFault(emulator.ParseFault(spec))
		if _, ok := errors.AsType[*emulator.FaultError](err); !ok {
			t.Errorf("%q: %v", spec, err)
		}
	}
	err, _ := errors.AsType[*emulator.FaultError](st.s.SetFault("nonsense", ""))
	diff(t, "names", len(emulator.FaultNames()), len(err.Names))
}

func TestBadTokens(t *testing.T) {
	for kind, want := range map[string]any{
		"newline": "emulated\r\nX-Injected: yes", "escape": "emulated\x1b]0;title\x07", "empty": "",
		"number": json.Number("12345"), "missing": nil,
	} {
		st := start(t, func(o *emulator.Options) { o.Faults = []string{"bad_token=" + kind} })
		diff(t, kind, want, st.exchange("google", st.callback("google", emulator.Choice{}, nil)).json["access_token"])
	}
}

func TestLogSaysWhichFaultStruck(t *testing.T) {
	st := start(t, func(o *emulator.Options) { o.Faults = []string{"token_status=500"} })
	st.exchange("facebook", st.callback("facebook", emulator.Choice{}, nil))
	log := st.s.Log()
	line, err := json.Marshal(log[len(log)-1])
	if err != nil {
		t.Fatal(err)
	}
	want := `{"time":"2026-11-22T10:00:00Z","provider":"facebook","method":"POST","path":"/facebook/v26.0/oauth/access_token",` +
		`"grant_type":"authorization_code","code_verifier":true,"fault":"token_status","status":500}`
	if d := cmp.Diff(want, string(line)); d != "" {
		t.Errorf("NDJSON (-want +got):\n%s", d)
	}
}

func TestExpireAndRevokeAll(t *testing.T) {
	st := start(t, nil)
	x, google := st.signIn("x"), st.signIn("google")
	get := func(id string, a answer) int {
		return st.bearer("GET", st.ps[id].UserinfoEndpoint, a.text("access_token")).status
	}
	st.s.RevokeAll("x")
	diff(t, "after RevokeAll(x)", []int{401, 200}, []int{get("x", x), get("google", google)})
	st.s.ExpireAccessTokens()
	diff(t, "after ExpireAccessTokens", 401, get("google", google))
	refresh := st.token("google", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {google.text("refresh_token")}})
	diff(t, "refresh", 200, refresh.status)
	st.clock.advance(time.Hour)
	diff(t, "an hour later", 401, get("google", refresh))
}

package provider

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// presets decodes them all.
func presets(t *testing.T) map[string]*Provider {
	t.Helper()
	all := map[string]*Provider{}
	for _, id := range Presets() {
		p, err := Preset(id)
		if err != nil {
			t.Fatalf("Preset(%q): %v", id, err)
		}
		all[id] = p
	}
	return all
}

func TestPresetsAreThere(t *testing.T) {
	ids := Presets()
	for _, want := range []string{"facebook", "google", "x", "github", "kakao", "naver"} {
		if !slices.Contains(ids, want) {
			t.Errorf("there is no preset %s", want)
		}
	}
	if !slices.IsSorted(ids) {
		t.Errorf("Presets() is not sorted: %v", ids)
	}
}

func TestPresetFollowsTheRulesOfPresets(t *testing.T) {
	for id, p := range presets(t) {
		t.Run(id, func(t *testing.T) {
			if p.ID != id {
				t.Errorf("id is %q", p.ID)
			}
			if err := p.Validate(); err != nil {
				t.Errorf("Validate: %v", err)
			}
			if _, err := time.Parse(time.DateOnly, p.Checked); err != nil {
				t.Errorf("checked: %v", err)
			}
			if !slices.IsSorted(p.Hosts) {
				t.Errorf("hosts are not sorted: %v", p.Hosts)
			}
			var used []string
			for _, e := range p.Endpoints() {
				host, _, _ := splitURL(e.URL)
				host, ok := strings.CutPrefix(host, "https://")
				if !ok {
					t.Errorf("%s is not https: %s", e.Name, e.URL)
				}
				used = append(used, host)
			}
			slices.Sort(used)
			if diff := cmp.Diff(slices.Compact(used), p.Hosts); diff != "" {
				t.Errorf("hosts differ from those of the endpoints (-used +declared):\n%s", diff)
			}
			if p.Redirect.Port == PortFixed && !strings.Contains(p.Redirect.Register, "http://"+p.Redirect.Host+":8400/callback") {
				t.Errorf("register does not give the exact address: %s", p.Redirect.Register)
			}
		})
	}
}

// A data file is documentation too: each line of it can be checked by a reader.
func TestPresetFileCarriesItsEvidence(t *testing.T) {
	grade := regexp.MustCompile(`\[[ABC](,|\])`)
	link := regexp.MustCompile(`(?m)^#.*https://`)
	for _, id := range Presets() {
		data, err := PresetFile(id)
		if err != nil {
			t.Fatal(err)
		}
		if !grade.Match(data) || !link.Match(data) {
			t.Errorf("%s.toml: comments have no grade or no link", id)
		}
		if strings.Count(string(data), `api_version = `) > 1 {
			t.Errorf("%s.toml: the version is said more than once", id)
		}
	}
}

// machine is what the fact table says about one provider.
type machine struct {
	Issuer              string   `json:"issuer_url"`
	Authorization       string   `json:"authorization_url"`
	Token               string   `json:"token_url"`
	Userinfo            string   `json:"userinfo_url"`
	Revocation          string   `json:"revocation_url"`
	Introspection       string   `json:"introspection_url"`
	DeviceAuthorization string   `json:"device_url"`
	JWKS                string   `json:"jwks_url"`
	ScopeSeparator      string   `json:"scope_separator"`
	DefaultScopes       []string `json:"default_scopes"`
	PKCE                string   `json:"pkce"`
	SecretRequired      *bool    `json:"secret_required"`
	Redirect            struct {
		Scheme, Host, Port string
	} `json:"redirect"`
}

func TestPresetEqualsTheFactTable(t *testing.T) {
	facts := readFacts(t)
	for id, p := range presets(t) {
		t.Run(id, func(t *testing.T) {
			m, ok := facts[id]
			if !ok {
				t.Fatal("the fact table does not have it")
			}
			for _, f := range []struct{ name, want, got string }{
				{"issuer", m.Issuer, p.Issuer},
				{"authorization_endpoint", m.Authorization, p.AuthorizationEndpoint},
				{"token_endpoint", m.Token, p.TokenEndpoint},
				{"userinfo_endpoint", m.Userinfo, p.UserinfoEndpoint},
				{"revocation_endpoint", m.Revocation, p.RevocationEndpoint},
				{"introspection_endpoint", m.Introspection, p.IntrospectionEndpoint},
				{"device_authorization_endpoint", m.DeviceAuthorization, p.DeviceAuthorizationEndpoint},
				{"jwks_uri", m.JWKS, p.JWKSURI},
				{"scope_separator", m.ScopeSeparator, p.ScopeSeparator},
				{"code_challenge_method", m.PKCE, string(p.CodeChallengeMethod)},
				{"redirect.scheme", m.Redirect.Scheme, p.Redirect.Scheme},
				{"redirect.host", m.Redirect.Host, p.Redirect.Host},
				{"redirect.port", m.Redirect.Port, string(p.Redirect.Port)},
			} {
				if f.want != "" && f.got != f.want {
					t.Errorf("%s is %q, the fact table says %q", f.name, f.got, f.want)
				}
			}
			if m.SecretRequired != nil && *m.SecretRequired != (p.ClientSecret == SecretRequired) {
				t.Errorf("client_secret is %q, the fact table says required: %v", p.ClientSecret, *m.SecretRequired)
			}
			known := append(slices.Clone(p.Scopes), p.OptionalScopes...)
			for _, s := range m.DefaultScopes {
				if !slices.Contains(known, s) {
					t.Errorf("scope %s of the fact table is neither in scopes nor in optional_scopes", s)
				}
			}
		})
	}
}

// readFacts reads the fact table, which lives beside the repository.
func readFacts(t *testing.T) map[string]machine {
	t.Helper()
	path := os.Getenv("SOCIALAUTH_FACTS")
	if path == "" {
		path = filepath.FromSlash("../../../shared/facts/providers.json")
	}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && os.Getenv("CI") != "true" {
		t.Skipf("no fact table at %s; SOCIALAUTH_FACTS names another place", path)
	}
	if err != nil {
		t.Fatal(err)
	}
	var table struct {
		Providers []struct {
			ID      string
			Machine machine
		}
	}
	if err := json.Unmarshal(data, &table); err != nil {
		t.Fatal(err)
	}
	facts := map[string]machine{}
	for _, p := range table.Providers {
		facts[p.ID] = p.Machine
	}
	return facts
}

// What the table in the issue says in words.
func TestPresetDetails(t *testing.T) {
	all := presets(t)
	fb := all["facebook"]
	if diff := cmp.Diff(map[string]string{"return_scopes": "true"}, fb.AuthorizationParams); diff != "" {
		t.Errorf("facebook: authorization_params (-want +got):\n%s", diff)
	}
	if fb.APIVersion != "v26.0" || fb.Refresh != RefreshFB || fb.Rotation != "" || fb.ScopeSeparator != "," {
		t.Errorf("facebook: version %q, refresh %q, rotation %q, separator %q", fb.APIVersion, fb.Refresh, fb.Rotation, fb.ScopeSeparator)
	}
	if got := all["github"].Profile.EmailsEndpoint; got != "https://api.github.com/user/emails" {
		t.Errorf("github: emails_endpoint is %q", got)
	}
	if p := all["github"]; p.Issuer != "https://github.com/login/oauth" || p.IssInResponse || !p.Has(QuirkErrorWith200) || !p.Has(QuirkFormResponse) {
		t.Errorf("github: issuer %q, iss demanded %v, quirks %v", p.Issuer, p.IssInResponse, p.Quirks)
	}
	if p := all["google"]; p.AuthorizationParams["access_type"] != "offline" || !slices.Equal(p.IssuerAliases, []string{"accounts.google.com"}) || p.Protocol != OIDC {
		t.Errorf("google: params %v, aliases %v, protocol %q", p.AuthorizationParams, p.IssuerAliases, p.Protocol)
	}
	if p := all["x"]; p.ClientSecret != SecretOptional || p.TokenEndpointAuthMethod != ClientSecretBasic || p.Rotation != RotationAlways || !p.Profile.EmailPresent {
		t.Errorf("x: secret %q, method %q, rotation %q", p.ClientSecret, p.TokenEndpointAuthMethod, p.Rotation)
	}
	if p := all["kakao"]; p.Rotation != RotationLate || p.ClientSecret != SecretOptional || slices.Contains(p.Scopes, "account_email") {
		t.Errorf("kakao: rotation %q, secret %q, scopes %v", p.Rotation, p.ClientSecret, p.Scopes)
	}
	if p := all["naver"]; p.Profile.SuccessPath != "resultcode" || p.Profile.SuccessValue != "00" || !p.Has(QuirkStateInTokenRequest) || !p.Has(QuirkExpiresInString) {
		t.Errorf("naver: success %q %q, quirks %v", p.Profile.SuccessPath, p.Profile.SuccessValue, p.Quirks)
	}
	for _, id := range []string{"kakao", "naver", "x"} {
		if r := all[id].Redirect; r.Port != PortFixed || r.DefaultPort != 8400 {
			t.Errorf("%s: port rule %q, default %d", id, r.Port, r.DefaultPort)
		}
	}
}

func TestUnknownPreset(t *testing.T) {
	for _, tt := range []struct{ id, suggestion string }{
		{"facebookk", "facebook"},
		{"Google", "google"},
		{"GITHUB", "github"},
		{"gihtub", "github"},
		{"twitter", "x"},
		{"fb", "facebook"},
		{"nvaer", "naver"},
		{"example", ""},
		{"", ""},
		{"y", ""},
		{"../data/x", ""},
		{"x.toml", ""},
		{strings.Repeat("google", 1000), ""},
	} {
		_, err := Preset(tt.id)
		unknown, ok := errors.AsType[*UnknownError](err)
		if !ok {
			t.Errorf("Preset(%.20q): %v is no *UnknownError", tt.id, err)
			continue
		}
		want := &UnknownError{ID: tt.id, Names: Presets(), Suggestion: tt.suggestion}
		if diff := cmp.Diff(want, unknown); diff != "" {
			t.Errorf("Preset(%.20q) (-want +got):\n%s", tt.id, diff)
		}
	}
	err := &UnknownError{ID: "twiter"}
	if got, want := err.Error(), `no provider "twiter"`; got != want {
		t.Errorf("Error() = %s, want %s", got, want)
	}
	err.Suggestion = "x"
	if got, want := err.Error(), `no provider "twiter"; did you mean "x"?`; got != want {
		t.Errorf("Error() = %s, want %s", got, want)
	}
}

// A preset's own rules name the file's line like the rules for all.
func TestPresetRules(t *testing.T) {
	data, err := PresetFile("x")
	if err != nil {
		t.Fatal(err)
	}
	rules := func(p *Provider) []*FieldError { return presetRules(p, "x") }
	for _, tt := range []struct{ cut, want string }{
		{`id = "x"`, `x.toml:3: id is "y", but the file is named "x"`},
		{`grade = "A"`, "x.toml:1: grade is missing; a preset needs it"},
		{`checked = "2026-11-22"`, "x.toml:1: checked is missing; a preset needs it"},
	} {
		with := ""
		if tt.cut == `id = "x"` {
			with = `id = "y"`
		}
		if !strings.Contains(string(data), tt.cut) {
			t.Fatalf("x.toml has no line %s", tt.cut)
		}
		_, err := decode("x.toml", []byte(strings.Replace(string(data), tt.cut, with, 1)), rules)
		if err == nil || err.Error() != tt.want {
			t.Errorf("without %s:\n got %v\nwant %s", tt.cut, err, tt.want)
		}
	}
}

func TestJSONIsTheDocumentedForm(t *testing.T) {
	p, err := Preset("facebook")
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	golden := filepath.Join("testdata", "facebook.json")
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(golden, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("facebook as JSON (-want +got); UPDATE_GOLDEN=1 writes it anew:\n%s", diff)
	}
}

func TestJSONListsAreNeverNull(t *testing.T) {
	for _, v := range []any{Provider{}, &Provider{}, []Provider{{}}} {
		data, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(data), "null") {
			t.Errorf("%T as JSON has a null: %s", v, data)
		}
		for _, want := range []string{`"hosts":[]`, `"scopes":[]`, `"quirks":[]`, `"sub":[]`} {
			if !strings.Contains(string(data), want) {
				t.Errorf("%T as JSON lacks %s: %s", v, want, data)
			}
		}
	}
}

func TestJSONRoundTrip(t *testing.T) {
	for id, p := range presets(t) {
		data, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		var back Provider
		if err := json.Unmarshal(data, &back); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(p, &back); diff != "" {
			t.Errorf("%s is not the same after JSON (-want +got):\n%s", id, diff)
		}
	}
}

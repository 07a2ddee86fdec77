package provider

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// good is a file of a person's own, with all that is needed and little more.
const good = `id = "acme"
name = "Acme"
protocol = "oidc"
issuer = "https://login.acme.example"
authorization_endpoint = "https://login.acme.example/authorize"
token_endpoint = "https://login.acme.example/token"
jwks_uri = "https://login.acme.example/jwks"
hosts = ["login.acme.example"]
scopes = ["openid", "email"]
token_endpoint_auth_method = "client_secret_post"

[redirect]
host = "localhost"
port = "fixed"
default_port = 8400

[profile]
sub = ["sub"]
`

func TestDecodeFillsInDefaults(t *testing.T) {
	got, err := Decode("good.toml", []byte(good))
	if err != nil {
		t.Fatal(err)
	}
	want := &Provider{
		ID: "acme", Name: "Acme", Protocol: OIDC,
		Issuer:                  "https://login.acme.example",
		AuthorizationEndpoint:   "https://login.acme.example/authorize",
		TokenEndpoint:           "https://login.acme.example/token",
		JWKSURI:                 "https://login.acme.example/jwks",
		Hosts:                   []string{"login.acme.example"},
		Scopes:                  []string{"openid", "email"},
		ScopeSeparator:          " ",
		TokenEndpointAuthMethod: ClientSecretPost,
		CodeChallengeMethod:     S256,
		ClientSecret:            SecretOptional,
		Redirect:                Redirect{Scheme: "http", Host: "localhost", Port: PortFixed, DefaultPort: 8400, Path: "/callback"},
		Refresh:                 RefreshToken,
		Rotation:                RotationVaries,
		Revocation:              RevokeNone,
		Introspection:           IntrospectNone,
		Profile:                 ProfileMap{Sub: []string{"sub"}},
		Quirks:                  []Quirk{},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDecodeTakesWhatIsHarmless(t *testing.T) {
	want, err := Decode("good.toml", []byte(good))
	if err != nil {
		t.Fatal(err)
	}
	table := `redirect = { host = "localhost", port = "fixed", default_port = 8400 }` + "\n" + `profile.sub = ["sub"]` + "\n"
	for name, text := range map[string]string{
		"byte order mark":              "\xef\xbb\xbf" + good,
		"CRLF":                         strings.ReplaceAll(good, "\n", "\r\n"),
		"byte order mark and CRLF":     "\xef\xbb\xbf" + strings.ReplaceAll(good, "\n", "\r\n"),
		"no newline at the end":        strings.TrimSuffix(good, "\n"),
		"inline table and dotted keys": strings.Replace(good[:strings.Index(good, "[redirect]")], "id =", table+"id =", 1),
		"quoted key":                   strings.Replace(good, "name =", `"na\u006de" =`, 1),
		"default said":                 strings.Replace(good, "scopes =", `scope_separator = " "`+"\nscopes =", 1),
	} {
		got, err := Decode("good.toml", []byte(text))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestDecodeAllowsHTTPOnALoopbackLiteral(t *testing.T) {
	for _, host := range []string{"127.0.0.1:8080", "127.0.0.2", "[::1]:8080"} {
		text := strings.NewReplacer("https://", "http://", "login.acme.example", host).Replace(good)
		if _, err := Decode("good.toml", []byte(text)); err != nil {
			t.Errorf("%s: %v", host, err)
		}
	}
}

// Each case changes one thing in the good file: cut is replaced by with.
func TestDecodeNamesFileLineAndReason(t *testing.T) {
	const token = `token_endpoint = "https://login.acme.example/token"`
	for _, tt := range []struct{ cut, with, want string }{
		// TOML
		{"id =", "id", "1: is not TOML: expected '.' or '=', but got '\"' instead"},
		{good, "\x00\x00", "1: is not TOML: files cannot contain NULL bytes; probably using UTF-16; TOML files must be UTF-8"},
		{`"Acme"`, "\"Acme", "2: is not TOML: strings cannot contain newlines"},
		{`"Acme"`, "\"A\xffcme\"", "2: is not TOML: invalid UTF-8 byte: 0xff"},
		{`protocol =`, `name =`, "3: is not TOML: Key 'name' has already been defined."},
		{`"openid",`, strings.Repeat("[", 20), "9: is nested too deeply"},
		{`[redirect]`, "[" + strings.Repeat("a.", 20) + "b]", "12: is nested too deeply"},
		// keys
		{`scopes =`, `scope =`, "9: scope is not a known key; did you mean scopes?"},
		{`scopes =`, `Scopes =`, "9: Scopes is not a known key; did you mean scopes?"},
		{`token_endpoint =`, `token_enpdoint =`, "6: token_enpdoint is not a known key; did you mean token_endpoint?"},
		{`port = "fixed"`, `prot = "fixed"`, "14: redirect.prot is not a known key; did you mean redirect.port?"},
		{`name =`, `colour = "red"` + "\nname =", "2: colour is not a known key"},
		{`name =`, `"a.b\n" = "red"` + "\nname =", `2: "a.b\n" is not a known key`},
		{`[profile]`, "[profiles]", "17: profiles is not a known key; did you mean profile?"},
		{`sub = ["sub"]`, `sub = ["sub"]` + "\n[profile.extra]\nx = 1", "19: profile.extra is not a known key"},
		{`name =`, `redirect.x = """` + "\n\n" + `"""` + "\nname =", "2: redirect.x is not a known key"},
		// types
		{`"Acme"`, `1`, "2: name must be a string, not a whole number"},
		{`["openid", "email"]`, `"openid email"`, "9: scopes must be a list of strings, not a string"},
		{`"openid", "email"`, "\n  \"openid\",\n  1,\n", "9: scopes must be a list of strings, not of a whole number"},
		{`default_port = 8400`, `default_port = "8400"`, "15: redirect.default_port must be a whole number, not a string"},
		{`default_port = 8400`, `default_port = 84.5`, "15: redirect.default_port must be a whole number, not a fraction"},
		{`sub = ["sub"]`, `sub = ["sub"]` + "\nemail_present_means_verified = \"yes\"", "19: profile.email_present_means_verified must be true or false, not a string"},
		{`[profile]`, "[[profile]]", "17: profile must be a table, not a list"},
		{`name =`, "authorization_params = { a = 1 }\nname =", "2: authorization_params.a must be a string, not a whole number"},
		{`name =`, "authorization_params = \"a\"\nname =", "2: authorization_params must be a table, not a string"},
		{`name =`, "checked = 2026-11-22\nname =", "2: checked must be a string, not a date or time"},
		// missing
		{`id = "acme"`, ``, "1: id is missing"},
		{`name = "Acme"`, ``, "1: name is missing"},
		{`protocol = "oidc"`, ``, `1: protocol is missing; it is one of "oauth2", "oidc"`},
		{`authorization_endpoint = "https://login.acme.example/authorize"`, ``, "1: authorization_endpoint is missing"},
		{token, ``, "1: token_endpoint is missing"},
		{`issuer = "https://login.acme.example"`, ``, `1: issuer is missing; protocol "oidc" needs it to check ID tokens`},
		{`jwks_uri = "https://login.acme.example/jwks"`, ``, `1: jwks_uri is missing; protocol "oidc" needs it to check ID tokens`},
		{`token_endpoint_auth_method = "client_secret_post"`, ``, `1: token_endpoint_auth_method is missing; it is one of "client_secret_post", "client_secret_basic", "none"`},
		{`default_port = 8400`, ``, `12: redirect.default_port is missing; port "fixed" needs it`},
		{`sub = ["sub"]`, ``, "17: profile.sub is missing; without it an account has no identity"},
		// enumerations
		{`"oidc"`, `"oauth"`, `3: protocol is "oauth"; it must be one of "oauth2", "oidc"; did you mean "oauth2"?`},
		{`"client_secret_post"`, `"post"`, `10: token_endpoint_auth_method is "post"; it must be one of "client_secret_post", "client_secret_basic", "none"`},
		{`name =`, "quirks = [\"numeric_sbu\"]\nname =", `2: quirks is "numeric_sbu"; it must be one of "error_object", "appsecret_proof", "long_lived_exchange", "granted_scopes_in_callback", "fragment_tail", "error_with_200", "form_response", "state_in_token_request", "expires_in_string", "nonce_optional", "numeric_sub"; did you mean "numeric_sub"?`},
		{`name =`, "quirks = [\"numeric_sub\", \"numeric_sub\"]\nname =", `2: quirks has "numeric_sub" twice`},
		{`name =`, "code_challenge_method = \"plain\"\nname =", `2: code_challenge_method is "plain"; it must be one of "S256", "none"`},
		{`name =`, "lifetime = \"never\"\nname =", `2: lifetime is "never"; it must be one of "unlimited"`},
		{`name =`, "scope_separator = \";\"\nname =", `2: scope_separator is ";"; it must be one of " ", ","`},
		{`"localhost"`, `"0.0.0.0"`, `13: redirect.host is "0.0.0.0"; it must be one of "127.0.0.1", "[::1]", "localhost"`},
		{`name =`, "grade = \"D\"\nname =", `2: grade is "D"; it must be one of "A", "B", "C"`},
		{`name =`, "checked = \"2026-02-30\"\nname =", `2: checked is "2026-02-30"; it must be a day such as 2026-11-22`},
		// addresses
		{token, `token_endpoint = "http://login.acme.example/token"`, "6: token_endpoint must be https; http is allowed on a literal loopback address only"},
		{token, `token_endpoint = "http://localhost/token"`, "6: token_endpoint must be https; http is allowed on a literal loopback address only"},
		{token, `token_endpoint = "https://acme.example/token"`, `6: token_endpoint is on host "acme.example", which is not in hosts`},
		{token, `token_endpoint = "https://login.acme.example:8443/token"`, `6: token_endpoint is on host "login.acme.example:8443", which is not in hosts`},
		{token, `token_endpoint = "https://u:p@login.acme.example/token"`, "6: token_endpoint must have no user name"},
		{token, `token_endpoint = "https://login.acme.example/token#"`, "6: token_endpoint must have no fragment"},
		{token, `token_endpoint = "https://login.acme.example/tok\u0001en"`, "6: token_endpoint has a byte 0x01, which a URL cannot have as it is"},
		{token, `token_endpoint = "https://login.acme.example/to ken"`, "6: token_endpoint has a byte 0x20, which a URL cannot have as it is"},
		{token, `token_endpoint = "https://login.acme.example\\@evil.example/"`, "6: token_endpoint has a byte 0x5c, which a URL cannot have as it is"},
		{token, `token_endpoint = "https://login.acme.example/a/%2E%2e/b"`, "6: token_endpoint has a path segment that leads elsewhere"},
		{token, `token_endpoint = "https://login.acme.example:0/token"`, "6: token_endpoint has no valid host"},
		{token, `token_endpoint = "https:login.acme.example/token"`, "6: token_endpoint has no valid host"},
		{token, `token_endpoint = "/token"`, "6: token_endpoint must begin with https://"},
		{token, `token_endpoint = "ftp://login.acme.example/token"`, "6: token_endpoint must begin with https://"},
		{token, `token_endpoint = "https://login.acme.example/%zz"`, "6: token_endpoint is not a URL"},
		{token, `token_endpoint = "https://login.acme.example/{api_version}/token"`, "6: token_endpoint has {api_version} without a usable api_version"},
		{token, `token_endpoint = "https://login.acme.example/{tenant}/token"`, "6: token_endpoint has an unknown placeholder; there are {api_version}, {client_id} and {user-id}"},
		{token, `token_endpoint = "https://{client_id}.acme.example/token"`, "6: token_endpoint has a placeholder in its host"},
		{`/authorize"`, `/authorize?a=b&client_id=x"`, `5: authorization_endpoint has "client_id" in its query, which the program sets itself`},
		{`/authorize"`, `/authorize?a;b"`, "5: authorization_endpoint has a malformed query"},
		{`name =`, "api_version = \"../x\"\nname =", `2: api_version is "../x"; only letters, digits, - _ and . are allowed, with a letter or digit in front`},
		{`issuer = "https://login.acme.example"`, `issuer = "https://login.acme.example?x"`, "4: issuer must have no query (RFC 8414 section 2)"},
		{`issuer = "https://login.acme.example"`, `issuer = "http://login.acme.example"`, "4: issuer must be https; http is allowed on a literal loopback address only"},
		{`hosts = ["login.acme.example"]`, `hosts = ["https://login.acme.example"]`, `8: hosts has "https://login.acme.example", which is not a host in lower case, with a port or without`},
		{`hosts = ["login.acme.example"]`, ``, `5: authorization_endpoint is on host "login.acme.example", which is not in hosts`},
		{`hosts = ["login.acme.example"]`, `hosts = ["login.acme.example", "Acme.Example"]`, `8: hosts has "Acme.Example", which is not a host in lower case, with a port or without`},
		{`hosts = ["login.acme.example"]`, `hosts = ["login.acme.example", "*.acme.example"]`, `8: hosts has "*.acme.example", which is not a host in lower case, with a port or without`},
		{`hosts = ["login.acme.example"]`, `hosts = ["login.acme.example", "login.acme.example"]`, `8: hosts has "login.acme.example" twice`},
		{`name =`, "documentation = \"http://acme.example\"\nname =", "2: documentation must be an https URL"},
		// requests
		{`"acme"`, `"Acme"`, `1: id is "Acme"; only a-z, 0-9 and - are allowed, and no - in front`},
		{`"acme"`, `"-acme"`, `1: id is "-acme"; only a-z, 0-9 and - are allowed, and no - in front`},
		{`"acme"`, `"acme.example:8443"`, `1: id is "acme.example:8443"; only a-z, 0-9 and - are allowed, and no - in front`},
		{`"acme"`, `"../acme"`, `1: id is "../acme"; only a-z, 0-9 and - are allowed, and no - in front`},
		{`"Acme"`, `"Ac\u202eme"`, "2: name has characters that cannot be shown"},
		{`"Acme"`, `"Ac\u001b[2Jme"`, "2: name has characters that cannot be shown"},
		{`"email"]`, `"e mail"]`, `9: scopes has "e mail", which is not a scope (RFC 6749 section 3.3)`},
		{`"email"]`, `"e\"mail"]`, `9: scopes has "e\"mail", which is not a scope (RFC 6749 section 3.3)`},
		{`"email"]`, `"é"]`, `9: scopes has "é", which is not a scope (RFC 6749 section 3.3)`},
		{`"email"]`, `"openid"]`, `9: scopes has "openid" twice`},
		{`"openid", "email"`, `"email"`, `9: scopes must have "openid", or there will be no ID token`},
		{`name =`, "optional_scopes = [\"email\"]\nname =", `2: optional_scopes has "email", which is in scopes too`},
		{`name =`, "authorization_params = { state = \"x\" }\nname =", "2: authorization_params.state is set by the program itself"},
		{`name =`, "authorization_params = { a = \"x\\n\" }\nname =", "2: authorization_params.a has characters that cannot be shown"},
		{`name =`, "authorization_params = { \"a b\" = \"x\" }\nname =", `2: authorization_params."a b" is not the name of a parameter`},
		{`"localhost"`, "\"localhost\"\npath = \"callback\"", `14: redirect.path is "callback"; it must begin with one / and be plain, without query or escapes`},
		{`"localhost"`, "\"localhost\"\npath = \"/a?b\"", `14: redirect.path is "/a?b"; it must begin with one / and be plain, without query or escapes`},
		{`8400`, `65536`, "15: redirect.default_port is 65536; a port is 1 to 65535"},
		{`8400`, `-1`, "15: redirect.default_port is -1; a port is 1 to 65535"},
		{`port = "fixed"`, `port = "any"`, `15: redirect.default_port has no use with port "any"`},
		// fields that must agree
		{`name =`, "client_secret = \"never\"\nname =", `2: client_secret "never" and token_endpoint_auth_method "none" go together`},
		{`name =`, "refresh = \"none\"\nrotation = \"always\"\nname =", `3: rotation has a use with refresh "refresh_token" only`},
		{`name =`, "revocation = \"rfc7009\"\nname =", `2: revocation must be "none" exactly if there is no revocation_endpoint`},
		{`name =`, "introspection = \"none\"\nintrospection_endpoint = \"https://login.acme.example/i\"\nname =", `2: introspection must be "none" exactly if there is no introspection_endpoint`},
		{`name =`, "device = \"facebook_login\"\nname =", "2: device has no use without device_authorization_endpoint"},
		{`sub = ["sub"]`, `sub = ["a..b"]`, `18: profile.sub has "a..b", which is not a dotted path`},
		{`sub = ["sub"]`, "sub = [\"sub\"]\nsuccess_path = \"ok\"", "19: profile.success_path and profile.success_value go together"},
		{`sub = ["sub"]`, "sub = [\"sub\"]\nemails_endpoint = \"https://evil.example/\"", `19: profile.emails_endpoint is on host "evil.example", which is not in hosts`},
	} {
		if strings.Count(good, tt.cut) == 0 {
			t.Fatalf("the good file has no %q", tt.cut)
		}
		text := strings.Replace(good, tt.cut, tt.with, 1)
		for name, data := range map[string]string{
			"LF":   text,
			"CRLF": "\xef\xbb\xbf" + strings.ReplaceAll(text, "\n", "\r\n"),
		} {
			if name == "CRLF" && strings.Contains(tt.want, "is not TOML") {
				continue // the parser words a broken line by its end
			}
			_, err := Decode("bad.toml", []byte(data))
			if _, ok := errors.AsType[*FileError](err); !ok {
				t.Errorf("%s, %q for %q: %v is no *FileError", name, tt.with, tt.cut, err)
				continue
			}
			if got, want := err.Error(), "bad.toml:"+tt.want; got != want {
				t.Errorf("%s, %q for %q:\n got %s\nwant %s", name, tt.with, tt.cut, got, want)
			}
		}
	}
}

// No file of the allowed size makes the parser run out of stack or patience.
func TestDecodeEndsSoon(t *testing.T) {
	var keys strings.Builder
	for i := range 50_000 {
		fmt.Fprintf(&keys, "key%d = 1\n", i)
	}
	for name, text := range map[string]string{
		"lists":       "a = " + strings.Repeat("[", MaxFile-10),
		"tables":      "a = " + strings.Repeat("{a=", MaxFile/3-10),
		"dotted key":  strings.Repeat("a.", MaxFile/2-10) + "a = 1",
		"header":      "[" + strings.Repeat("a.", MaxFile/2-10) + "a]",
		"many keys":   keys.String(),
		"open string": `a = """` + strings.Repeat("\n", MaxFile-10),
	} {
		if _, err := Decode("long.toml", []byte(text)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// The first line with an error is the one that is told, whatever the rules' order.
func TestDecodeTellsTheFirstLine(t *testing.T) {
	text := strings.NewReplacer(`sub = ["sub"]`, `sub = []`, `"email"`, `"e mail"`, `"Acme"`, `""`).Replace(good)
	_, err := Decode("bad.toml", []byte(text))
	want := &FileError{File: "bad.toml", Line: 2, Key: "name", Reason: "is missing"}
	got, ok := errors.AsType[*FileError](err)
	if !ok {
		t.Fatalf("%v is no *FileError", err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	p, err := Load(write("any-name.toml", good))
	if err != nil || p.ID != "acme" {
		t.Errorf("Load: %v, %v", p, err)
	}
	for _, tt := range []struct{ path, want string }{
		{write("bad.toml", "id = 1\n"), ":1: id must be a string, not a whole number"},
		{write("big.toml", good+strings.Repeat("#", MaxFile)), ": is larger than 1048576 bytes"},
		{write("empty.toml", ""), ":1: id is missing"},
		{dir, ": is not a regular file"},
	} {
		_, err := Load(tt.path)
		if _, ok := errors.AsType[*FileError](err); !ok || err.Error() != tt.path+tt.want {
			t.Errorf("Load: got %v, want %s%s", err, tt.path, tt.want)
		}
	}
	exact := good + strings.Repeat("#", MaxFile-len(good))
	if _, err := Load(write("exact.toml", exact)); err != nil {
		t.Errorf("a file of exactly %d bytes: %v", MaxFile, err)
	}
	if _, err := Load(filepath.Join(dir, "missing")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
}

func TestQuirksAreAllConstants(t *testing.T) {
	list := Quirks()
	slices.Sort(list)
	if len(slices.Compact(list)) != 11 {
		t.Errorf("Quirks() has %d names: %v", len(list), list)
	}
}

// The line of every key the library finds is known, however it is written.

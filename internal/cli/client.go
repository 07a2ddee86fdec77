package cli

import (
	"io"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/socialauth/socialauth/internal/account"
	"github.com/socialauth/socialauth/internal/config"
	"github.com/socialauth/socialauth/internal/provider"
	"github.com/socialauth/socialauth/internal/secret"
)

// clientFlags are the flags about the person's app at a provider.
type clientFlags struct {
	id         string
	secretFile string
	stdin      bool
}

func (c *clientFlags) add(f *pflag.FlagSet) {
	f.StringVar(&c.id, "client-id", "", "client_id of your app")
	f.StringVar(&c.secretFile, "client-secret-file", "", "file with the client_secret of your app")
	f.BoolVar(&c.stdin, "client-secret-stdin", false, "read the client_secret from stdin")
}

// registration is the person's app as it was found, with the sources.
type registration struct {
	id          config.Setting[string]
	secret      secret.Text
	redirectURI config.Setting[string]
	scopes      config.Setting[[]string]
}

// client finds the registration to use at p. Flags come before the environment,
// and that before config.toml.
func (a *App) client(w *world, ref account.Ref, p *provider.Provider, f clientFlags, redirectURI string, port int, scopes []string) (*registration, error) {
	file := w.file.Clients[p.ID]
	fromFile := func(v string) config.Setting[string] {
		if v == "" {
			return config.Setting[string]{}
		}
		return config.Setting[string]{Value: v, Source: w.file.Path}
	}
	flag := func(v, name string) config.Setting[string] {
		if v == "" {
			return config.Setting[string]{}
		}
		return config.Setting[string]{Value: v, Source: name}
	}
	r := &registration{
		id: config.First(flag(f.id, "--client-id"), a.Env.FromEnv(config.ClientVariable(p.ID, "CLIENT_ID")), fromFile(file.ClientID)),
		redirectURI: config.First(flag(redirectURI, "--redirect-uri"),
			a.Env.FromEnv(config.ClientVariable(p.ID, "REDIRECT_URI")), fromFile(file.RedirectURI)),
	}
	switch env := a.Env(config.ClientVariable(p.ID, "SCOPES")); {
	case len(scopes) > 0:
		r.scopes = config.Setting[[]string]{Value: splitAll(scopes), Source: "--scope"}
	case env != "":
		r.scopes = config.Setting[[]string]{Value: splitAll([]string{env}), Source: config.ClientVariable(p.ID, "SCOPES")}
	case len(file.Scopes) > 0:
		r.scopes = config.Setting[[]string]{Value: file.Scopes, Source: w.file.Path}
	}
	if !r.id.Set() {
		r.id = w.knownClient(ref, p)
	}
	var err error
	if r.secret, err = a.clientSecret(p, f, file.ClientSecretFile); err != nil {
		return nil, err
	}
	return r, a.complete(p, r, port)
}

// knownClient is the client_id of the last sign-in, for an issuer that was found
// by discovery: presets have variables to set, and an issuer has only flags.
func (w *world) knownClient(ref account.Ref, p *provider.Provider) config.Setting[string] {
	info, err := w.accounts.Info(ref)
	if err != nil || !info.Discovered || info.Issuer != p.Issuer {
		return config.Setting[string]{}
	}
	return config.Setting[string]{Value: info.ClientID, Source: "the last sign-in"}
}

// clientSecret finds the client_secret; none is not an error here.
func (a *App) clientSecret(p *provider.Provider, f clientFlags, fromConfig string) (secret.Text, error) {
	variable := config.ClientVariable(p.ID, "CLIENT_SECRET")
	switch env := a.Env(variable); {
	case f.stdin:
		data, err := io.ReadAll(io.LimitReader(a.Stdin, maxSecret+1))
		return readSecret("stdin", data, err)
	case f.secretFile != "":
		return secretFromFile(f.secretFile)
	case env != "":
		return readSecret(variable, []byte(env), nil)
	case fromConfig != "":
		return secretFromFile(fromConfig)
	}
	return secret.Text{}, nil
}

const maxSecret = 64 << 10

func secretFromFile(path string) (secret.Text, error) {
	data, err := readSecretFile(path)
	return readSecret(path, data, err)
}

// readSecretFile reads at most one secret's worth of a file. It may be a pipe: a
// password manager's output by the shell's <(…) is a good place for a secret.
func readSecretFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return io.ReadAll(io.LimitReader(f, maxSecret+1))
}

// readSecret takes one secret out of what was read: without the newline that
// editors and echo add, and without anything that cannot be in one.
func readSecret(source string, data []byte, err error) (secret.Text, error) {
	if err != nil {
		return secret.Text{}, usagef("the secret cannot be read: %v", err)
	}
	text := strings.TrimRight(string(data), "\r\n")
	switch {
	case text == "":
		return secret.Text{}, usagef("the secret from %s is empty", source)
	case len(text) > maxSecret, strings.ContainsFunc(text, func(r rune) bool { return r < 0x20 || r == 0x7f }):
		return secret.Text{}, usagef("the secret from %s is longer than one line or has control characters", source)
	}
	return secret.New(text), nil
}

// complete refuses a registration that lacks what the provider demands, and
// says where to get it and what to register there.
func (a *App) complete(p *provider.Provider, r *registration, port int) error {
	var lack []string
	var variables []string
	if !r.id.Set() {
		lack, variables = append(lack, "client_id"), append(variables, config.ClientVariable(p.ID, "CLIENT_ID"))
	}
	if r.secret.IsZero() && p.ClientSecret == provider.SecretRequired {
		lack, variables = append(lack, "client_secret"), append(variables, config.ClientVariable(p.ID, "CLIENT_SECRET"))
	}
	if len(lack) == 0 {
		return nil
	}
	e := usagef("no %s for %s", strings.Join(lack, " and no "), p.Name)
	e.Code = "client_missing"
	e.hint("set %s", strings.Join(variables, " and "))
	where := "register an app"
	if p.Console != "" {
		where += " at " + p.Console
	}
	return e.hint("%s, with the redirect URI %s", where, redirectToRegister(p, r.redirectURI.Value, port))
}

// redirectToRegister is the redirect_uri a login will use, as the console wants it.
func redirectToRegister(p *provider.Provider, own string, port int) string {
	if own != "" {
		return own
	}
	u := url.URL{Scheme: p.Redirect.Scheme, Host: p.Redirect.Host, Path: p.Redirect.Path}
	if port == 0 && p.Redirect.Port == provider.PortFixed {
		port = p.Redirect.DefaultPort
	}
	if port != 0 {
		u.Host += ":" + strconv.Itoa(port)
	}
	text := u.String()
	if p.Redirect.Register != "" {
		text += " (" + p.Redirect.Register + ")"
	}
	return text
}

// splitAll takes lists apart that were written with commas or spaces.
func splitAll(lists []string) []string {
	var all []string
	for _, list := range lists {
		for _, item := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' }) {
			if !slices.Contains(all, item) {
				all = append(all, item)
			}
		}
	}
	return all
}

// pairs reads "k=v" flags.
func pairs(flag string, list []string) (map[string]string, error) {
	m := map[string]string{}
	for _, item := range list {
		k, v, ok := strings.Cut(item, "=")
		if !ok || k == "" {
			return nil, usagef("%s wants name=value, not %q", flag, redactSecrets(item))
		}
		if _, twice := m[k]; twice {
			return nil, usagef("%s gives %q twice", flag, k)
		}
		m[k] = v
	}
	return m, nil
}

// hostOf is the host of a URL, for people.
func hostOf(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" {
		return raw
	}
	return u.Host
}

package cli

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/socialauth/socialauth/internal/config"
	"github.com/socialauth/socialauth/internal/plain"
	"github.com/socialauth/socialauth/internal/provider"
	"github.com/socialauth/socialauth/internal/term"
)

func (a *App) newProviderCmd() *cobra.Command {
	return group("provider", "The providers that are known", `The providers that are known: presets, and your own as files in the providers folder
of the configuration. A preset's file, shown by "provider show NAME --toml", is what
to copy. Any other OpenID Connect server needs no file: socialauth login ISSUER.`,
		a.newProviderListCmd(), a.newProviderShowCmd())
}

func (a *App) newProviderListCmd() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the providers", Args: maxArgs(0),
		Long: "List the providers with what a sign-in from this machine needs to know about each.",
		RunE: func(*cobra.Command, []string) error {
			paths, err := config.FindPaths(a.Env)
			if err != nil {
				return err
			}
			list, err := a.providers(paths)
			if err != nil {
				return err
			}
			if a.flags.json {
				return a.printJSON(map[string]any{"providers": list})
			}
			style := term.NewStyle(a.Term.StdoutColor)
			var rows [][]string
			if a.Term.StdoutTTY {
				rows = append(rows, []string{
					style.Faint("provider"), style.Faint("redirect"), style.Faint("PKCE"), style.Faint("secret"), style.Faint("renewal"), style.Faint("ID token"),
				})
			}
			for _, p := range list {
				rows = append(rows, []string{
					style.Name(p.ID), redirectWords(p), string(p.CodeChallengeMethod), string(p.ClientSecret), string(p.Refresh), idTokenWords(p),
				})
			}
			a.print(term.Table(rows))
			return nil
		},
	}
}

// providers loads every provider, the person's own instead of a preset of the
// same name.
func (a *App) providers(paths config.Paths) ([]*provider.Provider, error) {
	ids := append(provider.Presets(), ownProviders(paths)...)
	slices.Sort(ids)
	var list []*provider.Provider
	for _, id := range slices.Compact(ids) {
		p, err := a.provider(paths, id)
		if err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return list, nil
}

func redirectWords(p *provider.Provider) string {
	port := "any port"
	if p.Redirect.Port == provider.PortFixed {
		port = "fixed port"
	}
	return p.Redirect.Scheme + "://" + p.Redirect.Host + ", " + port
}

func idTokenWords(p *provider.Provider) string {
	if p.Protocol == provider.OIDC {
		return "yes"
	}
	return "no"
}

func (a *App) newProviderShowCmd() *cobra.Command {
	var asFile bool
	cmd := &cobra.Command{
		Use: "show NAME", Short: "Show one provider", Args: oneArg("a provider"), ValidArgsFunction: a.completeProviders,
		Long: "Show one provider: endpoints, scopes, redirect, and what is odd about it. --json has the names of RFC 8414.",
		RunE: func(_ *cobra.Command, args []string) error {
			if asFile {
				data, err := provider.PresetFile(args[0])
				if err != nil {
					return err
				}
				a.print(string(data))
				return nil
			}
			paths, err := config.FindPaths(a.Env)
			if err != nil {
				return err
			}
			p, err := a.provider(paths, args[0])
			if err != nil {
				return err
			}
			if a.flags.json {
				return a.printJSON(p)
			}
			a.printProvider(p)
			return nil
		},
	}
	cmd.Flags().BoolVar(&asFile, "toml", false, "the preset's data file, to copy and change")
	return cmd
}

func (a *App) printProvider(p *provider.Provider) {
	style := term.NewStyle(a.Term.StdoutColor)
	rows := [][]string{}
	add := func(name, value string) {
		if value != "" {
			rows = append(rows, []string{style.Name(name), plain.Escape(value)})
		}
	}
	add("name", p.Name)
	add("protocol", string(p.Protocol))
	add("api_version", p.APIVersion)
	add("issuer", p.Issuer)
	for _, e := range p.Endpoints() {
		add(e.Name, e.URL)
	}
	add("scopes", strings.Join(p.Scopes, " "))
	add("optional_scopes", strings.Join(p.OptionalScopes, " "))
	add("token_endpoint_auth_method", string(p.TokenEndpointAuthMethod))
	add("code_challenge_method", string(p.CodeChallengeMethod))
	add("client_secret", string(p.ClientSecret))
	add("redirect", redirectWords(p)+", path "+p.Redirect.Path)
	add("register", p.Redirect.Register)
	add("refresh", strings.TrimSuffix(string(p.Refresh)+", rotation "+string(p.Rotation), ", rotation "))
	add("revocation", string(p.Revocation))
	add("introspection", string(p.Introspection))
	var quirks []string
	for _, q := range p.Quirks {
		quirks = append(quirks, string(q))
	}
	add("quirks", strings.Join(quirks, " "))
	add("console", p.Console)
	add("documentation", p.Documentation)
	if p.Checked != "" {
		add("checked", strings.TrimSuffix(p.Checked+", evidence "+p.Grade, ", evidence "))
	}
	a.print(term.Table(rows))
}

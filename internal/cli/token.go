package cli

import (
	"context"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/socialauth/socialauth/internal/account"
)

const tokenLong = `Print, mint, renew, revoke and ask about the tokens of an account. None of these ever
opens a browser: when only a sign-in helps they end with exit status 3.`

func (a *App) newTokenCmd() *cobra.Command {
	return group("token", "Print, mint, renew, revoke and ask about tokens", tokenLong,
		a.newTokenPrintCmd(), a.newTokenMintCmd(), a.newTokenRefreshCmd(), a.newTokenRevokeCmd(), a.newTokenIntrospectCmd())
}

type printOptions struct {
	account     string
	kind        string
	format      string
	shell       string
	minValidity time.Duration
	noRefresh   bool
	noNewline   bool
}

const tokenPrintLong = `Print a valid token and a newline, and nothing else.

A token that is not good for long enough is renewed first. The command never opens a
browser: when only a sign-in helps it ends with exit status 3 and says which one.`

func (a *App) newTokenPrintCmd() *cobra.Command {
	var o printOptions
	cmd := &cobra.Command{
		Use: "print [ACCOUNT]", Short: "Print a valid token, for scripts", Long: tokenPrintLong,
		Example: "  curl -H \"$(socialauth token print github --format header)\" https://api.github.com/user\n" +
			"  eval \"$(socialauth token print facebook --format export)\"\n" +
			"  socialauth token print google --type id | socialauth decode -",
		Args: maxArgs(1), ValidArgsFunction: a.completeAccounts,
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return a.runTokenPrint(cmd.Context(), args, o, cmd.Flags().Changed("min-validity"))
	}
	f := cmd.Flags()
	f.StringVar(&o.account, "account", "", "the account, if not given as an argument")
	f.StringVar(&o.kind, "type", account.Access, "access, id, refresh or jwt")
	f.StringVar(&o.format, "format", "raw", "raw, header, json, env or export")
	f.StringVar(&o.shell, "shell", "", "shell of --format export: sh, fish, powershell or cmd (by default yours)")
	f.DurationVar(&o.minValidity, "min-validity", time.Minute, "renew a token that is good for less than this; by default less for short-lived ones")
	f.BoolVar(&o.noRefresh, "no-refresh", false, "do not ask the provider; fail if the token has expired")
	f.BoolVarP(&o.noNewline, "no-newline", "n", false, "no newline after the token")
	return cmd
}

func (a *App) runTokenPrint(ctx context.Context, args []string, o printOptions, explicit bool) error {
	if err := oneOf("--type", o.kind, account.Access, account.ID, account.Refresh, account.JWT); err != nil {
		return err
	}
	format, err := newTokenFormat(o.format, o.shell, a.Env("SHELL"), runtime.GOOS)
	if err != nil {
		return err
	}
	if o.noRefresh && explicit {
		return usagef("--min-validity and --no-refresh contradict each other")
	}
	if o.minValidity < 0 {
		return usagef("--min-validity must not be negative")
	}
	w, err := a.open()
	if err != nil {
		return err
	}
	ref, err := w.account(a, args, o.account)
	if err != nil {
		return err
	}
	r := account.TokenRequest{Type: o.kind, NoRefresh: o.noRefresh}
	if explicit {
		r.MinValidity = &o.minValidity
	}
	t, err := w.accounts.Token(ctx, ref, r)
	if err != nil {
		return err
	}
	for _, text := range t.Warnings {
		a.warn(text)
	}
	if a.flags.json {
		format.kind = "json"
	}
	return a.printToken(t, format, o.noNewline)
}

// printToken is the one place where a token reaches stdout.
func (a *App) printToken(t *account.Token, format tokenFormat, noNewline bool) error {
	if format.kind == "json" {
		return a.printJSON(tokenJSON{
			Account: t.Account.String(), Type: t.Type, Token: t.Value.Reveal(), TokenType: t.TokenType,
			ExpiresAt: rfc3339(t.ExpiresAt), Scopes: append([]string{}, t.Scopes...),
		})
	}
	text, err := format.render(t)
	if err != nil {
		return err
	}
	if !noNewline {
		text += "\n"
	}
	a.print(text)
	return nil
}

// tokenJSON is the --json of commands that print a token.
type tokenJSON struct {
	Account   string   `json:"account"`
	Type      string   `json:"type"`
	Token     string   `json:"token"`
	TokenType string   `json:"token_type,omitempty"`
	ExpiresAt *string  `json:"expires_at"`
	Scopes    []string `json:"scopes"`
}

// oneOf refuses a flag's value that is not in the list.
func oneOf(flag, value string, allowed ...string) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	return usagef("%s is one of %s, not %q", flag, strings.Join(allowed, ", "), redactSecrets(value))
}

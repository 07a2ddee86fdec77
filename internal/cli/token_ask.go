package cli

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/socialauth/socialauth/internal/account"
	"github.com/socialauth/socialauth/internal/oauth"
	"github.com/socialauth/socialauth/internal/plain"
	"github.com/socialauth/socialauth/internal/term"
)

// accountCmd is a command about one account that has no flags of its own: it
// finds the account and calls run.
func (a *App) accountCmd(use, short, long string, run func(ctx context.Context, w *world, ref account.Ref) error) *cobra.Command {
	var flag *string
	cmd := &cobra.Command{
		Use: use + " [ACCOUNT]", Short: short, Long: long, Args: maxArgs(1), ValidArgsFunction: a.completeAccounts,
		RunE: func(cmd *cobra.Command, args []string) error {
			w, err := a.open()
			if err != nil {
				return err
			}
			ref, err := w.account(a, args, *flag)
			if err != nil {
				return err
			}
			return run(cmd.Context(), w, ref)
		},
	}
	flag = accountFlag(cmd)
	return cmd
}

func (a *App) newTokenRefreshCmd() *cobra.Command {
	return a.accountCmd("refresh", "Renew the tokens now, whatever they are worth",
		"Renew the tokens now, whatever they are worth. `token print` does so by itself when it is needed.", a.runTokenRefresh)
}

func (a *App) runTokenRefresh(ctx context.Context, w *world, ref account.Ref) error {
	t, err := w.accounts.Renew(ctx, ref)
	if err != nil {
		return err
	}
	if t.Unsaved {
		return &Error{Exit: exitLocal, Code: "not_saved", Message: strings.Join(t.Warnings, "; ")}
	}
	for _, text := range t.Warnings {
		a.warn(text)
	}
	if a.flags.json {
		info, err := w.accounts.Info(ref)
		if err != nil {
			return err
		}
		stored, err := w.accounts.Vault.Info()
		if err != nil {
			return err
		}
		return a.printJSON(a.statusOf(info, string(stored.Storage)))
	}
	until := "it does not say until when it is good"
	switch {
	case t.Expiry == oauth.ExpiryNever:
		until = "it does not expire"
	case !t.ExpiresAt.IsZero():
		until = "good until " + t.ExpiresAt.UTC().Format(time.RFC3339) + " (" + relative(a.Now(), t.ExpiresAt) + ")"
	}
	a.note("Renewed %s: %s.", term.NewStyle(a.Term.StderrColor).Name(ref.String()), until)
	return nil
}

func (a *App) newTokenRevokeCmd() *cobra.Command {
	return a.accountCmd("revoke", "End the grant at the provider, and keep the account's record",
		"End the grant at the provider. Unlike logout this keeps the account's record, and it fails when the provider does not confirm.",
		func(ctx context.Context, w *world, ref account.Ref) error {
			if err := w.accounts.Revoke(ctx, ref); err != nil {
				return err
			}
			a.note("Revoked the grant of %s. To use it again: socialauth login %s", term.NewStyle(a.Term.StderrColor).Name(ref.String()), ref)
			return nil
		})
}

const introspectLong = `Ask the provider what it thinks of the account's access token, as it is now.

Facebook answers through debug_token, others as RFC 7662 says or in their own way; the
answer is shown in RFC 7662's words. Exit status 3 when the token is not active.`

func (a *App) newTokenIntrospectCmd() *cobra.Command {
	return a.accountCmd("introspect", "Ask the provider whether the access token is good", introspectLong,
		func(ctx context.Context, w *world, ref account.Ref) error {
			in, err := w.accounts.Introspect(ctx, ref)
			if err != nil {
				return err
			}
			if err := a.printIntrospection(in); err != nil {
				return err
			}
			if !in.Active {
				return &account.SignInAgainError{Account: ref, Reason: "the provider says that its token is not active"}
			}
			return nil
		})
}

func (a *App) printIntrospection(in *oauth.Introspection) error {
	if a.flags.json {
		return a.printJSON(map[string]any{
			"active": in.Active, "scope": in.Scope, "client_id": nilIfEmpty(in.ClientID), "sub": nilIfEmpty(in.Sub),
			"expires_at": rfc3339(in.Exp), "raw": in.Raw,
		})
	}
	style := term.NewStyle(a.Term.StdoutColor)
	active := style.Bad("no")
	if in.Active {
		active = style.Good("yes")
	}
	rows := [][]string{{style.Name("active"), active}}
	for _, f := range [][2]string{{"scope", in.Scope}, {"client_id", in.ClientID}, {"sub", in.Sub}} {
		if f[1] != "" {
			rows = append(rows, []string{style.Name(f[0]), plain.Escape(f[1])})
		}
	}
	if !in.Exp.IsZero() {
		rows = append(rows, []string{style.Name("exp"), in.Exp.UTC().Format(time.RFC3339) + " (" + relative(a.Now(), in.Exp) + ")"})
	}
	a.print(term.Table(rows))
	return nil
}

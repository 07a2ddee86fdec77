package cli

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/socialauth/socialauth/internal/account"
	"github.com/socialauth/socialauth/internal/config"
	"github.com/socialauth/socialauth/internal/oauth"
	"github.com/socialauth/socialauth/internal/term"
)

const logoutLong = `End the grant at the provider, then forget the account here.

Forgetting does not depend on the provider: when it cannot be reached or does not
agree, a warning says so and the account is gone from this machine all the same.`

func (a *App) newLogoutCmd() *cobra.Command {
	var all, local bool
	var flag *string
	cmd := &cobra.Command{
		Use: "logout [ACCOUNT]", Short: "Revoke at the provider and forget", Long: logoutLong,
		Example: "  socialauth logout facebook\n  socialauth logout --all",
		Args:    maxArgs(1), ValidArgsFunction: a.completeAccounts,
		RunE: func(cmd *cobra.Command, args []string) error {
			if all && (len(args) > 0 || *flag != "") {
				return usagef("--all takes no account")
			}
			return a.runLogout(cmd.Context(), args, *flag, all, local)
		},
	}
	flag = accountFlag(cmd)
	cmd.Flags().BoolVar(&all, "all", false, "every account")
	cmd.Flags().BoolVar(&local, "local-only", false, "do not ask the provider to end the grant")
	return cmd
}

func (a *App) runLogout(ctx context.Context, args []string, flag string, all, local bool) error {
	w, err := a.open()
	if err != nil {
		return err
	}
	var refs []account.Ref
	var failed error
	if all {
		list, err := w.accounts.List()
		if err != nil {
			return err
		}
		for _, info := range list {
			if info.Damaged != nil {
				failed = errors.Join(failed, info.Damaged)
				continue
			}
			refs = append(refs, info.Account)
		}
	} else {
		ref, err := w.account(a, args, flag)
		if err != nil {
			return err
		}
		refs = []account.Ref{ref}
	}
	for _, ref := range refs {
		failed = errors.Join(failed, a.signOut(ctx, w, ref, local))
	}
	return failed
}

// signOut signs one account out and says what became of it.
func (a *App) signOut(ctx context.Context, w *world, ref account.Ref, local bool) error {
	done, err := w.accounts.SignOut(ctx, ref, local)
	if err != nil {
		failure := describe(err)
		if failure.Exit == exitLocal && !local {
			failure.hint("to forget it without ending the grant: socialauth logout %s --local-only", ref)
		}
		return failure
	}
	if s := config.LoadState(w.paths.State); s.DefaultAccount == ref.String() {
		if err := (config.State{}).Save(w.paths.State); err != nil {
			return err
		}
	}
	name := term.NewStyle(a.Term.StderrColor).Name(ref.String())
	switch {
	case local:
		a.note("Forgot %s. The grant at the provider still stands.", name)
	case done.Revoked:
		a.note("Signed out of %s: revoked at the provider and forgotten here.", name)
	case errors.Is(done.Problem, oauth.ErrUnsupported):
		a.note("Forgot %s.", name)
		a.warn("the provider has no way to revoke a grant from a program; remove the app in your account's settings there")
	default:
		a.note("Forgot %s.", name)
		a.warn("the grant could not be revoked at the provider: " + describe(done.Problem).Message)
	}
	return nil
}

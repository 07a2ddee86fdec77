package cli

import (
	"strings"

	"github.com/spf13/cobra"
)

const rootLong = `socialauth gets, keeps, freshens, shows and checks tokens from social and OpenID
Connect providers, for developers and their scripts.

  socialauth login facebook          sign in with the browser
  socialauth token print facebook    print a valid access token, and nothing else
  socialauth decode TOKEN            show what is inside a token
  socialauth demo                    see all of it, offline, without an account`

// newRootCmd builds the whole command tree, which costs well under a
// millisecond and touches nothing outside.
func (a *App) newRootCmd() *cobra.Command {
	root := group("socialauth", "Tokens from social login, for developers and their scripts", rootLong,
		a.newLoginCmd(), a.newLogoutCmd(), a.newStatusCmd(), a.newSwitchCmd(), a.newProfileCmd(),
		a.newTokenCmd(), a.newDecodeCmd(), a.newVerifyCmd(), a.newKeyCmd(), a.newProviderCmd(),
		a.newEmulateCmd(), a.newDemoCmd(), a.newCompletionCmd(), a.newVersionCmd(), a.newWorkerCmd(),
	)
	root.SilenceErrors, root.SilenceUsage = true, true
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetIn(a.Stdin)
	root.SetOut(a.out)
	root.SetErr(a.Stderr)
	root.SetFlagErrorFunc(flagError)
	root.SetHelpCommand(a.newHelpCmd())
	flags := root.PersistentFlags()
	flags.BoolVar(&a.flags.json, "json", false, "print one JSON object instead of text; errors too")
	flags.BoolVar(&a.flags.noInput, "no-input", false, "never ask anything")
	flags.BoolVar(&a.flags.debug, "debug", false, "say on stderr which requests are made (no secrets)")
	return root
}

// flagError words what pflag found wrong, without repeating a secret that
// somebody typed as a flag's value (C06, C07).
func flagError(cmd *cobra.Command, err error) error {
	e := usagef("%s", redactSecrets(err.Error()))
	for _, name := range []string{"client-secret", "secret", "token", "password", "passphrase", "hmac-key", "refresh-token"} {
		if strings.HasSuffix(err.Error(), "unknown flag: --"+name) {
			return usagef("there is no --%s: a command line is visible to every program on this machine, so no flag takes a secret", name).
				hint("give it on stdin, in a file or in the environment; see: %s --help", cmd.CommandPath())
		}
	}
	return e.hint("%s --help", cmd.CommandPath())
}

// exactArgs and maxArgs are cobra's checks in the words of this program.
func exactArgs(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < n:
			return usagef("%s needs %s", cmd.CommandPath(), what).hint("%s --help", cmd.CommandPath())
		case len(args) > n:
			return usagef("%s takes %s and nothing more", cmd.CommandPath(), what).hint("%s --help", cmd.CommandPath())
		}
		return nil
	}
}

func maxArgs(n int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) > n {
			what := "no arguments"
			if n == 1 {
				what = "one argument"
			}
			return usagef("%s takes %s, not %d", cmd.CommandPath(), what, len(args)).hint("%s --help", cmd.CommandPath())
		}
		return nil
	}
}

package cli

import (
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
		a.newTokenCmd(), a.newDecodeCmd(), a.newVerifyCmd(), a.newKeyCmd(), a.newVaultCmd(), a.newProviderCmd(),
		a.newEmulateCmd(), a.newDemoCmd(), a.newCompletionCmd(), a.newVersionCmd(), a.newWorkerCmd(),
	)
	root.SilenceErrors, root.SilenceUsage = true, true
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetIn(a.Stdin)
	root.SetOut(a.out)
	root.SetErr(a.Stderr)
	root.SetFlagErrorFunc(flagError)
	root.PersistentPreRunE = checkFlagGroups
	root.SetHelpCommand(a.newHelpCmd())
	flags := root.PersistentFlags()
	flags.BoolVar(&a.flags.json, "json", false, "print one JSON object instead of text; errors too")
	flags.BoolVar(&a.flags.noInput, "no-input", false, "never ask anything")
	flags.BoolVar(&a.flags.debug, "debug", false, "say on stderr which requests are made (no secrets)")
	return root
}

package cli

import (
	"slices"

	"github.com/spf13/cobra"
)

const rootLong = `socialauth gets, keeps, freshens, shows and checks tokens from social and OpenID
Connect providers, for developers and their scripts.

  socialauth login facebook          sign in with the browser
  socialauth token print facebook    print a valid access token, and nothing else
  socialauth decode TOKEN            show what is inside a token
  socialauth demo                    see all of it, offline, without an account`

// command is a command of the first level, made when it is needed.
type command struct {
	name string
	make func() *cobra.Command
	// stateless: it has nothing to finish when it is interrupted.
	stateless bool
}

func (a *App) commands() []command {
	return []command{
		{"login", a.newLoginCmd, false},
		{"logout", a.newLogoutCmd, false},
		{"status", a.newStatusCmd, true},
		{"switch", a.newSwitchCmd, false},
		{"profile", a.newProfileCmd, false},
		{"token", a.newTokenCmd, false},
		{"decode", a.newDecodeCmd, true},
		{"verify", a.newVerifyCmd, true},
		{"key", a.newKeyCmd, false},
		{"vault", a.newVaultCmd, false},
		{"provider", a.newProviderCmd, true},
		{"emulate", a.newEmulateCmd, false},
		{"demo", a.newDemoCmd, false},
		{"completion", a.newCompletionCmd, true},
		{"version", a.newVersionCmd, true},
		{workerCommand, a.newWorkerCmd, false},
	}
}

// newRootCmd builds the command tree, and touches nothing outside. Where the
// first word is a command, that one alone is made: a command line that prints a
// token or decodes one should not pay for all the others' flags. Everything else,
// help and completion above all, sees the whole tree.
func (a *App) newRootCmd(first string) *cobra.Command {
	all := a.commands()
	if i := slices.IndexFunc(all, func(c command) bool { return c.name == first }); i >= 0 && first != "completion" {
		all = all[i : i+1]
	}
	made := make([]*cobra.Command, len(all))
	for i, c := range all {
		made[i] = c.make()
	}
	root := group("socialauth", "Tokens from social login, for developers and their scripts", rootLong, made...)
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

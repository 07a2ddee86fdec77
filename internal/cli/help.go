package cli

import (
	"github.com/spf13/cobra"
)

const exitCodesHelp = `Exit codes. Scripts may branch on them; they do not change.

  0    done, and the output was really written
  1    a failure without a better code: malformed input, an internal error
  2    wrong usage or configuration
  3    a sign-in is needed: no account, refused or ended grant, nobody there to ask
  4    refused for safety, or verification failed
  5    the provider or the network failed; trying again may help
  6    something on this machine failed: keyring, disk, lock, port
  7    the person said no, or did not answer in time
  130  ended by Ctrl-C    141  the reader of the output went away    143  terminated

With --json a failure is one JSON object on stderr: code, message, hint, exit_code.
`

const environmentHelp = `Environment. A flag comes before its variable, a variable before config.toml.

  SOCIALAUTH_HOME             one folder for configuration, data and state
  SOCIALAUTH_CONFIG           the configuration file, instead of config.toml in its place
  SOCIALAUTH_ACCOUNT          the account that is meant when none is named
  SOCIALAUTH_STORAGE          where the vault's key is kept: keyring, passphrase or key-file
  SOCIALAUTH_PASSPHRASE_FILE  file with the passphrase of the vault
  SOCIALAUTH_PASSPHRASE       the passphrase itself (a file is better)
  CREDENTIALS_DIRECTORY       its file socialauth-passphrase is read too (systemd)
  SOCIALAUTH_<PROVIDER>_CLIENT_ID, _CLIENT_SECRET, _REDIRECT_URI, _SCOPES
                              your app at a provider, such as SOCIALAUTH_FACEBOOK_CLIENT_ID
  SOCIALAUTH_EMULATOR         base URL of an emulator: every provider moves there
  SOCIALAUTH_NO_INPUT         never ask anything (also when CI is set)
  BROWSER                     unset: the system's browser; none: print the URL; else a
                              program and its arguments, run without a shell
  NO_COLOR, TERM=dumb         no colour
  HTTPS_PROXY, HTTP_PROXY, NO_PROXY
                              proxies; never used for this machine

config.toml (unknown keys are errors):

  storage = "keyring"
  [jwt]
  key = "default"             ttl = "1h"          issuer = "socialauth"
  audience = ["socialauth"]   keyring = false     login = true
  [clients.facebook]
  client_id = "…"             client_secret_file = "/path"
  redirect_uri = "…"          scopes = ["email"]
`

// newHelpCmd is cobra's help, with two topics and with a failure for a topic
// that does not exist.
func (a *App) newHelpCmd() *cobra.Command {
	help := &cobra.Command{
		Use: "help [COMMAND|TOPIC]", Short: "Help about a command, or about exit-codes or environment",
		Long: "Help about a command, or about one of the topics exit-codes and environment.",
		RunE: func(cmd *cobra.Command, args []string) error {
			target, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 || target == nil {
				return usagef("there is no help about %q", redactSecrets(lastOf(args))).hint("socialauth --help")
			}
			target.InitDefaultHelpFlag()
			return target.Help()
		},
	}
	topic := func(name, short, text string) *cobra.Command {
		return &cobra.Command{
			Use: name, Short: short, Long: text, Args: maxArgs(0), DisableFlagsInUseLine: true,
			RunE: func(*cobra.Command, []string) error {
				a.print(text)
				return nil
			},
		}
	}
	help.AddCommand(topic("exit-codes", "The exit codes", exitCodesHelp), topic("environment", "Variables and config.toml", environmentHelp))
	return help
}

func lastOf(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return args[len(args)-1]
}

// Socialauth gets, keeps, freshens, shows and checks tokens from social and
// OpenID Connect providers, for developers and their scripts.
//
// Usage:
//
//	socialauth COMMAND [ARGUMENT…] [--json] [--no-input] [--debug]
//
//	socialauth login facebook          sign in with the browser
//	socialauth token print facebook    print a valid access token, and nothing else
//	socialauth decode TOKEN            show what is inside a token
//	socialauth demo                    see all of it, offline, without an account
//
// # Commands
//
// An ACCOUNT is a provider, or a provider and a name: facebook, facebook/work.
// When none is named it is --account, SOCIALAUTH_ACCOUNT, the choice of switch, or
// the only account there is. A provider is a preset, a file of your own, or the
// URL of an OpenID Connect issuer.
//
//	login PROVIDER|ISSUER      sign in and keep the tokens
//	logout [ACCOUNT]           revoke at the provider and forget
//	status [ACCOUNT]           accounts, identities, scopes, expiry; asks nobody
//	switch ACCOUNT             the account that is meant when none is named
//	profile [ACCOUNT]          ask the provider who the account is
//	token print [ACCOUNT]      a valid token and a newline, nothing else
//	token mint [ACCOUNT]       sign a JWT about the account with a key of yours
//	token refresh, revoke, introspect
//	decode [TOKEN|-]           show what is inside a token, unchecked
//	verify [TOKEN|-]           check a token's signature and claims
//	key new, list, import, rotate, export, jwks, delete
//	                           your own signing keys
//	provider list, show        what is known about the providers
//	vault status, migrate, reset
//	                           where things are kept
//	emulate [PROVIDER…]        stand-ins for the providers, offline
//	demo                       the whole story, offline
//	completion, version, help  always work, whatever else is broken
//
// socialauth help COMMAND says more about each.
//
// # Output
//
// Standard output is data, standard error is for people. With --json data is one
// JSON object with snake_case names and times in RFC 3339 and UTC, and a failure is
// one JSON object on standard error: code, message, hint, exit_code. Without a
// terminal, with NO_COLOR or with TERM=dumb there is no escape byte. Text from a
// token, a provider or a file is escaped before a terminal sees it.
//
// # Exit codes
//
// Scripts may branch on them; they do not change.
//
//	0    done, and the output was really written
//	1    a failure without a better code: malformed input, an internal error
//	2    wrong usage or configuration
//	3    a sign-in is needed: no account, refused or ended grant, nobody there to ask
//	4    refused for safety, or verification failed
//	5    the provider or the network failed; trying again may help
//	6    something on this machine failed: keyring, disk, lock, port
//	7    the person said no, or did not answer in time
//	130  ended by Ctrl-C    141  the reader of the output went away    143  terminated
//
// # Environment
//
// A flag comes before its variable, a variable before config.toml; socialauth help
// environment lists them all. The ones that matter first:
//
//	SOCIALAUTH_<PROVIDER>_CLIENT_ID, SOCIALAUTH_<PROVIDER>_CLIENT_SECRET
//	                      your app at the provider
//	SOCIALAUTH_STORAGE    where the vault's key is kept: keyring, passphrase, key-file
//	SOCIALAUTH_HOME       one folder for configuration, data and state
//	SOCIALAUTH_EMULATOR   base URL of an emulator: every provider moves there
//	BROWSER               unset, none, or a program; it is run without a shell
//
// # Files
//
// Under SOCIALAUTH_HOME, or else in the folders of the platform (XDG on Unix):
//
//	config.toml           settings; an unknown key is an error with its line
//	providers/NAME.toml   a provider of your own, in the form that provider show
//	                      NAME --toml prints
//	data/                 the vault: one sealed record for each account and key
//	state/                the choice of switch
//
// Nothing is read from the current directory.
//
// # Security
//
// Records are sealed with AES-256-GCM under one key, which lies in the keyring of
// the system, behind a passphrase, or in a file beside them; the choice is yours and
// is never changed silently. Sign-in is the authorization code flow with PKCE, state
// and nonce over a listener on loopback; the code is sent once. A token goes only to
// the server that gave it.
//
// No flag takes a secret, because a command line is visible to every program on the
// machine. A program that is started, such as a browser, does not inherit the
// secrets of the environment. On Linux the process cannot be traced or leave a core
// file, and it refuses to run setuid. If standard output was closed by the starter
// (>&-), the system makes it /dev/null and what is printed is lost unnoticed.
//
// decode checks nothing and says so; only verify with exit status 0 means that a
// token is good. SECURITY.md says what is promised and what is not.
package main

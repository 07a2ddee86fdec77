package cli

import (
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/socialauth/socialauth/internal/account"
	"github.com/socialauth/socialauth/internal/config"
	"github.com/socialauth/socialauth/internal/oauth"
	"github.com/socialauth/socialauth/internal/plain"
	"github.com/socialauth/socialauth/internal/term"
)

const statusLong = `Show the accounts, what they may do and how long their tokens are good.

It asks neither the network nor the keyring, so it is fast and changes nothing: what
it shows is what was true at the last sign-in or renewal.`

// statusJSON is one account in the --json of status and login.
type statusJSON struct {
	Account          string           `json:"account"`
	Provider         string           `json:"provider"`
	Issuer           string           `json:"issuer,omitempty"`
	Server           string           `json:"server"`
	ClientID         string           `json:"client_id"`
	Identity         account.Identity `json:"identity"`
	Scopes           []string         `json:"scopes"`
	DeniedScopes     []string         `json:"denied_scopes,omitempty"`
	State            string           `json:"state"` // "valid", "expired", "unknown" or "damaged"
	ExpiresAt        *string          `json:"expires_at"`
	Renewable        bool             `json:"renewable"`
	RefreshExpiresAt *string          `json:"refresh_expires_at,omitempty"`
	SignedInAt       *string          `json:"signed_in_at"`
	HasIDToken       bool             `json:"has_id_token"`
	JWT              *jwtJSON         `json:"jwt,omitempty"`
	Default          bool             `json:"default"`
	Storage          string           `json:"storage"`
	Problem          string           `json:"problem,omitempty"`
	File             string           `json:"file,omitempty"` // of a damaged record, which may not say whose it is
}

// name is the account's, or the file's where a damaged record does not say it.
func (v statusJSON) name() string {
	if v.Account == "" {
		return plain.Escape(filepath.Base(v.File))
	}
	return v.Account
}

type jwtJSON struct {
	Key       string   `json:"key"`
	Issuer    string   `json:"issuer"`
	Audience  []string `json:"audience"`
	ExpiresAt *string  `json:"expires_at"`
	Keyring   bool     `json:"keyring"`
}

func (a *App) newStatusCmd() *cobra.Command {
	var flag *string
	cmd := &cobra.Command{
		Use: "status [ACCOUNT]", Short: "Show accounts, identities, scopes and expiry", Long: statusLong,
		Args: maxArgs(1), ValidArgsFunction: a.completeAccounts,
		RunE: func(_ *cobra.Command, args []string) error { return a.runStatus(args, *flag) },
	}
	flag = accountFlag(cmd)
	return cmd
}

func (a *App) runStatus(args []string, flag string) error {
	w, err := a.open()
	if err != nil {
		return err
	}
	vaultInfo, err := w.accounts.Vault.Info()
	if err != nil {
		return err
	}
	list, err := w.accounts.List()
	if err != nil {
		return err
	}
	if len(args) > 0 || flag != "" {
		ref, err := w.account(a, args, flag)
		if err != nil {
			return err
		}
		info, err := w.accounts.Info(ref)
		if err != nil {
			return err
		}
		list = []account.Info{*info}
	}
	chosen, source := w.defaultAccount(a)
	views := []statusJSON{}
	for _, info := range list {
		v := a.statusOf(&info, string(vaultInfo.Storage))
		v.Default = info.Damaged == nil && info.Account == chosen
		views = append(views, v)
	}
	if a.flags.json {
		return a.printJSON(map[string]any{
			"accounts": views, "storage": vaultInfo.Storage, "data": vaultInfo.Dir,
			"default_account": nilIfEmpty(chosen.String()), "default_source": nilIfEmpty(source),
		})
	}
	if len(views) == 0 {
		a.note("No accounts. Sign in with: socialauth login PROVIDER")
		return nil
	}
	a.printStatus(views, chosen, source, string(vaultInfo.Storage))
	return nil
}

// defaultAccount is what commands without an account mean, and why.
func (w *world) defaultAccount(a *App) (account.Ref, string) {
	named := w.named(a, nil, "")
	ref, err := w.accounts.Resolve(named.Value)
	if err != nil {
		return account.Ref{}, ""
	}
	if !named.Set() {
		return ref, "only account"
	}
	return ref, named.Source
}

// statusOf is the one view of an account that text and JSON are made from.
func (a *App) statusOf(info *account.Info, storage string) statusJSON {
	if info.Damaged != nil {
		return statusJSON{Account: info.Account.String(), Scopes: []string{}, State: "damaged", Storage: storage, Problem: describe(info.Damaged).Message, File: info.Path}
	}
	v := statusJSON{
		Account: info.Account.String(), Provider: info.Provider, Issuer: info.Issuer, Server: info.Server, ClientID: info.ClientID,
		Identity: info.Identity, Scopes: append([]string{}, info.Scopes...), DeniedScopes: info.Denied, State: a.stateOf(info),
		ExpiresAt: rfc3339(info.ExpiresAt), Renewable: info.Renewable, RefreshExpiresAt: rfc3339(info.RefreshExpiresAt),
		SignedInAt: rfc3339(info.SignedInAt), HasIDToken: info.HasIDToken, Storage: storage,
	}
	if j := info.JWT; j != nil {
		v.JWT = &jwtJSON{Key: j.Key, Issuer: j.Issuer, Audience: j.Audience, ExpiresAt: rfc3339(j.ExpiresAt), Keyring: j.Keyring}
	}
	return v
}

func (a *App) stateOf(info *account.Info) string {
	switch {
	case info.Expiry == oauth.ExpiryNever:
		return "valid"
	case info.Expiry == oauth.ExpiryUnknown:
		return "unknown"
	case info.ExpiresAt.After(a.Now()):
		return "valid"
	}
	return "expired"
}

func (a *App) printStatus(views []statusJSON, chosen account.Ref, source, storage string) {
	if !a.Term.StdoutTTY {
		// For scripts that do not want JSON: one line an account, tabs between.
		for _, v := range views {
			a.print(strings.Join([]string{
				v.name(), v.State, plain.Escape(v.Identity.Display()), strings.Join(v.Scopes, " "), deref(v.ExpiresAt), v.Storage,
			}, "\t") + "\n")
		}
		return
	}
	style := term.NewStyle(a.Term.StdoutColor)
	rows := [][]string{{style.Faint("account"), style.Faint("who"), style.Faint("token"), style.Faint("scopes")}}
	for _, v := range views {
		name := style.Name(v.name())
		if v.Default {
			name += " " + style.Bold("*")
		}
		rows = append(rows, []string{name, plain.Cut(v.Identity.Display(), 40), a.stateWords(style, v), plain.Cut(strings.Join(v.Scopes, " "), 60)})
	}
	a.print(term.Table(rows))
	a.print("\n" + style.Faint("kept in: "+storageWords(storage)) + "\n")
	if source != "" {
		a.print(style.Faint("* "+chosen.String()+" is used when no account is named ("+source+")") + "\n")
	}
}

func (a *App) stateWords(style term.Style, v statusJSON) string {
	switch {
	case v.State == "damaged":
		return style.Bad("damaged")
	case v.ExpiresAt == nil && v.State == "valid":
		return style.Good("does not expire")
	case v.State == "unknown":
		return style.Warn("expiry unknown")
	}
	t, err := time.Parse(time.RFC3339, *v.ExpiresAt)
	if err != nil {
		return v.State
	}
	switch {
	case v.State == "valid":
		return style.Good("expires " + relative(a.Now(), t))
	case v.Renewable:
		return style.Warn("expired " + relative(a.Now(), t) + ", will be renewed")
	}
	return style.Bad("expired " + relative(a.Now(), t))
}

// storageWords explains a storage in a few words.
func storageWords(storage string) string {
	switch storage {
	case "keyring":
		return "encrypted files, their key in the OS keyring"
	case "passphrase":
		return "encrypted files, their key behind your passphrase"
	case "key-file":
		return "encrypted files, their key in a file beside them"
	}
	return storage
}

func nilIfEmpty(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func (a *App) newSwitchCmd() *cobra.Command {
	return &cobra.Command{
		Use: "switch ACCOUNT", Short: "Set the account that is meant when none is named",
		Long:              "Set the account that is meant when none is named. SOCIALAUTH_ACCOUNT and --account come first.",
		Args:              oneArg("an account"),
		ValidArgsFunction: a.completeAccounts,
		RunE: func(_ *cobra.Command, args []string) error {
			w, err := a.open()
			if err != nil {
				return err
			}
			ref, err := w.accounts.Resolve(args[0])
			if err != nil {
				return err
			}
			if _, err := w.accounts.Info(ref); err != nil {
				return err
			}
			if err := (config.State{DefaultAccount: ref.String()}).Save(w.paths.State); err != nil {
				return err
			}
			a.note("%s is now used when no account is named.", term.NewStyle(a.Term.StderrColor).Name(ref.String()))
			return nil
		},
	}
}

package cli

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/socialauth/socialauth/internal/plain"
	"github.com/socialauth/socialauth/internal/term"
	"github.com/socialauth/socialauth/internal/vault"
)

func (a *App) newVaultCmd() *cobra.Command {
	return group("vault", "Where tokens and keys are kept",
		"Where tokens and keys are kept: one key in the OS keyring, behind a passphrase or in a file, and one sealed file an account.",
		a.newVaultStatusCmd(), a.newVaultMigrateCmd(), a.newVaultResetCmd())
}

// openAny opens the vault whatever storage was asked for: what is recorded counts.
func (a *App) openAny() (*world, error) {
	paths, file, err := a.configuration()
	if err != nil {
		return nil, err
	}
	return a.openWith(paths, file, "")
}

func (a *App) newVaultStatusCmd() *cobra.Command {
	return &cobra.Command{
		Use: "status", Short: "Show where things are kept", Args: maxArgs(0),
		Long: "Show where things are kept, and how many there are. It asks neither the keyring nor for the passphrase.",
		RunE: func(*cobra.Command, []string) error {
			w, err := a.open()
			if err != nil {
				return err
			}
			info, err := w.accounts.Vault.Info()
			if err != nil {
				return err
			}
			counts := map[string]int{}
			damaged := []string{}
			for _, kind := range vault.Kinds() {
				headers, err := w.accounts.Vault.List(kind)
				if err != nil {
					return err
				}
				for _, h := range headers {
					counts[kind]++
					if h.Damaged != nil {
						damaged = append(damaged, h.Path)
					}
				}
			}
			return a.printVault(info, counts, damaged)
		},
	}
}

func (a *App) printVault(info vault.Info, counts map[string]int, damaged []string) error {
	if a.flags.json {
		return a.printJSON(map[string]any{
			"exists": info.Exists, "storage": info.Storage, "vault_id": nilIfEmpty(info.VaultID), "key_item": nilIfEmpty(info.KeyItem),
			"data": info.Dir, "created_at": rfc3339(info.Created), "records": map[string]int{
				"account": counts[vault.KindAccount], "key": counts[vault.KindKey], "secret": counts[vault.KindSecret],
			}, "damaged": damaged,
		})
	}
	if !info.Exists {
		a.note("There is no vault yet; the first sign-in makes one (storage: %s).", info.Storage)
		return nil
	}
	style := term.NewStyle(a.Term.StdoutColor)
	rows := [][]string{
		{style.Name("storage"), string(info.Storage) + " (" + storageWords(string(info.Storage)) + ")"},
		{style.Name("data"), plain.Escape(info.Dir)},
		{style.Name("vault id"), info.VaultID},
	}
	if info.KeyItem != "" {
		rows = append(rows, []string{style.Name("key"), plain.Escape(info.KeyItem)})
	}
	rows = append(rows, []string{style.Name("created"), *rfc3339(info.Created)})
	for _, kind := range vault.Kinds() {
		if counts[kind] > 0 {
			rows = append(rows, []string{style.Name(kind + "s"), plural(counts[kind], "record")})
		}
	}
	for _, path := range damaged {
		rows = append(rows, []string{style.Bad("damaged"), plain.Escape(path)})
	}
	a.print(term.Table(rows))
	return nil
}

const vaultMigrateLong = `Move the vault's key to another storage: keyring, passphrase or key-file.

Only the key is wrapped anew. It is written to the new place, read back and compared;
then the vault is switched, and only then is the old place emptied. Accounts are not
touched, and whatever fails leaves everything as it was.`

func (a *App) newVaultMigrateCmd() *cobra.Command {
	var to string
	cmd := &cobra.Command{
		Use: "migrate --to STORAGE", Short: "Move the vault's key to another storage", Long: vaultMigrateLong, Args: maxArgs(0),
		Example: "  socialauth vault migrate --to keyring",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := oneOf("--to", to, string(vault.InKeyring), string(vault.Passphrase), string(vault.KeyFile)); err != nil {
				return err
			}
			w, err := a.openAny()
			if err != nil {
				return err
			}
			done, err := w.accounts.Vault.Migrate(cmd.Context(), vault.Storage(to))
			if err != nil {
				return err
			}
			a.note("The vault's key has moved from %s to %s; no account was touched.", done.From, done.To)
			if done.Err != nil {
				a.warn("the old place could not be emptied: " + done.Left + ": " + done.Err.Error())
			}
			if set := a.Env.FromEnv("SOCIALAUTH_STORAGE"); set.Set() && set.Value != to {
				a.warn("SOCIALAUTH_STORAGE still says " + set.Value + "; unset it")
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&to, "to", "", "keyring, passphrase or key-file")
	_ = cmd.MarkFlagRequired("to")
	return cmd
}

const vaultResetLong = `Start anew when the vault's key is lost for good: everything is moved aside into a
folder of its own. Nothing is deleted; should the key turn up, the folder is a vault
again. Every account then needs a new sign-in.`

func (a *App) newVaultResetCmd() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use: "reset", Short: "Move everything aside and start anew", Long: vaultResetLong, Args: maxArgs(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !yes {
				return (&Error{Exit: exitRefused, Code: "confirmation_required", Message: "every account needs a new sign-in after a reset"}).
					hint("if you mean it: socialauth vault reset --yes")
			}
			w, err := a.openAny()
			if err != nil {
				return err
			}
			aside, n, err := w.accounts.Vault.Reset(cmd.Context())
			if err != nil {
				return err
			}
			a.note("Moved %s to %s. The next sign-in makes a new vault.", plural(n, "record"), plain.Escape(aside))
			return nil
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "yes, move everything aside")
	return cmd
}

// plural counts things in words.
func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}

// settle proves that the vault can keep something. Where there is no keyring
// and nothing was chosen yet, a person at a terminal is asked once where the key
// shall be kept; nobody else is, and nothing is ever chosen for them (S01).
func (a *App) settle(ctx context.Context, w *world) (*world, error) {
	err := w.accounts.Vault.Prove(ctx)
	var absent *vault.KeyringAbsentError
	if err == nil || !errors.As(err, &absent) || a.noInput() {
		return w, err
	}
	info, infoErr := w.accounts.Vault.Info()
	if choice, _ := a.storage(w.file); infoErr != nil || info.Exists || choice != "" {
		return w, err
	}
	a.note("There is no OS keyring here (%s). The key of your vault can be kept", absent.Reason)
	a.note("  p  behind a passphrase, which you are asked for each time (or give in SOCIALAUTH_PASSPHRASE_FILE)")
	a.note("  f  in a file of mode 0600, which protects against nothing that runs as you")
	answer, askErr := term.ReadLine(ctx, "p, f, or anything else to stop")
	if askErr != nil {
		return w, err
	}
	storage := vault.Storage("")
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "p":
		storage = vault.Passphrase
	case "f":
		storage = vault.KeyFile
	default:
		return w, err
	}
	if w, err = a.openWith(w.paths, w.file, storage); err != nil {
		return nil, err
	}
	return w, w.accounts.Vault.Prove(ctx)
}

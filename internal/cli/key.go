package cli

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"github.com/socialauth/socialauth/internal/account"
	"github.com/socialauth/socialauth/internal/jose"
	"github.com/socialauth/socialauth/internal/plain"
	"github.com/socialauth/socialauth/internal/term"
)

func (a *App) newKeyCmd() *cobra.Command {
	return group("key", "Your own signing keys", "Your own signing keys. They are kept in the vault, like tokens.",
		a.newKeyNewCmd(), a.newKeyListCmd(), a.newKeyImportCmd(), a.newKeyRotateCmd(), a.newKeyExportCmd(), a.newKeyJWKSCmd(), a.newKeyDeleteCmd())
}

func (a *App) newKeyNewCmd() *cobra.Command {
	var alg, name string
	cmd := &cobra.Command{
		Use: "new", Short: "Make a signing key",
		Long: "Make a signing key. The key called \"default\" signs when no other is named.",
		Args: maxArgs(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			w, err := a.open()
			if err != nil {
				return err
			}
			info, err := w.accounts.NewKey(cmd.Context(), name, alg)
			if err != nil {
				return err
			}
			return a.reportKey("Made", info)
		},
	}
	cmd.Flags().StringVar(&alg, "alg", account.DefaultAlg, strings.Join(jose.Algorithms(), ", "))
	cmd.Flags().StringVar(&name, "name", account.DefaultKey, "name of the key")
	return cmd
}

func (a *App) reportKey(verb string, info *account.KeyInfo) error {
	if a.flags.json {
		return a.printJSON(info)
	}
	a.note("%s the key %s (%s, kid %s).", verb, term.NewStyle(a.Term.StderrColor).Name(info.Name), info.Alg, plain.Escape(info.KeyID))
	return nil
}

func (a *App) newKeyListCmd() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the signing keys", Long: "List the signing keys, without opening the keyring.", Args: maxArgs(0),
		RunE: func(*cobra.Command, []string) error {
			w, err := a.open()
			if err != nil {
				return err
			}
			keys, err := w.accounts.Keys()
			if err != nil {
				return err
			}
			if a.flags.json {
				return a.printJSON(map[string]any{"keys": keys})
			}
			if len(keys) == 0 {
				a.note("No keys. One is made at the first sign-in, or with: socialauth key new")
			}
			style, rows := term.NewStyle(a.Term.StdoutColor), [][]string{}
			for _, k := range keys {
				rows = append(rows, []string{style.Name(k.Name), k.Alg, plain.Escape(k.KeyID), *rfc3339(k.CreatedAt)})
				for _, r := range k.Retired {
					if a.Now().Before(r.PublishUntil) {
						rows = append(rows, []string{"", r.Alg, plain.Escape(r.KeyID), *rfc3339(r.RetiredAt), style.Faint("retired; published until " + *rfc3339(r.PublishUntil))})
					}
				}
			}
			a.print(term.Table(rows))
			return nil
		},
	}
}

type importOptions struct{ name, hmac, file, alg string }

const keyImportLong = `Keep a key that was made elsewhere.

--hmac-file takes a shared secret as it stands in the file (one final newline is not
part of it): with HS256 a back end that knows SECRET_KEY can check what you mint.
--file takes a private key in PEM or as a JWK. The file is read and not changed.`

func (a *App) newKeyImportCmd() *cobra.Command {
	var o importOptions
	cmd := &cobra.Command{
		Use: "import", Short: "Keep a key that was made elsewhere", Long: keyImportLong, Args: maxArgs(0),
		Example: "  socialauth key import --hmac-file secret.txt --name tutorial",
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.runKeyImport(cmd.Context(), o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.name, "name", account.DefaultKey, "name of the key")
	f.StringVar(&o.hmac, "hmac-file", "", "file with an HMAC secret")
	f.StringVar(&o.file, "file", "", "file with a private key, PEM or JWK")
	f.StringVar(&o.alg, "alg", "", "algorithm, where the key does not say (HS256 for a secret)")
	cmd.MarkFlagsOneRequired("hmac-file", "file")
	cmd.MarkFlagsMutuallyExclusive("hmac-file", "file")
	return cmd
}

func (a *App) runKeyImport(ctx context.Context, o importOptions) error {
	w, err := a.open()
	if err != nil {
		return err
	}
	key, err := o.read()
	if err != nil {
		return err
	}
	info, err := w.accounts.AddKey(ctx, o.name, key)
	if err != nil {
		return err
	}
	a.warnReadable(o.file + o.hmac)
	return a.reportKey("Imported", info)
}

// warnReadable says that others have the secret too, or may (K15). What is kept
// here is safe; the file is not ours to change.
func (a *App) warnReadable(path string) {
	if info, err := os.Stat(path); err == nil && runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		a.warn(fmt.Sprintf("%s can be read by others (mode %04o); try: chmod 600 %s", path, info.Mode().Perm(), path))
	}
}

func (o importOptions) read() (*jose.Key, error) {
	path := o.file + o.hmac // one of them
	data, err := readKeyFile(path)
	if err != nil {
		return nil, err
	}
	var key *jose.Key
	if o.hmac != "" {
		alg := o.alg
		if alg == "" {
			alg = "HS256"
		}
		key, err = jose.HMACKey(trimNewline(data), alg)
	} else {
		key, err = parseKey(data, o.alg)
	}
	if err != nil {
		return nil, keyFileError(path, err)
	}
	return key, nil
}

const keyRotateLong = `Put a new key in the place of one: what is minted from now on is signed with it.

The public half of the old key stays in "key jwks", and "verify --local" takes its
tokens, until the last of them has expired, for a day at the least. The private half is
gone at once. An HMAC key has no public half: what it signed no longer verifies here.`

func (a *App) newKeyRotateCmd() *cobra.Command {
	var alg string
	cmd := &cobra.Command{
		Use: "rotate NAME", Short: "Replace a key by a new one", Long: keyRotateLong, Args: oneArg("the name of a key"),
		Example: "  socialauth key rotate default && socialauth key jwks > jwks.json",
		RunE: func(cmd *cobra.Command, args []string) error {
			w, err := a.open()
			if err != nil {
				return err
			}
			info, err := w.accounts.RotateKey(cmd.Context(), args[0], alg)
			if err != nil {
				return err
			}
			if err := a.reportKey("Rotated", info); err != nil || a.flags.json || len(info.Retired) == 0 {
				return err
			}
			old := info.Retired[0]
			a.note("The old one (kid %s) stays published until %s.", plain.Escape(old.KeyID), *rfc3339(old.PublishUntil))
			return nil
		},
	}
	cmd.Flags().StringVar(&alg, "alg", "", "algorithm of the new key (default: that of the old one)")
	return cmd
}

const keyExportLong = `Print a key: its public half unless --private is given.

The private half is printed on a terminal, where its owner sees it; into a pipe or a
file it needs --yes, so that no script takes it by accident. An HMAC key has no public
half.`

func (a *App) newKeyExportCmd() *cobra.Command {
	var public, private, yes bool
	var format string
	cmd := &cobra.Command{
		Use: "export NAME", Short: "Print a key", Long: keyExportLong, Args: oneArg("the name of a key"),
		Example: "  socialauth key export default > public.pem\n  socialauth key export tutorial --private --yes --format jwk",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := oneOf("--format", format, "pem", "jwk"); err != nil {
				return err
			}
			if private && !yes && !a.Term.StdoutTTY {
				return (&Error{Exit: exitRefused, Code: "confirmation_required", Message: "whoever has the private key can mint tokens in your name"}).
					hint("if you mean it: socialauth key export %s --private --yes", args[0])
			}
			return a.runKeyExport(cmd.Context(), args[0], private, format)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&public, "public", false, "the public half (the default)")
	f.BoolVar(&private, "private", false, "the private half, or the HMAC secret as a JWK")
	f.BoolVar(&yes, "yes", false, "yes, print the private half")
	f.StringVar(&format, "format", "pem", "pem or jwk")
	cmd.MarkFlagsMutuallyExclusive("public", "private")
	return cmd
}

func (a *App) runKeyExport(ctx context.Context, name string, private bool, format string) error {
	w, err := a.open()
	if err != nil {
		return err
	}
	key, err := w.accounts.Key(ctx, name)
	if err != nil {
		return err
	}
	if key.IsSymmetric() && !private {
		return usagef("%s is an HMAC key: it has no public half", name)
	}
	write := key.PEM
	if format == "jwk" || key.IsSymmetric() {
		write = key.MarshalJWK
	}
	data, err := write(private)
	if err != nil {
		return err
	}
	a.print(strings.TrimRight(string(data), "\n") + "\n")
	return nil
}

func (a *App) newKeyJWKSCmd() *cobra.Command {
	return &cobra.Command{
		Use: "jwks", Short: "Print the public keys as a JWK Set",
		Long: "Print the public half of every key as a JWK Set (RFC 7517), for the back end that checks what you mint.",
		Args: maxArgs(0),
		RunE: func(*cobra.Command, []string) error {
			w, err := a.open()
			if err != nil {
				return err
			}
			set, err := w.accounts.PublicKeys()
			if err != nil {
				return err
			}
			data, err := set.Marshal()
			if err != nil {
				return err
			}
			a.print(string(data) + "\n")
			return nil
		},
	}
}

func (a *App) newKeyDeleteCmd() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use: "delete NAME", Short: "Forget a key", Long: "Forget a key. What it signed can no longer be verified here.",
		Args: oneArg("the name of a key"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !yes {
				return (&Error{Exit: exitRefused, Code: "confirmation_required", Message: "a key that was deleted cannot be brought back"}).
					hint("if you mean it: socialauth key delete %s --yes", args[0])
			}
			w, err := a.open()
			if err != nil {
				return err
			}
			if err := w.accounts.DeleteKey(cmd.Context(), args[0]); err != nil {
				return err
			}
			a.note("Deleted the key %s.", plain.Escape(args[0]))
			return nil
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "yes, delete it")
	return cmd
}

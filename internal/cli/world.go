package cli

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/socialauth/socialauth/internal/account"
	"github.com/socialauth/socialauth/internal/config"
	"github.com/socialauth/socialauth/internal/httpx"
	"github.com/socialauth/socialauth/internal/provider"
	"github.com/socialauth/socialauth/internal/term"
	"github.com/socialauth/socialauth/internal/vault"
)

// world is what commands about accounts work with. It is made by
// [App.open] and opens nothing by itself.
type world struct {
	paths    config.Paths
	file     *config.File
	accounts *account.Service
	http     *http.Client
}

// open reads the configuration and puts the parts together.
func (a *App) open() (*world, error) {
	paths, file, err := a.configuration()
	if err != nil {
		return nil, err
	}
	storage, err := a.storage(file)
	if err != nil {
		return nil, err
	}
	return a.openWith(paths, file, storage)
}

// configuration finds the program's folders and reads config.toml.
func (a *App) configuration() (config.Paths, *config.File, error) {
	paths, err := config.FindPaths(a.Env)
	if err != nil {
		return paths, nil, err
	}
	file, err := config.Load(paths)
	return paths, file, err
}

// openWith is open with a storage that was chosen otherwise.
func (a *App) openWith(paths config.Paths, file *config.File, storage vault.Storage) (*world, error) {
	ring := a.keyring()
	v, err := vault.Open(vault.Options{
		Dir: paths.Data, Storage: storage, Keyring: ring, Passphrase: a.passphrase, Now: a.Now,
	})
	if err != nil {
		return nil, err
	}
	w := &world{paths: paths, file: file, http: a.httpClient()}
	w.accounts = &account.Service{
		Vault: v, Items: ring, HTTP: w.http, Now: a.Now,
		Provider: func(id string) (*provider.Provider, error) { return a.provider(paths, id) },
	}
	if a.Self != "" {
		w.accounts.Worker = a.startWorker
	}
	return w, nil
}

// storage is the person's choice, or "" for what is recorded.
func (a *App) storage(file *config.File) (vault.Storage, error) {
	choice := a.Env.FromEnv("SOCIALAUTH_STORAGE")
	if !choice.Set() && file.Storage != "" {
		choice = config.Setting[string]{Value: file.Storage, Source: file.Path}
	}
	s, err := vault.ParseStorage(choice.Value)
	if err != nil {
		return "", usagef("%s: %v", choice.Source, err)
	}
	return s, nil
}

func (a *App) keyring() vault.Keyring {
	if a.Keyring != nil {
		return a.Keyring
	}
	o := vault.SystemKeyringOptions{Getenv: a.Env}
	if !a.noInput() {
		o.Prompt = func() { a.note("socialauth: your keyring is locked; answer its question") }
	}
	return vault.SystemKeyring(o)
}

func (a *App) httpClient() *http.Client {
	o := httpx.Options{Base: a.Transport, UserAgent: "socialauth/" + a.version(), Now: a.Now}
	if a.flags.debug {
		o.Debug = a.Stderr
	}
	return httpx.NewClient(o)
}

// passphrase finds the passphrase of the vault: the environment, a file, the
// service manager's credentials, or the person.
func (a *App) passphrase(ctx context.Context) ([]byte, error) {
	if len(a.given) > 0 {
		return a.given, nil
	}
	if p := a.Env("SOCIALAUTH_PASSPHRASE"); p != "" {
		return []byte(p), nil
	}
	for _, file := range a.passphraseFiles() {
		data, err := readSecretFile(file)
		switch p := strings.TrimRight(string(data), "\r\n"); {
		case err == nil && len(p) > maxSecret:
			return nil, usagef("the passphrase from %s is longer than %d bytes", file, maxSecret)
		case err == nil:
			a.given = []byte(p)
			return a.given, nil
		case !errors.Is(err, os.ErrNotExist) || file == a.Env("SOCIALAUTH_PASSPHRASE_FILE"):
			return nil, usagef("the passphrase cannot be read: %v", err)
		}
	}
	if a.noInput() {
		return nil, vault.ErrNoPassphrase
	}
	p, err := term.ReadSecret(ctx, "Passphrase of the socialauth vault")
	if errors.Is(err, term.ErrNoTerminal) {
		return nil, vault.ErrNoPassphrase
	}
	a.given = p
	return p, err
}

func (a *App) passphraseFiles() []string {
	var files []string
	if f := a.Env("SOCIALAUTH_PASSPHRASE_FILE"); f != "" {
		files = append(files, f)
	}
	if dir := a.Env("CREDENTIALS_DIRECTORY"); dir != "" {
		files = append(files, filepath.Join(dir, "socialauth-passphrase"))
	}
	return files
}

// provider finds a provider by id: the person's own file first, then the
// presets. With SOCIALAUTH_EMULATOR its endpoints move there.
func (a *App) provider(paths config.Paths, id string) (*provider.Provider, error) {
	p, err := ownProvider(paths, id)
	if err != nil {
		return nil, err
	}
	if p == nil {
		if p, err = provider.Preset(id); err != nil {
			return nil, err
		}
	}
	base := a.Env("SOCIALAUTH_EMULATOR")
	if base == "" {
		return p, nil
	}
	moved, err := p.Rebase(base)
	if err != nil {
		return nil, usagef("SOCIALAUTH_EMULATOR: %v", err)
	}
	return moved, nil
}

// ownProvider loads the person's own provider file of that name, if there is one.
func ownProvider(paths config.Paths, id string) (*provider.Provider, error) {
	if !isProviderID(id) {
		return nil, nil //nolint:nilnil // no such file can exist
	}
	p, err := provider.Load(filepath.Join(paths.Providers, id+".toml"))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil //nolint:nilnil // none is an answer
	}
	if err != nil {
		return nil, err
	}
	if p.ID != id {
		return nil, usagef("%s: id is %q, but the file's name says %q", filepath.Join(paths.Providers, id+".toml"), p.ID, id)
	}
	return p, nil
}

func isProviderID(id string) bool {
	return id != "" && strings.Trim(id, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// ownProviders lists the ids of the person's own provider files. A file whose
// name no provider can have is none, and no shell is told of it (C14).
func ownProviders(paths config.Paths) []string {
	files, _ := filepath.Glob(filepath.Join(paths.Providers, "*.toml"))
	var ids []string
	for _, f := range files {
		if id := strings.TrimSuffix(filepath.Base(f), ".toml"); isProviderID(id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// accountFlag adds --account to a command that takes an account.
func accountFlag(cmd *cobra.Command) *string {
	return cmd.Flags().String("account", "", "the account, if not given as an argument")
}

// account finds the account a command is about: its argument, --account,
// SOCIALAUTH_ACCOUNT, the choice of switch, or the only one there is.
func (w *world) account(a *App, args []string, flag string) (account.Ref, error) {
	return w.accounts.Resolve(w.named(a, args, flag).Value)
}

// named is the account as it was named, with where that came from.
func (w *world) named(a *App, args []string, flag string) config.Setting[string] {
	var argument, flagged, choice config.Setting[string]
	if len(args) > 0 {
		argument = config.Setting[string]{Value: args[0], Source: "argument"}
	}
	if flag != "" {
		flagged = config.Setting[string]{Value: flag, Source: "--account"}
	}
	if s := config.LoadState(w.paths.State); s.DefaultAccount != "" {
		choice = config.Setting[string]{Value: s.DefaultAccount, Source: "switch"}
	}
	return config.First(argument, flagged, a.Env.FromEnv("SOCIALAUTH_ACCOUNT"), choice)
}

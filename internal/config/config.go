// Package config knows where settings come from: the environment, config.toml
// and the folders of the program, and what each setting's source was.
//
// It reads nothing from the current directory (C22) and follows no reference
// inside a file. config.toml is strictly decoded: an unknown key is an error
// with its line, because a misspelt setting that is silently ignored is a
// setting that does not hold. Secrets are not settings: they come from the
// environment, a file or a prompt, and are never written here.
package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/adrg/xdg"

	"github.com/socialauth/socialauth/internal/tomlfile"
)

// Env looks a variable up; unset and empty are the same.
type Env func(name string) string

// Setting is a value and where it came from: "--port", "SOCIALAUTH_ACCOUNT",
// "config.toml", "default". An unset one has an empty Source.
type Setting[T any] struct {
	Value  T
	Source string
}

// Set reports whether there is a value.
func (s Setting[T]) Set() bool { return s.Source != "" }

// First returns the first setting that is set, or the last.
func First[T any](settings ...Setting[T]) Setting[T] {
	for _, s := range settings {
		if s.Set() {
			return s
		}
	}
	return settings[len(settings)-1]
}

// FromEnv is the variable as a setting.
func (e Env) FromEnv(name string) Setting[string] {
	if v := e(name); v != "" {
		return Setting[string]{v, name}
	}
	return Setting[string]{}
}

// Bool reads a switch: unset, "", "0", "false" and "no" are off.
func (e Env) Bool(name string) bool {
	switch strings.ToLower(e(name)) {
	case "", "0", "false", "no":
		return false
	}
	return true
}

// Paths are the program's files and folders.
type Paths struct {
	File      string // config.toml
	Explicit  bool   // File was named by the person, so it must exist
	Providers string // folder of the person's own provider files
	Data      string // the vault
	State     string // what the program remembers: the default account
}

// ErrNoHome means that no folder for the program's files can be found.
var ErrNoHome = errors.New("there is no home folder; set SOCIALAUTH_HOME or HOME")

// FindPaths applies SOCIALAUTH_HOME (one root for everything) or, without it,
// the platform's folders: XDG on Unix, Application Support on macOS,
// LocalAppData on Windows.
func FindPaths(env Env) (Paths, error) {
	var p Paths
	if root := env("SOCIALAUTH_HOME"); root != "" {
		abs, err := filepath.Abs(root)
		if err != nil {
			return p, err
		}
		p = Paths{
			File:      filepath.Join(abs, "config.toml"),
			Providers: filepath.Join(abs, "providers"),
			Data:      filepath.Join(abs, "data"),
			State:     filepath.Join(abs, "state"),
		}
	} else {
		if xdg.Home == "" || !filepath.IsAbs(xdg.Home) {
			return p, ErrNoHome
		}
		p = Paths{
			File:      filepath.Join(xdg.ConfigHome, "socialauth", "config.toml"),
			Providers: filepath.Join(xdg.ConfigHome, "socialauth", "providers"),
			Data:      filepath.Join(xdg.DataHome, "socialauth"),
			State:     filepath.Join(xdg.StateHome, "socialauth"),
		}
	}
	if file := env("SOCIALAUTH_CONFIG"); file != "" {
		p.File, p.Explicit = file, true
	}
	return p, nil
}

// File is config.toml.
type File struct {
	// Path is where it was read from; empty when there is none.
	Path string `toml:"-"`
	// Storage is "keyring", "passphrase" or "key-file".
	Storage string `toml:"storage"`
	// JWT has the settings of minted tokens.
	JWT JWT `toml:"jwt"`
	// Clients has the registration of the person's app by provider id.
	Clients map[string]Client `toml:"clients"`
}

// JWT has the settings of minted tokens.
type JWT struct {
	Key      string   `toml:"key"`
	TTL      Duration `toml:"ttl"`
	Issuer   string   `toml:"issuer"`
	Audience []string `toml:"audience"`
	// Keyring: each minted token is put into the OS keyring too.
	Keyring bool `toml:"keyring"`
	// Login: whether login mints one; nil means yes.
	Login *bool `toml:"login"`
}

// Client is the person's app at one provider. The secret is not here: it comes
// from the environment or from the file named.
type Client struct {
	ClientID         string   `toml:"client_id"`
	ClientSecretFile string   `toml:"client_secret_file"`
	RedirectURI      string   `toml:"redirect_uri"`
	Scopes           []string `toml:"scopes"`
}

// Duration is a length of time such as "90m", "1h" or "7d".
type Duration time.Duration

// UnmarshalText implements [encoding.TextUnmarshaler].
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := ParseDuration(string(text))
	*d = Duration(v)
	return err
}

// ParseDuration reads a positive length of time: what [time.ParseDuration]
// takes, and days and weeks ("7d", "2w").
func ParseDuration(s string) (time.Duration, error) {
	if d, err := time.ParseDuration(s); err == nil && d >= 0 {
		return d, nil
	}
	for suffix, unit := range map[string]time.Duration{"d": 24 * time.Hour, "w": 7 * 24 * time.Hour} {
		number, ok := strings.CutSuffix(s, suffix)
		if !ok {
			continue
		}
		if n, err := strconv.ParseUint(number, 10, 16); err == nil {
			return time.Duration(n) * unit, nil
		}
	}
	return 0, fmt.Errorf("%q is not a length of time such as 90s, 15m, 1h or 7d", s)
}

// Load reads config.toml. No file is an empty one, unless it was named.
func Load(p Paths) (*File, error) {
	data, err := tomlfile.Read(p.File)
	switch {
	case errors.Is(err, os.ErrNotExist) && p.Explicit:
		return nil, errors.Join(&tomlfile.Error{File: p.File, Reason: "does not exist, but SOCIALAUTH_CONFIG names it"}, err)
	case errors.Is(err, os.ErrNotExist):
		return &File{}, nil
	}
	if err != nil {
		return nil, err
	}
	f := &File{}
	err = tomlfile.Decode(p.File, data, f, func() []*tomlfile.KeyError {
		switch f.Storage {
		case "", "keyring", "passphrase", "key-file":
			return nil
		}
		return []*tomlfile.KeyError{{Key: "storage", Reason: fmt.Sprintf("is %q, not one of keyring, passphrase, key-file", f.Storage)}}
	})
	if err != nil {
		return nil, err
	}
	f.Path = p.File
	return f, nil
}

// ClientVariable is the name of a variable about the person's app at a
// provider: ClientVariable("facebook", "CLIENT_ID") is
// SOCIALAUTH_FACEBOOK_CLIENT_ID. What a variable's name cannot hold becomes an
// underscore.
func ClientVariable(provider, what string) string {
	name := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			return r
		}
		return '_'
	}, provider)
	return "SOCIALAUTH_" + strings.ToUpper(name) + "_" + what
}

// IsSecretVariable reports whether a variable of this name holds a secret of
// ours, which no child process may inherit (B08, X04).
func IsSecretVariable(name string) bool {
	return name == "SOCIALAUTH_PASSPHRASE" ||
		strings.HasPrefix(name, "SOCIALAUTH_") && strings.HasSuffix(name, "_CLIENT_SECRET")
}

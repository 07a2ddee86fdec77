package provider

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/socialauth/socialauth/internal/tomlfile"
)

//go:embed data/*.toml
var presetFiles embed.FS

// UnknownError says that no preset has the name that was asked for.
type UnknownError struct {
	// ID is the name that was asked for.
	ID string
	// Names are the presets there are, sorted.
	Names []string
	// Suggestion is the preset that was probably meant, or empty.
	Suggestion string
}

// Error names what was asked for and, where there is one, the near miss.
func (e *UnknownError) Error() string {
	if e.Suggestion != "" {
		return fmt.Sprintf("no provider %q; did you mean %q?", e.ID, e.Suggestion)
	}
	return fmt.Sprintf("no provider %q", e.ID)
}

// Presets are the ids of the embedded providers, sorted.
func Presets() []string {
	entries, err := presetFiles.ReadDir("data")
	if err != nil {
		return nil // the folder is embedded: it cannot be missing
	}
	ids := make([]string, 0, len(entries))
	for _, e := range entries {
		ids = append(ids, strings.TrimSuffix(e.Name(), ".toml"))
	}
	slices.Sort(ids)
	return ids
}

// Preset decodes the embedded provider id, and only that one. An id that is not
// there gives an [*UnknownError].
func Preset(id string) (*Provider, error) {
	data, err := PresetFile(id)
	if err != nil {
		return nil, err
	}
	file := id + ".toml"
	return decode(file, data, func(p *Provider) []*FieldError { return presetRules(p, id) })
}

// PresetFile is the text of an embedded data file, comments included: what a
// person copies to make a provider of their own.
func PresetFile(id string) ([]byte, error) {
	unknown := &UnknownError{ID: id, Names: Presets()}
	if !slices.Contains(unknown.Names, id) {
		unknown.Suggestion = suggestPreset(id, unknown.Names)
		return nil, unknown
	}
	data, err := presetFiles.ReadFile("data/" + id + ".toml")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, unknown
	}
	return data, err
}

// presetRules are what is asked of our own files beyond the rules for all: they
// must say where their facts come from and what to type in the console.
func presetRules(p *Provider, id string) []*FieldError {
	var errs []*FieldError
	if p.ID != id {
		errs = append(errs, &FieldError{Key: "id", Reason: fmt.Sprintf("is %q, but the file is named %q", p.ID, id)})
	}
	for _, f := range []struct{ key, value string }{
		{"console", p.Console},
		{"documentation", p.Documentation},
		{"checked", p.Checked},
		{"grade", p.Grade},
		{"redirect.register", p.Redirect.Register},
	} {
		if f.value == "" {
			errs = append(errs, &FieldError{Key: f.key, Reason: "is missing; a preset needs it"})
		}
	}
	return errs
}

// suggestPreset finds what was probably meant: a name people use for the
// provider, or the nearest spelling.
func suggestPreset(id string, names []string) string {
	id = strings.ToLower(id)
	switch id {
	case "twitter":
		id = "x"
	case "fb", "meta":
		id = "facebook"
	case "gh":
		id = "github"
	}
	return tomlfile.Nearest(id, names)
}

package provider

import (
	"fmt"

	"github.com/socialauth/socialauth/internal/tomlfile"
)

// FileError is the first thing wrong in a provider file, with its line.
type FileError = tomlfile.Error

// FieldError is a fault at one key of a provider.
type FieldError = tomlfile.KeyError

// MaxFile is the size in bytes beyond which a file is not read.
const MaxFile = tomlfile.MaxSize

// Load decodes a person's own provider file: a regular file of at most
// [MaxFile] bytes. What is wrong with it is a [*FileError]; a file that is not
// there is [os.ErrNotExist].
func Load(path string) (*Provider, error) {
	data, err := tomlfile.Read(path)
	if err != nil {
		return nil, err
	}
	return Decode(path, data)
}

// Decode reads one provider from TOML; file names it in errors. Every key must
// be known, spelled exactly and of the right type; what is left out is filled by
// [Provider.SetDefaults]; the result satisfies [Provider.Validate]. All errors
// are a [*FileError], the first in the order of lines.
func Decode(file string, data []byte) (*Provider, error) {
	return decode(file, data, nil)
}

// decode is Decode with further rules.
func decode(file string, data []byte, more func(*Provider) []*FieldError) (*Provider, error) {
	p := new(Provider)
	err := tomlfile.Decode(file, data, p, func() []*FieldError {
		p.expand()
		p.SetDefaults()
		var errs []*FieldError
		if p.ID != "" && !validID(p.ID) {
			errs = append(errs, &FieldError{Key: "id", Reason: fmt.Sprintf("is %q; only a-z, 0-9 and - are allowed, and no - in front", p.ID)})
		}
		errs = append(errs, p.check()...)
		if more != nil {
			errs = append(errs, more(p)...)
		}
		return errs
	})
	if err != nil {
		return nil, err
	}
	return p, nil
}

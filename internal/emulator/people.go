package emulator

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
)

// Person is somebody who can sign in at the emulated providers. The TOML names
// are those of a people file.
type Person struct {
	// ID is the handle used by [Choice] and in the forms: lower-case letters,
	// digits and hyphens.
	ID string `toml:"id" json:"id"`
	// Name is the display name; GivenName and FamilyName are its parts.
	Name       string `toml:"name" json:"name"`
	GivenName  string `toml:"given_name" json:"given_name,omitempty"`
	FamilyName string `toml:"family_name" json:"family_name,omitempty"`
	// Username is the handle at providers that have one.
	Username string `toml:"username" json:"username,omitempty"`
	// Email is empty for a person without one.
	Email string `toml:"email" json:"email,omitempty"`
	// EmailVerified: the provider checked the address.
	EmailVerified bool `toml:"email_verified" json:"email_verified,omitempty"`
	// Locale is a BCP 47 tag.
	Locale string `toml:"locale" json:"locale,omitempty"`
}

// People are the test people of a server that was given none. The first is the
// one [Play] picks when nobody is named.
func People() []Person {
	return []Person{
		{
			ID: "ada", Name: "Ada Park", GivenName: "Ada", FamilyName: "Park", Username: "adapark",
			Email: "ada@example.com", EmailVerified: true, Locale: "en",
		},
		{
			ID: "minjun", Name: "김민준", GivenName: "민준", FamilyName: "김", Username: "minjun_kim",
			Email: "minjun@example.com", EmailVerified: true, Locale: "ko",
		},
		{
			ID: "noemail", Name: "Noor Haddad", GivenName: "Noor", FamilyName: "Haddad", Username: "noor",
			Locale: "en",
		},
		{
			ID: "awkward", Name: "<b>O'Brien</b> \"Ze\" 👩🏽‍🚀 \u05e9\u05dc\u05d5\u05dd & Söhne", GivenName: "\"Ze\"",
			FamilyName: "<b>O'Brien</b>", Username: "o_brien", Email: "o'brien+tag@example.com", Locale: "he",
		},
	}
}

func checkPeople(people []Person) error {
	seen := map[string]bool{}
	for _, p := range people {
		switch {
		case p.ID == "" || strings.Trim(p.ID, "abcdefghijklmnopqrstuvwxyz0123456789-") != "":
			return fmt.Errorf("person id %q: use lower-case letters, digits and hyphens", p.ID)
		case seen[p.ID]:
			return fmt.Errorf("two people have the id %q", p.ID)
		case p.Name == "":
			return fmt.Errorf("person %q has no name", p.ID)
		}
		seen[p.ID] = true
	}
	return nil
}

// digest is the seed of everything that identifies a person at one provider:
// the same in every run, different at every provider.
func (p *Person) digest(provider string) [sha256.Size]byte {
	return sha256.Sum256([]byte("socialauth emulator\x00" + provider + "\x00" + p.ID))
}

// number is a positive decimal number of exactly that many digits (1 to 18).
func (p *Person) number(provider string, digits int) string {
	d := p.digest(provider)
	low := uint64(1)
	for range digits - 1 {
		low *= 10
	}
	return strconv.FormatUint(low+binary.BigEndian.Uint64(d[:8])%(9*low), 10)
}

// opaque is an identifier without meaning.
func (p *Person) opaque(provider string) string {
	d := p.digest(provider)
	return base64.RawURLEncoding.EncodeToString(d[:])
}

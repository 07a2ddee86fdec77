package vault

import (
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The kinds of record.
const (
	KindAccount = "account" // tokens of one account
	KindKey     = "key"     // a signing key
	KindSecret  = "secret"  // anything else that is secret, such as a client secret
)

// maxID bounds a record's id. It is a name that people type; the header and the
// additional data stay small with it.
const maxID = 512

// Name names one record. Kind is one of the Kind constants. ID is free text,
// such as "facebook/work": valid UTF-8 of at most 512 bytes, without control
// characters and without space at its ends. It is case-sensitive, also where
// the file system is not.
type Name struct{ Kind, ID string }

// Kinds lists the kinds of record.
func Kinds() []string { return []string{KindAccount, KindKey, KindSecret} }

func validKind(kind string) bool {
	return kind == KindAccount || kind == KindKey || kind == KindSecret
}

func (n Name) validate() error {
	switch {
	case !validKind(n.Kind):
		return &NameError{n, "unknown kind"}
	case n.ID == "":
		return &NameError{n, "the id is empty"}
	case len(n.ID) > maxID:
		return &NameError{n, "the id is longer than 512 bytes"}
	case !utf8.ValidString(n.ID):
		return &NameError{n, "the id is not UTF-8"}
	case strings.TrimSpace(n.ID) != n.ID:
		return &NameError{n, "the id begins or ends with space"}
	case strings.ContainsFunc(n.ID, unprintable):
		return &NameError{n, "the id has a character that cannot be shown"}
	}
	return nil
}

// unprintable covers control characters and the format characters that can
// turn a line of a listing around.
func unprintable(r rune) bool { return r != ' ' && !unicode.IsPrint(r) }

// file is the path of the record below the vault's directory, without ".rec".
// The readable part is for people who look at the directory; the hash is what
// makes it unique, so nothing in an id can reach another file.
func (n Name) file() string {
	sum := sha256.Sum256([]byte(n.Kind + "\x00" + n.ID))
	return filepath.Join(n.Kind, slug(n.ID)+"-"+hex.EncodeToString(sum[:8]))
}

func slug(id string) string {
	const longest = 40
	var b strings.Builder
	for _, r := range strings.ToLower(id) {
		if b.Len() == longest {
			break
		}
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	if s := strings.Trim(b.String(), "-"); s != "" {
		return s
	}
	return "record"
}

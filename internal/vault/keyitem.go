package vault

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
)

// The text in which a key is stored, in the keyring or in a key file:
//
//	socialauth-key-v1:VAULT-ID:KEY:CHECK
//
// KEY is 32 bytes in unpadded base64url, CHECK the first 4 bytes of the SHA-256
// of everything before its colon, in hex. One line of ASCII; a value cut short
// or emptied by a crash of the keyring is seen as such and never used.
const (
	keyItemMagic   = "socialauth-key-v"
	keyItemVersion = 1
	keySize        = 32
	checkSize      = 8
)

// vaultKey is an opened vault key together with the id of its vault.
type vaultKey struct {
	id    string
	bytes [keySize]byte
}

func newVaultKey(id string) *vaultKey {
	k := &vaultKey{id: id}
	rand.Read(k.bytes[:])
	return k
}

func (k *vaultKey) equal(o *vaultKey) bool {
	return k.id == o.id && subtle.ConstantTimeCompare(k.bytes[:], o.bytes[:]) == 1
}

// check is the value that vault.json keeps to recognize the key by. It is a
// keyed hash, so it tells nothing about the key.
func (k *vaultKey) check() string {
	mac := hmac.New(sha256.New, k.bytes[:])
	mac.Write([]byte("socialauth vault key check v1\x00" + k.id))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:checkSize])
}

func (k *vaultKey) item() string {
	text := keyItemMagic + strconv.Itoa(keyItemVersion) + ":" + k.id + ":" + base64.RawURLEncoding.EncodeToString(k.bytes[:])
	return text + ":" + itemChecksum(text)
}

func itemChecksum(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:4])
}

// errNewerItem is wrapped by nothing: parseKeyItem returns the version with it.
var errNewerItem = errors.New("newer version")

// parseKeyItem reads what item wrote. The int is the version that was found.
func parseKeyItem(text string) (*vaultKey, int, error) {
	if text == "" {
		return nil, 0, errors.New("it is empty")
	}
	first, _, _ := strings.Cut(text, ":")
	digits, ok := strings.CutPrefix(first, keyItemMagic)
	version, err := strconv.Atoi(digits)
	if !ok || err != nil || version < 1 || strconv.Itoa(version) != digits {
		return nil, 0, errors.New("it is not a vault key")
	}
	if version > keyItemVersion {
		return nil, version, errNewerItem
	}
	parts := strings.Split(text, ":")
	if len(parts) != 4 {
		return nil, version, errors.New("it is cut short")
	}
	if itemChecksum(strings.Join(parts[:3], ":")) != parts[3] {
		return nil, version, errors.New("its checksum is wrong")
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(parts[2])
	if err != nil || len(raw) != keySize || strings.ContainsAny(parts[2], "\r\n") || !validVaultID(parts[1]) {
		return nil, version, errors.New("it is not a vault key")
	}
	k := &vaultKey{id: parts[1]}
	copy(k.bytes[:], raw)
	return k, version, nil
}

// openKeyItem is parseKeyItem for the key of one vault, with the errors that
// callers see. item names the place where the text was found.
func openKeyItem(text, id, item string, storage Storage) (*vaultKey, error) {
	k, version, err := parseKeyItem(text)
	switch {
	case errors.Is(err, errNewerItem):
		return nil, &NewerVersionError{What: item, Version: version}
	case err != nil:
		return nil, &KeyCorruptError{Storage: storage, Item: item, Reason: err.Error()}
	case k.id != id:
		return nil, &KeyWrongError{Storage: storage, Item: item}
	}
	return k, nil
}

func newVaultID() string {
	var b [4]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

func validVaultID(id string) bool {
	raw, err := hex.DecodeString(id)
	return err == nil && len(raw) == 4 && strings.ToLower(id) == id
}

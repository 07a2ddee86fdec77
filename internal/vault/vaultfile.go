package vault

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io/fs"
	"path/filepath"
	"time"
)

const (
	vaultFileName    = "vault.json"
	vaultLockName    = "vault.lock"
	vaultFileVersion = 1
	maxVaultFile     = 64 << 10
)

// vaultFile is vault.json. With an empty key check it is an intent: somebody
// began to make a vault and has not confirmed its key, so nothing can have been
// sealed with it yet.
type vaultFile struct {
	Version    int             `json:"version"`
	ID         string          `json:"vault_id"`
	Storage    Storage         `json:"storage"`
	KeyCheck   string          `json:"key_check"`
	Created    time.Time       `json:"created"`
	Passphrase *passphraseWrap `json:"passphrase,omitempty"`
}

func (f *vaultFile) complete() bool { return f.KeyCheck != "" }

func (f *vaultFile) matches(k *vaultKey) bool {
	return k != nil && f.ID == k.id && f.KeyCheck == k.check()
}

// parseVaultFile reads vault.json, whose path is only for the errors.
func parseVaultFile(path string, data []byte) (*vaultFile, error) {
	damaged := func(reason string) error { return &VaultDamagedError{path, reason} }
	var only struct {
		Version int `json:"version"`
	}
	if err := json.Unmarshal(data, &only); err != nil {
		return nil, damaged("it is not JSON")
	}
	if only.Version > vaultFileVersion {
		return nil, &NewerVersionError{What: path, Version: only.Version}
	}
	if only.Version != vaultFileVersion {
		return nil, damaged("it has no version")
	}
	var f vaultFile
	if err := json.Unmarshal(data, &f); err != nil {
		return nil, damaged("a field has the wrong type")
	}
	if !validVaultID(f.ID) {
		return nil, damaged("its vault_id is not 8 hexadecimal digits")
	}
	if !f.Storage.valid() || f.Storage == "" {
		return nil, damaged("its storage is not one of keyring, passphrase, key-file")
	}
	if f.KeyCheck != "" {
		raw, err := base64.RawURLEncoding.Strict().DecodeString(f.KeyCheck)
		if err != nil || len(raw) != checkSize {
			return nil, damaged("its key_check is not 8 bytes of base64url")
		}
	}
	if f.complete() && (f.Storage == Passphrase) != (f.Passphrase != nil) {
		return nil, damaged("its storage and its passphrase settings do not agree")
	}
	if f.Passphrase != nil {
		if err := f.Passphrase.validate(); err != nil {
			return nil, damaged(err.Error())
		}
	}
	return &f, nil
}

func (v *Vault) vaultPath() string { return filepath.Join(v.dir, vaultFileName) }

// readVaultFile returns nil and no error where there is no vault.json.
func (v *Vault) readVaultFile() (*vaultFile, error) {
	if err := checkTop(v.dir); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		return nil, err
	}
	data, err := readFile(v.vaultPath(), maxVaultFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return parseVaultFile(v.vaultPath(), data)
}

func (v *Vault) writeVaultFile(f *vaultFile) error {
	data, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return &StoreError{"write", v.vaultPath(), err}
	}
	return writeFile(v.vaultPath(), append(data, '\n'))
}

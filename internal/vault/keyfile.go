package vault

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
)

const maxKeyFile = 4 << 10

// keyFileSource keeps the key in a file of its own beside vault.json. It keeps
// the records private from other users and from whoever gets hold of a
// record alone, and protects against nothing that runs as the same user.
type keyFileSource struct{ dir string }

func (s keyFileSource) item(f *vaultFile) string {
	return filepath.Join(s.dir, "vault-"+f.ID+".key")
}

func (s keyFileSource) ready(context.Context) error { return nil }

func (s keyFileSource) save(_ context.Context, f *vaultFile, k *vaultKey) error {
	return writeFile(s.item(f), []byte(k.item()+"\n"))
}

func (s keyFileSource) remove(_ context.Context, f *vaultFile) error { return removeFile(s.item(f)) }

func (s keyFileSource) load(_ context.Context, f *vaultFile) (*vaultKey, error) {
	data, err := readFile(s.item(f), maxKeyFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errAbsentKey
	}
	if err != nil {
		return nil, err
	}
	return openKeyItem(strings.TrimRight(string(data), "\r\n"), f.ID, s.item(f), KeyFile)
}

package vault

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	recordSuffix = ".rec"
	lockSuffix   = ".lock"
)

// Header is what a listing knows about a record without its key. It was not
// authenticated: it is for showing, not for deciding.
type Header struct {
	Name
	Meta    json.RawMessage // may be nil
	Updated time.Time
	Path    string
	Damaged error // set where the file is not a usable record; Name.ID is then ""
}

// probeFile is the name of Prove's record, without suffix. The dot keeps it out
// of listings and counts.
func probeFile() string { return filepath.Join(KindAccount, ".probe") }

func (v *Vault) recordPath(n Name) string { return filepath.Join(v.dir, n.file()+recordSuffix) }

// Get opens the record n. Without such a record the error is a *NotFoundError.
// It takes no lock: a record is replaced by a rename, so it is read whole, old
// or new.
func (v *Vault) Get(ctx context.Context, n Name) (*Record, error) {
	if err := n.validate(); err != nil {
		return nil, err
	}
	k, err := v.open(ctx, false)
	if err != nil {
		return nil, err
	}
	if k == nil {
		return nil, &NotFoundError{n}
	}
	return v.read(k, n)
}

func (v *Vault) read(k *vaultKey, n Name) (*Record, error) {
	path := v.recordPath(n)
	if err := v.checkKindDir(n.Kind); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, &NotFoundError{n}
		}
		return nil, err
	}
	data, err := readFile(path, maxRecord)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &NotFoundError{n}
	}
	if err != nil {
		return nil, err
	}
	return unseal(k, n, path, data)
}

// Delete removes the record n and needs no key for it, so that a logout works
// without the keyring. A missing record is no error. It waits for whoever is
// updating the record, and whoever waits behind it finds none.
func (v *Vault) Delete(ctx context.Context, n Name) error {
	if err := n.validate(); err != nil {
		return err
	}
	return v.lockedFile(ctx, n, func(path string) error {
		sweep(path)
		err := removeFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
}

// MoveAside renames the record n if it is damaged, so that a new login can take
// its place, and returns the new path. A record that opens, or is missing, stays
// as it is and the path is "". Any other trouble is returned and moves nothing.
func (v *Vault) MoveAside(ctx context.Context, n Name) (string, error) {
	if err := n.validate(); err != nil {
		return "", err
	}
	if k, err := v.open(ctx, false); k == nil {
		return "", err
	}
	var aside string
	err := v.locked(ctx, n.file(), func(k *vaultKey) error {
		_, err := v.read(k, n)
		var damaged *RecordDamagedError
		if !errors.As(err, &damaged) {
			if errors.Is(err, ErrNotFound) {
				return nil
			}
			return err
		}
		aside, err = moveAside(damaged.Path, v.now().Format("20060102T150405Z"))
		return err
	})
	return aside, err
}

// List returns the headers of all records of a kind, sorted by id, damaged ones
// last. It needs no key and touches no keyring.
func (v *Vault) List(kind string) ([]Header, error) {
	if !validKind(kind) {
		return nil, &NameError{Name{Kind: kind}, "unknown kind"}
	}
	paths, err := v.recordPaths(kind)
	if err != nil {
		return nil, err
	}
	var list []Header
	for _, path := range paths {
		h, err := readHeader(path, kind)
		if errors.Is(err, fs.ErrNotExist) {
			continue // deleted since the directory was read
		}
		h.Path, h.Damaged = path, err
		list = append(list, h)
	}
	slices.SortStableFunc(list, func(a, b Header) int {
		if (a.Damaged == nil) != (b.Damaged == nil) {
			if a.Damaged == nil {
				return -1
			}
			return 1
		}
		return strings.Compare(a.ID+"\x00"+a.Path, b.ID+"\x00"+b.Path)
	})
	return list, nil
}

func readHeader(path, kind string) (Header, error) {
	none := Header{Name: Name{Kind: kind}}
	f, err := openFile(path)
	if err != nil {
		return none, err
	}
	defer f.Close()
	h, _, version, err := parseHeader(bufio.NewReader(f))
	switch {
	case errors.Is(err, errNewerRecord):
		return none, &NewerVersionError{What: path, Version: version}
	case err != nil:
		return none, &RecordDamagedError{path, err.Error()}
	case h.name().file()+recordSuffix != filepath.Join(kind, filepath.Base(path)):
		return none, &RecordDamagedError{path, fmt.Sprintf("it holds %s %q", h.Kind, h.ID)}
	}
	return Header{Name: h.name(), Meta: h.Meta, Updated: h.Updated}, nil
}

func (v *Vault) recordPaths(kind string) ([]string, error) {
	dir := filepath.Join(v.dir, kind)
	if err := v.checkKindDir(kind); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		return nil, err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, &StoreError{"list", dir, err}
	}
	var paths []string
	for _, e := range entries {
		if name := e.Name(); strings.HasSuffix(name, recordSuffix) && !strings.HasPrefix(name, ".") {
			paths = append(paths, filepath.Join(dir, name))
		}
	}
	return paths, nil
}

func (v *Vault) countRecords() (int, error) {
	total := 0
	for _, kind := range Kinds() {
		paths, err := v.recordPaths(kind)
		if err != nil {
			return 0, err
		}
		total += len(paths)
	}
	return total, nil
}

// probe writes, reads and removes a record that nobody lists. The caller holds
// its lock.
func (v *Vault) probe(k *vaultKey) error {
	path := filepath.Join(v.dir, probeFile()+recordSuffix)
	name := Name{Kind: KindAccount, ID: ".probe"}
	body := make([]byte, 32)
	rand.Read(body)
	sweep(path)
	data, err := seal(k, &Record{Name: name, Body: body, Updated: v.now()})
	if err != nil {
		return err
	}
	if err := writeFile(path, data); err != nil {
		return err
	}
	data, err = readFile(path, maxRecord)
	if err != nil {
		return err
	}
	r, err := unseal(k, name, path, data)
	if err != nil {
		return err
	}
	if !bytes.Equal(r.Body, body) {
		return &RecordDamagedError{path, "it is not what was just written"}
	}
	return removeFile(path)
}

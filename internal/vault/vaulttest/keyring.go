package vaulttest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"strings"
	"sync"

	"github.com/gofrs/flock"

	"github.com/socialauth/socialauth/internal/vault"
)

// Fault is a way in which a keyring can fail.
type Fault int

// The faults of a MemoryKeyring.
const (
	Healthy   Fault = iota
	Absent          // there is no keyring: every call is a *vault.KeyringAbsentError (no-bus)
	Locked          // every call is vault.ErrKeyringLocked
	Declined        // every call is vault.ErrKeyringDeclined
	Hang            // no call answers: vault.ErrKeyringTimeout
	LateWrite       // Set answers vault.ErrKeyringTimeout, and is carried out when Thaw is called
	Empty           // Set leaves the item with an empty value, as a crash in the middle of it does
	Forget          // Set reports success and keeps nothing
	TooSmall        // Set refuses values of more than 16 bytes with *vault.TooBigError
	Garbled         // Get returns the value cut short
)

// MemoryKeyring is a keyring in memory whose faults can be switched on. The zero
// value is an empty, healthy one. It is safe for use by several goroutines.
type MemoryKeyring struct {
	mu    sync.Mutex
	items map[string]string
	fault Fault
	late  []func()
	calls []string
}

// SetFault switches to a fault, or back with Healthy.
func (k *MemoryKeyring) SetFault(f Fault) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.fault = f
}

// Thaw carries out the writes that LateWrite has held back.
func (k *MemoryKeyring) Thaw() {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, write := range k.late {
		write()
	}
	k.late = nil
}

// Items returns a copy of what is stored, by "service/user".
func (k *MemoryKeyring) Items() map[string]string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return maps.Clone(k.items)
}

// Put stores an item without looking at faults; Drop removes one.
func (k *MemoryKeyring) Put(service, user, value string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.put(service+"/"+user, value)
}

// Drop removes an item without looking at faults.
func (k *MemoryKeyring) Drop(service, user string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.items, service+"/"+user)
}

// Calls returns the operations so far, as in "get socialauth/vault-key-0011aabb".
func (k *MemoryKeyring) Calls() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return append([]string(nil), k.calls...)
}

func (k *MemoryKeyring) put(name, value string) {
	if k.items == nil {
		k.items = make(map[string]string)
	}
	k.items[name] = value
}

// begin notes the call and returns the error that the fault makes of it.
func (k *MemoryKeyring) begin(op, name string) error {
	k.calls = append(k.calls, op+" "+name)
	var err error
	switch k.fault {
	case Absent:
		err = &vault.KeyringAbsentError{Reason: vault.NoBus}
	case Locked:
		err = vault.ErrKeyringLocked
	case Declined:
		err = vault.ErrKeyringDeclined
	case Hang:
		err = vault.ErrKeyringTimeout
	default:
		return nil
	}
	return &vault.KeyringError{Op: op, Item: name, Err: err}
}

// Get implements vault.Keyring.
func (k *MemoryKeyring) Get(_ context.Context, service, user string) (string, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	name := service + "/" + user
	if err := k.begin("get", name); err != nil {
		return "", err
	}
	value, ok := k.items[name]
	if !ok {
		return "", vault.ErrNotFound
	}
	if k.fault == Garbled {
		value = value[:len(value)/2]
	}
	return value, nil
}

// Set implements vault.Keyring.
func (k *MemoryKeyring) Set(_ context.Context, service, user, value string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	name := service + "/" + user
	if err := k.begin("set", name); err != nil {
		return err
	}
	switch k.fault {
	case LateWrite:
		k.late = append(k.late, func() { k.put(name, value) })
		return &vault.KeyringError{Op: "write", Item: name, Err: vault.ErrKeyringTimeout}
	case TooSmall:
		if len(value) > 16 {
			return &vault.KeyringError{Op: "write", Item: name, Err: &vault.TooBigError{Limit: 16, Size: len(value)}}
		}
	case Empty:
		value = ""
	case Forget:
		return nil
	default:
	}
	k.put(name, value)
	return nil
}

// Delete implements vault.Keyring.
func (k *MemoryKeyring) Delete(_ context.Context, service, user string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	name := service + "/" + user
	if err := k.begin("delete", name); err != nil {
		return err
	}
	if _, ok := k.items[name]; !ok {
		return vault.ErrNotFound
	}
	delete(k.items, name)
	return nil
}

// fileKeyring is a keyring that several processes see.
type fileKeyring struct{ path string }

// FileKeyring returns a keyring kept in clear in a JSON file, under a lock, so
// that child processes of a test share it. It protects nothing.
func FileKeyring(path string) vault.Keyring { return fileKeyring{path} }

// Get implements vault.Keyring.
func (k fileKeyring) Get(_ context.Context, service, user string) (value string, err error) {
	err = k.change(func(items map[string]string) error {
		var ok bool
		if value, ok = items[service+"/"+user]; !ok {
			return vault.ErrNotFound
		}
		return nil
	})
	return value, err
}

// Set implements vault.Keyring.
func (k fileKeyring) Set(_ context.Context, service, user, value string) error {
	if strings.ContainsAny(value, "\r\n") {
		return vault.ErrNotOneLine
	}
	return k.change(func(items map[string]string) error {
		items[service+"/"+user] = value
		return nil
	})
}

// Delete implements vault.Keyring.
func (k fileKeyring) Delete(_ context.Context, service, user string) error {
	return k.change(func(items map[string]string) error {
		if _, ok := items[service+"/"+user]; !ok {
			return vault.ErrNotFound
		}
		delete(items, service+"/"+user)
		return nil
	})
}

func (k fileKeyring) change(fn func(map[string]string) error) error {
	l := flock.New(k.path + ".lock")
	if err := l.Lock(); err != nil {
		return fmt.Errorf("lock the file keyring: %w", err)
	}
	defer l.Unlock()
	items := map[string]string{}
	before, err := os.ReadFile(k.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read the file keyring: %w", err)
	}
	if len(before) > 0 {
		if err := json.Unmarshal(before, &items); err != nil {
			return fmt.Errorf("parse the file keyring: %w", err)
		}
	}
	if err := fn(items); err != nil {
		return err
	}
	after, err := json.Marshal(items)
	if err != nil || string(after) == string(before) {
		return err
	}
	temp := k.path + ".tmp" // one writer at a time: the lock is held
	if err := os.WriteFile(temp, after, 0o600); err != nil {
		return fmt.Errorf("write the file keyring: %w", err)
	}
	return os.Rename(temp, k.path)
}

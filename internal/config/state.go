package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// State is what the program remembers between runs and could forget without
// harm.
type State struct {
	// DefaultAccount is the choice of `switch`; empty when there is none.
	DefaultAccount string `json:"default_account,omitempty"`
}

const stateFile = "state.json"

// LoadState reads the state folder. Nothing there is an empty state, and so is
// a file that cannot be understood: it holds nothing that cannot be set again.
func LoadState(dir string) State {
	var s State
	data, err := os.ReadFile(filepath.Join(dir, stateFile))
	if err != nil || json.Unmarshal(data, &s) != nil {
		return State{}
	}
	return s
}

// Save replaces the state atomically.
func (s State) Save(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("remember the default account: %w", err)
	}
	data, err := json.Marshal(s)
	if err != nil {
		return err
	}
	tmp, err := os.CreateTemp(dir, stateFile+".*")
	if err != nil {
		return fmt.Errorf("remember the default account: %w", err)
	}
	_, err = tmp.Write(append(data, '\n'))
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), filepath.Join(dir, stateFile))
	}
	if err != nil {
		_ = os.Remove(tmp.Name())
		return fmt.Errorf("remember the default account: %w", err)
	}
	return nil
}

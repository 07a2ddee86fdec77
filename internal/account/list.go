package account

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/socialauth/socialauth/internal/vault"
)

// Info is an account as its clear header shows it.
type Info struct {
	Account Ref
	Meta
	// Damaged says why the record cannot be used; everything else is empty then.
	Damaged error
	Path    string
}

// List returns all accounts, sorted. It touches neither keyring nor network.
func (s *Service) List() ([]Info, error) {
	headers, err := s.Vault.List(vault.KindAccount)
	if err != nil {
		return nil, err
	}
	list := []Info{}
	for _, h := range headers {
		info := Info{Path: h.Path, Damaged: h.Damaged}
		if h.Damaged == nil {
			if err := json.Unmarshal(h.Meta, &info.Meta); err != nil {
				info.Damaged = fmt.Errorf("read the account: %w", err)
			}
			if info.Account, err = ParseRef(h.ID); err != nil {
				info.Damaged = err
			}
		}
		list = append(list, info)
	}
	return list, nil
}

// Info returns one account as its clear header shows it.
func (s *Service) Info(ref Ref) (*Info, error) {
	list, err := s.List()
	if err != nil {
		return nil, err
	}
	for _, info := range list {
		if info.Account == ref && info.Damaged == nil {
			return &info, nil
		}
	}
	return nil, &NotSignedInError{ref}
}

// Resolve finds the account that is meant. An account that is named exactly
// counts, signed in or not; a provider stands for its only account; nothing
// stands for the only account there is.
func (s *Service) Resolve(named string) (Ref, error) {
	list, err := s.List()
	if err != nil {
		return Ref{}, err
	}
	refs := []Ref{}
	for _, info := range list {
		if info.Damaged == nil {
			refs = append(refs, info.Account)
		}
	}
	if named == "" {
		if len(refs) == 1 {
			return refs[0], nil
		}
		return Ref{}, &AmbiguousError{Accounts: texts(refs)}
	}
	ref, err := ParseRef(named)
	if err != nil {
		return Ref{}, err
	}
	if IsIssuer(named) {
		// An issuer may have been signed in to under a name of the person's.
		for _, info := range list {
			if info.Issuer == named {
				ref = info.Account
			}
		}
	}
	if ref.Name != "" || slices.Contains(refs, ref) {
		return ref, nil
	}
	refs = slices.DeleteFunc(refs, func(r Ref) bool { return r.Provider != ref.Provider })
	switch len(refs) {
	case 0:
		return ref, nil
	case 1:
		return refs[0], nil
	}
	return Ref{}, &AmbiguousError{What: named, Accounts: texts(refs)}
}

func texts(refs []Ref) []string {
	list := make([]string, len(refs))
	for i, r := range refs {
		list[i] = r.String()
	}
	return list
}

// IsNotSignedIn reports whether err means that there is no such account.
func IsNotSignedIn(err error) bool {
	var e *NotSignedInError
	return errors.As(err, &e)
}

//go:build !unix

package vaulttest

import "testing"

func clearUmask() {}

// Modes and owners are not how this system protects files.
func (s suite) unsafePaths(*testing.T) {}
func (s suite) modes(*testing.T)       {}

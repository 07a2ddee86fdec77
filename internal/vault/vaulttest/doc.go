// Package vaulttest holds what tests of the vault and of its users need: keyrings
// that fail on request, one that several processes share, and a conformance
// suite that every way of opening a vault must pass.
package vaulttest

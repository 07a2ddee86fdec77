// Package vaulttest holds what tests of the vault and of its users need: keyrings
// that fail on request, one that several processes share, and a conformance
// suite that every way of opening a vault must pass.
//
// The suite starts real processes: it runs the test binary again for the same
// test, and [Run] notices that it is such a child. So everything before the call
// of Run happens in the children too, and what open needs must follow from dir.
package vaulttest

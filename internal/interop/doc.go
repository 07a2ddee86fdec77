// Package interop holds the tests in which socialauth, as the binary people run,
// meets programs nobody here wrote: an OpenID Connect server (zitadel's), a web
// browser (Chromium), and two JWT libraries of other languages (jose for
// JavaScript, PyJWT for Python). They guard against the one thing the other
// tests cannot see: a mistake made alike on both sides.
//
// It is a module of its own, so that what these tests need never enters the
// program's go.mod. Nothing leaves the loopback interface.
//
// Where a program is missing, its tests are skipped by name; with CI=true that
// is a failure. `make test-interop` installs what is missing where it may.
package interop

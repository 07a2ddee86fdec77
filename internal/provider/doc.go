// Package provider holds what is known about authorization servers, as data:
// one TOML file each, embedded, decoded strictly when it is named.
//
// A person's own provider is a file of the same form and goes through the same
// decoder, so `provider show github` prints exactly what may be copied and
// changed. There are no hooks in data: what a plain field cannot say is a
// [Quirk] of a closed list, implemented once in package oauth and exercised by
// the emulator, which reads the same files.
//
// The rules of a file are those of [Provider.Validate]; they hold for a
// provider built from discovery too. In short: endpoints are https, or http on
// a literal loopback address; each endpoint's host is declared in hosts, and a
// token is sent to no other; every enumeration is closed; an unknown key is an
// error. Every error of a file is a [*FileError] with the line to look at.
//
// The package reads its own files and the one it is told to, nothing else: no
// network, no environment, no clock.
package provider

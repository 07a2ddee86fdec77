// Package emulator is a stand-in for the providers: an authorization server on
// this computer that has each provider's paths, payload shapes, oddities and
// errors, taken from the same data files as the client. People use it to try
// an app against "Facebook" offline; the tests of this program run against it.
//
// Its rules:
//
//   - It is a stand-in and says so. Every page has a banner, every token says
//     "emulated", the signing key is made anew in each run and never stored
//     (threat row I01), and only a loopback Host is answered. Listening on a
//     loopback address is the caller's part.
//   - Facts about a provider that a client needs stand in its data file. Facts
//     only a server needs (lifetimes, error texts, which parameters it insists
//     on) stand in one file per provider here, as a [style].
//   - What it refuses, real providers refuse: other redirect URIs (I02), a
//     missing or wrong code verifier (I03), a code or a refresh token used
//     twice (I05). It is never more lenient than the provider in a way that
//     lets a mistake of a client pass.
//   - It misbehaves on request only, by a closed list of faults ([FaultNames]).
//   - Everything it remembers is bounded and expires (I10). Nothing is written
//     to disk, and the request log has no parameter and no secret.
//
// The tests, `demo` and a person's browser all come in over HTTP; [Play] is the
// person for those who have no browser.
package emulator

// Package oauth speaks OAuth 2.0 and OpenID Connect with a provider: it builds
// the authorization request, catches the answer on loopback, exchanges the
// code, renews and revokes tokens, and asks who signed in.
//
// It believes nothing it is sent until it has been checked:
//
//   - A callback is ours only if its state is ours; until then neither its
//     code nor its error counts, and the wait goes on (rows A01, L05, L06 of the
//     threat catalogue). Then iss is compared (RFC 9207), then an error is an
//     error, then a code is a code.
//   - Credentials go to a host the provider's data names and to no other, over
//     https or to loopback, and a redirect is never followed (T08, T26).
//   - One code and one refresh token are sent in exactly one request (T09).
//     What the provider says to it is final.
//   - golang.org/x/oauth2 makes the token requests, always with an explicit
//     authentication style. Under it sits a transport of ours that reads the
//     answer strictly and hands on a plain RFC 6749 answer, so that each
//     provider's oddities end there. Expiry is computed here, from expires_in
//     and the clock of [Client].
//   - An ID token that was asked for is verified, with nonce, azp and at_hash,
//     or there is no sign-in.
//
// Errors are typed and carry facts, never a token, a code or the query of a
// URL. Text that came over the network is made printable and short before it
// enters an error. What to tell a person, and which exit code, is decided in
// package cli.
package oauth

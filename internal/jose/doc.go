// Package jose reads, explains, signs and verifies JSON Web Tokens, and keeps
// the keys that do it.
//
// There are two ways into the package and they never meet.
//
// [Explain] is for people. It takes whatever was pasted, finds the token in it,
// decodes it as far as it goes and says everything that is odd about it. It
// knows every algorithm because it uses none: nothing it returns is verified,
// and nothing in the program decides anything by it (row W23 of the threat
// catalogue).
//
// [Verifier] is for decisions. It takes exactly one compact JWS, believes none
// of its bytes before the signature is good, and then either returns the exact
// payload that was signed or says every reason why not.
//
// # Rules of the strict side
//
//   - The key fixes the algorithm, never the token (RFC 8725 section 3.1, row
//     W02). A [Key] is a typed object: an RSA public key cannot become an HMAC
//     secret, whatever the header says.
//   - Nothing in a header points to a key: jku, x5u, jwk and x5c are not read
//     (row K12), crit is refused (row W15), kid is only compared (row K13).
//   - An empty expected issuer or audience is a mistake in the configuration
//     and not a check switched off (row W08): [ErrConfig].
//   - Names are compared exactly, numbers are read from their literal text, and
//     a key that occurs twice is refused. Neither float64 nor struct decoding
//     touches a claim.
//
// # Why a scanner of its own
//
// encoding/json matches names without regard to case, keeps the last of two
// equal keys, replaces broken UTF-8 in silence and rounds large numbers;
// encoding/base64 skips line breaks even in strict mode. Each of these has been
// a hole in a token library. The scanner here keeps the bytes, is one pass, does
// not recurse, and costs less than the standard decoder.
//
// The signatures themselves are made and checked by the signing methods of
// golang-jwt, behind guards for what those let pass: salt length of RSA-PSS,
// size of keys, purpose of keys.
package jose

// Reads {token, jwks | secret, algorithm, issuer, audience} as JSON from
// standard input, verifies the token with the jose package, and prints
// {header, payload}. Any refusal is exit status 1 with jose's code on stderr.
//
// secret is base64, because an HMAC secret is bytes and not text.

// Node 18 has Web Crypto, but not under its global name.
globalThis.crypto ??= (await import("node:crypto")).webcrypto;
const { createLocalJWKSet, jwtVerify } = await import("jose");

let input = "";
for await (const chunk of process.stdin) input += chunk;
const { token, jwks, secret, algorithm, issuer, audience } = JSON.parse(input);

const key = jwks ? createLocalJWKSet(jwks) : new Uint8Array(Buffer.from(secret, "base64"));
try {
  const { protectedHeader: header, payload } = await jwtVerify(token, key, {
    algorithms: [algorithm],
    issuer,
    audience,
    requiredClaims: ["iat", "nbf", "exp", "jti", "sub"],
  });
  process.stdout.write(JSON.stringify({ header, payload }) + "\n");
} catch (error) {
  process.stderr.write(`${error.code ?? error}\n`);
  process.exitCode = 1;
}

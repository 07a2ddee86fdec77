"""Reads {token, jwks | secret, algorithm, issuer, audience} as JSON from
standard input, verifies the token with PyJWT, and prints {header, payload}.
Any refusal is exit status 1 with PyJWT's exception name on stderr.

secret is base64, because an HMAC secret is bytes and not text.
"""

import base64
import json
import sys

import jwt


def key_for(request):
    """The key whose kid is the token's, from the JWK set, or the HMAC secret."""
    if "secret" in request:
        return base64.b64decode(request["secret"])
    kid = jwt.get_unverified_header(request["token"])["kid"]
    for jwk in request["jwks"]["keys"]:
        if jwk["kid"] == kid:
            return jwt.PyJWK(jwk).key
    raise jwt.InvalidKeyError("no key with the token's kid")


def main():
    request = json.load(sys.stdin)
    token = request["token"]
    try:
        payload = jwt.decode(
            token,
            key_for(request),
            algorithms=[request["algorithm"]],
            issuer=request["issuer"],
            audience=request["audience"],
            options={"require": ["iat", "nbf", "exp", "jti", "sub"]},
        )
    except jwt.PyJWTError as error:
        print(type(error).__name__, file=sys.stderr)
        return 1
    json.dump({"header": jwt.get_unverified_header(token), "payload": payload}, sys.stdout)
    print()
    return 0


if __name__ == "__main__":
    sys.exit(main())

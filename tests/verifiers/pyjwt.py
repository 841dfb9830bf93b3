import os

from jwt import PyJWKClient, decode

ISSUER = os.environ["JWT_ISSUER"]  # https://auth.example.com
keys = PyJWKClient(f"{ISSUER}/.well-known/jwks.json")


def verify(token):
    key = keys.get_signing_key_from_jwt(token)
    required = {"require": ["aud", "exp", "iss", "sub"]}
    return decode(token, key, algorithms=["RS256"], issuer=ISSUER, audience="serverless-auth", options=required)

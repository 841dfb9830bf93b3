"""Makes pyjwt.json: tokens by PyJWT 2.15.1, which shares no code with ours, and its word on one of ours.

    pip install PyJWT==2.15.1
    python make.py

The same tokens come out on every run. Our own code must never write pyjwt.json: it would agree with itself.
"""

import base64
import datetime
import hashlib
import hmac
import json
import pathlib
from unittest import mock

import jwt

NOW = 1_700_000_000
SECRET = "k9Xv2mQ8rT5wZ1bN4cL7dF0gH3jP6sAuE"
PREVIOUS = "another-Secret-0f-thirty-two-byt3s"

CLAIMS = {
    "iss": "https://auth.example.com",
    "aud": "example",
    "sub": "6a2f41a3-c54c-4ce8-a4d1-0d2f5b1c8e77",
    "user_id": "6a2f41a3-c54c-4ce8-a4d1-0d2f5b1c8e77",
    "username": "alice",
    "ver": 3,
    "iat": NOW,
    "exp": NOW + 3600,
    "jti": "000102030405060708090a0b0c0d0e0f",
}

# Issued once by our `Issuer`, for the claims above but for the `jti`.
OURS = (
    "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiIsImtpZCI6IklrRTg2eHgtQWlTQXZnVVgifQ"
    ".eyJpc3MiOiJodHRwczovL2F1dGguZXhhbXBsZS5jb20iLCJhdWQiOiJleGFtcGxlIiwic3ViIjoiNmEyZjQxYTMtYzU0Yy00Y2U"
    "4LWE0ZDEtMGQyZjViMWM4ZTc3IiwidXNlcl9pZCI6IjZhMmY0MWEzLWM1NGMtNGNlOC1hNGQxLTBkMmY1YjFjOGU3NyIsInVzZXJ"
    "uYW1lIjoiYWxpY2UiLCJ2ZXIiOjMsImlhdCI6MTcwMDAwMDAwMCwiZXhwIjoxNzAwMDAzNjAwLCJqdGkiOiJiYmYwODUxMDAzMjJ"
    "iMWFlMDUwMTExNWQ4ZTY0OTU3YSJ9"
    ".gmomwNQWM6Ihxi680kdApUSidrDEoJsfLGisGPqOcM8"
)
OURS_JTI = "bbf085100322b1ae0501115d8e64957a"


def kid(secret):
    """The name of a key, as key.rs makes it."""
    tag = hmac.digest(secret.encode(), b"serverless-auth kid", hashlib.sha256)
    return base64.urlsafe_b64encode(tag).decode()[:16]


def token(claims, secret=SECRET, algorithm="HS256", **header):
    key = None if algorithm == "none" else secret
    return jwt.encode(claims, key, algorithm, {"kid": kid(SECRET), **header}, sort_headers=False)


def good(name, secret=SECRET, **changes):
    claims = {**CLAIMS, **changes}
    return {"name": name, "claims": claims, "token": token(claims, secret, kid=kid(secret))}


def bad(name, reason, changes=None, missing=None, **how):
    claims = {**CLAIMS, **(changes or {})}
    claims.pop(missing, None)
    return {"name": name, "reason": reason, "token": token(claims, **how)}


def judged(text, now):
    """What PyJWT reads in a token at this time, with every check it has."""

    class Clock(datetime.datetime):
        @classmethod
        def now(cls, tz=None):
            return cls.fromtimestamp(now, tz)

    with mock.patch("jwt.api_jwt.datetime", Clock):
        return jwt.decode_complete(
            text,
            SECRET,
            algorithms=["HS256"],
            issuer=CLAIMS["iss"],
            audience=CLAIMS["aud"],
            subject=CLAIMS["sub"],
            leeway=0,
            options={
                "require": list(CLAIMS),
                "strict_aud": True,
                "enforce_minimum_key_length": True,
                **{f"verify_{check}": True for check in "signature exp nbf iat aud iss sub jti".split()},
            },
        )


def check_ours():
    """PyJWT accepts our token while it lives, for the claims we put in, and refuses it afterwards and changed."""
    for now in (NOW, NOW + 3599):
        decoded = judged(OURS, now)
        assert decoded["header"] == {"typ": "JWT", "alg": "HS256", "kid": kid(SECRET)}, decoded
        assert decoded["payload"] == {**CLAIMS, "jti": OURS_JTI}, decoded
    for text, now, error in [
        (OURS, NOW + 3600, jwt.ExpiredSignatureError),
        (OURS, NOW - 1, jwt.ImmatureSignatureError),
        (OURS.replace(".g", ".h"), NOW, jwt.InvalidSignatureError),
    ]:
        try:
            judged(text, now)
        except error:
            continue
        raise AssertionError(error)
    return {"name": "issued by us", "claims": {**CLAIMS, "jti": OURS_JTI}, "token": OURS}


def main():
    assert jwt.__version__ == "2.15.1", jwt.__version__
    vectors = {
        "made_by": f"PyJWT {jwt.__version__}",
        "kids": [kid(SECRET), kid(PREVIOUS)],
        "good": [
            check_ours(),
            good("as we make them"),
            good("by the previous key", secret=PREVIOUS),
            good("escaped beyond ASCII", username="Жанна-名-𝔞"),
            good("with nbf", nbf=NOW),
            good("the longest lifetime", exp=NOW + 86_400),
            good("the largest version", ver=2**32 - 1),
        ],
        "bad": [
            bad("unsigned", "unacceptable_header", algorithm="none"),
            bad("HS384", "unacceptable_header", algorithm="HS384"),
            bad("HS512", "unacceptable_header", algorithm="HS512"),
            bad("an access token", "unacceptable_header", typ="at+jwt"),
            bad("crit", "unacceptable_header", crit=["exp"]),
            bad("another key", "bad_signature", secret=PREVIOUS),
            bad("an unknown kid", "unknown_key", kid="unknown"),
            bad("no exp", "malformed_token", missing="exp"),
            bad("exp with a fraction", "malformed_token", {"exp": NOW + 60.5}),
            bad("a list of audiences", "malformed_token", {"aud": ["example"]}),
            bad("another audience", "wrong_audience", {"aud": "other"}),
            bad("another issuer", "wrong_issuer", {"iss": "https://other.example"}),
            bad("expired", "expired", {"exp": NOW}),
            bad("from the future", "not_yet_valid", {"iat": NOW + 6}),
            bad("too long a life", "lifetime_too_long", {"exp": NOW + 86_401}),
            bad("two accounts", "subject_mismatch", {"user_id": "6a2f41a3-c54c-4ce8-a4d1-0d2f5b1c8e78"}),
        ],
    }
    text = json.dumps(vectors, indent=2, ensure_ascii=False) + "\n"
    pathlib.Path(__file__).with_name("pyjwt.json").write_text(text, encoding="utf-8")


main()

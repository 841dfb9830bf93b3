"""An HTTP API that checks tokens by itself, against a key set that it finds by discovery.

The issuer is a stand-in, which signs with RS256.
"""

import base64
import hmac
import json
import time
import unittest
import uuid

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from backend import Backend, Server
from cloud import CONSUMERS, request
from service import Service, authorization, tampered

service: Service  # set by run.py
AUDIENCE = "serverless-auth"


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value):
    return encoded(value.to_bytes((value.bit_length() + 7) // 8, "big"))


class Key:
    """An RSA key and its place in a key set."""

    def __init__(self):
        self.private = generate_private_key(public_exponent=65537, key_size=2048)
        public = self.private.public_key().public_numbers()
        numbers = {"n": number(public.n), "e": number(public.e)}
        self.public = {"kty": "RSA", "alg": "RS256", "use": "sig", "kid": str(uuid.uuid4())} | numbers

    @property
    def pem(self):
        return self.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def signed(self, claims, **header):
        return self.joined({"alg": "RS256", "kid": self.public["kid"]} | header, claims, self.signature)

    def signature(self, message):
        return self.private.sign(message, PKCS1v15(), SHA256())

    @staticmethod
    def joined(header, claims, sign):
        head = ".".join(encoded(json.dumps(part).encode()) for part in ({"typ": "JWT"} | header, claims))
        return f"{head}.{encoded(sign(head.encode()))}"


class Issuer(Server):
    """Publishes one key, as the service does."""

    def __init__(self):
        self.key = Key()

    def answer(self, path, headers):
        return {
            "/.well-known/openid-configuration": {"issuer": self.url, "jwks_uri": f"{self.url}/.well-known/jwks.json"},
            "/.well-known/jwks.json": {"keys": [self.key.public]},
        }.get(path)

    def claims(self, **changed):
        now = int(time.time())
        usual = {"iss": self.url, "aud": AUDIENCE, "sub": str(uuid.uuid4()), "iat": now, "exp": now + 3600}
        return usual | {"user_id": usual["sub"]} | changed


class Native(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.issuer, cls.backend = Issuer(), Backend()
        for server in (cls.issuer, cls.backend):
            server.__enter__()
            cls.addClassCleanup(server.__exit__)
        servers = {"Issuer": cls.issuer.url, "BackendUrl": cls.backend.url}
        service.cloud.deploy("http-jwt", CONSUMERS / "http-jwt.yaml", edit=plain_http, **servers)
        cls.url = service.cloud.gateway(service.cloud.resource("http-jwt", "Api")) + "/orders"

    def status(self, token):
        return request("GET", self.url, authorization(token)).status

    def test_a_token_that_the_published_key_signed_gets_through(self):
        claims = self.issuer.claims()
        let_in = request("GET", self.url, authorization(self.issuer.key.signed(claims)) | {"x-user-id": "forged"})
        self.assertEqual(let_in.status, 200, let_in.text)
        self.assertEqual(let_in.json, {"path": "/orders", "x-user-id": claims["sub"]})

    def test_claims_of_others_and_of_another_time_do_not(self):
        now = int(time.time())
        for changed in (
            {"iss": "https://elsewhere.example"},
            {"aud": "elsewhere"},
            {"exp": now - 60},
            {"nbf": now + 600},
            {"iat": now + 600},
        ):
            self.assertEqual(self.status(self.issuer.key.signed(self.issuer.claims(**changed))), 401, changed)

    def test_other_signatures_do_not(self):
        claims = self.issuer.claims()
        key, other = self.issuer.key, Key()
        forged = {
            "no token": None,
            "tampered": tampered(key.signed(claims)),
            "another key": other.signed(claims),
            "another key under our name": other.signed(claims, kid=key.public["kid"]),
            "no key named": Key.joined({"alg": "RS256"}, claims, other.signature),
            "no signature": Key.joined({"alg": "none"}, claims, lambda _: b""),
            "no signature for our key": Key.joined({"alg": "none", "kid": key.public["kid"]}, claims, lambda _: b""),
            "the public key as a secret": Key.joined(
                {"alg": "HS256", "kid": key.public["kid"]},
                claims,
                lambda message: hmac.digest(key.pem, message, "sha256"),
            ),
        }
        before = self.backend.requests
        for name, token in forged.items():
            self.assertEqual(self.status(token), 401, name)
        self.assertEqual(self.backend.requests, before)


def plain_http(template):
    """The issuer and the back end of these tests speak HTTP without TLS."""
    for name in ("Issuer", "BackendUrl"):
        del template["Parameters"][name]["AllowedPattern"]

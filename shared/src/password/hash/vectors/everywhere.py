"""Makes passlib.json, werkzeug.json, django-4.2.json, python-3.11.json and weak.json: password hashes by the software that
other services store them with, and its word on which passwords they accept.

    pip install Django==4.2.30 passlib==1.7.4 bcrypt==4.0.1 Werkzeug==3.1.9   # Python 3.11, the last with crypt(3)
    python everywhere.py

Our own code must never write these files: it would agree with itself.
"""

import base64
import crypt
import hashlib
import importlib.metadata
import json
import pathlib
import platform
import unicodedata
import warnings

import django
from django.conf import settings

warnings.simplefilter("ignore")
settings.configure()
django.setup()

from django.contrib.auth import hashers  # noqa: E402
from passlib import hash as passlib  # noqa: E402
from werkzeug import security  # noqa: E402

PASSWORDS = {
    "plain": "correct horse battery staple",
    "decomposed": "Cafe\u0301 \ufb01 \u2167 密码 \U0001f600 ",
    "of 200 bytes": "".join(chr(ord("0") + i % 75) for i in range(200)),
    "empty": "",
}


def candidates(password):
    """The password, and what is nearly it: longer, shorter, of another case, of another Unicode form."""
    forms = [unicodedata.normalize(form, password) for form in ("NFC", "NFKC")]
    near = [password + "x", password[:-1], password.swapcase(), password.strip(), "", *forms]
    return list(dict.fromkeys([password, *near]))


def judged(name, hashed, password, verify, tried=None):
    """A hash, and what its own software says of each candidate."""
    verdicts = {candidate: verify(candidate, hashed) for candidate in tried or candidates(password)}
    assert verdicts[password], name
    return {
        "name": name,
        "hash": hashed,
        "accepted": [text for text, accepted in verdicts.items() if accepted],
        "refused": [text for text, accepted in verdicts.items() if not accepted],
    }


def of_handler(handler, title=None, dress=str):
    for name, password in PASSWORDS.items():
        hashed = handler.hash(password)
        verify = lambda typed, _: handler.verify(typed, hashed)  # noqa: B023, E731
        yield judged(f"{title or handler.name}, {name}", dress(hashed), password, verify)


def passlib_vectors():
    yield from of_handler(passlib.phpass.using(rounds=7))
    yield from of_handler(passlib.phpass.using(rounds=7, ident="H"), "phpass of phpBB")
    yield from of_handler(passlib.bcrypt_sha256.using(rounds=4, version=1), "bcrypt_sha256, version 1")
    yield from of_handler(passlib.bcrypt_sha256.using(rounds=4, version=2), "bcrypt_sha256, version 2")
    yield from of_handler(passlib.bcrypt_sha256.using(rounds=4, ident="2a", version=1), "bcrypt_sha256, 2a")
    yield from of_handler(passlib.bcrypt.using(rounds=4), "bcrypt of Spring", "{{bcrypt}}{}".format)
    yield from of_handler(passlib.ldap_bcrypt.using(rounds=4))
    yield from of_handler(passlib.ldap_sha512_crypt.using(rounds=1000))
    yield from of_handler(passlib.pbkdf2_sha512.using(rounds=1000))
    yield from of_handler(passlib.pbkdf2_sha1.using(rounds=1000))
    for handler in (passlib.sha256_crypt, passlib.sha512_crypt):
        yield from of_handler(handler.using(rounds=1000))
        yield from of_handler(handler.using(rounds=5000), f"{handler.name} without a number")
        yield from of_handler(handler.using(rounds=1203, salt="s"), f"{handler.name}, short salt")


def passlib_defaults():
    for name in ("phpass", "bcrypt_sha256", "pbkdf2_sha512", "pbkdf2_sha1", "sha256_crypt", "sha512_crypt"):
        handler = getattr(passlib, name)
        verify, tried = handler.verify, ["correct horse", "wrong"]
        yield judged(f"{name}, default cost", handler.hash("correct horse"), "correct horse", verify, tried)


def werkzeug_vectors():
    for method in ("scrypt:16:8:2", "pbkdf2:sha256:1000", "pbkdf2:sha512:1000", "pbkdf2:sha1:1000"):
        for name, password in PASSWORDS.items():
            hashed = security.generate_password_hash(password, method)
            yield judged(f"{method}, {name}", hashed, password, lambda p, h: security.check_password_hash(h, p))


def werkzeug_defaults():
    for method in ("scrypt", "pbkdf2:sha256", "pbkdf2:sha512"):
        hashed = security.generate_password_hash("correct horse", method)
        verify = lambda p, h: security.check_password_hash(h, p)  # noqa: E731
        yield judged(f"{method}, default cost", hashed, "correct horse", verify, ["correct horse", "wrong"])


def wrapped(inner, algorithm_name):
    """Django's documentation, "Password upgrading without requiring a login"."""

    class Wrapped(hashers.PBKDF2PasswordHasher):
        algorithm = algorithm_name

        def encode(self, password, salt, iterations=None):
            _, _, digest = inner().encode(password, salt).split("$", 2)
            return super().encode(digest, salt, iterations)

    return Wrapped()


def django_vectors():
    for hasher in (
        wrapped(hashers.SHA1PasswordHasher, "pbkdf2_wrapped_sha1"),
        wrapped(hashers.MD5PasswordHasher, "pbkdf2_wrapped_md5"),
    ):
        for name, password in PASSWORDS.items():
            hashed = hasher.encode(password, "GfvyuPTGZY4p", 1000)
            yield judged(f"{hasher.algorithm}, {name}", hashed, password, hasher.verify)


def phc_vectors():
    """PHC strings of PBKDF2, as Kratos writes them, and with the longer keys of Keycloak."""

    def b64(data):
        return base64.b64encode(data).decode().rstrip("=")

    salt = b"GfvyuPTGZY4pIqKm0Ncyuf"
    for digest, length in (("sha1", 20), ("sha1", 64), ("sha512", 32), ("sha512", 64)):
        for name, password in PASSWORDS.items():

            def encode(password):
                key = hashlib.pbkdf2_hmac(digest, password.encode(), salt, 1000, length)
                return f"$pbkdf2-{digest}$i=1000,l={length}${b64(salt)}${b64(key)}"

            yield judged(f"{digest}, {length} bytes, {name}", encode(password), password, lambda p, h: encode(p) == h)


def crypt_vectors():
    """What crypt(3) of this machine makes."""
    for method in (crypt.METHOD_SHA256, crypt.METHOD_SHA512):
        for name, password in PASSWORDS.items():
            hashed = crypt.crypt(password, crypt.mksalt(method, rounds=1000))
            yield judged(f"{method.name}, {name}", hashed, password, lambda p, h: crypt.crypt(p, h) == h)


def weak_vectors():
    for hasher in (
        hashers.SHA1PasswordHasher(),
        hashers.MD5PasswordHasher(),
        hashers.UnsaltedMD5PasswordHasher(),
        hashers.UnsaltedSHA1PasswordHasher(),
    ):
        salt = "" if "unsalted" in hasher.algorithm else "seasalt"
        for name, password in PASSWORDS.items():
            yield judged(f"{hasher.algorithm}, {name}", hasher.encode(password, salt), password, hasher.verify)
    for name, password in PASSWORDS.items():
        hashed = "md5$$" + hashers.UnsaltedMD5PasswordHasher().encode(password, "")
        yield judged(f"md5$$, {name}", hashed, password, hashers.UnsaltedMD5PasswordHasher().verify)
    yield from of_handler(passlib.ldap_salted_sha1)
    yield from of_handler(passlib.md5_crypt)
    yield from of_handler(passlib.md5_crypt.using(salt="s"), "md5_crypt, short salt")


def write(name, made_by, **vectors):
    text = json.dumps({"made_by": made_by, **vectors}, indent=2, ensure_ascii=False) + "\n"
    pathlib.Path(__file__).with_name(name).write_text(text, encoding="utf-8")


def main():
    python = f"Python {platform.python_version()}"
    made_by = lambda *names: [python, *(f"{it} {importlib.metadata.version(it)}" for it in names)]  # noqa: E731
    write(
        "passlib.json",
        made_by("passlib", "bcrypt"),
        vectors=list(passlib_vectors()),
        defaults=list(passlib_defaults()),
    )
    write(
        "werkzeug.json",
        made_by("Werkzeug"),
        vectors=list(werkzeug_vectors()),
        defaults=list(werkzeug_defaults()),
    )
    write("django-4.2.json", made_by("Django"), vectors=list(django_vectors()))
    write(
        "python-3.11.json",
        [python, "libxcrypt of Debian 12"],
        vectors=[*phc_vectors(), *crypt_vectors()],
    )
    write("weak.json", made_by("Django", "passlib"), vectors=list(weak_vectors()))


main()

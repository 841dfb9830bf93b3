"""Makes django-*.json and python.json: password hashes by the software that other services store them with, and its
word on which passwords they accept.

    pip install Django==5.2.19 argon2-cffi==25.1.0 bcrypt==4.3.0 passlib==1.7.4 firebase-scrypt==0.1.0   # Python 3.11
    pip install Django==6.1.3 argon2-cffi==25.1.0 bcrypt==5.0.0                                          # Python 3.12
    python make.py      # with each of the two; only the first has all that python.json needs

Our own code must never write these files: it would agree with itself.
"""

import base64
import hashlib
import importlib.metadata
import importlib.util
import json
import pathlib
import platform
import unicodedata

import django
from argon2 import low_level as argon2
from argon2.exceptions import VerifyMismatchError
from django.conf import settings

settings.configure()
django.setup()

from django.contrib.auth import hashers  # noqa: E402

SALT = "GfvyuPTGZY4pIqKm0Ncyuf"
PASSWORDS = {
    "plain": "correct horse battery staple",
    "decomposed": "Cafe\u0301 \ufb01 \u2167 密码 \U0001f600 ",
    "of 200 bytes": "".join(chr(ord("0") + i % 75) for i in range(200)),
    "empty": "",
}


def made_by(*packages):
    return [f"{package} {importlib.metadata.version(package)}" for package in packages]


def candidates(password):
    """The password, and what is nearly it: longer, shorter, of another case, of another Unicode form."""
    forms = [unicodedata.normalize(form, password) for form in ("NFC", "NFKC", "NFD")]
    near = [password + "x", password[:-1], password.swapcase(), password.strip(), "", *forms]
    return list(dict.fromkeys([password, *near]))


def judged(name, hashed, password, verify, tried=None):
    """A hash, and what its own software says of each candidate."""
    verdicts = {}
    for candidate in tried or candidates(password):
        try:
            verdicts[candidate] = verify(candidate, hashed)
        except ValueError:  # bcrypt 5 has no answer to more than 72 bytes
            continue
    assert verdicts[password], name
    return {
        "name": name,
        "hash": hashed,
        "accepted": [text for text, accepted in verdicts.items() if accepted],
        "refused": [text for text, accepted in verdicts.items() if not accepted],
    }


def django_vectors():
    cheap = {
        "pbkdf2_sha256": {"iterations": 1000},
        "pbkdf2_sha1": {"iterations": 1000},
        "scrypt": {"n": 16, "r": 8, "p": 2},
    }
    for algorithm in ("pbkdf2_sha256", "pbkdf2_sha1", "argon2", "bcrypt_sha256", "bcrypt", "scrypt"):
        hasher = HASHERS[algorithm]()
        salt = b"$2b$04$" + hasher.salt()[7:] if "bcrypt" in algorithm else SALT
        if algorithm == "argon2":
            hasher.time_cost, hasher.memory_cost = 1, 64
        for name, password in PASSWORDS.items():
            try:
                hashed = hasher.encode(password, salt, **cheap.get(algorithm, {}))
            except ValueError:  # bcrypt 5, as above
                continue
            yield judged(f"{algorithm}, {name}", hashed, password, hasher.verify)
    hashed = "argon2" + argon2_hash(argon2.Type.I, "correct horse")
    yield judged("argon2i", hashed, "correct horse", HASHERS["argon2"]().verify)


def django_defaults():
    """What Django makes where nobody has changed its costs."""
    for algorithm, hasher in HASHERS.items():
        salt = hasher().salt() if "bcrypt" in algorithm else SALT
        hashed = hasher().encode("correct horse", salt)
        yield judged(f"{algorithm}, default cost", hashed, "correct horse", hasher().verify, ["correct horse", "wrong"])


HASHERS = {
    "argon2": hashers.Argon2PasswordHasher,
    "bcrypt": hashers.BCryptPasswordHasher,
    "bcrypt_sha256": hashers.BCryptSHA256PasswordHasher,
    "pbkdf2_sha1": hashers.PBKDF2SHA1PasswordHasher,
    "pbkdf2_sha256": hashers.PBKDF2PasswordHasher,
    "scrypt": hashers.ScryptPasswordHasher,
}


def argon2_hash(kind, password, version=19, memory=64, passes=1, lanes=1):
    salt = SALT.encode()[:16]
    return argon2.hash_secret(password.encode(), salt, passes, memory, lanes, 32, kind, version).decode()


def argon2_verify(kind):
    def verify(password, hashed):
        try:
            return argon2.verify_secret(hashed.encode(), password.encode(), kind)
        except VerifyMismatchError:
            return False

    return verify


def argon2_vectors():
    for kind in (argon2.Type.I, argon2.Type.D, argon2.Type.ID):
        for version in (16, 19):
            for name, password in PASSWORDS.items():
                if kind == argon2.Type.ID and version == 19 and name == "decomposed":
                    continue  # ours: composed before it is hashed
                hashed = argon2_hash(kind, password, version, lanes=2)
                yield judged(f"{kind}, version {version}, {name}", hashed, password, argon2_verify(kind))
    hashed = argon2_hash(argon2.Type.I, "correct horse", 16).replace("$v=16", "")
    yield judged("before versions were written", hashed, "correct horse", argon2_verify(argon2.Type.I))


def bcrypt_vectors():
    import bcrypt

    def verify(password, hashed):
        return bcrypt.checkpw(password.encode(), hashed.encode())

    for version in ("2a", "2b", "2y"):
        for name, password in PASSWORDS.items():
            salt = f"${version}$05${bcrypt.gensalt(5).decode()[7:]}"
            yield judged(f"{version}, {name}", bcrypt.hashpw(password.encode(), salt.encode()).decode(), password, verify)
    for length in (71, 72, 73):
        password = "a" * length
        hashed = bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode()
        yield judged(f"{length} bytes", hashed, password, verify, ["a" * n for n in (length, 70, 71, 72, 73, 100)])
    password = "ä" * 40  # cut within a character
    yield judged("80 bytes", bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode(), password, verify)


def passlib_vectors():
    from passlib.hash import argon2 as passlib_argon2
    from passlib.hash import pbkdf2_sha256, scrypt

    for handler in (
        pbkdf2_sha256.using(rounds=1000),
        pbkdf2_sha256.using(rounds=3, salt=bytes(range(240, 256))),
        scrypt.using(rounds=4, block_size=8, parallelism=3),
        scrypt.using(rounds=10, block_size=8),
        passlib_argon2.using(type="I", rounds=1, memory_cost=64, parallelism=1),
    ):
        for name, password in PASSWORDS.items():
            yield judged(f"{handler.name}, {name}", handler.hash(password), password, handler.verify)
    default = scrypt.hash("correct horse")
    yield judged("scrypt, default cost", default, "correct horse", scrypt.verify, ["correct horse", "wrong"])


def hashlib_vectors():
    """PHC strings of PBKDF2 with a length, as RustCrypto and Ory Kratos write them."""

    def b64(data):
        return base64.b64encode(data).decode().rstrip("=")

    for length in (16, 32, 64):
        for name, password in PASSWORDS.items():

            def encode(password):
                key = hashlib.pbkdf2_hmac("sha256", password.encode(), SALT.encode(), 1000, length)
                return f"$pbkdf2-sha256$i=1000,l={length}${b64(SALT.encode())}${b64(key)}"

            yield judged(f"{length} bytes, {name}", encode(password), password, lambda p, hashed: encode(p) == hashed)


def firebase_vectors():
    import firebase_scrypt

    signer = "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA=="
    salt, separator = "42xEC+ixf3L2lw==", "Bw=="
    theirs = "lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ=="

    def verify(password, hashed):
        _, _, parameters, salt, known, separator, signer = hashed.split("$")
        cost, rounds, _ = (int(parameter.split("=")[1]) for parameter in parameters.split(","))
        separator = base64.b64decode(separator)
        return firebase_scrypt.verify_password(password, known, salt, separator, signer, rounds, cost)

    yield judged(
        "the example of github.com/firebase/scrypt",
        f"$firescrypt$ln=14,r=8,p=1${salt}${theirs}${separator}${signer}",
        "user1password",
        verify,
        ["user1password", "user1passwore"],
    )
    for name, password in PASSWORDS.items():
        key = firebase_scrypt.generate_derived_key(password, salt, base64.b64decode(separator), 8, 4)
        known = base64.b64encode(firebase_scrypt.encrypt(base64.b64decode(signer), key)).decode()
        hashed = f"$firescrypt$ln=4,r=8,p=1${salt}${known}${separator}${signer}"
        yield judged(name, hashed, password, verify)


def write(name, made_by, **vectors):
    text = json.dumps({"made_by": made_by, **vectors}, indent=2, ensure_ascii=False) + "\n"
    pathlib.Path(__file__).with_name(name).write_text(text, encoding="utf-8")


def main():
    release = ".".join(map(str, django.VERSION[:2]))
    write(
        f"django-{release}.json",
        made_by("Django", "argon2-cffi", "bcrypt"),
        vectors=list(django_vectors()),
        defaults=list(django_defaults()),
    )
    if importlib.util.find_spec("passlib") is None:
        return
    write(
        "python.json",
        [f"Python {platform.python_version()}", *made_by("argon2-cffi", "bcrypt", "passlib", "firebase-scrypt")],
        vectors=[*argon2_vectors(), *bcrypt_vectors(), *passlib_vectors(), *hashlib_vectors(), *firebase_vectors()],
    )


main()

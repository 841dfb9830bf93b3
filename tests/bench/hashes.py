"""Computes password hashes by OpenSSL, libxcrypt and libargon2.

For each stored hash that is read, with its parameters: milliseconds of a processor, or "none" without an implementation.
"""

import ctypes
import hashlib
import sys
import time
import warnings

PASSWORD = b"correct horse battery staple"
SALT = b"somesaltsomesalt"

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    try:
        from crypt import crypt
    except ImportError:
        crypt = None
try:
    libargon2 = ctypes.CDLL("libargon2.so.1")
except OSError:
    libargon2 = None


def pbkdf2(digest, iterations):
    return lambda: hashlib.pbkdf2_hmac(digest, PASSWORD, SALT, int(iterations))


def scrypt(n, r, p):
    return lambda: hashlib.scrypt(PASSWORD, salt=SALT, n=int(n), r=int(r), p=int(p), maxmem=1 << 30)


def bcrypt(cost):
    return crypt and (lambda: crypt(PASSWORD.decode(), f"$2b${cost}$abcdefghijklmnopqrstuu"))


def argon2id(cost):
    if libargon2 is None:
        return None
    numbers = [ctypes.c_uint32(int(cost[name])) for name in ("t", "m", "p")]
    tag = ctypes.create_string_buffer(32)
    size = ctypes.c_size_t

    def work():
        secret = (PASSWORD, size(len(PASSWORD)), SALT, size(len(SALT)))
        assert libargon2.argon2id_hash_raw(*numbers, *secret, tag, size(len(tag))) == 0

    return work


def named(parameters):
    return dict(parameter.split("=") for parameter in parameters.split(","))


def work(stored):
    match stored.split("$"):
        case ["pbkdf2_sha256" | "pbkdf2_sha1" as scheme, iterations, *_]:
            return pbkdf2(scheme.removeprefix("pbkdf2_"), iterations)
        case ["", "pbkdf2" | "pbkdf2-sha256" | "pbkdf2-sha512" as scheme, iterations, *_] if iterations.isdigit():
            return pbkdf2(scheme.removeprefix("pbkdf2").removeprefix("-") or "sha1", iterations)
        case [method, _, _] if method.startswith("pbkdf2:"):
            return pbkdf2(*method.split(":")[1:])
        case [method, _, _] if method.startswith("scrypt:"):
            return scrypt(*method.split(":")[1:])
        case ["", "5" | "6" as scheme, rounds, _, _]:
            return crypt and (lambda: crypt(PASSWORD.decode(), f"${scheme}${rounds}$somesaltsomesalt"))
        case ["scrypt", n, _, r, p, _]:
            return scrypt(n, r, p)
        case ["", "scrypt", parameters, *_]:
            cost = named(parameters)
            return scrypt(1 << int(cost["ln"]), cost["r"], cost["p"])
        case ["bcrypt" | "bcrypt_sha256", "", _, cost, _]:
            return bcrypt(cost)
        case ["" | "argon2", "argon2id", _, parameters, *_]:
            return argon2id(named(parameters))
        case [better_auth] if ":" in better_auth:
            return scrypt(1 << 14, 16, 1)


for line in sys.stdin:
    compute = work(line.strip())
    if compute is None:
        print("none", flush=True)
        continue
    started = time.process_time()
    compute()
    print((time.process_time() - started) * 1000, flush=True)

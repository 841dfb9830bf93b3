"""Times hash functions that are not Rust: one JSON object of milliseconds for every line that is read."""

import ctypes
import json
import sys
import time
import warnings

PASSWORD = b"correct horse battery staple"
SALT = b"somesaltsomesalt"


def timed(work):
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000


def hashes():
    try:
        library = ctypes.CDLL("libargon2.so.1")
    except OSError:
        print("libargon2.so.1 is not installed (apt-get install libargon2-1)", file=sys.stderr)
    else:
        bytes_in, size, number = ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint32
        library.argon2id_hash_raw.argtypes = [
            *(number, number, number),  # passes, KiB, lanes
            *(bytes_in, size),  # password
            *(bytes_in, size),  # salt
            *(ctypes.c_void_p, size),  # tag
        ]
        tag = ctypes.create_string_buffer(32)

        def argon2id():
            code = library.argon2id_hash_raw(2, 19456, 1, PASSWORD, len(PASSWORD), SALT, len(SALT), tag, len(tag))
            assert code == 0, code

        yield "argon2id, libargon2", argon2id
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from crypt import crypt
    except ImportError:
        print("this Python has no crypt to time bcrypt with", file=sys.stderr)
    else:
        for cost in (10, 12):
            setting = f"$2b${cost}$abcdefghijklmnopqrstuu"
            if (crypt("", setting) or "").startswith("$2b$"):
                yield f"bcrypt, cost {cost}", lambda setting=setting: crypt(PASSWORD.decode(), setting)


ALL = list(hashes())
for _ in sys.stdin:
    print(json.dumps({name: timed(work) for name, work in ALL}), flush=True)

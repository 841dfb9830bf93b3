"""What a service must say of itself to be compared."""

import functools
import json
import os
import pathlib
import subprocess

PEERS = pathlib.Path(__file__).resolve().parent.parent
SECRET = "k9Xv2mQ8rT5wZ1bN4cL7dF0gH3jP6sAuE"
OUR_HASH = "Argon2id, 19 MiB, 2 passes"

# Stand in a request for the number of the request and for the token of the connection (tests/bench/http/load.rs).
COUNTER = "COUNTER"
REFRESH = "REFRESH"


@functools.cache
def install(peer):
    """Installs a peer. Returns its Node, its Python or its files."""
    output = subprocess.run([PEERS / "install", peer], check=True, stdout=subprocess.PIPE, text=True)
    return output.stdout.strip()


class Adapter:
    # The folder of the peer in tests/peers, and its name in the tables.
    folder = None
    name = None
    # The software with its version, how it is run, and where accounts are.
    software = None
    runs_as = None
    store = None
    default_hash = None
    # The member of a response to a refresh that is the next refresh token; None if the same one is good again.
    next_refresh_token = None
    operations = ("register", "login", "refresh", "validate")
    # If tokens are JWTs, which alone can say `alg: none`.
    jwt = True
    # If a started process without accounts from before can answer a validation.
    keeps_accounts = True

    def __init__(self, our_hash=False):
        self.our_hash = our_hash

    @property
    def key(self):
        return f"{self.name}, our hash" if self.our_hash else self.name

    @property
    def hash(self):
        return OUR_HASH if self.our_hash else self.default_hash

    def files(self):
        return PEERS / self.folder

    def environment(self, **variables):
        kept = {"PATH": os.environ["PATH"], "JWT_SECRET": SECRET}
        return kept | ({"HASH": "argon2id"} if self.our_hash else {}) | variables

    def prepare(self, folder):
        """Makes what a start finds, such as the tables of a database."""

    def start(self, processes, limits):
        """Starts what a validation needs. With `limits`, all defaults are on; else those of a client IP are off."""
        raise NotImplementedError

    def started(self, processes):
        """Starts the rest, once the first request has its response."""

    def register(self, name, password):
        raise NotImplementedError

    def login(self, name, password):
        raise NotImplementedError

    def validate(self, login):
        """A request to validate the token in the response to a login."""
        raise NotImplementedError

    def refresh_token(self, login):
        """The refresh token in the response to a login."""
        return login.json()["refresh_token"]

    def refresh(self, token):
        raise NotImplementedError

    def versions(self):
        """Versions of all packages, by name."""
        return {}


def npm_versions(folder):
    lock = json.loads((PEERS / folder / "package-lock.json").read_text())
    wanted = lock["packages"][""]["dependencies"]
    return {name: lock["packages"][f"node_modules/{name}"]["version"] for name in wanted}


def pip_versions(folder):
    lines = (PEERS / folder / "requirements.txt").read_text().split()
    return dict(line.split("==") for line in lines)

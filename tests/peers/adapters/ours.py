"""Our functions as release builds behind an HTTP front (tests/bench/http/front.rs), and one that does nothing."""

import functools
import json
import subprocess

from http_client import bearer, get, post

from .adapter import OUR_HASH, PEERS, SECRET, Adapter

ROOT = PEERS.parent.parent
FUNCTIONS = ["register", "login", "validate"]


def cargo(*arguments):
    """Builds with cargo. Returns the executables by name."""
    command = ["cargo", *arguments, "--locked", "--message-format=json-render-diagnostics"]
    output = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    messages = [json.loads(line) for line in output.splitlines()]
    built = [message for message in messages if message.get("executable")]
    return {message["target"]["name"]: message["executable"] for message in built}


@functools.cache
def executables():
    """The functions with SQLite, as on a laptop, by the profile of deployment; and the bench `http`."""
    packages = [argument for function in FUNCTIONS for argument in ("--package", function)]
    return (
        cargo("build", "--release", *packages)
        | cargo("build", "--release", "--package", "hello", "--example", "hello")
        | cargo("bench", "--no-run", "--package", "bench", "--bench", "http")
    )


class Behind(Adapter):
    """Functions behind the front."""

    software = "serverless-auth"
    runs_as = "a process of one thread for each function"
    first = None

    def start(self, processes, limits):
        front = processes.start(
            [executables()["http"], "front"], self.environment(), front=True, stdout=subprocess.PIPE
        )
        said = json.loads(front.stdout.readline())
        processes.port = said["port"]
        self.addresses = said["functions"]
        self.variables = {"LOGIN_ATTEMPTS_PER_ADDRESS": "100" if limits else "0"}
        # The front is there before a function starts, as Lambda is.
        processes.restart_clock()
        self.function(processes, self.first)

    def function(self, processes, name):
        environment = {
            "ACCOUNT_STORE": f"sqlite://{processes.folder}/accounts.db",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1769",
            "AWS_LAMBDA_FUNCTION_NAME": name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_RUNTIME_API": self.addresses[name],
            "JWT_SECRET": SECRET,
        }
        processes.start([executables()[name]], environment | self.variables)

    def versions(self):
        # The last commit that has changed what is built.
        log = ["git", "log", "-1", "--format=%h", "--", "functions", "shared"]
        commit = subprocess.run(log, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
        return {"commit": commit}


class Hello(Behind):
    name = "hello"
    store = "none"
    default_hash = "none"
    first = "hello"
    operations = ("validate",)
    keeps_accounts = False

    def register(self, name, password):
        return get("/hello")

    login = register

    def validate(self, login):
        return get("/hello")


class Ours(Behind):
    name = "serverless-auth"
    store = "SQLite, WAL"
    default_hash = OUR_HASH
    first = "validate"
    next_refresh_token = "refresh_token"

    def started(self, processes):
        self.function(processes, "login")
        self.function(processes, "register")

    def register(self, name, password):
        return post("/register", {"username": name, "password": password})

    def login(self, name, password, **fields):
        return post("/login", {"username": name, "password": password, "session": "token"} | fields)

    def login_from_known_device(self, name, password, earlier):
        return self.login(name, password, device_token=earlier.json()["device_token"])

    def validate(self, login):
        return post("/validate", "", **bearer(login.json()["token"]))

    def refresh(self, token):
        return post("/refresh", {"refresh_token": token})

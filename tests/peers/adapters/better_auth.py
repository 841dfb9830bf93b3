"""Better Auth (tests/peers/better-auth/server.mjs). Its sessions are rows, found by a signed cookie."""

import subprocess

from http_client import get, post

from .adapter import SECRET, Adapter, install, npm_versions

ORIGIN = "http://127.0.0.1"


class BetterAuth(Adapter):
    folder = "better-auth"
    name = "Better Auth"
    software = "better-auth over node:http"
    runs_as = "a process of Node"
    store = "SQLite, as Node opens it"
    default_hash = "scrypt, N=16384, r=16"
    # A session is extended when it is used: there is nothing to exchange.
    operations = ("register", "login", "validate")
    jwt = False

    def node(self, **variables):
        """The command and the environment. It runs in the folder of the database."""
        command = [install("better-auth"), "--disable-warning=ExperimentalWarning", self.files() / "server.mjs"]
        production = {"NODE_ENV": "production", "BETTER_AUTH_SECRET": SECRET, "BETTER_AUTH_TELEMETRY": "0"}
        return command, self.environment(**production, **variables)

    def prepare(self, folder):
        command, environment = self.node()
        subprocess.run([*command, "migrate"], cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)

    def start(self, processes, limits):
        command, environment = self.node(**({} if limits else {"RATE_LIMIT": "off"}))
        processes.start([*command, str(processes.port)], environment)

    def register(self, name, password):
        body = {"name": name, "email": f"{name}@example.com", "password": password}
        return post("/api/auth/sign-up/email", body, origin=ORIGIN)

    def login(self, name, password):
        return post("/api/auth/sign-in/email", {"email": f"{name}@example.com", "password": password}, origin=ORIGIN)

    def validate(self, login):
        return get("/api/auth/get-session", cookie=login.cookies())

    def versions(self):
        return npm_versions("better-auth")

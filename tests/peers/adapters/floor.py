"""The least of a service in JavaScript (tests/peers/floor/server.mjs)."""

from http_client import Request, bearer, post

from .adapter import OUR_HASH, Adapter, install, npm_versions


class Floor(Adapter):
    folder = "floor"
    name = "floor"
    software = "fastify, jose, @node-rs/argon2"
    runs_as = "a process of Node"
    store = "memory"
    default_hash = OUR_HASH
    operations = ("register", "login", "validate")
    keeps_accounts = False

    def start(self, processes, limits):
        environment = self.environment(PORT=str(processes.port), NODE_ENV="production")
        processes.start([install("floor"), self.files() / "server.mjs"], environment)

    def register(self, name, password):
        return post("/register", {"username": name, "password": password})

    def login(self, name, password):
        return post("/login", {"username": name, "password": password})

    def validate(self, login):
        return Request("POST", "/validate", "", bearer(login.json()["token"]))

    def versions(self):
        return npm_versions("floor")

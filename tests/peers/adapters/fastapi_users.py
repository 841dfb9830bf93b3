"""fastapi-users (tests/peers/fastapi-users/app.py)."""

from urllib.parse import urlencode

from http_client import Request, bearer, get, post

from .adapter import Adapter, install, pip_versions


class FastApiUsers(Adapter):
    folder = "fastapi-users"
    name = "fastapi-users"
    software = "fastapi-users over FastAPI and uvicorn"
    runs_as = "a process of uvicorn with uvloop and httptools, without an access log"
    store = "SQLite by SQLAlchemy and aiosqlite"
    default_hash = "Argon2id, 64 MiB, 3 passes, 4 lanes"
    operations = ("register", "login", "validate")

    def start(self, processes, limits):
        command = [install("fastapi-users"), "-m", "uvicorn", "app:app", "--app-dir", self.files()]
        command += ["--port", str(processes.port), "--no-access-log", "--loop", "uvloop", "--http", "httptools"]
        processes.start(command, self.environment(PYTHONDONTWRITEBYTECODE="1"))

    def register(self, name, password):
        return post("/auth/register", {"email": f"{name}@example.com", "password": password})

    def login(self, name, password):
        form = urlencode({"username": f"{name}@example.com", "password": password})
        return Request("POST", "/auth/jwt/login", form, {"content-type": "application/x-www-form-urlencoded"})

    def validate(self, login):
        return get("/validate", **bearer(login.json()["access_token"]))

    def versions(self):
        return pip_versions("fastapi-users")

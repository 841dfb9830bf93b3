"""Django with Django REST framework and SimpleJWT (tests/peers/django), which our service replaced."""

import subprocess

from http_client import bearer, get, post

from .adapter import Adapter, install, pip_versions


class Django(Adapter):
    folder = "django"
    name = "Django"
    software = "Django, Django REST framework, SimpleJWT over gunicorn"
    runs_as = "a worker of gunicorn with four threads"
    store = "SQLite, as Django opens it"
    default_hash = "PBKDF2-SHA256, 1,000,000 iterations"

    def django(self):
        return self.environment(
            DJANGO_SETTINGS_MODULE="settings", PYTHONPATH=str(self.files()), PYTHONDONTWRITEBYTECODE="1"
        )

    def prepare(self, folder):
        command = [install("django"), "-m", "django", "migrate", "--verbosity", "0"]
        subprocess.run(command, cwd=folder, env=self.django(), check=True)

    def start(self, processes, limits):
        command = [install("django"), "-m", "gunicorn", "--config", self.files() / "gunicorn.conf.py"]
        processes.start([*command, "--bind", f"127.0.0.1:{processes.port}"], self.django())

    def register(self, name, password):
        return post("/register", {"username": name, "password": password})

    def login(self, name, password):
        return post("/login", {"username": name, "password": password})

    def validate(self, login):
        return get("/validate", **bearer(login.json()["access"]))

    def refresh_token(self, login):
        return login.json()["refresh"]

    def refresh(self, token):
        return post("/refresh", {"refresh": token})

    def versions(self):
        return pip_versions("django")

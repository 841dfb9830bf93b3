"""Glewlwyd, a server in C, from Debian (tests/peers/glewlwyd): users by its API for administrators, tokens by its plugin
for OpenID Connect and the grants `password` and `refresh_token`."""

import gzip
import json
import pathlib
import sqlite3
from urllib.parse import urlencode

from http_client import Request, bearer, get, post, send
from processes import Processes

from .adapter import PEERS, Adapter, install


class Glewlwyd(Adapter):
    folder = "glewlwyd"
    name = "Glewlwyd"
    software = "Glewlwyd"
    runs_as = "a process with a thread for each connection"
    store = "SQLite, as Glewlwyd opens it"
    default_hash = "PBKDF2-SHA256, 150,000 iterations"

    def prepare(self, folder):
        root = pathlib.Path(install("glewlwyd"))
        schema = gzip.decompress((root / "usr/share/doc/glewlwyd/database/init.sqlite3.sql.gz").read_bytes()).decode()
        with sqlite3.connect(folder / "accounts.db") as database:
            database.executescript(schema)
        processes = Processes(folder)
        try:
            self.start(processes, limits=True)
            self.started(processes)
            plugin = json.loads((self.files() / "plugin.json").read_text())
            response = send(processes.port, post("/api/mod/plugin/", plugin, cookie=self.administrator))
            assert response.success, response
        finally:
            processes.stop()

    def start(self, processes, limits):
        root = install("glewlwyd")
        settings = (self.files() / "glewlwyd.conf").read_text()
        settings = settings.replace("@ROOT@", root).replace("@FOLDER@", str(processes.folder))
        (processes.folder / "glewlwyd.conf").write_text(settings)
        libraries = {"LD_LIBRARY_PATH": f"{root}/usr/lib/x86_64-linux-gnu"}
        command = [f"{root}/usr/bin/glewlwyd", "--config-file", "glewlwyd.conf", "--port", str(processes.port)]
        processes.start(command, self.environment(**libraries))

    def started(self, processes):
        processes.wait(get("/config"))
        response = send(processes.port, post("/api/auth", {"username": "admin", "password": "password"}))
        self.administrator = response.cookies()

    def register(self, name, password):
        user = {"username": name, "password": password, "enabled": True, "scope": ["g_profile"]}
        return post("/api/user/", user, cookie=self.administrator)

    def token(self, **form):
        headers = {"content-type": "application/x-www-form-urlencoded"}
        return Request("POST", "/api/oidc/token", urlencode(form), headers)

    def login(self, name, password):
        return self.token(grant_type="password", scope="g_profile", username=name, password=password)

    def validate(self, login):
        return get("/api/oidc/userinfo", **bearer(login.json()["access_token"]))

    def refresh(self, token):
        return self.token(grant_type="refresh_token", refresh_token=token)

    def versions(self):
        lines = (PEERS / "glewlwyd/packages.txt").read_text().split()
        return dict(line.split("=") for line in lines)

"""Requests to a server, one at a time. What is measured is sent by the client in tests/bench/http."""

import dataclasses
import http.client
import json

PATIENCE_S = 60


@dataclasses.dataclass(frozen=True)
class Request:
    method: str
    path: str
    body: str = ""
    headers: dict = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Response:
    status: int
    headers: list
    text: str

    @property
    def success(self):
        return 200 <= self.status < 300

    def json(self):
        return json.loads(self.text)

    def cookies(self):
        """The cookies that it sets, as a client sends them back."""
        set_cookie = [value for name, value in self.headers if name.lower() == "set-cookie"]
        return "; ".join(value.split(";")[0] for value in set_cookie)


def post(path, body, **headers):
    return Request("POST", path, json.dumps(body), {"content-type": "application/json"} | headers)


def get(path, **headers):
    return Request("GET", path, "", headers)


def bearer(token):
    return {"authorization": f"Bearer {token}"}


def send(port, request, connection=None):
    """Sends a request over a connection of its own, or over one that is open."""
    mine = connection or http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    try:
        mine.request(request.method, request.path, request.body.encode() or None, request.headers)
        response = mine.getresponse()
        return Response(response.status, response.getheaders(), response.read().decode())
    finally:
        if mine is not connection:
            mine.close()

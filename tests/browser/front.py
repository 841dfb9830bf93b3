"""The server of a page, which passes on the routes of the service to the emulator: one origin for both."""

import http.client
import threading
from contextlib import closing
from dataclasses import dataclass
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

PREFIX = "/auth"  # of the service
PAGES = {f"/{page}" for page in ("signup", "login", "forgot", "reset", "confirm", "account")}  # one file
TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8"}


@dataclass
class Passed:
    """A request that was passed on, and its response."""

    method: str
    path: str
    site: str  # as the browser says
    cookies: dict
    status: int
    set_cookies: dict


class Front(ThreadingHTTPServer):
    """Listens on a free port of 127.0.0.1, and needs the port of the emulator as `backend`. A context manager."""

    daemon_threads = True

    def __init__(self, folder):
        super().__init__(("127.0.0.1", 0), Handler)
        self.folder, self.backend = Path(folder), None
        self.passed = []
        self.seen = []  # the path and the headers of every request
        self.meeting = None  # where refreshes wait for each other

    def __enter__(self):
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()

    def asked(self, path):
        """The requests for a path, which are forgotten."""
        found = [passed for passed in self.passed if passed.path == path]
        self.passed = [passed for passed in self.passed if passed.path != path]
        return found


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        file = self.server.folder / ("account.html" if self.path in PAGES else self.path.lstrip("/"))
        if file.suffix not in TYPES or not file.is_file():
            return self.pass_on()
        self.server.seen.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
        self.respond(200, [("content-type", TYPES[file.suffix])], file.read_bytes())

    def do_POST(self):
        self.pass_on()

    do_DELETE = do_OPTIONS = do_POST

    def pass_on(self):
        path = self.path.removeprefix(PREFIX)
        self.server.seen.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
        if self.server.meeting and path == "/refresh":
            self.server.meeting.wait()
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        with closing(http.client.HTTPConnection("127.0.0.1", self.server.backend, timeout=120)) as backend:
            backend.request(self.command, path, body, dict(self.headers))
            response = backend.getresponse()
            content = response.read()
        headers = [(name, value) for name, value in response.getheaders() if name.lower() != "content-length"]
        self.server.passed.append(
            Passed(
                method=self.command,
                path=path,
                site=self.headers.get("sec-fetch-site"),
                cookies=cookies(self.headers.get_all("cookie", [])),
                status=response.status,
                set_cookies=cookies(response.headers.get_all("set-cookie", [])),
            )
        )
        self.respond(response.status, headers, content)

    def respond(self, status, headers, content):
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


def cookies(headers):
    return {name: cookie.value for header in headers for name, cookie in SimpleCookie(header).items()}

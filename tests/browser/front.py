"""A server that passes on the routes of the service to the emulator, and notes them. It also serves some pages: one origin for both."""

import http.client
import threading
from contextlib import closing
from dataclasses import dataclass
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8"}


@dataclass
class Passed:
    """A request that was passed on, and its response."""

    method: str
    path: str
    headers: dict
    cookies: dict
    status: int
    set_cookies: dict

    @property
    def site(self):
        """Where it is from, as the browser says."""
        return self.headers.get("sec-fetch-site")


class Front(ThreadingHTTPServer):
    """Listens on a free port of 127.0.0.1, and needs the port of the emulator as `backend`. A context manager."""

    daemon_threads = True

    def __init__(self, *folders):
        super().__init__(("127.0.0.1", 0), Handler)
        self.folders, self.backend = folders, None
        self.passed = []
        self.meeting = None  # where refreshes wait for each other
        self.losses = []  # paths, the next response of which is lost

    def __enter__(self):
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()

    def asked(self, path):
        """The requests for a path, which are forgotten. Not those that only ask what a page may send."""
        found = [passed for passed in self.passed if passed.path == path and passed.method != "OPTIONS"]
        self.passed = [passed for passed in self.passed if passed.path != path]
        return found

    def page(self, path):
        """The file of a page or a script, if there is one."""
        files = (folder / path.lstrip("/") for folder in self.folders)
        return next((file for file in files if file.suffix in TYPES and file.is_file()), None)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if file := self.server.page(self.path):
            self.respond(200, [("content-type", TYPES[file.suffix])], file.read_bytes())
        else:
            self.pass_on()

    def do_POST(self):
        self.pass_on()

    do_DELETE = do_OPTIONS = do_POST

    def pass_on(self):
        if self.server.meeting and self.path == "/refresh":
            self.server.meeting.wait()
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        with closing(http.client.HTTPConnection("127.0.0.1", self.server.backend, timeout=120)) as backend:
            backend.request(self.command, self.path, body, dict(self.headers))
            response = backend.getresponse()
            content = response.read()
        headers = [(name, value) for name, value in response.getheaders() if name.lower() != "content-length"]
        self.server.passed.append(
            Passed(
                method=self.command,
                path=self.path,
                headers={name.lower(): value for name, value in self.headers.items()},
                cookies=cookies(self.headers.get_all("cookie", [])),
                status=response.status,
                set_cookies=cookies(response.headers.get_all("set-cookie", [])),
            )
        )
        if self.path in self.server.losses:
            self.server.losses.remove(self.path)
            return self.respond(503, [], b"")
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

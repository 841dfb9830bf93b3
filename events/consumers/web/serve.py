#!/usr/bin/env python3
"""Serves the page of this folder on http://localhost:8000, or on another port: python3 serve.py 8080"""

import sys
from contextlib import suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
PAGES = {"/", "/login", "/signup", "/forgot", "/reset", "/confirm", "/account"}  # one file
HEADERS = {
    "cache-control": "no-cache",
    "content-security-policy": "frame-ancestors 'none'",  # no other page shows it in a frame
}


class Handler(SimpleHTTPRequestHandler):
    def translate_path(self, path):
        return super().translate_path("/index.html" if path.partition("?")[0] in PAGES else path)

    def end_headers(self):
        for name, value in HEADERS.items():
            self.send_header(name, value)
        super().end_headers()


port = int(sys.argv[1]) if len(sys.argv) > 1 else 8000
with ThreadingHTTPServer(("127.0.0.1", port), partial(Handler, directory=FOLDER)) as server:
    print(f"http://localhost:{server.server_port}", flush=True)
    with suppress(KeyboardInterrupt):
        server.serve_forever()

"""HTTP servers of the tests, on a free port of 127.0.0.1 for as long as a test runs."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Server:
    """Answers GET requests with JSON: `answer` returns it for the path and the headers, or None for 404."""

    def __enter__(self):
        self.requests = 0
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                server.requests += 1
                answer = server.answer(self.path, self.headers)
                body = json.dumps(answer).encode()
                self.send_response(404 if answer is None else 200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


class Backend(Server):
    """A service behind an API, which answers with what it was asked and by whom."""

    def answer(self, path, headers):
        return {"path": path, "x-user-id": headers["x-user-id"]}

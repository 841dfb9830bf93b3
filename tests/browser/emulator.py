"""The functions under `cargo lambda watch`, on a new database."""

import email
import email.policy
import os
import re
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


class Emulator:
    """With these variables for the functions. A context manager, which ends the emulator and all that it has started."""

    def __init__(self, variables):
        self.variables = variables

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="browser-")
        self.port = free_port()
        self.log = open(Path(self.folder.name) / "log", "w+b")
        self.mark = f"BROWSER={self.folder.name}"
        address = ["--invoke-address", "127.0.0.1", "--invoke-port", str(self.port)]
        self.process = subprocess.Popen(
            ["cargo", "lambda", "watch", "--ignore-changes", *address],
            cwd=ROOT,
            env=of_cargo()
            | self.variables
            | {"ACCOUNT_STORE": f"sqlite://{self.folder.name}/accounts.db", "BROWSER": self.folder.name},
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            self.wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def wait(self):
        deadline = time.monotonic() + 60
        while self.process.poll() is None and time.monotonic() < deadline:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return self.start_functions()
            time.sleep(0.1)
        raise RuntimeError(f"the emulator does not listen on port {self.port}:\n{self.said()}")

    def start_functions(self):
        """A function starts with its first request, for which a page does not wait."""
        for function in ("register", "login", "validate"):
            request = urllib.request.Request(f"http://127.0.0.1:{self.port}/{function}", b"{}", method="POST")
            with suppress(urllib.error.HTTPError):
                urllib.request.urlopen(request, timeout=60).close()

    def said(self):
        """The end of the output of the emulator and the functions."""
        self.log.flush()
        return Path(self.log.name).read_text(errors="replace")[-8000:]

    def last_link(self, kind):
        """The link in the last mail of a kind."""
        file = max(Path(self.folder.name, "mail").glob(f"*-{kind}-*.eml"))
        mail = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
        return re.search(r"^http\S+", mail.get_body(("plain",)).get_content(), re.MULTILINE)[0]

    def __exit__(self, *_):
        # Not by its group alone: the functions are in groups of their own.
        while left := self.left():
            for process in left:
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            self.process.poll()
            time.sleep(0.02)
        self.process.wait()
        self.log.close()
        self.folder.cleanup()

    def left(self):
        """The living processes with the mark in their environment."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if self.mark.encode() in (folder / "environ").read_bytes().split(b"\0"):
                    found.append(int(folder.name))
        return found


def of_cargo():
    """The variables that cargo reads: with others it would build anew. None of a developer's shell is for the functions."""
    return {name: value for name, value in os.environ.items() if re.match("CARGO|RUST|HOME$|PATH$", name)}


def free_port():
    """A port of 127.0.0.1 that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]

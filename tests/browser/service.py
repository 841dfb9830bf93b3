"""The service and the page as docs/frontend.md has them started on a laptop, and what the tests of a browser have in common."""

import subprocess
import sys
import tempfile
import unittest
from contextlib import ExitStack
from pathlib import Path

from emulator import ROOT, Emulator
from front import Front
from webdriver import Browser, until

PASSWORD = "correct horse battery staple"
OTHER_PASSWORD = "another horse battery staple"
WEB = ROOT / "events" / "consumers" / "web"
APP = "http://localhost:8000"  # as the browser is told


class Service:
    """
    The emulator, behind a server that notes what it passes on, and the server of the page. A context manager.

    To the browser they are at the ports of the docs; on this machine, where these may be in use, at free ones.
    """

    def __enter__(self):
        with ExitStack() as stack:
            self.front = stack.enter_context(Front(ROOT / "tests" / "browser", WEB))
            self.emulator = stack.enter_context(Emulator({"APP_URL": APP, "VERIFY_EMAIL": "required"}))
            self.front.backend = self.emulator.port
            self.log = stack.enter_context(tempfile.NamedTemporaryFile("r"))
            command = [sys.executable, WEB / "serve.py", "0"]
            with open(self.log.name, "w") as log:
                self.pages = stack.enter_context(
                    subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
                )
            stack.callback(self.pages.terminate)
            port = self.pages.stdout.readline().strip().rpartition(":")[2]
            self.rules = (
                f"MAP localhost:8000 127.0.0.1:{port}, MAP localhost:9000 127.0.0.1:{self.front.server_port}, "
                "MAP evil.test 127.0.0.1"  # another site, on this machine
            )
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self.stack.close()

    def requests_of_pages(self):
        """The log of the page's own server."""
        return Path(self.log.name).read_text()


class Case(unittest.TestCase):
    """A test with a browser of its own."""

    service: Service  # set by run.py

    def setUp(self):
        emulator = self.service.emulator
        self.addCleanup(lambda: self._outcome.success or print(emulator.said(), file=sys.stderr))
        self.front = self.service.front
        self.browser = self.enterContext(Browser(f"--host-resolver-rules={self.service.rules}"))
        self.front.passed.clear()


class PageCase(Case):
    """A test of the page."""

    def visit(self, page):
        self.browser.visit(f"{APP}/{page}")
        self.shows(page)

    def shows(self, page):
        """Waits for a page."""
        shown = "return document.querySelector('section:not([hidden])')?.id"
        until(lambda: self.browser.run(shown) == page, f"the page {page}")

    def press(self, form, **fields):
        """Fills in a form, and presses its button."""
        self.browser.run(
            "const form = document.forms[arguments[0]];"
            "for (const [name, value] of Object.entries(arguments[1])) form[name].value = value;"
            "form.querySelector('button:not([type])').click()",
            form,
            fields,
        )

    def said(self):
        """What the page says, once it says something."""
        return until(lambda: self.browser.run("return document.getElementById('status').textContent"), "a word")

    def says(self, text):
        """Waits for a word of the page."""
        until(lambda: text in self.said(), f"the text {text}")

    def open_link(self, page):
        """Opens the link of the last mail for a page, and returns what it holds."""
        link = self.service.emulator.last_link(page)
        self.assertTrue(link.startswith(f"{APP}/{page}#"), link)
        self.browser.visit(link)
        self.shows(page)
        held = dict(pair.split("=") for pair in link.partition("#")[2].split("&"))
        until(lambda: self.browser.run("return document.forms[arguments[0]].code.value", page) == held["code"], "the code")
        return held

    def register(self, name):
        """An account with a confirmed email."""
        self.visit("signup")
        self.press("signup", username=name, email=f"{name}@example.com", password=PASSWORD)
        self.says("mailbox")
        self.open_link("confirm")
        self.press("confirm")
        self.says("confirmed")

    def log_in(self, who, password=PASSWORD):
        self.visit("login")
        self.press("login", who=who, password=password)
        self.shows("account")

"""Sessions with cookies in a browser, what a page of another site can do to them, and the pages of an account."""

import re
import signal
import sys
import threading
import unittest
import urllib.error
import urllib.request
from contextlib import ExitStack
from urllib.parse import parse_qs

from emulator import ROOT, Emulator
from front import Front
from webdriver import PATIENCE, Browser, until

PASSWORD = "correct horse battery staple"
OTHER_PASSWORD = "another horse battery staple"
REFRESH, DEVICE = "__Host-refresh", "__Host-device"

emulator: Emulator
front: Front


def setUpModule():
    global emulator, front
    with ExitStack() as stack:
        front = stack.enter_context(Front(ROOT / "target" / "browser"))
        app = f"http://localhost:{front.server_port}"
        emulator = stack.enter_context(Emulator({"APP_URL": app, "VERIFY_EMAIL": "required"}))
        front.backend = emulator.port
        unittest.addModuleCleanup(stack.pop_all().close)


class Session(unittest.TestCase):
    def setUp(self):
        self.addCleanup(lambda: self._outcome.success or print(emulator.said(), file=sys.stderr))
        # Another site, on this machine.
        self.browser = self.enterContext(Browser("--host-resolver-rules=MAP evil.test 127.0.0.1"))
        self.url = f"http://localhost:{front.server_port}"
        self.visit("page.html")
        front.passed.clear()

    def visit(self, page, host="localhost"):
        """Visits a page, and returns its title."""
        self.browser.visit(f"http://{host}:{front.server_port}/{page}")
        return self.title()

    def title(self):
        """The title of the page, once it has its last one."""
        return until(lambda: self.browser.title().strip("…"), "the title")

    def reloaded(self):
        self.browser.reload()
        return self.title()

    def wait_for(self, promise, *arguments):
        """The value of a promise in the page."""
        return self.browser.run(f"return {promise}", *arguments)

    def register(self, name):
        self.wait_for("auth.register(arguments[0], arguments[1])", name, PASSWORD)
        front.passed.clear()

    def refresh_token(self):
        return self.browser.cookies()[REFRESH]["value"]

    def test_a_login_survives_a_reload_and_ends_with_a_logout(self):
        self.register("reader")
        self.wait_for("auth.logout()")
        self.assertEqual(self.reloaded(), "nobody")
        self.wait_for("auth.login('reader', arguments[0])", PASSWORD)
        self.assertEqual(self.wait_for("me()"), "reader")
        self.assertEqual(self.reloaded(), "reader")

        held = self.refresh_token()
        self.wait_for("auth.logout()")
        self.assertEqual(self.browser.cookies().keys(), {DEVICE})
        self.assertEqual(self.reloaded(), "nobody")
        self.assertEqual(status_of_refresh(held), 401)

    def test_scripts_see_no_cookie(self):
        self.register("secretive")
        cookies = self.browser.cookies()
        self.assertEqual(cookies.keys(), {REFRESH, DEVICE})
        for cookie in cookies.values():
            attributes = {name: cookie[name] for name in ("domain", "httpOnly", "path", "sameSite", "secure")}
            expected = {"domain": "localhost", "httpOnly": True, "path": "/", "sameSite": "Strict", "secure": True}
            self.assertEqual(attributes, expected)
        self.assertEqual(self.browser.run("return document.cookie"), "")

    def test_a_page_of_another_port_is_of_the_same_site(self):
        self.browser.run("auth = new auth.constructor(arguments[0])", f"http://localhost:{emulator.port}")
        self.wait_for("auth.register('neighbour', arguments[0])", PASSWORD)
        self.browser.run("auth = new auth.constructor(arguments[0])", f"http://localhost:{emulator.port}")
        self.assertTrue(self.wait_for("auth.resume()"))
        self.assertEqual(front.passed, [], "the page's own server is not asked")

    def test_two_tabs_that_refresh_at_once_stay_logged_in(self):
        self.register("juggler")
        first = self.browser.tab()
        self.browser.new_tab()
        self.assertEqual(self.visit("page.html"), "juggler")
        second = self.browser.tab()
        front.passed.clear()

        front.meeting = threading.Barrier(2, timeout=PATIENCE)
        self.addCleanup(setattr, front, "meeting", None)
        for tab in (first, second):
            self.browser.switch_to(tab)
            self.browser.run("later = 3600e3; pending = me()")
        for tab in (first, second):
            self.browser.switch_to(tab)
            self.assertEqual(self.wait_for("pending"), "juggler")
        one, other = front.asked("/refresh")
        self.assertEqual((one.status, other.status), (200, 200))
        self.assertEqual(one.cookies[REFRESH], other.cookies[REFRESH])
        self.assertEqual(one.set_cookies[REFRESH], other.set_cookies[REFRESH])
        self.assertEqual(self.refresh_token(), one.set_cookies[REFRESH])

        front.meeting = None
        self.assertEqual(self.reloaded(), "juggler")

    def test_a_page_of_another_site_can_neither_refresh_nor_log_out(self):
        self.register("target")
        held = self.refresh_token()
        for path in ("/refresh", "/logout"):
            self.visit("evil.html", "evil.test")
            for promise in ("simple(arguments[0])", "withJson(arguments[0], {})"):
                self.wait_for(promise, self.url + path)
            self.browser.run("submit(arguments[0])", self.url + path)
            until(lambda: self.browser.location() == self.url + path, "the form's response")
            tries = [passed for passed in front.asked(path) if passed.method == "POST"]
            self.assertEqual(len(tries), 3)
            for passed in tries:
                self.assertEqual((passed.site, passed.cookies, passed.set_cookies), ("cross-site", {}, {}))
                self.assertIn(passed.status, (400, 415))
        self.assertEqual(self.browser.cookies()[REFRESH]["value"], held)
        self.assertEqual(self.visit("page.html"), "target")

    def test_a_page_of_another_site_cannot_log_its_visitor_in(self):
        self.register("stranger")
        self.wait_for("auth.logout()")
        self.visit("evil.html", "evil.test")
        login = {"username": "stranger", "password": PASSWORD, "session": "cookie"}
        self.assertEqual(self.wait_for("withJson(arguments[0], arguments[1])", f"{self.url}/login", login), 403)
        self.assertEqual(self.visit("page.html"), "nobody")


class Account(unittest.TestCase):
    """The pages that docs/frontend.md shows. An email is an account's once it is confirmed."""

    def setUp(self):
        self.addCleanup(lambda: self._outcome.success or print(emulator.said(), file=sys.stderr))
        self.browser = self.enterContext(Browser("--host-resolver-rules=MAP evil.test 127.0.0.1"))
        self.url = f"http://localhost:{front.server_port}"
        front.passed.clear()
        front.seen.clear()

    def visit(self, page):
        self.browser.visit(f"{self.url}/{page}")
        self.shows(page)

    def shows(self, page):
        """Waits for a page."""
        shown = "return document.querySelector('main:not([hidden])')?.id"
        until(lambda: self.browser.run(shown) == page, f"the page {page}")

    def open_link(self, page):
        """Opens the link of the last mail for a page, and returns what it holds."""
        link = re.search(r"^http\S+", emulator.last_mail(page), re.MULTILINE)[0]
        self.assertTrue(link.startswith(f"{self.url}/{page}#"), link)
        self.browser.visit(link)
        self.shows(page)
        held = {name: value for name, [value] in parse_qs(link.partition("#")[2]).items()}
        until(lambda: self.browser.run("return document.forms[arguments[0]].code.value", page) == held["code"], "the code")
        return held

    def press(self, form, **fields):
        """Fills in a form, and presses its button."""
        self.browser.run(
            "const form = document.forms[arguments[0]];"
            "for (const [name, value] of Object.entries(arguments[1])) form[name].value = value;"
            "form.querySelector('button').click()",
            form,
            fields,
        )

    def said(self):
        """What the page says, once it says something."""
        return until(lambda: self.browser.run("return document.getElementById('status').textContent"), "a word")

    def error_of(self, form, field):
        """What stands beside a field, as a screen reader finds it."""
        described = "document.forms[arguments[0]][arguments[1]].getAttribute('aria-describedby')"
        return self.browser.run(f"return document.getElementById({described}).textContent", form, field)

    def register(self, name):
        """An account with a confirmed email."""
        self.visit("signup")
        self.press("signup", username=name, email=f"{name}@example.com", password=PASSWORD)
        self.assertIn("mailbox", self.said())
        self.open_link("confirm")
        self.press("confirm")
        self.assertIn("confirmed", self.said())

    def log_in(self, who, password=PASSWORD):
        self.visit("login")
        self.press("login", who=who, password=password)
        self.shows("account")

    def test_an_account_without_an_email_is_logged_in_at_once(self):
        self.visit("signup")
        self.press("signup", username="hermit", password=PASSWORD)
        self.shows("account")
        self.assertEqual(self.browser.location(), f"{self.url}/account")
        self.assertEqual(self.browser.run("return document.forms.password.who.value"), "hermit")
        self.press("logout")
        self.shows("login")
        self.visit("account")
        self.shows("login")

    def test_a_new_account_waits_for_its_mail(self):
        self.visit("signup")
        self.press("signup", username="ada", email="ada@example.com", password=PASSWORD)
        self.assertIn("mailbox", self.said())
        self.assertEqual(self.browser.cookies(), {})

        self.visit("login")
        self.press("login", who="ada", password=PASSWORD)
        self.shows("forgot")
        self.assertIn("still to be confirmed", self.said())
        self.press("forgot")
        until(lambda: "we have sent" in self.said(), "a word about the mail")
        self.assertEqual([passed.status for passed in front.asked("/password/forgot")], [202])

        self.open_link("confirm")
        self.open_link("confirm")
        self.press("confirm")
        self.assertIn("confirmed", self.said())
        self.shows("login")
        self.assertEqual([passed.status for passed in front.asked("/email/confirm")], [200])
        self.log_in("ada@example.com")

    def test_a_link_uses_nothing_up_and_keeps_its_code_to_itself(self):
        self.register("grace")
        self.visit("forgot")
        self.press("forgot", who="grace@example.com")
        self.assertIn("we have sent", self.said())

        front.passed.clear()
        front.seen.clear()
        codes = {self.open_link("reset")["code"] for _ in range(2)}
        self.browser.visit(f"{self.url}/login")
        [code] = codes | {self.open_link("reset")["code"]}
        self.assertEqual(front.passed, [], "nothing is sent before the button is pressed")
        self.assertEqual(self.browser.location(), f"{self.url}/reset")
        history = self.browser.run("return navigation.entries().map((entry) => entry.url)")
        self.assertEqual([url for url in history if url is None or "#" in url], [])
        self.assertEqual(self.browser.run("return document.forms.reset.who.value"), "grace@example.com")
        self.assertEqual(self.loads_script("http://evil.test"), "error")

        self.press("reset", new_password=OTHER_PASSWORD)
        self.shows("login")
        self.assertIn("new password", self.said())
        self.assertEqual([passed.status for passed in front.asked("/password/reset")], [200])
        self.assertNotIn(code, str(front.seen), "the code is in a path or a header")
        self.assertEqual([headers["referer"] for _, headers in front.seen if "referer" in headers], [])
        self.log_in("grace@example.com", OTHER_PASSWORD)

    def test_the_owner_changes_password_and_address_and_deletes_the_account(self):
        self.register("alan")
        self.log_in("alan")
        self.press("password", current_password=PASSWORD, new_password=OTHER_PASSWORD)
        self.assertIn("password has changed", self.said())
        self.press("email", email="new@example.com", current_password=OTHER_PASSWORD)
        until(lambda: "mailbox" in self.said(), "a word about the mail")

        self.open_link("confirm")
        self.press("confirm")
        self.shows("account")
        self.assertIn("confirmed", self.said())
        self.press("logout")
        self.shows("login")
        self.log_in("new@example.com", OTHER_PASSWORD)

        self.press("delete", current_password=OTHER_PASSWORD)
        self.shows("login")
        self.assertIn("deleted", self.said())
        self.assertEqual(self.browser.cookies(), {})
        self.press("login", who="alan", password=OTHER_PASSWORD)
        self.assertIn("wrong", self.said())

    def test_without_the_script_no_field_gets_into_a_url(self):
        self.visit("login")
        methods = set(self.browser.run("return [...document.forms].map((form) => form.method)"))
        self.assertEqual(methods, {"post"})

    def test_errors_stand_beside_their_fields(self):
        self.visit("signup")
        self.press("signup", username="alan turing", password="password")
        self.assertIn("fields", self.said())
        self.assertIn("valid username", self.error_of("signup", "username"))
        self.assertIn("common", self.error_of("signup", "password"))

        self.visit("reset")
        self.press("reset", who="nobody", code="00000-00000", new_password=PASSWORD)
        self.assertIn("fields", self.said())
        self.assertIn("expired", self.error_of("reset", "code"))

    def test_a_locked_form_says_for_how_long(self):
        self.visit("login")
        for _ in range(5):
            self.press("login", who="nobody-else", password="a wrong password")
            self.assertIn("wrong", self.said())
            until(lambda: not self.is_disabled("login"), "the button")
        self.press("login", who="nobody-else", password="a wrong password")
        self.assertRegex(self.said(), r"again in [0-9]+ seconds")
        self.assertTrue(self.is_disabled("login"))

    def is_disabled(self, form):
        return self.browser.run("return document.forms[arguments[0]].querySelector('button').disabled", form)

    def loads_script(self, origin):
        """What becomes of a script of another origin in the page: `load` or `error`."""
        script = """
            const script = document.createElement("script");
            script.src = arguments[0];
            document.head.append(script);
            return new Promise((done) => (script.onload = script.onerror = (event) => done(event.type)));
        """
        return self.browser.run(script, f"{origin}:{front.server_port}/auth.js")


def status_of_refresh(token):
    """The status of a refresh with this cookie."""
    headers = {"content-type": "application/json", "cookie": f"{REFRESH}={token}", "sec-fetch-site": "same-origin"}
    request = urllib.request.Request(f"http://127.0.0.1:{emulator.port}/refresh", b"{}", headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as response:
            return response.status
    except urllib.error.HTTPError as error:
        with error:
            return error.code


if __name__ == "__main__":
    # An end by another's hand leaves nothing running either.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    unittest.main()

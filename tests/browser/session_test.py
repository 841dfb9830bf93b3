"""Sessions with cookies in a browser, and what a page of another site can do to them. Page and service are one origin here."""

import threading
import urllib.error
import urllib.request

from emulator import Emulator
from service import PASSWORD, Case
from webdriver import PATIENCE, until

REFRESH, DEVICE = "__Host-refresh", "__Host-device"


class Session(Case):
    def setUp(self):
        super().setUp()
        self.port = self.front.server_port
        self.url = f"http://localhost:{self.port}"
        self.visit("page.html")
        self.front.passed.clear()

    def visit(self, page, host="localhost"):
        """Visits a page, and returns its title."""
        self.browser.visit(f"http://{host}:{self.port}/{page}")
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
        self.front.passed.clear()

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
        self.assertEqual(self.status_of_refresh(held), 401)

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
        self.browser.run("auth = new Auth(arguments[0])", f"http://localhost:{self.service.emulator.port}")
        self.wait_for("auth.register('neighbour', arguments[0])", PASSWORD)
        self.browser.run("auth = new Auth(arguments[0])", f"http://localhost:{self.service.emulator.port}")
        self.assertTrue(self.wait_for("auth.resume()"))
        self.assertEqual(self.front.passed, [], "the page's own server is not asked")

    def test_two_tabs_that_refresh_at_once_stay_logged_in(self):
        self.register("juggler")
        first = self.browser.tab()
        self.browser.new_tab()
        self.assertEqual(self.visit("page.html"), "juggler")
        second = self.browser.tab()
        self.front.passed.clear()

        self.front.meeting = threading.Barrier(2, timeout=PATIENCE)
        self.addCleanup(setattr, self.front, "meeting", None)
        for tab in (first, second):
            self.browser.switch_to(tab)
            self.browser.run("later = 3600e3; pending = me()")
        for tab in (first, second):
            self.browser.switch_to(tab)
            self.assertEqual(self.wait_for("pending"), "juggler")
        one, other = self.front.asked("/refresh")
        self.assertEqual((one.status, other.status), (200, 200))
        self.assertEqual(one.cookies[REFRESH], other.cookies[REFRESH])
        self.assertEqual(one.set_cookies[REFRESH], other.set_cookies[REFRESH])
        self.assertEqual(self.refresh_token(), one.set_cookies[REFRESH])

        self.front.meeting = None
        self.assertEqual(self.reloaded(), "juggler")

    def test_calls_at_once_share_one_refresh(self):
        self.register("hasty")
        self.browser.run("later = 3600e3")
        self.assertEqual(self.wait_for("Promise.all([me(), me()])"), ["hasty", "hasty"])
        self.assertEqual(len(self.front.asked("/refresh")), 1)

    def test_a_refresh_whose_response_is_lost_is_repeated(self):
        self.register("patient")
        self.front.losses.append("/refresh")
        self.browser.run("later = 3600e3")
        self.assertEqual(self.wait_for("me()"), "patient")
        lost, repeated = self.front.asked("/refresh")
        self.assertEqual(lost.cookies[REFRESH], repeated.cookies[REFRESH])
        self.assertEqual(self.refresh_token(), lost.set_cookies[REFRESH])
        self.assertEqual(self.reloaded(), "patient")

    def name_the_other_site(self):
        """Another service, whose operator has named it: its pages send and read everything but cookies."""
        emulator = self.enterContext(Emulator({"ALLOWED_ORIGINS": f"http://evil.test:{self.port}"}))
        self.addCleanup(setattr, self.front, "backend", self.front.backend)
        self.front.backend = emulator.port

    def test_a_page_of_another_site_can_neither_refresh_nor_log_out(self):
        self.name_the_other_site()
        self.register("target")
        held = self.refresh_token()
        for path in ("/refresh", "/logout"):
            self.visit("evil.html", "evil.test")
            for promise in ("simple(arguments[0])", "withJson(arguments[0], {})"):
                self.wait_for(promise, self.url + path)
            self.browser.run("submit(arguments[0])", self.url + path)
            until(lambda: self.browser.location() == self.url + path, "the form's response")
            tries = self.front.asked(path)
            self.assertEqual(len(tries), 3)
            for passed in tries:
                self.assertEqual((passed.site, passed.cookies, passed.set_cookies), ("cross-site", {}, {}))
                self.assertIn(passed.status, (400, 415))
        self.assertEqual(self.browser.cookies()[REFRESH]["value"], held)
        self.assertEqual(self.visit("page.html"), "target")

    def test_a_page_of_another_site_cannot_log_its_visitor_in(self):
        self.name_the_other_site()
        self.register("stranger")
        self.wait_for("auth.logout()")
        self.visit("evil.html", "evil.test")
        login = {"username": "stranger", "password": PASSWORD, "session": "cookie"}
        self.assertEqual(self.wait_for("withJson(arguments[0], arguments[1])", f"{self.url}/login", login), 403)
        self.assertEqual(self.visit("page.html"), "nobody")

    def test_a_page_that_is_not_named_gets_no_further_than_the_preflight(self):
        self.visit("evil.html", "evil.test")
        self.assertEqual(self.wait_for("withJson(arguments[0], {})", f"{self.url}/login"), "refused")
        self.assertEqual([passed.method for passed in self.front.passed if passed.path == "/login"], ["OPTIONS"])

    def status_of_refresh(self, token):
        """The status of a refresh with this cookie."""
        headers = {"content-type": "application/json", "cookie": f"{REFRESH}={token}", "sec-fetch-site": "same-origin"}
        url = f"http://127.0.0.1:{self.service.emulator.port}/refresh"
        request = urllib.request.Request(url, b"{}", headers, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as response:
                return response.status
        except urllib.error.HTTPError as error:
            with error:
                return error.code

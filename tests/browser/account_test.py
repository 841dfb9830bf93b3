"""The page of events/consumers/web: accounts, mails and devices. An email is an account's once it is confirmed."""

from service import APP, OTHER_PASSWORD, PASSWORD, PageCase
from webdriver import until


class Account(PageCase):
    def error_of(self, form, field):
        """What a screen reader says of a field that is wrong."""
        script = """
            const field = document.forms[arguments[0]][arguments[1]];
            const said = field.getAttribute("aria-describedby").split(" ").map((id) => document.getElementById(id).textContent);
            return [field.getAttribute("aria-invalid"), said.join(" ")];
        """
        invalid, said = self.browser.run(script, form, field)
        self.assertEqual(invalid, "true")
        return said

    def focused(self):
        return self.browser.run("return document.activeElement.id")

    def devices(self):
        return self.browser.run("return [...document.querySelectorAll('#devices li')].map((entry) => entry.innerText)")

    def test_an_account_without_an_email_is_logged_in_at_once(self):
        self.visit("signup")
        self.press("signup", username="hermit", password=PASSWORD)
        self.shows("account")
        self.assertEqual(self.browser.location(), f"{APP}/account")
        self.assertEqual(self.browser.run("return document.getElementById('username').textContent"), "hermit")
        self.browser.reload()
        self.shows("account")
        self.press("logout")
        self.shows("login")
        self.says("signed out")
        self.visit("login")
        self.browser.visit(f"{APP}/account")
        self.shows("login")

    def test_a_new_account_waits_for_its_mail(self):
        self.visit("signup")
        self.press("signup", username="ada", email="ada@example.com", password=PASSWORD)
        self.says("mailbox")
        self.assertEqual(self.browser.cookies(), {})

        self.visit("login")
        self.press("login", who="ada", password=PASSWORD)
        self.shows("forgot")
        self.says("still to be confirmed")
        self.press("forgot")
        self.says("we have sent")
        self.assertEqual([passed.status for passed in self.front.asked("/password/forgot")], [202])

        self.open_link("confirm")
        self.open_link("confirm")
        self.press("confirm")
        self.says("confirmed")
        self.shows("login")
        self.assertEqual([passed.status for passed in self.front.asked("/email/confirm")], [200])
        self.log_in("ada@example.com")

    def test_a_link_uses_nothing_up_and_keeps_its_code_to_itself(self):
        self.register("grace")
        self.visit("forgot")
        self.press("forgot", who="grace@example.com")
        self.says("we have sent")

        self.front.passed.clear()
        codes = {self.open_link("reset")["code"] for _ in range(2)}
        self.browser.visit(f"{APP}/login")
        [code] = codes | {self.open_link("reset")["code"]}
        self.assertEqual(self.front.passed, [], "nothing is sent before the button is pressed")
        self.assertEqual(self.browser.location(), f"{APP}/reset")
        history = self.browser.run("return navigation.entries().map((entry) => entry.url)")
        self.assertEqual([url for url in history if url is None or "#" in url], [])
        self.assertEqual(self.browser.run("return document.forms.reset.who.value"), "grace@example.com")
        self.assertEqual(self.loads_script("http://localhost:9000/auth.js"), "error")

        self.press("reset", new_password=OTHER_PASSWORD)
        self.shows("login")
        self.says("new password")
        sent = [passed for passed in self.front.passed if passed.method == "POST"]
        self.assertEqual([(passed.path, passed.status) for passed in sent], [("/password/reset", 200)])
        self.assertNotIn(code, self.service.requests_of_pages())
        self.assertIn("GET /reset ", self.service.requests_of_pages())
        self.assertNotIn(code, str(self.front.passed), "the code is in a path or a header")
        self.assertEqual([passed for passed in self.front.passed if "referer" in passed.headers], [])
        self.log_in("grace@example.com", OTHER_PASSWORD)

    def loads_script(self, url):
        """What becomes of a script of another origin in the page: `load` or `error`."""
        script = """
            const script = document.createElement("script");
            script.src = arguments[0];
            document.head.append(script);
            return new Promise((done) => (script.onload = script.onerror = (event) => done(event.type)));
        """
        return self.browser.run(script, url)

    def test_the_owner_changes_password_and_address_and_deletes_the_account(self):
        self.register("alan")
        self.log_in("alan")
        self.press("password", current_password=OTHER_PASSWORD, new_password=PASSWORD)
        self.says("fields")
        self.assertIn("wrong", self.error_of("password", "current_password"))
        self.press("password", current_password=PASSWORD, new_password=OTHER_PASSWORD)
        self.says("password has changed")
        self.press("email", email="new@example.com", current_password=OTHER_PASSWORD)
        self.says("mailbox")

        self.open_link("confirm")
        self.press("confirm")
        self.shows("account")
        self.says("confirmed")
        self.press("logout")
        self.shows("login")
        self.log_in("new@example.com", OTHER_PASSWORD)

        self.press("delete", current_password=OTHER_PASSWORD)
        self.shows("login")
        self.says("deleted")
        self.assertEqual(self.browser.cookies(), {})
        self.press("login", who="alan", password=OTHER_PASSWORD)
        self.says("wrong")

    def test_the_owner_signs_out_another_device_and_then_all(self):
        self.visit("signup")
        self.press("signup", username="kay", password=PASSWORD)
        self.shows("account")
        token = self.front.asked("/register")[0].set_cookies
        self.browser.forget_cookies()
        self.log_in("kay")
        mine, other = sorted(self.devices(), key=lambda entry: "This device" not in entry)
        self.assertRegex(mine, "on Linux\nThis device")
        self.assertRegex(other, "on Linux\nLast used .+\nSign out")
        self.browser.run("document.querySelector('#devices button').click()")
        self.says("is signed out")
        self.assertEqual(self.devices(), [mine])
        self.assertEqual(self.focused(), "devices-title")
        self.assertEqual(len(token), 2)

        self.press("everywhere")
        self.shows("login")
        self.says("on all devices")
        self.browser.visit(f"{APP}/account")
        self.shows("login")

    def test_without_the_script_no_field_gets_into_a_url(self):
        self.visit("login")
        methods = set(self.browser.run("return [...document.forms].map((form) => form.method)"))
        self.assertEqual(methods, {"post"})

    def test_errors_stand_beside_their_fields(self):
        self.visit("signup")
        self.press("signup", username="alan turing", password="password")
        self.says("fields")
        self.assertIn("valid username", self.error_of("signup", "username"))
        self.assertEqual(self.focused(), "signup-username")
        password = self.error_of("signup", "password")
        self.assertIn("Eight characters", password, "the hint")
        self.assertIn("common", password)

        self.press("signup", username="alan-turing", password="password")
        until(lambda: self.focused() == "signup-password", "the field that is still wrong")
        self.assertEqual(self.browser.run("return document.querySelectorAll('.error').length"), 1)

        self.visit("reset")
        self.press("reset", who="nobody", code="00000-00000", new_password=PASSWORD)
        self.says("fields")
        self.assertIn("expired", self.error_of("reset", "code"))

    def test_a_locked_form_says_for_how_long(self):
        self.visit("login")
        for _ in range(5):
            self.press("login", who="nobody-else", password="a wrong password")
            self.says("wrong")
            until(lambda: not self.is_disabled("login"), "the button")
        self.press("login", who="nobody-else", password="a wrong password")
        self.assertRegex(self.said(), r"again in [0-9]+ seconds")
        self.assertTrue(self.is_disabled("login"))

    def is_disabled(self, form):
        button = "return document.forms[arguments[0]].querySelector('button:not([type])').ariaDisabled"
        return self.browser.run(button, form) == "true"

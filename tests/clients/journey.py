"""Takes the client of docs/frontend.md through a session with the service at AUTH_URL."""

import json
import os
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import auth
import httpx
from auth import got
from auth_client.api.login import end_session, list_sessions
from auth_client.api.register import change_email, change_password, confirm_email, delete_account, forgot_password, reset_password
from auth_client.api.validate import me
from auth_client.models import (
    AccountDeletion, EmailChange, EmailConfirmation, PasswordChange, PasswordForgotten, PasswordReset,
)  # fmt: skip

URL = os.environ["AUTH_URL"]
MAILS = Path(os.environ["MAILS"])
PASSWORD = "correct horse battery staple"
HOUR = 3600


class App(httpx.BaseTransport):
    """An app with a clock and a network of its own."""

    def __init__(self, vault):
        self.vault, self.clock, self.waits = vault, time.time(), []
        self.requests, self.bodies = [], []
        self.faults = []  # what the network does with the next requests; without it they pass
        self.auth = auth.Auth(URL, vault, now=lambda: self.clock, sleep=self.sleep, transport=self)

    def sleep(self, seconds):
        self.waits.append(seconds)

    def handle_request(self, request):
        self.requests.append(request.url.path)
        self.bodies.append(request.content)
        fault = self.faults.pop(0) if self.faults else None
        return (fault or network.handle_request)(request)

    def me(self):
        return got(me.sync_detailed(client=self.auth.user))

    def change_password(self, current, new):
        return got(change_password.sync_detailed(client=self.auth.user, body=PasswordChange(current, new)))

    def during(self, work):
        """The paths that were asked for meanwhile."""
        self.requests = []
        work()
        return self.requests


def code(kind):
    """The code of the last mail of a kind."""
    last = max(MAILS.glob(f"*-{kind}-*"))
    return re.search(r"^\w{5}-\w{5}$", last.read_text(), re.MULTILINE)[0]


def lost(request):
    network.handle_request(request).read()
    raise httpx.ReadError("the response is lost")


def answers(status, **body):
    return lambda request: httpx.Response(status, json=body)


def fails(work, **expected):
    """Asserts an error with these members."""
    try:
        work()
    except auth.AuthError as error:
        found = {name: getattr(error, name) for name in expected}
        assert found == expected, found
        return error
    raise AssertionError("no error")


def breaks(work):
    """Asserts that there is no response."""
    try:
        work()
    except httpx.TransportError:
        return
    raise AssertionError("a response")


network = httpx.HTTPTransport()
unavailable = answers(503, code="unavailable", error="Service unavailable", retry_after=2)
vault = {}
app = App(vault)

# Nobody is logged in yet. A registration logs in, also if its response is lost.
fails(app.me, status=400, code="token_missing")
app.faults = [lost]
assert app.during(lambda: app.auth.register("pythonista", PASSWORD)) == ["/register", "/register"]
assert app.me().username == "pythonista"
device = vault["device_token"]

# Two calls after the token's end share one renewal.
first = vault["refresh_token"]
app.clock += HOUR
app.requests = []
start = threading.Barrier(2)
with ThreadPoolExecutor(2) as threads:
    list(threads.map(lambda _: start.wait() is not None and app.me(), range(2)))
assert sorted(app.requests) == ["/me", "/me", "/refresh"], app.requests
assert vault["refresh_token"] != first
assert app.during(app.me) == ["/me"]

# A token that an API refuses is renewed, and the call made again, once.
for status in (401, 403):
    app.faults = [answers(status, message="Forbidden")]
    assert app.during(app.me) == ["/me", "/refresh", "/me"]
app.faults = [answers(403, message="Forbidden"), None, answers(403, message="Forbidden")]
fails(app.me, status=403)

# An API of others is asked once, and no more while it is down.
app.faults = [unavailable]
assert app.during(lambda: app.auth.http.get(f"{URL}/me")) == ["/me"]

# A renewal whose response is lost, or that finds the service down, is repeated.
app.faults = [unavailable, lost]
app.clock, app.waits = app.clock + HOUR, []
assert app.during(app.me) == ["/refresh", "/refresh", "/refresh", "/me"]
assert len(app.waits) == 2 and app.waits[0] >= 1 and app.waits[1] >= 2, app.waits

# While the service is down nobody is logged out.
app.clock += HOUR
app.faults = [unavailable] * 4
assert app.during(lambda: fails(app.me, status=503)) == ["/refresh"] * 4
assert app.me().username == "pythonista"

# The app is started anew.
again = App(vault)
assert again.me().username == "pythonista"

# Errors are told, and nothing is repeated.
fails(lambda: again.auth.login("pythonista", "another password"), status=401, code="invalid_credentials")
assert json.loads(again.bodies[-1])["device_token"] == device
common = {"status": 400, "code": "", "fields": "password=password_too_common"}
error = fails(lambda: again.auth.register("pythonista-2", "password"), **common)
assert isinstance(error.body["password"], list)
assert again.during(lambda: again.auth.login("pythonista", PASSWORD)) == ["/login"]

# A logout ends the session at once, also for the access token.
other = App(vault)
other.me()
held = vault["refresh_token"]
other.auth.logout()
assert vault.keys() == {"device_token"}, vault.keys()
vault["refresh_token"] = held
fails(again.me, status=401, code="invalid_session")
assert "refresh_token" not in vault

# A registration that waits for a mail logs nobody in.
owner = App({})
owner.faults = [answers(202, user_id="1958cb3d-0ce9-415d-8319-e8db0bd8ac48", pending="email")]
assert owner.auth.register("owner-2", PASSWORD, "owner-2@example.com") is False
fails(owner.me, code="token_missing")
assert owner.auth.register("owner-2", PASSWORD, "owner-2@example.com") is True

# A change of password goes on in the same session, and a wrong password is tried once.
second, third = f"{PASSWORD} 2", f"{PASSWORD} 3"
wrong = {"status": 401, "code": "invalid_credentials"}
assert owner.during(lambda: fails(lambda: owner.change_password(second, third), **wrong)) == ["/password"]
assert owner.during(lambda: owner.change_password(PASSWORD, second)) == ["/password"]
assert owner.during(owner.me) == ["/me"]
owner.clock += HOUR
assert owner.during(owner.me) == ["/refresh", "/me"]

# A change whose response is lost was made, and is not repeated. The session goes on.
other = App(owner.vault)
other.me()
owner.faults = [lost]
assert owner.during(lambda: breaks(lambda: owner.change_password(second, third))) == ["/password"]
assert owner.during(owner.me) == ["/me", "/refresh", "/me"]

# Another process of the same app has an access token that has ended since.
change = EmailChange("new-2@example.com", third)
changed = other.during(lambda: got(change_email.sync_detailed(client=other.auth.user, body=change)))
assert changed == ["/email", "/refresh", "/email"], changed


def confirm():
    body = EmailConfirmation("new-2@example.com", code("confirm"))
    got(confirm_email.sync_detailed(client=other.auth.api, body=body))


def reset():
    body = PasswordReset(code("reset"), PASSWORD, email="new-2@example.com")
    got(reset_password.sync_detailed(client=other.auth.api, body=body))


# What uses up a code is not repeated.
other.faults = [lost]
assert other.during(lambda: breaks(confirm)) == ["/email/confirm"]
error = fails(confirm, status=400)
assert isinstance(error.body["code"], list)
assert other.me().email_verified is True

# A forgotten password is replaced by the code of a mail, which logs everybody out.
forgotten = PasswordForgotten(email="new-2@example.com")
got(forgot_password.sync_detailed(client=other.auth.api, body=forgotten))
other.faults = [unavailable]
assert other.during(lambda: fails(reset, status=503)) == ["/password/reset"]
reset()
assert other.vault.keys() == {"device_token"}, other.vault.keys()
fails(other.me, code="token_missing")
other.auth.login("new-2@example.com", PASSWORD)
assert other.me().username == "owner-2"

# The owner ends the session of another device.
phone = App({})
phone.auth.login("owner-2", PASSWORD)
sessions = got(list_sessions.sync_detailed(client=other.auth.user)).sessions
[theirs] = [session for session in sessions if not session.current]
got(end_session.sync_detailed(theirs.id, client=other.auth.user))
fails(phone.me, code="invalid_session")

# A deletion ends all.
got(delete_account.sync_detailed(client=other.auth.user, body=AccountDeletion(PASSWORD)))
assert other.vault.keys() == {"device_token"}, other.vault.keys()
fails(other.me, code="token_missing")
fails(lambda: other.auth.login("owner-2", PASSWORD), **wrong)

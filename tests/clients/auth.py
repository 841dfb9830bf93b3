import json
import random
import threading
import time
import uuid
from contextlib import suppress

import httpx
from auth_client import AuthenticatedClient, Client
from auth_client.api.login import login, logout, refresh
from auth_client.api.register import register
from auth_client.models import Login, Logout, Pending, Refresh, Registration

TRIES = 4
PATIENCE = 10  # seconds for each try
MARGIN = 10  # seconds by which a token is renewed before its end

# They use up a code or a password. All others can be repeated after a lost response.
ONCE = ("/password", "/password/reset", "/email", "/email/confirm", "/account/delete")
# They respond with tokens.
BEGIN = ("/register", "/login", "/refresh", "/password")
# They end the session.
END = ("/logout", "/password/reset", "/account/delete")


class AuthError(Exception):
    """An error response. A request without a response fails with an httpx.TransportError."""

    def __init__(self, response):
        body = {}
        with suppress(ValueError):  # API Gateway itself, or a proxy, may send anything
            body = json.loads(response.content)
        super().__init__(f"{response.status_code} {body.get('code', '')}")
        self.status = response.status_code
        self.code = body.get("code", "")  # "" where the fields have errors
        self.body = body  # {"password": ["This password is too common."]}
        self.fields = response.headers.get("x-error-codes", "")  # "password=password_too_common"
        self.retry_after = body.get("retry_after", 1)  # seconds


def got(response):
    """What a call of the generated client gets, by its `sync_detailed`. An error response is raised."""
    if response.status_code >= 400:
        raise AuthError(response)
    return response.parsed


class Auth:
    """
    A session. `vault` keeps the tokens "refresh_token" and "device_token": a dict, or a keyring that looks like one.

    `api` is the service, `user` the service with the access token, and `http` calls your API with it.
    """

    def __init__(self, url, vault, now=time.time, sleep=time.sleep, transport=None):
        self._vault, self._now = vault, now
        self._access, self._renew_at = None, 0
        self._lock = threading.Lock()  # threads at the same time share one renewal
        transport = transport or httpx.HTTPTransport()
        bearer = Bearer(self._token)
        service = {"transport": Patient(transport, sleep), "event_hooks": {"response": [self._note]}}
        self.api = Client(url, timeout=httpx.Timeout(PATIENCE), httpx_args=service)
        self.user = AuthenticatedClient(url, token="", timeout=httpx.Timeout(PATIENCE), httpx_args=service | {"auth": bearer})
        self.http = httpx.Client(auth=bearer, transport=transport, timeout=PATIENCE)

    def register(self, username, password, email=""):
        """`False`: nobody is logged in before the email is confirmed, by the code of a mail."""
        key = str(uuid.uuid4())  # one for all tries: none of them finds the name taken by another
        body = Registration(username, password, email=email, session="token")
        return not isinstance(got(register.sync_detailed(client=self.api, body=body, idempotency_key=key)), Pending)

    def login(self, name, password):
        """`name` is a username or an email."""
        device = self._vault.get("device_token")
        body = Login(password, device_token=device, session="token", **named(name))
        got(login.sync_detailed(client=self.api, body=body))

    def logout(self, everywhere=False):
        """Ends this session, or every session of the account. If it fails, the user is still logged in."""
        body = Logout(self._vault.get("refresh_token"), everywhere)
        got(logout.sync_detailed(client=self.api, body=body))

    def _token(self, refused=None):
        """An access token that is not due, nor the one that was refused."""
        with self._lock:
            if self._access in (None, refused) or self._now() >= self._renew_at:
                self._renew()
            return self._access

    def _renew(self):
        try:
            got(refresh.sync_detailed(client=self.api, body=Refresh(self._vault.get("refresh_token"))))
        except AuthError as error:
            if error.code in ("invalid_session", "token_missing"):
                self._forget()
            raise

    def _note(self, response):
        """Keeps the tokens of a response, and forgets those of a session that it has ended."""
        path = response.request.url.path
        if response.is_error:
            return
        if path.endswith(BEGIN):
            tokens = json.loads(response.read())
            if "token" in tokens:
                self._keep(tokens)
        elif path.endswith(END):
            self._forget()

    def _keep(self, tokens):
        for name in ("refresh_token", "device_token"):
            if name in tokens:
                self._vault[name] = tokens[name]
        self._access, self._renew_at = tokens["token"], self._now() + tokens["expires_in"] - MARGIN

    def _forget(self):
        self._access = None
        self._vault.pop("refresh_token", None)


class Bearer(httpx.Auth):
    """Sends the access token, and once more with another one if that has ended."""

    requires_response_body = True

    def __init__(self, token):
        self._token = token

    def auth_flow(self, request):
        token = self._token()
        request.headers["authorization"] = f"Bearer {token}"
        response = yield request
        # A password can be refused too, with a token that is good.
        if response.status_code in (401, 403) and b'"invalid_credentials"' not in response.content:
            request.headers["authorization"] = f"Bearer {self._token(refused=token)}"
            yield request


class Patient(httpx.BaseTransport):
    """Repeats what can be repeated, with growing pauses."""

    def __init__(self, transport, sleep):
        self._transport, self._sleep = transport, sleep

    def handle_request(self, request):
        most = 1 if request.url.path.endswith(ONCE) else TRIES
        for tries in range(1, most + 1):
            try:
                response = self._transport.handle_request(request)
                if response.status_code != 503 or tries == most:
                    return response
                response.close()
            except httpx.TransportError:  # no response
                if tries == most:
                    raise
            self._sleep(2**tries * random.uniform(0.5, 1))


def named(name):
    """A name with an `@` is an email."""
    return {"email" if "@" in name else "username": name}

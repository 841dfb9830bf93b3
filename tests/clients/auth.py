import json
import random
import threading
import time
import uuid
from http.client import HTTPException
from urllib.error import HTTPError
from urllib.request import Request, urlopen

TRIES = 4
PATIENCE = 10  # seconds for each try
MARGIN = 10  # seconds by which a token is renewed before its end


class AuthError(Exception):
    """An error response. A request without a response fails with an OSError or HTTPException."""

    def __init__(self, status, body):
        super().__init__(f"{status} {body.get('code', '')}")
        self.status = status
        self.code = body.get("code", "")  # "" where the fields have errors
        self.body = body  # {"password": ["This password is too common."]}
        self.retry_after = body.get("retry_after", 1)  # seconds


class Auth:
    """A session. `vault` keeps the tokens "refresh_token" and "device_token": a dict, or a keyring that looks like one."""

    def __init__(self, url, vault, now=time.time, sleep=time.sleep):
        self._url, self._vault, self._now, self._sleep = url, vault, now, sleep
        self._access, self._renew_at = None, 0
        self._lock = threading.Lock()  # threads at the same time share one renewal

    def register(self, username, password, email=""):
        """`False`: nobody is logged in before the email is confirmed, by the code of a mail."""
        key = str(uuid.uuid4())  # one for all tries: none of them finds the name taken by another
        body = {"username": username, "password": password, "email": email, "session": "token"}
        tokens = self._post("/register", body, {"idempotency-key": key})
        if "pending" in tokens:
            return False
        self._keep(tokens)
        return True

    def login(self, name, password):
        """`name` is a username or an email, here and below."""
        device = self._vault.get("device_token")
        body = {**_named(name), "password": password, "device_token": device, "session": "token"}
        self._keep(self._post("/login", body))

    def open(self, url, data=None, headers=None, method=None):
        """Calls an API that takes the access token, like `urlopen`."""
        token = self._token()
        try:
            return self._call(url, token, data, headers, method)
        except HTTPError as error:
            if error.code not in (401, 403):
                raise
            error.close()
            return self._call(url, self._token(refused=token), data, headers, method)

    def logout(self, everywhere=False):
        """Ends this session, or every session of the account. If it fails, the user is still logged in."""
        self._post("/logout", {"refresh_token": self._vault.get("refresh_token"), "all": everywhere})
        self._forget()

    def forgot_password(self, name):
        """Sends a code to the address of an account, if there is such an account."""
        self._post("/password/forgot", _named(name))

    def reset_password(self, name, code, new_password):
        """Ends all sessions of the account: log in with the new password."""
        self._post("/password/reset", {**_named(name), "code": code, "new_password": new_password}, most=1)
        self._forget()

    def change_password(self, current_password, new_password):
        """Ends all other sessions of the account."""
        self._keep(self._ask("/password", current_password=current_password, new_password=new_password))

    def change_email(self, email, current_password):
        """Sends a code to the address, which is the account's once the code is confirmed."""
        self._ask("/email", email=email, current_password=current_password)

    def confirm_email(self, email, code):
        self._post("/email/confirm", {"email": email, "code": code}, most=1)

    def delete_account(self, current_password):
        self._ask("/account/delete", current_password=current_password)
        self._forget()

    def _token(self, refused=None):
        """An access token that is not due, nor the one that was refused."""
        with self._lock:
            if self._access in (None, refused) or self._now() >= self._renew_at:
                self._renew()
            return self._access

    def _renew(self):
        try:
            self._keep(self._post("/refresh", {"refresh_token": self._vault.get("refresh_token")}))
        except AuthError as error:
            if error.code in ("invalid_session", "token_missing"):
                self._forget()
            raise

    def _keep(self, tokens):
        for name in ("refresh_token", "device_token"):
            if name in tokens:
                self._vault[name] = tokens[name]
        self._access, self._renew_at = tokens["token"], self._now() + tokens["expires_in"] - MARGIN

    def _forget(self):
        self._access = None
        self._vault.pop("refresh_token", None)

    def _call(self, url, token, data, headers, method):
        headers = {**(headers or {}), "authorization": f"Bearer {token}"}
        return urlopen(Request(url, data, headers, method=method), timeout=PATIENCE)

    def _ask(self, path, **body):
        """Asks once as the user who is logged in, and again with another token if that one has ended."""
        token = self._token()
        try:
            return self._post(path, body, {"authorization": f"Bearer {token}"}, most=1)
        except AuthError as error:
            if error.code != "invalid_token":
                raise
        return self._post(path, body, {"authorization": f"Bearer {self._token(refused=token)}"}, most=1)

    def _post(self, path, body, headers=None, most=TRIES):
        """
        Most requests can be repeated after a lost response: a renewal and a registration get what the first one got. Those
        that use up a code or a password cannot, and are made once.
        """
        headers = {**(headers or {}), "content-type": "application/json"}
        request = Request(self._url + path, json.dumps(body).encode(), headers, method="POST")
        for tries in range(1, most + 1):
            try:
                with urlopen(request, timeout=PATIENCE) as response:
                    return json.loads(response.read() or "{}")
            except HTTPError as error:
                failure = AuthError(error.code, _json(error))
                if failure.status != 503:
                    raise failure from None
            except (OSError, HTTPException) as error:  # no response
                failure = error
            if tries == most:
                raise failure
            self._sleep(2**tries * random.uniform(0.5, 1))


def _named(name):
    """A name with an `@` is an email."""
    return {"email" if "@" in name else "username": name}


def _json(error):
    with error:
        try:
            return json.load(error)
        except ValueError:  # API Gateway itself, or a proxy
            return {}

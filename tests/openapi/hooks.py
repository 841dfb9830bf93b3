"""What Schemathesis cannot know: who may ask, which codes were mailed, and what of the contract no schema can say."""

import email
import email.policy
import itertools
import os
import re
from pathlib import Path

import requests
import schemathesis
from schemathesis.openapi.checks import AuthScenario, IgnoredAuth, MissingHeaderNotRejected, RejectedPositiveData

SERVICE = os.environ["SERVICE"]
MAILS = Path(os.environ["MAILS"])
PASSWORD = "correct horse battery staple"

# Operations after which an account or its token is not what it was, or may be locked.
CHANGES = {"changeEmail", "changePassword", "deleteAccount", "endSession", "logout"}

# Headers that are those of every server, and of CORS.
OF_SERVERS = {"content-length", "content-type", "date", "vary"}

# What a request that a schema accepts is never told.
OF_SCHEMAS = {
    "Must be a valid boolean.",
    'Must be "token" or "cookie".',
    "Not a valid string.",
    "This field is required.",
    "This field may not be null.",
}

numbers = itertools.count()
every_second = itertools.cycle((True, False))


def post(path, body, **headers):
    response = requests.post(SERVICE + path, json=body, headers=headers, timeout=60)
    response.raise_for_status()
    return response.json()


def new_account():
    """The email of a new account, and the response to its registration, which begins a session."""
    name = f"account{next(numbers)}"
    address = f"{name}@example.com"
    body = {"username": name, "email": address, "password": PASSWORD, "session": "token"}
    return address, post("/register", body)


def mailed_code(kind, address):
    """The code of the last mail of a kind to an address."""
    for file in sorted(MAILS.glob(f"*-{kind}-*.eml"), reverse=True):
        mail = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
        if address in mail["To"]:
            return re.search(r"\b[0-9A-Z]{5}-[0-9A-Z]{5}\b", mail.get_body(("plain",)).get_content())[0]
    raise LookupError(f"no mail of the kind {kind} to {address}")


def id_of(operation):
    return operation.definition.raw["operationId"]


def is_positive(case):
    return case.meta is not None and case.meta.generation.mode.is_positive


def is_from_link(case):
    """If the token is one that the service has issued: none that was generated begins like a JWT."""
    return str(case.headers.get("Authorization")).startswith("Bearer ey")


@schemathesis.auth(refresh_interval=None)
class AccessToken:
    """The token of an account, and its password where a body has one; a new account where the operation changes it."""

    def __init__(self):
        self.lasting = None

    def get(self, case, context):
        if {"accessToken": []} not in case.operation.definition.raw.get("security", []):
            return None
        if is_from_link(case):
            return None
        if id_of(case.operation) in CHANGES:
            return new_account()[1]["token"]
        self.lasting = self.lasting or new_account()[1]["token"]
        return self.lasting

    def set(self, case, token, context):
        case.headers["Authorization"] = f"Bearer {token}"
        if is_positive(case) and isinstance(case.body, dict) and "current_password" in case.body:
            case.body["current_password"] = PASSWORD


def with_reset_code(case, address, _):
    post("/password/forgot", {"email": address})
    case.body.pop("username", None)
    case.body |= {"email": address, "code": mailed_code("reset", address)}


def with_confirmation_code(case, address, account):
    body = {"email": address, "current_password": PASSWORD}
    post("/email", body, authorization=f"Bearer {account['token']}")
    case.body |= {"email": address, "code": mailed_code("confirm", address)}


def with_refresh_token(case, _, account):
    case.body = {"refresh_token": account["refresh_token"]}


def with_session(case, _, account):
    case.headers["Authorization"] = f"Bearer {account['token']}"
    case.path_parameters["id"] = account["session_id"]


# What makes a request succeed that nobody guesses. Links give tokens and sessions, and no codes.
CODES = {"confirmEmail": with_confirmation_code, "resetPassword": with_reset_code}
KNOWING = CODES | {"endSession": with_session, "refresh": with_refresh_token}


@schemathesis.hook
def before_call(context, case, kwargs):
    """Gives requests what only the owner of an account knows: half of them, and along links all that have it from nowhere else."""
    if not is_positive(case):
        return
    operation, is_step = id_of(case.operation), case.meta.phase.name.value == "stateful"
    if is_step and operation == "register":
        # The same steps once more must have the same responses.
        case.body["username"] = f"account{next(numbers)}"
    if is_step and operation in ("login", "register"):
        # Without a session there is little to go on with.
        case.body["session"] = "token"
    know = (CODES if is_step else KNOWING).get(operation)
    if know and (is_step or next(every_second)):
        know(case, *new_account())


@schemathesis.check
def no_undocumented_headers(ctx, response, case):
    documented = case.operation.responses.find_by_status_code(response.status_code)
    if documented is None:
        return
    found = {header for header in response.headers if not header.startswith("access-control-")}
    unknown = found - OF_SERVERS - {header.lower() for header, _ in documented.headers.items()}
    assert not unknown or is_of_emulator(response), f"headers that are not in the contract: {unknown}"


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """Drops what is as the contract says, beyond what a schema can say."""
    if is_of_emulator(response):
        return False
    # Not 401 without a token: none was refused.
    if isinstance(failure, MissingHeaderNotRejected):
        return code(response) != "token_missing"
    if isinstance(failure, IgnoredAuth) and failure.scenario == AuthScenario.NO_AUTH:
        return "got `400 " not in failure.message
    if isinstance(failure, IgnoredAuth):
        return not is_from_link(case)
    if isinstance(failure, RejectedPositiveData):
        return not is_refused_by_value(case, response)
    return True


def is_of_emulator(response):
    """The emulator itself refuses a body that is not UTF-8."""
    return response.status_code == 500 and b"httpstatuses.com" in response.content


def code(response):
    return response.json().get("code") if response.content else None


def is_refused_by_value(case, response):
    """A well-formed request: a name is taken, a password too common, a code wrong; or it has neither of two fields."""
    if response.status_code != 400:
        return False
    if code(response) == "token_missing":
        return id_of(case.operation) in ("refresh", "logout")
    told = {(field, message) for field, messages in response.json().items() for message in messages}
    if isinstance(case.body, dict) and "username" not in case.body:
        told -= {("username", "This field is required."), ("email", "This field may not be null.")}
    return "x-error-codes" in response.headers and not OF_SCHEMAS & {message for _, message in told}

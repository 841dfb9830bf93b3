"""An account's life by mail: the outbox in the table, its stream, register, SES, and back."""

import json
import re
import unittest
import uuid

from cloud import request, until
from service import PASSWORD, SENDER, STACK, Service

service: Service  # set by run.py
CODE = re.compile(r"\b[0-9A-HJKMNP-TV-Z]{5}-[0-9A-HJKMNP-TV-Z]{5}\b")
ANOTHER = "another horse battery staple"
A_THIRD = "a third horse battery staple"


def setUpModule():
    service.cloud.client("sesv2").create_email_identity(EmailIdentity=SENDER)


def mails(address):
    """The mails that SES has sent to an address, the oldest first."""
    sent = request("GET", f"{service.cloud.url}/_ministack/ses/messages").json["messages"]
    return [mail for account in sent.values() for mail in account if mail["To"] == [address]]


def arrived(address, count):
    """The last of the mails to an address, once there are so many."""
    until(lambda: len(mails(address)) >= count, 20, f"mail {count} to {address}")
    *_, last = found = mails(address)
    assert len(found) == count, found
    return last


def code(mail):
    """The one code of a mail."""
    (found,) = set(CODE.findall(mail["BodyText"]))
    return found


def waiting():
    """The keys of the mails in the outbox."""
    page = service.cloud.client("dynamodb").scan(
        TableName=service.outputs["TableName"],
        FilterExpression="begins_with(pk, :mails)",
        ExpressionAttributeValues={":mails": {"S": "MAIL#"}},
    )
    return [item["pk"]["S"] for item in page["Items"]]


def deliver(key):
    """Delivers a mail as docs/operations.md says, and returns what failed."""
    record = {"dynamodb": {"Keys": {"pk": {"S": key}}, "SequenceNumber": "1"}}
    answer = service.cloud.client("lambda").invoke(
        FunctionName=service.cloud.resource(STACK, "RegisterFunction"),
        Qualifier="live",
        Payload=json.dumps({"Records": [record]}),
    )
    return json.load(answer["Payload"])["batchItemFailures"]


def an_address():
    return f"ada-{uuid.uuid4()}@example.org"


def post(path, token=None, **body):
    return service.call("POST", path, token, body)


class Life(unittest.TestCase):
    def setUp(self):
        self.address = an_address()
        self.name, self.token = service.registered(email=self.address)

    def status(self, response):
        return (response.status, response.json.get("code"))

    def test_a_forgotten_password_is_reset_by_the_code_of_a_mail(self):
        asked = post("/password/forgot", email=self.address)
        self.assertEqual((asked.status, asked.json), (202, {}), asked.text)
        mail = arrived(self.address, 1)
        self.assertIn(SENDER, mail["Source"])
        typed = {"email": self.address, "code": code(mail), "new_password": ANOTHER}
        reset = post("/password/reset", **typed)
        self.assertEqual((reset.status, reset.json), (200, {}), reset.text)

        self.assertEqual(service.call("POST", "/validate", self.token).status, 401)
        self.assertEqual(post("/login", username=self.name, password=PASSWORD).status, 401)
        self.assertEqual(post("/password/reset", **typed).json["code"], ["This code is invalid or has expired."])
        for login in ({"username": self.name}, {"email": self.address}):
            self.assertEqual(post("/login", password=ANOTHER, **login).status, 200, login)
        self.assertIn(self.name, arrived(self.address, 2)["BodyText"])
        until(lambda: not waiting(), 20, "an empty outbox")

    def test_whom_nobody_knows_gets_the_same_response_and_no_mail(self):
        unknown = an_address()
        for nobody in ({"email": unknown}, {"username": f"user-{uuid.uuid4()}"}):
            asked = post("/password/forgot", **nobody)
            self.assertEqual((asked.status, asked.json), (202, {}), asked.text)
        reset = post("/password/reset", email=unknown, code="01234-56789", new_password=ANOTHER)
        self.assertEqual(reset.json["code"], ["This code is invalid or has expired."])
        until(lambda: not waiting(), 20, "an empty outbox")
        self.assertEqual(mails(unknown), [])

    def test_an_owner_changes_password_and_address_and_leaves(self):
        wrong = post("/password", self.token, current_password=ANOTHER, new_password=ANOTHER)
        self.assertEqual(self.status(wrong), (401, "invalid_credentials"))
        changed = post("/password", self.token, current_password=PASSWORD, new_password=A_THIRD)
        self.assertEqual(changed.status, 200, changed.text)
        token = changed.json["token"]
        validated = [service.call("POST", "/validate", each).status for each in (self.token, token)]
        self.assertEqual(validated, [401, 200])
        arrived(self.address, 1)

        next_address = an_address()
        asked = post("/email", token, email=next_address, current_password=A_THIRD)
        self.assertEqual((asked.status, asked.json), (202, {}), asked.text)
        typed = code(arrived(next_address, 1))
        self.assertEqual(CODE.findall(arrived(self.address, 2)["BodyText"]), [])
        self.assertEqual(post("/login", email=self.address, password=A_THIRD).status, 200)
        confirmed = post("/email/confirm", email=next_address, code=typed)
        self.assertEqual((confirmed.status, confirmed.json), (200, {"email": next_address, "verified": True}), confirmed.text)
        logins = [post("/login", email=each, password=A_THIRD).status for each in (self.address, next_address)]
        self.assertEqual(logins, [401, 200])
        self.assertIs(service.call("GET", "/me", token).json["email_verified"], True)

        deleted = post("/account/delete", token, current_password=A_THIRD)
        self.assertEqual(deleted.status, 204, deleted.text)
        self.assertEqual(post("/login", username=self.name, password=A_THIRD).status, 401)
        self.assertEqual(service.call("POST", "/validate", token).status, 401)
        arrived(next_address, 2)
        again = post("/register", username=self.name, password=PASSWORD, email=next_address)
        self.assertEqual(again.status, 201, again.text)

    def test_a_mail_that_could_not_be_sent_waits_and_is_sent_by_hand(self):
        identities = service.cloud.client("sesv2")
        identities.delete_email_identity(EmailIdentity=SENDER)
        try:
            self.assertEqual(post("/password/forgot", username=self.name).status, 202)
            (key,) = until(waiting, 20, "a mail in the outbox")
            self.assertEqual(deliver(key), [{"itemIdentifier": "1"}])
        finally:
            identities.create_email_identity(EmailIdentity=SENDER)
        service.cloud.client("dynamodb").update_item(
            TableName=service.outputs["TableName"], Key={"pk": {"S": key}}, UpdateExpression="REMOVE taken_until"
        )  # as ten seconds would
        self.assertEqual(deliver(key), [])
        code(arrived(self.address, 1))
        self.assertEqual(deliver(key), [], "it is gone")
        self.assertEqual((len(mails(self.address)), waiting()), (1, []))


class Confirmation(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        service.update(VerifyEmail="required")
        cls.addClassCleanup(service.update)

    def begun(self, address):
        """The name of a new account that waits for the confirmation of its address."""
        name = f"user-{uuid.uuid4()}"
        pending = post("/register", username=name, password=PASSWORD, email=address)
        self.assertEqual((pending.status, pending.json["pending"]), (202, "email"), pending.text)
        self.assertNotIn("token", pending.json)
        return name

    def test_an_account_waits_for_the_code_of_its_address(self):
        address = an_address()
        name = self.begun(address)
        login = post("/login", username=name, password=PASSWORD)
        self.assertEqual((login.status, login.json["code"]), (403, "email_not_verified"))
        confirmed = post("/email/confirm", email=address, code=code(arrived(address, 1)))
        self.assertEqual(confirmed.status, 200, confirmed.text)
        token = post("/login", email=address, password=PASSWORD).json["token"]
        self.assertEqual(service.call("POST", "/validate", token).status, 200)

        # Whoever registers with the address of another gets the same response. The owner hears of it, without a code.
        self.begun(address)
        self.assertEqual(CODE.findall(arrived(address, 2)["BodyText"]), [])

    def test_an_account_without_an_address_waits_for_nothing(self):
        _, token = service.registered()
        self.assertEqual(service.call("POST", "/validate", token).status, 200)

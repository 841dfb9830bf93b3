"""The service, deployed once for all tests."""

import base64
import json
import uuid
from dataclasses import dataclass

from cloud import BUILT, Cloud, Response, request

STACK = "serverless-auth"
ORIGIN = "https://app.example.com"
PASSWORD = "correct horse battery staple"
SENDER = "auth@example.com"
# Verdicts are kept for as long as the tests run: a test that wants another time deploys it.
PARAMETERS = {"AllowedOrigins": ORIGIN, "AuthorizerCacheSeconds": 3600, "MailFrom": SENDER}


@dataclass
class Service:
    """The deployed service, as its clients see it."""

    cloud: Cloud
    outputs: dict

    @classmethod
    def deployed_on(cls, cloud):
        """Deploys what is built."""
        return cls(cloud, cloud.deploy(STACK, BUILT, **PARAMETERS))

    def update(self, **parameters):
        """Deploys with changed parameters."""
        self.outputs = self.cloud.deploy(STACK, BUILT, **PARAMETERS | parameters)

    @property
    def url(self):
        return self.cloud.gateway(self.cloud.resource(STACK, "AuthApi"))

    def call(self, method, path, token=None, body=None, **headers) -> Response:
        """Sends a request to the API. A header is named with _ for -."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return request(method, self.url + path, authorization(token) | named, body)

    def registered(self, **fields):
        """The name and the token of a new account."""
        name = f"user-{uuid.uuid4()}"
        body = {"username": name, "password": PASSWORD} | fields
        return name, self.call("POST", "/register", body=body).json["token"]

    def begun(self, transport="token", **headers):
        """The response to the registration of a new account with a session."""
        body = {"username": f"user-{uuid.uuid4()}", "password": PASSWORD, "session": transport}
        return self.call("POST", "/register", body=body, **headers)

    def refresh(self, token):
        """Exchanges a refresh token."""
        return self.call("POST", "/refresh", body={"refresh_token": token})

    def revoke(self, name):
        """Ends the tokens of an account, as `accounts revoke` does."""
        self.cloud.client("dynamodb").update_item(
            TableName=self.outputs["TableName"],
            Key={"pk": {"S": f"USERNAME#{name}"}},
            UpdateExpression="ADD token_version :one",
            ConditionExpression="attribute_exists(pk)",
            ExpressionAttributeValues={":one": {"N": "1"}},
        )


def authorization(token):
    return {} if token is None else {"authorization": f"Bearer {token}"}


def tampered(token):
    """The token with another first letter in its signature: the last one may be padding alone."""
    head, claims, signature = token.split(".")
    return ".".join([head, claims, ("B" if signature[0] == "A" else "A") + signature[1:]])


def claims(token):
    """What a token says, unverified."""
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))

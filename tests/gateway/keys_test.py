"""The keys of the service, changed by the operator's tool while requests go on, and an API that verifies by them alone."""

import json
import subprocess
import threading
import unittest

from backend import Backend
from cloud import CONSUMERS, KEYS, REGION, ROOT, request, until
from native_test import plain_http
from service import PASSWORD, STACK, Service, authorization, tampered

service: Service  # set by run.py
TOOL = ROOT / "target" / "debug" / "examples" / "accounts"
# Longer than any wait between two steps, in seconds: a session may rest for fourteen days.
FIFTEEN_DAYS = 15 * 86_400


def keys(*arguments):
    """Runs `accounts keys`, and returns what it says."""
    environment = KEYS | {
        "ACCOUNT_STORE": f"dynamodb://{service.outputs['TableName']}",
        "AWS_ENDPOINT_URL": service.cloud.url,
        "AWS_REGION": REGION,
        "JWT_SECRET_ARN": service.outputs["SecretArn"],
    }
    command = [TOOL, "--json", "keys", *arguments]
    return json.loads(subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout)


def kids(role):
    return [key["kid"] for key in keys()["keys"] if key["role"] == role]


def let_time_pass():
    """Makes the keys older, and lets no function know those of before: nobody can wait for hours here."""
    for name in ("Login", "Validate"):
        start_anew(name)
    secrets = service.cloud.client("secretsmanager")
    arn = service.outputs["SecretArn"]
    secret = json.loads(secrets.get_secret_value(SecretId=arn)["SecretString"])
    secret["since"] = {
        kid: {role: since - FIFTEEN_DAYS for role, since in roles.items()} for kid, roles in secret["since"].items()
    }
    secrets.put_secret_value(SecretId=arn, SecretString=json.dumps(secret))


def start_anew(name):
    """Publishes a version of a function, so that no environment is left which knows older keys."""
    functions = service.cloud.client("lambda")
    function = service.cloud.resource(STACK, f"{name}Function")
    variables = functions.get_function_configuration(FunctionName=function)["Environment"]["Variables"]
    variables["STARTED"] = str(int(variables.get("STARTED", 0)) + 1)
    functions.update_function_configuration(FunctionName=function, Environment={"Variables": variables})
    version = functions.publish_version(FunctionName=function)["Version"]
    functions.update_alias(FunctionName=function, Name="live", FunctionVersion=version)


class Traffic:
    """Requests with good tokens, over and over. Notes those that are refused."""

    def __init__(self, name, *tokens):
        self.name, self.tokens, self.refused, self.requests, self.error = name, list(tokens), [], 0, None
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        try:
            self.send()
        except Exception as error:
            self.error = error

    def send(self):
        while not self.ended.is_set():
            login = service.call("POST", "/login", body={"username": self.name, "password": PASSWORD})
            self.note("login", login)
            self.tokens.append(login.json["token"])
            for token in self.tokens[:1] + self.tokens[-2:]:
                self.note("validate", service.call("POST", "/validate", token))
                self.note("me", service.call("GET", "/me", token))

    def note(self, what, response):
        self.requests += 1
        if response.status != 200:
            self.refused.append((what, response.status, response.text))

    def __enter__(self):
        self.thread.start()
        return self

    def goes_on(self):
        """Waits until three rounds more are done, so that the tokens of before are out of use."""
        enough = self.requests + 24
        until(lambda: self.error or self.requests >= enough, 30, "requests")
        if self.error:
            raise self.error

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()


class Keys(unittest.TestCase):
    """One story, in its order: a service moves to RS256, replaces the key, and takes the secret from `validate`."""

    ttl = 900

    @classmethod
    def setUpClass(cls):
        cls.backend = Backend()
        cls.backend.__enter__()
        cls.addClassCleanup(cls.backend.__exit__)
        service.update(TokenIssuer=service.url)
        cls.name, cls.old = service.registered()

    def native(self, stack):
        """An HTTP API that finds the keys by discovery."""
        servers = {"Issuer": service.outputs["Issuer"], "BackendUrl": self.backend.url}
        service.cloud.deploy(stack, CONSUMERS / "http-jwt.yaml", edit=plain_http, **servers)
        url = service.cloud.gateway(service.cloud.resource(stack, "Api")) + "/orders"
        return lambda token: request("GET", url, authorization(token)).status

    def new_token(self):
        """A token of functions that have just started, and so of the key that is current now."""
        self.ttl += 1
        service.update(TokenIssuer=service.url, TokenTtlSeconds=self.ttl)
        login = {"username": self.name, "password": PASSWORD}
        return service.call("POST", "/login", body=login).json["token"]

    def published(self):
        return [key["kid"] for key in service.call("GET", "/.well-known/jwks.json").json["keys"]]

    def test_a_service_moves_to_rs256_and_replaces_its_key_while_requests_go_on(self):
        with Traffic(self.name, self.old) as traffic:
            keys("init", "--alg", "RS256")
            first = self.new_token()
            self.assertEqual(service.call("POST", "/validate", first).status, 200)
            # Else one that has met no token of the new key publishes the keys of before.
            start_anew("Validate")
            self.assertEqual(self.published(), kids("current"))
            let_in = self.native("native-first")
            self.assertEqual([let_in(token) for token in (first, self.old, tampered(first), None)], [200, 401, 401, 401])

            traffic.tokens = [first]  # the tokens of the HS256 key end while time passes
            traffic.goes_on()

            let_time_pass()
            keys("rotate")
            (next_key,) = kids("next")
            self.assertEqual(keys("rotate")["keys"], keys()["keys"], "nothing to do yet")
            let_time_pass()
            keys("rotate")
            self.assertEqual(kids("current"), [next_key])
            second = self.new_token()
            traffic.goes_on()
            # MiniStack caches the keys of an issuer for two hours, as AWS does: it does not know the second key yet, which
            # is what the wait before it signs is for.
            self.assertEqual([let_in(token) for token in (first, tampered(second))], [200, 401])
        self.assertIsNone(traffic.error)
        self.assertEqual(traffic.refused, [])

        service.update(TokenIssuer=service.url, SigningKeys="public")
        role = service.cloud.resource(STACK, "ValidateRole")
        policy = service.cloud.client("iam").get_role_policy(RoleName=role, PolicyName="Validate")["PolicyDocument"]
        self.assertNotIn("secretsmanager", json.dumps(policy))
        for token in (first, second):
            self.assertEqual(service.call("POST", "/validate", token).status, 200)
            self.assertEqual(service.call("GET", "/me", token).status, 200)
        self.assertEqual(service.call("POST", "/validate", tampered(second)).status, 401)

        keys("revoke", next_key, "--yes")
        third = self.new_token()
        self.assertEqual(service.call("POST", "/validate", third).status, 200)
        self.assertEqual(service.call("POST", "/validate", second).status, 401)

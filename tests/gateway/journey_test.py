"""A user's way through the API: gateway, authorizer, functions under their roles, table."""

import json
import unittest

from cloud import until
from service import ORIGIN, PASSWORD, STACK, Service, claims, tampered

service: Service  # set by run.py


class Journey(unittest.TestCase):
    def test_an_account_from_its_registration_to_its_own_page(self):
        name, token = service.registered()
        login = service.call("POST", "/login", body={"username": name, "password": PASSWORD})
        self.assertEqual(login.status, 200, login.text)

        for issued in (token, login.json["token"]):
            validated = service.call("POST", "/validate", issued)
            self.assertEqual((validated.status, validated.json["valid"]), (200, True))
            me = service.call("GET", "/me", issued)
            told = {"user_id": validated.json["user_id"], "username": name, "exp": claims(issued)["exp"]}
            self.assertEqual((me.status, me.json), (200, told | {"email_verified": False}))

    def test_a_wrong_password_and_a_taken_name_are_refused(self):
        name, _ = service.registered()
        wrong = service.call("POST", "/login", body={"username": name, "password": PASSWORD + "!"})
        self.assertEqual((wrong.status, wrong.json["code"]), (401, "invalid_credentials"))
        taken = service.call("POST", "/register", body={"username": name, "password": PASSWORD})
        self.assertEqual((taken.status, taken.headers["x-error-codes"]), (400, "username=unique"))

    def test_a_bad_token_and_none_get_no_further_than_the_gateway(self):
        _, token = service.registered()
        bad = service.call("GET", "/me", tampered(token))
        self.assertEqual((bad.status, set(bad.json)), (403, {"message"}))
        missing = service.call("GET", "/me")
        self.assertEqual((missing.status, set(missing.json)), (401, {"message"}))
        self.assertEqual(service.call("POST", "/validate", tampered(token)).status, 401)

    def test_the_issuer_is_the_url_of_the_api(self):
        _, token = service.registered()
        api = service.cloud.resource(STACK, "AuthApi")
        self.assertEqual(claims(token)["iss"], f"https://{api}.execute-api.eu-west-1.amazonaws.com")
        self.assertEqual(claims(token)["iss"], service.outputs["Issuer"])

    def test_what_is_no_route_is_not_found(self):
        for method, path in [("POST", "/elsewhere"), ("GET", "/login"), ("POST", "/me")]:
            self.assertEqual(service.call(method, path).status, 404, (method, path))

    def test_keys_and_discovery_lead_to_the_function(self):
        for path in ("/.well-known/jwks.json", "/.well-known/openid-configuration"):
            response = service.call("GET", path)
            self.assertEqual(response.headers.get("x-content-type-options"), "nosniff", (path, response.text))


class CrossOrigin(unittest.TestCase):
    """What a browser of another origin may do."""

    def preflight(self, origin, path="/login", method="POST"):
        return service.call(
            "OPTIONS", path, origin=origin, access_control_request_method=method,
            access_control_request_headers="content-type",
        )  # fmt: skip

    def test_an_allowed_origin_may_send_json(self):
        allowed = self.preflight(ORIGIN)
        self.assertIn(allowed.status, (200, 204))
        self.assertEqual(allowed.headers["access-control-allow-origin"], ORIGIN)
        self.assertIn("POST", allowed.headers["access-control-allow-methods"])
        self.assertIn("content-type", allowed.headers["access-control-allow-headers"].lower())

    def test_an_allowed_origin_may_read_the_response(self):
        response = service.call("POST", "/login", body={}, origin=ORIGIN)
        self.assertEqual(response.status, 400)
        self.assertEqual(response.headers["access-control-allow-origin"], ORIGIN)
        self.assertIn("x-error-codes", response.headers["access-control-expose-headers"].lower())

    def test_an_allowed_origin_may_send_cookies_and_end_sessions(self):
        allowed = self.preflight(ORIGIN, "/sessions/0AAAAAAAAAAAAAAAA", "DELETE")
        self.assertEqual(allowed.headers["access-control-allow-credentials"], "true")
        self.assertIn("DELETE", allowed.headers["access-control-allow-methods"])

    def test_another_origin_may_not(self):
        refused = self.preflight("https://evil.example").headers
        self.assertNotIn("access-control-allow-origin", refused)
        self.assertNotIn("access-control-allow-credentials", refused)


class Roles(unittest.TestCase):
    """The journey shows that the roles suffice, but only because they are enforced."""

    def test_a_function_may_do_nothing_beyond_its_role(self):
        roles = service.cloud.client("iam")
        role = service.cloud.resource(STACK, "LoginFunctionRole")
        (policy,) = roles.list_role_policies(RoleName=role)["PolicyNames"]
        document = roles.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
        name, _ = service.registered()
        login = {"username": name, "password": PASSWORD}
        without = [s for s in document["Statement"] if s["Sid"] != "ReadAccountsAndAttempts"]
        self.assertEqual(len(without) + 1, len(document["Statement"]))
        try:
            roles.put_role_policy(
                RoleName=role, PolicyName=policy, PolicyDocument=json.dumps(document | {"Statement": without})
            )
            self.assertGreaterEqual(service.call("POST", "/login", body=login).status, 500)
        finally:
            roles.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=json.dumps(document))
        self.assertEqual(service.call("POST", "/login", body=login).status, 200)


class Updates(unittest.TestCase):
    """A revocation, before and after the verdict that the gateway keeps, and parameters that change."""

    def test_a_revoked_token_is_let_in_for_the_cache_time_alone(self):
        name, token = service.registered()
        self.assertEqual(service.call("GET", "/me", token).status, 200)
        service.revoke(name)
        self.assertEqual(service.call("POST", "/validate", token).status, 401)
        self.assertEqual(service.call("GET", "/me", token).status, 200)

        api = service.cloud.resource(STACK, "AuthApi")
        service.update(AuthorizerCacheSeconds=1)
        self.assertEqual(service.cloud.resource(STACK, "AuthApi"), api)
        name, token = service.registered()
        self.assertEqual(service.call("GET", "/me", token).status, 200)
        service.revoke(name)
        until(lambda: service.call("GET", "/me", token).status == 403, 20, "the end of the cache time")

    def test_a_changed_parameter_publishes_the_functions_that_read_it(self):
        functions = service.cloud.client("lambda")

        def version(name):
            function = service.cloud.resource(STACK, f"{name}Function")
            return functions.get_alias(FunctionName=function, Name="live")["FunctionVersion"]

        self.addCleanup(service.update)
        before = {name: version(name) for name in ("Register", "Login", "Validate")}
        service.update(TokenTtlSeconds=600)
        _, token = service.registered()
        self.assertEqual(claims(token)["exp"] - claims(token)["iat"], 600)
        changed = {name for name, number in before.items() if version(name) != number}
        self.assertEqual(changed, {"Register", "Login"})
        # A text of any length, in the place of one that is not there any more.
        origins = ",".join(f"https://app{number}.example.com" for number in range(100))
        service.update(TokenTtlSeconds=600, AllowedOrigins=origins, DecoyHash="pbkdf2_sha256$1000$salt$key")
        after = {name: version(name) for name in before}
        self.assertEqual(after["Validate"], before["Validate"])
        service.update(TokenTtlSeconds=600, AllowedOrigins=origins, DecoyHash="pbkdf2_sha256$1001$salt$key")
        self.assertEqual({name for name in before if version(name) != after[name]}, {"Login"})

"""The stacks of events/consumers, in front of other services: each asks `validate` of the deployed service."""

import unittest

from backend import Backend
from cloud import CONSUMERS, request
from service import Service, authorization, tampered

service: Service  # set by run.py


class Rest(unittest.TestCase):
    KINDS = ("rest-token", "rest-request")

    @classmethod
    def setUpClass(cls):
        for kind in cls.KINDS:
            service.cloud.deploy(kind, CONSUMERS / f"{kind}.yaml")

    def test_each_kind_lets_in_good_tokens_alone(self):
        for kind in self.KINDS:
            url = service.cloud.gateway(service.cloud.resource(kind, "Api"), "v1") + "/me"
            _, token = service.registered()
            for sent, status in ((token, 200), (tampered(token), 401), (None, 401)):
                self.assertEqual(request("GET", url, authorization(sent)).status, status, kind)

    def test_each_kind_has_one_stage(self):
        """SAM adds one named Stage, to which no limit applies, unless it is told the version of OpenAPI."""
        gateway = service.cloud.client("apigateway")
        for kind in self.KINDS:
            stages = gateway.get_stages(restApiId=service.cloud.resource(kind, "Api"))["item"]
            self.assertEqual([stage["stageName"] for stage in stages], ["v1"], kind)


class Http(unittest.TestCase):
    def test_a_good_token_gets_through_and_tells_who_is_asking(self):
        with Backend() as backend:
            service.cloud.deploy("http-api", CONSUMERS / "http-api.yaml", edit=plain_http, BackendUrl=backend.url)
            url = service.cloud.gateway(service.cloud.resource("http-api", "Api")) + "/orders/7"
            _, token = service.registered()
            user = service.call("POST", "/validate", token).json["user_id"]
            let_in = request("GET", url, authorization(token) | {"x-user-id": "forged"})
            self.assertEqual((let_in.status, let_in.json), (200, {"path": "/orders/7", "x-user-id": user}), let_in.text)
            self.assertEqual(request("GET", url, authorization(tampered(token))).status, 403)
            self.assertEqual(request("GET", url).status, 401)
            self.assertEqual(backend.requests, 1)


class AppSync(unittest.TestCase):
    def test_a_good_token_gets_through_and_tells_who_is_asking(self):
        service.cloud.deploy("appsync", CONSUMERS / "appsync.yaml")
        (api,) = service.cloud.client("appsync").list_graphql_apis()["graphqlApis"]
        host = api["uris"]["GRAPHQL"].split("/")[2]
        name, token = service.registered()

        def me(sent):
            headers = {"host": host, "authorization": sent}
            return request("POST", f"{service.cloud.url}/graphql", headers, {"query": "{ me { user_id username } }"})

        self.assertEqual(me(token).json["data"]["me"]["username"], name, me(token).text)
        self.assertEqual(me(tampered(token)).status, 401)


def plain_http(template):
    """The back ends of these tests speak HTTP without TLS."""
    del template["Parameters"]["BackendUrl"]["AllowedPattern"]

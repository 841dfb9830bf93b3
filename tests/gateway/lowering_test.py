"""What is lowered for MiniStack is what it lacks, and nothing else of a template is lost."""

import logging
import unittest

from samtranslator.yaml_helper import yaml_parse

from cloud import CONSUMERS, REGION, ROOT
from lowering import lowered, transformed

logging.disable(logging.WARNING)

SECRET_ARN = {"Fn::GetAtt": ["JwtSecret", "Id"]}


def differences(before, after, path=()):
    """Every place where two templates differ, as a path of keys, with what stands there before and after."""
    if isinstance(before, dict) and isinstance(after, dict) and before.keys() == after.keys():
        for key in before:
            yield from differences(before[key], after[key], (*path, key))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, pair in enumerate(zip(before, after)):
            yield from differences(*pair, (*path, index))
    elif before != after:
        yield path, before, after


class Service(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        template = yaml_parse((ROOT / "template.yaml").read_text())
        for resource in template["Resources"].values():
            if resource["Type"] == "AWS::Serverless::Function":
                resource["Properties"]["CodeUri"] = "s3://bucket/key"
        parameters = {"AllowedOrigins": "https://a.example", "Deployment": "Canary10Percent5Minutes"}
        cls.before = transformed(template, parameters, REGION)
        cls.after = lowered(cls.before)

    def changed(self, kind):
        """The differences within resources of a kind."""
        return [
            (path, before, after)
            for path, before, after in differences(self.before, self.after)
            if path[0] == "Resources" and self.before["Resources"][path[1]]["Type"] == kind
        ]

    def test_only_these_kinds_change(self):
        paths = [path for path, *_ in differences(self.before, self.after)]
        kinds = {self.before["Resources"][path[1]]["Type"] for path in paths if path[0] == "Resources"}
        kinds -= {"AWS::Lambda::Function", "AWS::IAM::Role"}
        self.assertEqual(kinds, {"AWS::CloudWatch::Alarm", "AWS::ApiGatewayV2::Api"})
        self.assertEqual([path for path in paths if path[0] != "Resources"], [("Outputs", "SecretArn", "Value")])

    def test_the_parameters_are_those_given(self):
        groups = {resource["Type"] for resource in self.before["Resources"].values()}
        self.assertIn("AWS::CodeDeploy::DeploymentGroup", groups)

    def test_a_secret_is_named_by_its_arn(self):
        changes = self.changed("AWS::Lambda::Function") + self.changed("AWS::IAM::Role")
        changes = [change for change in changes if change[1] == {"Ref": "JwtSecret"}]
        self.assertEqual(len(changes), 6)  # the environment and the role of each function
        for path, before, after in changes:
            self.assertEqual((before, after), ({"Ref": "JwtSecret"}, SECRET_ARN), path)

    def test_any_sender_of_mail_is_permitted(self):
        changes = [change for change in self.changed("AWS::IAM::Role") if change[1] != {"Ref": "JwtSecret"}]
        ((_, before, after),) = changes
        self.assertEqual(before["Sid"], "SendMail")
        self.assertEqual(after, {name: before[name] for name in ("Sid", "Effect", "Action")} | {"Resource": "*"})

    def test_an_alarm_on_metric_math_watches_its_first_metric(self):
        changes = self.changed("AWS::CloudWatch::Alarm")
        mathematical = {
            name
            for name, resource in self.before["Resources"].items()
            if resource["Type"] == "AWS::CloudWatch::Alarm" and "Metrics" in resource["Properties"]
        }
        self.assertEqual({path[1] for path, *_ in changes}, mathematical)
        for path, before, after in changes:
            self.assertEqual(path[2:], ("Properties",))
            first = next(query["MetricStat"] for query in before["Metrics"] if "MetricStat" in query)
            kept = {name: value for name, value in before.items() if name != "Metrics"}
            self.assertEqual(after, kept | first["Metric"] | {"Statistic": first["Stat"], "Period": first["Period"]})

    def test_cors_is_in_camel_case(self):
        ((path, before, after),) = self.changed("AWS::ApiGatewayV2::Api")
        self.assertEqual(path, ("Resources", "AuthApi", "Properties", "CorsConfiguration", "Fn::If", 1))
        self.assertEqual(list(after.values()), list(before.values()))
        keys = {"allowCredentials", "allowHeaders", "allowMethods", "allowOrigins", "exposeHeaders", "maxAge"}
        self.assertEqual(set(after), keys)


class Consumers(unittest.TestCase):
    def test_only_proxies_to_a_url_change(self):
        integration = ("Resources", "Backend", "Properties")
        uri = (*integration, "IntegrationUri", "Fn::Sub"), "${BackendUrl}/{proxy}", "${BackendUrl}"
        user = (*integration, "RequestParameters", "overwrite:header.x-user-id")
        told = user, "$context.authorizer.user_id", "$context.authorizer.lambda.user_id"
        expected = {"http-api": [uri, told], "http-jwt": [uri]}
        for path in sorted(CONSUMERS.glob("*.yaml")):
            template = transformed(yaml_parse(path.read_text()), {}, REGION)
            changes = list(differences(template, lowered(template)))
            self.assertEqual(changes, expected.get(path.stem, []), path.name)


if __name__ == "__main__":
    unittest.main()

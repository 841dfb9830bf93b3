"""Lowers a template to what MiniStack can deploy: SAM's transform first, then a stand-in for each thing it lacks.

`lowering_test.py` shows that nothing else of a template is lost.
"""

import re
from copy import deepcopy

import boto3
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

BASIC_EXECUTION = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"


def transformed(template, parameters, region):
    """The template after SAM. MiniStack runs SAM too, but with the defaults of parameters instead of their values."""
    if "Transform" not in template:
        return deepcopy(template)
    defaults = {name: parameter.get("Default") for name, parameter in template.get("Parameters", {}).items()}
    translator = Translator(
        {"AWSLambdaBasicExecutionRole": BASIC_EXECUTION}, Parser(), boto_session=boto3.Session(region_name=region)
    )
    return translator.translate(deepcopy(template), defaults | parameters)


def lowered(template):
    """The transformed template with a stand-in for each thing that MiniStack lacks."""
    resources = template["Resources"]
    secrets = {name for name, resource in resources.items() if resource["Type"] == "AWS::SecretsManager::Secret"}
    template = names_secrets_by_arn(template, secrets)
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::CloudWatch::Alarm":
            watches_one_metric(resource["Properties"])
        elif resource["Type"] == "AWS::IAM::Role":
            permits_any_sender(resource["Properties"])
        elif resource["Type"] == "AWS::ApiGatewayV2::Api":
            writes_cors_in_camel_case(resource["Properties"])
        elif resource["Type"] == "AWS::ApiGatewayV2::Integration":
            proxies_whole_paths(resource["Properties"])
    return template


def names_secrets_by_arn(value, secrets):
    """`Ref` of a secret is its name there. `Id`, which is the ARN on AWS too, is the ARN in both."""
    if isinstance(value, dict):
        if value.keys() == {"Ref"} and value["Ref"] in secrets:
            return {"Fn::GetAtt": [value["Ref"], "Id"]}
        return {key: names_secrets_by_arn(inner, secrets) for key, inner in value.items()}
    if isinstance(value, list):
        return [names_secrets_by_arn(inner, secrets) for inner in value]
    return value


def watches_one_metric(alarm):
    """Alarms on metric math are refused there: such an alarm watches the first of its metrics."""
    first = next((query["MetricStat"] for query in alarm.pop("Metrics", []) if "MetricStat" in query), None)
    if first:
        alarm |= first["Metric"] | {"Statistic": first["Stat"], "Period": first["Period"]}


def permits_any_sender(value):
    """A mail is no resource of SES there, and has no sender as a condition: sending is permitted or not."""
    if isinstance(value, list):
        for inner in value:
            permits_any_sender(inner)
    elif isinstance(value, dict):
        if "ses:SendEmail" in value.get("Action", []):
            value["Resource"] = "*"
            del value["Condition"]
        permits_any_sender(list(value.values()))


def writes_cors_in_camel_case(api):
    """The keys of `CorsConfiguration` are read there as the API of API Gateway spells them."""
    if "CorsConfiguration" in api:
        api["CorsConfiguration"] = in_camel_case(api["CorsConfiguration"])


def in_camel_case(cors):
    """CORS settings, perhaps within an `Fn::If`, with the first letter of each key in lower case."""
    if isinstance(cors, list):
        return [in_camel_case(inner) for inner in cors]
    if not isinstance(cors, dict) or cors.keys() & {"Ref", "Fn::Split"}:
        return cors
    return {key if key == "Fn::If" else key[0].lower() + key[1:]: in_camel_case(inner) for key, inner in cors.items()}


def proxies_whole_paths(integration):
    """A proxy to a URL appends the whole path there, and knows what a Lambda authorizer told by another name."""
    if integration["IntegrationType"] == "HTTP_PROXY":
        integration["IntegrationUri"] = {"Fn::Sub": integration["IntegrationUri"]["Fn::Sub"].removesuffix("/{proxy}")}
        integration["RequestParameters"] = {
            name: re.sub(r"^\$context\.authorizer\.(?!claims\.)", "$context.authorizer.lambda.", value)
            for name, value in integration["RequestParameters"].items()
        }

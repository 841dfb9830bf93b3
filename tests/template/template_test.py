"""What template.yaml promises: who may do what, with which settings, and that nothing is lost.

SAM rewrites much of a template, so what it decides (roles, authorizer, permissions, versions) is read from its output.
"""

import json
import logging
import re
import unittest
from copy import deepcopy
from fnmatch import fnmatchcase
from functools import cache
from importlib import import_module
from inspect import signature
from itertools import combinations
from pathlib import Path
from unittest.mock import patch

import boto3
import tomlkit
import yaml
from cfnlint.api import lint
from click.testing import CliRunner
from samcli.cli.types import CfnParameterOverridesType
from samcli.lib.providers.sam_function_provider import SamFunctionProvider
from samcli.lib.providers.sam_stack_provider import SamLocalStackProvider
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

logging.disable(logging.WARNING)  # SAM reports on features of its own that are switched off

ROOT = Path(__file__).resolve().parent.parent.parent
TEMPLATE = ROOT / "template.yaml"
CONSUMERS = ROOT / "events" / "consumers"

ROUTE = "AWS::ApiGatewayV2::Route"
# Parameters of SSM that make a choice in one place, for functions, permissions and alarms alike.
CHOICES = {"TableInUse", "StreamInUse", "IssuerInUse"}

TABLE_ARN = {
    "Fn::Sub": "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${TableInUse.Value}"
}
SECRET = {"Ref": "JwtSecret"}

SESSIONS = [f"session_{slot}" for slot in range(10)]


# Conditions of DynamoDB, as AWS documents them for access to single attributes.
def naming(*attributes):
    return {"ForAllValues:StringEquals": {"dynamodb:Attributes": list(attributes)}}


BY_NAME_ONLY = {"StringEqualsIfExists": {"dynamodb:Select": "SPECIFIC_ATTRIBUTES"}}
NO_OLD_VALUES = {"StringEqualsIfExists": {"dynamodb:ReturnValues": "NONE"}}
CREDENTIALS = naming(
    "pk", "id", "password_hash", "token_version", "disabled", "email", "email_verified", "expires_at", *SESSIONS
)
NO_NEW_NAME = naming("pk", "id", "password_hash", "token_version", "disabled", *SESSIONS)
NO_PASSWORD_HASH = BY_NAME_ONLY | naming(
    "pk", "id", "external_id", "username", "token_version", "disabled", "email_verified", "key_set", *SESSIONS
)

# Everything a function may do, as (action, resource, keys of the table, further conditions). The code calls exactly these.
PERMISSIONS = {
    "RegisterFunction": [
        ("dynamodb:GetItem", TABLE_ARN, ["USERNAME#*", "EMAIL#*", "ATTEMPTS#*", "ADDRESS#guess#*", "PRIME"], {}),
        ("dynamodb:PutItem", TABLE_ARN, ["USERNAME#*", "EMAIL#*", "MAIL#*", "ATTEMPTS#*", "DELETED#*"], NO_OLD_VALUES),
        ("dynamodb:UpdateItem", TABLE_ARN, ["USERNAME#*"], CREDENTIALS),
        (
            "dynamodb:UpdateItem", TABLE_ARN,
            ["ADDRESS#register#*", "ADDRESS#mail#*", "ADDRESS#guess#*", "MAIL#*", "CODE#*"], {},
        ),
        ("dynamodb:DeleteItem", TABLE_ARN, ["USERNAME#*", "EMAIL#*", "ID#*", "MAIL#*", "ATTEMPTS#*"], {}),
        ("secretsmanager:GetSecretValue", SECRET, None, {}),
    ],
    "LoginFunction": [
        ("dynamodb:GetItem", TABLE_ARN, ["USERNAME#*", "EMAIL#*", "ATTEMPTS#*", "ADDRESS#login#*", "PRIME"], {}),
        ("dynamodb:PutItem", TABLE_ARN, ["ATTEMPTS#*"], {}),
        ("dynamodb:DeleteItem", TABLE_ARN, ["ATTEMPTS#*"], {}),
        ("dynamodb:UpdateItem", TABLE_ARN, ["USERNAME#*"], NO_NEW_NAME),
        ("dynamodb:UpdateItem", TABLE_ARN, ["ADDRESS#login#*"], {}),
        ("secretsmanager:GetSecretValue", SECRET, None, {}),
    ],
    "ValidateFunction": [
        ("dynamodb:GetItem", TABLE_ARN, ["USERNAME#*", "KEYS", "PRIME"], NO_PASSWORD_HASH),
        ("secretsmanager:GetSecretValue", SECRET, None, {}),
    ],
}  # fmt: skip

SES = "arn:${AWS::Partition}:ses:${AWS::Region}:${AWS::AccountId}:"
# What register may do beyond that where there is mail, as (action, resource, condition): send by one sender, and what Lambda does
# in its name with the stream and the queue.
MAIL_PERMISSIONS = [
    (
        ["ses:SendEmail", "ses:SendTemplatedEmail"],
        [
            {"Fn::Sub": SES + "identity/*"},
            {"Fn::Sub": SES + "configuration-set/*"},
            {"Fn::If": ["HasMailTemplates", {"Fn::Sub": SES + "template/${MailTemplatePrefix}*"}, {"Ref": "AWS::NoValue"}]},
        ],
        {"StringEquals": {"ses:FromAddress": {"Ref": "MailFrom"}}},
    ),
    (
        ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"],
        {"Fn::GetAtt": ["StreamInUse", "Value"]},
        None,
    ),
    ("dynamodb:ListStreams", "*", None),
    ("sqs:SendMessage", {"Fn::GetAtt": ["MailFailures", "Arn"]}, None),
]
# What login may do beyond that where another system has users: ask the operator's function, and keep who comes.
MIGRATION_PERMISSIONS = [
    ("lambda:InvokeFunction", {"Ref": "MigrationFunctionArn"}, None),
    (
        "dynamodb:PutItem",
        TABLE_ARN,
        {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["USERNAME#*", "EMAIL#*"]}} | NO_OLD_VALUES,
    ),
]
CONDITIONAL_PERMISSIONS = {
    "RegisterFunction": ("HasMail", MAIL_PERMISSIONS),
    "LoginFunction": ("HasMigration", MIGRATION_PERMISSIONS),
}

ENVIRONMENT_OF_ALL = {
    "ACCOUNT_STORE": {"Fn::Sub": "dynamodb://${TableInUse.Value}"},
    "JWT_SECRET_ARN": SECRET,
    "JWT_ISSUER": {"Fn::GetAtt": ["IssuerInUse", "Value"]},
    "JWT_AUDIENCE": {"Ref": "TokenAudience"},
    "METRICS_NAMESPACE": {"Ref": "AWS::StackName"},
}


def where_set(condition, parameter):
    """A variable that a function only gets when its parameter is set."""
    return {"Fn::If": [condition, {"Ref": parameter}, {"Ref": "AWS::NoValue"}]}


COST_OF_HASHES = {
    "ARGON2_MEMORY_KIB": where_set("HasArgon2Memory", "Argon2MemoryKib"),
    "ARGON2_ITERATIONS": where_set("HasArgon2Iterations", "Argon2Iterations"),
}
TOKENS_AND_SESSIONS = {
    "TOKEN_TTL_SECONDS": {"Ref": "TokenTtlSeconds"},
    "SESSION_TOKEN_TTL_SECONDS": {"Ref": "SessionTokenTtlSeconds"},
    "SESSION_IDLE_DAYS": {"Ref": "SessionIdleDays"},
    "SESSION_MAX_DAYS": {"Ref": "SessionMaxDays"},
    "ALLOWED_ORIGINS": where_set("HasAllowedOrigins", "AllowedOrigins"),
}
ENVIRONMENT = {
    "RegisterFunction": ENVIRONMENT_OF_ALL
    | COST_OF_HASHES
    | TOKENS_AND_SESSIONS
    | {
        "PASSWORD_MIN_LENGTH": {"Ref": "PasswordMinLength"},
        "REGISTRATIONS_PER_ADDRESS": {"Ref": "RegistrationsPerAddress"},
        "LOGIN_ATTEMPTS_PER_ADDRESS": {"Ref": "LoginAttemptsPerAddress"},
        "MAILS_PER_ADDRESS": {"Ref": "MailRequestsPerAddress"},
        "MAIL_FROM": where_set("HasMail", "MailFrom"),
        "MAIL_TEMPLATE_PREFIX": where_set("HasMailTemplates", "MailTemplatePrefix"),
        "APP_NAME": where_set("HasAppName", "AppName"),
        "APP_URL": where_set("HasAppUrl", "AppUrl"),
        "VERIFY_EMAIL": {"Ref": "VerifyEmail"},
    },
    "LoginFunction": ENVIRONMENT_OF_ALL
    | COST_OF_HASHES
    | TOKENS_AND_SESSIONS
    | {
        "DECOY_HASH": where_set("HasDecoyHash", "DecoyHash"),
        "MIGRATION_FUNCTION": where_set("HasMigration", "MigrationFunctionArn"),
        "LOGIN_ATTEMPTS_PER_ADDRESS": {"Ref": "LoginAttemptsPerAddress"},
    },
    "ValidateFunction": ENVIRONMENT_OF_ALL
    | {
        "SIGNING_KEYS": {"Ref": "SigningKeys"},
        "JWT_SECRET_ARN": {"Fn::If": ["ValidateReadsSecret", SECRET, {"Ref": "AWS::NoValue"}]},
        "AUTHORIZER_RESPONSE": {"Ref": "AuthorizerResponse"},
    },
}

# Outcomes of requests that alarms count, as (function, outcome). Whoever sends a bad token or request wakes nobody.
OUTCOMES_THAT_RING = {
    "InternalErrorAlarm": [
        (function, outcome)
        for function in ("register", "login", "validate")
        for outcome in ("internal_error", "unavailable")
    ],
    "LockoutAlarm": [("login", "too_many_attempts")],
    "FailedLoginAlarm": [("login", "invalid_credentials")],
}

# Memory, time-out and log group.
SIZES = {
    "RegisterFunction": (1769, 10, "RegisterLogs"),
    "LoginFunction": (1769, 10, "LoginLogs"),
    "ValidateFunction": (256, 5, "ValidateLogs"),
}


@cache
def source(path=TEMPLATE):
    """The template as it is written."""
    return yaml_parse(path.read_text())


@cache
def deployed(path=TEMPLATE, **parameters):
    """The template after SAM, as CloudFormation gets it."""
    template = deepcopy(source(path))
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function" and "CodeUri" in resource["Properties"]:
            resource["Properties"]["CodeUri"] = "s3://bucket/key"
    values = {name: parameter.get("Default") for name, parameter in template["Parameters"].items()}
    basic = {"AWSLambdaBasicExecutionRole": "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"}
    translator = Translator(basic, Parser(), boto_session=boto3.Session(region_name="us-east-1"))
    return translator.translate(template, values | parameters)


@cache
def rust_of_shared():
    return "".join(path.read_text() for path in (ROOT / "shared" / "src").rglob("*.rs"))


def of_laptop(key):
    """What the functions do on a laptop with a setting of CORS."""
    name = re.sub("(?<=[a-z])(?=[A-Z])", "_", key).upper()
    return re.search(rf'const {name}: &str = "(.*)";', (ROOT / "shared/src/http/cors.rs").read_text())[1]


def of_type(template, kind):
    return {name: resource for name, resource in template["Resources"].items() if resource["Type"] == kind}


def references(value):
    """Every name that a piece of template refers to."""
    if isinstance(value, dict):
        found = set()
        for key, inner in value.items():
            if key == "Ref":
                found.add(inner)
            elif key == "Fn::GetAtt":
                found.add(inner[0] if isinstance(inner, list) else inner.split(".")[0])
            elif key == "Fn::Sub":
                text = inner if isinstance(inner, str) else inner[0]
                found |= {name.split(".")[0] for name in re.findall(r"\$\{([^!}]+)\}", text)}
                found |= references(inner[1:]) if isinstance(inner, list) else set()
            else:
                found |= references(inner)
        return found
    if isinstance(value, list):
        return set().union(*map(references, value))
    return set()


def parameters_in(value):
    """Every parameter that a piece of template depends on, through what chooses for it too."""
    names = references(value)
    chosen_by = [references(source()["Resources"][name]["Properties"]["Value"]) for name in names & CHOICES]
    return names.union(*chosen_by) & set(source()["Parameters"])


def is_set(parameter, unset=""):
    """The condition that a parameter has another value than the one that stands for none."""
    return {"Fn::Not": [{"Fn::Equals": [{"Ref": parameter}, unset]}]}


def holds(condition, values):
    """The value of a condition or rule, as CloudFormation computes it from the parameters."""
    ((operator, operands),) = condition.items() if isinstance(condition, dict) else ((None, condition),)
    if operator == "Ref":
        return values[operands]
    if operator == "Condition":
        return holds(source()["Conditions"][operands], values)
    if operator is None:
        return operands
    operands = [holds(operand, values) for operand in operands]
    return {
        "Fn::Equals": lambda: operands[0] == operands[1],
        "Fn::Not": lambda: not operands[0],
        "Fn::And": lambda: all(operands),
    }[operator]()


def chosen(value, values):
    """A value with each `Fn::If` decided by the parameters."""
    while isinstance(value, dict) and "Fn::If" in value:
        condition, yes, no = value["Fn::If"]
        value = yes if holds({"Condition": condition}, values) else no
    return value


def refused(given):
    """What the rules have against parameters, beside those that have their defaults."""
    values = {name: parameter["Default"] for name, parameter in source()["Parameters"].items()} | given
    return [
        assertion["AssertDescription"]
        for rule in source()["Rules"].values()
        if holds(rule["RuleCondition"], values)
        for assertion in rule["Assertions"]
        if not holds(assertion["Assert"], values)
    ]


def watched(alarm):
    """Every metric that an alarm watches, with its statistic."""
    properties = alarm["Properties"]
    plain = {"Metric": properties, "Stat": properties.get("Statistic") or properties.get("ExtendedStatistic")}
    queries = [query["MetricStat"] for query in properties.get("Metrics", []) if "MetricStat" in query]
    return [
        {
            "Namespace": query["Metric"]["Namespace"],
            "MetricName": query["Metric"]["MetricName"],
            "Dimensions": {dimension["Name"]: dimension["Value"] for dimension in query["Metric"].get("Dimensions", [])},
            "Stat": query["Stat"],
        }
        for query in queries or [plain]
    ]


class Parameters(unittest.TestCase):
    def test_every_parameter_has_a_default(self):
        for name, parameter in source()["Parameters"].items():
            self.assertIn("Default", parameter, name)
            self.assertIn("Description", parameter, name)

    def test_the_build_and_the_deployment_agree_on_the_architecture(self):
        """Neither reads it from a parameter, whose value may differ between two commands."""
        for overrides in ({}, {"Architecture": "x86_64"}):
            stacks, _ = SamLocalStackProvider.get_stacks(str(TEMPLATE), parameter_overrides=overrides)
            built = {function.name: function.architectures for function in SamFunctionProvider(stacks).get_all()}
            functions = of_type(deployed(**overrides), "AWS::Lambda::Function")
            self.assertEqual(set(built), set(functions))
            for name, function in functions.items():
                self.assertEqual(function["Properties"]["Architectures"], ["arm64"], name)
                self.assertEqual(built[name], ["arm64"], name)

    def test_what_is_empty_or_0_is_not_passed_on(self):
        unset = {
            "HasArgon2Memory": ("Argon2MemoryKib", 0),
            "HasArgon2Iterations": ("Argon2Iterations", 0),
            "HasDecoyHash": ("DecoyHash", ""),
            "HasMigration": ("MigrationFunctionArn", ""),
            "HasMail": ("MailFrom", ""),
            "HasMailTemplates": ("MailTemplatePrefix", ""),
            "HasAppName": ("AppName", ""),
            "HasAppUrl": ("AppUrl", ""),
        }
        for condition, (parameter, default) in unset.items():
            self.assertEqual(source()["Parameters"][parameter]["Default"], default)
            self.assertEqual(source()["Conditions"][condition], is_set(parameter, str(default)))

    def test_the_cost_of_hashes_has_the_bounds_of_the_code(self):
        parameters = source()["Parameters"]
        self.assertEqual((parameters["Argon2MemoryKib"]["MaxValue"], parameters["Argon2Iterations"]["MaxValue"]), (262144, 16))

    def test_sessions_have_the_defaults_and_the_bounds_of_the_code(self):
        """A value that the code refuses would stop the functions from starting."""
        parameters = {"SessionTokenTtlSeconds": "SESSION_TOKEN_TTL_SECONDS"}
        parameters |= {"SessionIdleDays": "SESSION_IDLE_DAYS", "SessionMaxDays": "SESSION_MAX_DAYS"}
        for parameter, variable in parameters.items():
            text = re.search(rf'"{variable}", (\d+), (\d+)\.\.=(\d+)\)', rust_of_shared())
            limits = source()["Parameters"][parameter]
            self.assertEqual([limits["Default"], limits["MinValue"], limits["MaxValue"]], [int(n) for n in text.groups()])

    def test_origins_are_those_that_the_code_reads(self):
        """It does not start with others."""
        pattern = source()["Parameters"]["AllowedOrigins"]["AllowedPattern"]
        for accepted in (
            "", "*", "https://app.example.com", "http://localhost:5173", "https://app.example.com,https://www.example.com",
        ):  # fmt: skip
            self.assertRegex(accepted, f"^(?:{pattern})$")
        for refused in (
            "app.example.com", "https://", "https://app.example.com/", "https://app.example.com, https://www.example.com",
            "https://*", "https://app.example.com,*", "*,*", "https://app.example.com,", "capacitor://localhost", "null",
        ):  # fmt: skip
            self.assertNotRegex(refused, f"^(?:{pattern})$")

    def test_the_decoy_is_not_shown(self):
        self.assertIs(source()["Parameters"]["DecoyHash"]["NoEcho"], True)
        users = {name for name, resource in source()["Resources"].items() if "DecoyHash" in references(resource)}
        self.assertEqual(users, {"LoginFunction", "LoginSettings"})
        self.assertNotIn("DecoyHash", references(source()["Outputs"]))

    def test_addresses_are_counted_for_guesses_and_mails_and_not_at_registration_unless_told_otherwise(self):
        defaults = {name: parameter["Default"] for name, parameter in source()["Parameters"].items()}
        self.assertEqual((defaults["LoginAttemptsPerAddress"], defaults["RegistrationsPerAddress"]), (100, 0))
        self.assertEqual(defaults["MailRequestsPerAddress"], 20)

    def test_no_resource_that_cloudformation_replaces_has_a_fixed_name(self):
        """Two stacks fit in one account, and a stack whose data was kept can be made again."""
        names = {"TableName", "LogGroupName", "FunctionName", "RoleName", "TopicName", "AlarmName", "QueueName", "Name"}
        kinds = {
            "AWS::DynamoDB::Table", "AWS::Logs::LogGroup", "AWS::Serverless::Function", "AWS::IAM::Role",
            "AWS::SNS::Topic", "AWS::CloudWatch::Alarm", "AWS::SecretsManager::Secret", "AWS::SSM::Parameter",
            "AWS::SQS::Queue",
        }  # fmt: skip
        for name, resource in source()["Resources"].items():
            if resource["Type"] in kinds:
                self.assertEqual(names & set(resource.get("Properties", {})), set(), name)


class Environments(unittest.TestCase):
    """Each section of samconfig.toml is complete: SAM's own commands read it."""

    STACKS = {"default": "serverless-auth", "prod": "serverless-auth-prod"}

    def arguments(self, command, environment):
        """The arguments that `sam COMMAND --config-env ENVIRONMENT` would run with."""
        module = import_module(f"samcli.commands.{command}")
        names = signature(module.do_cli)
        with patch.object(module, "do_cli") as do_cli:
            options = ["--config-file", str(ROOT / "samconfig.toml"), "--config-env", environment, "-t", str(TEMPLATE)]
            result = CliRunner().invoke(module.cli, options)
        self.assertEqual(result.exit_code, 0, result.output)
        return names.bind(*do_cli.call_args.args, **do_cli.call_args.kwargs).arguments

    def test_there_are_two(self):
        environments = tomlkit.parse((ROOT / "samconfig.toml").read_text())
        self.assertEqual(set(environments) - {"version"}, set(self.STACKS))

    def test_the_second_one_is_as_documented(self):
        shown = (ROOT / "docs" / "deploy.md").read_text().split("[prod.global.parameters]\n")[1].split("```")[0]
        self.assertEqual((ROOT / "samconfig.toml").read_text().split("[prod.global.parameters]\n")[1], shown)

    def test_a_deployment_asks_for_nothing_more(self):
        for environment, stack in self.STACKS.items():
            arguments = self.arguments("deploy.command", environment)
            expected = {
                "stack_name": stack,
                "s3_prefix": stack,
                "resolve_s3": True,
                "confirm_changeset": False,
                "fail_on_empty_changeset": False,
            }
            self.assertEqual({name: arguments[name] for name in expected}, expected)
            self.assertEqual(list(arguments["capabilities"]), ["CAPABILITY_IAM"])

    def test_a_build_leaves_the_cache_to_cargo(self):
        for environment in self.STACKS:
            self.assertIs(self.arguments("build.command", environment)["cached"], False)

    def test_a_validation_lints(self):
        for environment in self.STACKS:
            self.assertIs(self.arguments("validate.validate", environment)["lint"], True)

    def test_every_parameter_exists_and_reaches_both_commands(self):
        parameters = source()["Parameters"]
        for environment in self.STACKS:
            built, shipped = (
                self.arguments(command, environment)["parameter_overrides"] for command in ("build.command", "deploy.command")
            )
            self.assertEqual(built, shipped)
            for name, value in shipped.items():
                self.assertIn(value, parameters[name].get("AllowedValues", [value]))

    def test_an_empty_parameter_is_written_as_documented(self):
        """SAM keeps the value that a stack has when a parameter is not given, and refuses `DomainName=`."""
        written = re.search(r"`'(\w+=[^']*)'`", (ROOT / "docs" / "deploy.md").read_text())[1]
        self.assertEqual(CfnParameterOverridesType().convert([written], None, None), {"DomainName": ""})

    def test_a_token_of_one_environment_names_no_other(self):
        audiences = {
            self.arguments("deploy.command", environment)["parameter_overrides"].get("TokenAudience")
            for environment in self.STACKS
        }
        self.assertEqual(len(audiences), len(self.STACKS))


class Functions(unittest.TestCase):
    def setUp(self):
        self.functions = of_type(deployed(), "AWS::Lambda::Function")

    def statements(self, name):
        """The statements of a function's role, but those that it has under a condition."""
        policies = [policy for policy in self.role(name)["Policies"] if "Fn::If" not in policy]
        return [statement for policy in policies for statement in policy["PolicyDocument"]["Statement"]]

    def role(self, name):
        role, attribute = self.functions[name]["Properties"]["Role"]["Fn::GetAtt"]
        self.assertEqual(attribute, "Arn")
        return deployed()["Resources"][role]["Properties"]

    def test_there_are_three(self):
        self.assertEqual(set(self.functions), set(PERMISSIONS))

    def test_each_may_do_exactly_what_its_code_does(self):
        for name, expected in PERMISSIONS.items():
            # `validate` loses one of them, which has a test of its own below.
            statements = [s["Fn::If"][1] if "Fn::If" in s else s for s in self.statements(name)]
            self.assertEqual(len(statements), len(expected), name)
            for statement, (action, resource, keys, further) in zip(statements, expected):
                condition = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": keys}} | further if keys else None
                self.assertEqual(statement["Effect"], "Allow", name)
                self.assertEqual(statement["Action"], action, name)
                self.assertEqual(statement["Resource"], resource, name)
                self.assertEqual(statement.get("Condition"), condition, (name, action))
                self.assertEqual(set(statement) - {"Sid", "Condition"}, {"Effect", "Action", "Resource"}, name)

    def test_validate_may_not_read_the_secret_when_it_reads_public_keys(self):
        self.assertEqual(deployed()["Conditions"]["ValidateReadsSecret"], {"Fn::Equals": [{"Ref": "SigningKeys"}, "secret"]})
        statements = self.role("ValidateFunction")["Policies"][0]["PolicyDocument"]["Statement"]
        permitted = [s for s in statements if "secretsmanager" in json.dumps(s)]
        self.assertEqual([s["Fn::If"][0] for s in permitted], ["ValidateReadsSecret"])
        self.assertEqual(permitted[0]["Fn::If"][2], {"Ref": "AWS::NoValue"})
        for name in ("RegisterFunction", "LoginFunction"):
            self.assertNotIn("ValidateReadsSecret", json.dumps(self.role(name)))

    def test_validate_may_read_the_key_and_attributes_that_accounts_have(self):
        """DynamoDB needs the key among them, and a misspelt name would deny the attribute."""
        attributes = NO_PASSWORD_HASH["ForAllValues:StringEquals"]["dynamodb:Attributes"]
        self.assertIn("pk", attributes)
        self.assertNotIn("password_hash", attributes)
        items = (ROOT / "shared" / "src" / "store" / "dynamodb" / "item.rs").read_text()
        for attribute in set(attributes) - set(SESSIONS):
            self.assertIn(f'"{attribute}"', items)

    def test_sessions_are_these_attributes(self):
        store = ROOT / "shared" / "src" / "store" / "dynamodb"
        removed = re.search(r'"REMOVE ([^"]*)"', (store / "sessions.rs").read_text())[1]
        self.assertEqual(re.findall(r"\w+", removed.replace("\\", "")), SESSIONS)
        self.assertIn('format!("session_{slot}")', (store / "item.rs").read_text())

    def test_mail_and_migration_are_permitted_where_they_are_set_up_and_to_one_function_alone(self):
        for name in PERMISSIONS:
            conditional = [policy["Fn::If"] for policy in self.role(name)["Policies"] if "Fn::If" in policy]
            if name not in CONDITIONAL_PERMISSIONS:
                self.assertEqual(conditional, [], name)
                continue
            ((condition, policy, otherwise),) = conditional
            self.assertEqual(otherwise, {"Ref": "AWS::NoValue"}, name)
            permitted = [
                (statement["Action"], statement["Resource"], statement.get("Condition"))
                for statement in policy["PolicyDocument"]["Statement"]
                if statement["Effect"] == "Allow"
            ]
            self.assertEqual((condition, permitted), CONDITIONAL_PERMISSIONS[name])

    def test_beyond_that_each_may_only_log_and_trace(self):
        for name in PERMISSIONS:
            arns = [arn if isinstance(arn, str) else arn["Fn::Sub"] for arn in self.role(name)["ManagedPolicyArns"]]
            policies = {arn.rsplit("/", 1)[-1] for arn in arns}
            self.assertEqual(len(policies), 2, policies)
            self.assertIn("AWSLambdaBasicExecutionRole", policies)
            self.assertTrue(policies & {"AWSXrayWriteOnlyAccess", "AWSXRayDaemonWriteAccess"}, policies)

    def test_only_lambda_may_take_a_role(self):
        for name in PERMISSIONS:
            trust = self.role(name)["AssumeRolePolicyDocument"]["Statement"]
            self.assertEqual(len(trust), 1, name)
            self.assertIn(trust[0]["Principal"]["Service"], ("lambda.amazonaws.com", ["lambda.amazonaws.com"]), name)

    def test_a_version_that_reads_whole_accounts_keeps_its_role_during_an_update(self):
        """CloudFormation changes a role of the same name at once, but the version before serves until the shift is over."""
        self.assertNotEqual(self.functions["ValidateFunction"]["Properties"]["Role"]["Fn::GetAtt"][0], "ValidateFunctionRole")

    def test_each_sees_exactly_the_variables_it_reads(self):
        for name, expected in ENVIRONMENT.items():
            self.assertEqual(self.functions[name]["Properties"]["Environment"]["Variables"], expected, name)

    def test_the_code_reads_these_variables(self):
        for variable in set().union(*ENVIRONMENT.values()):
            self.assertTrue(f'"{variable}"' in rust_of_shared(), variable)

    def test_sizes_and_time_outs(self):
        for name, (memory, timeout, _) in SIZES.items():
            properties = self.functions[name]["Properties"]
            self.assertEqual((properties["MemorySize"], properties["Timeout"]), (memory, timeout), name)

    def test_each_logs_json_into_a_group_of_its_own(self):
        for name, (_, _, group) in SIZES.items():
            logging = self.functions[name]["Properties"]["LoggingConfig"]
            self.assertEqual(logging["LogGroup"], {"Ref": group}, name)
            self.assertEqual(logging["LogFormat"], "JSON", name)
            self.assertEqual(logging["ApplicationLogLevel"], "INFO", name)

    def test_each_is_traced(self):
        for name, function in self.functions.items():
            self.assertEqual(function["Properties"]["TracingConfig"], {"Mode": "Active"}, name)

    def test_reserved_concurrency_is_optional(self):
        for name, function in self.functions.items():
            short = name.removesuffix("Function")
            self.assertEqual(
                function["Properties"]["ReservedConcurrentExecutions"],
                {"Fn::If": [f"Reserves{short}", {"Ref": f"{short}Concurrency"}, {"Ref": "AWS::NoValue"}]},
            )

    def test_each_is_built_from_its_own_package(self):
        for name, function in of_type(source(), "AWS::Serverless::Function").items():
            binary = name.removesuffix("Function").lower()
            self.assertEqual(function["Properties"]["CodeUri"], f"functions/{binary}")
            self.assertEqual(function["Metadata"]["BuildMethod"], "rust-cargolambda")
            self.assertEqual(function["Metadata"]["BuildProperties"], {"Binary": binary})
            for key, value in {"Runtime": "provided.al2023", "Handler": "bootstrap"}.items():
                self.assertEqual(self.functions[name]["Properties"][key], value)


class Deployments(unittest.TestCase):
    def settings(self):
        """The text of each function that AppConfig numbers."""
        for version in of_type(deployed(), "AWS::Lambda::Version").values():
            text = deployed()["Resources"][version["Properties"]["Description"]["Ref"]]
            self.assertEqual(text["Type"], "AWS::AppConfig::HostedConfigurationVersion")
            yield version["Properties"]["FunctionName"]["Ref"], text["Properties"]["Content"]

    def test_a_change_of_any_parameter_publishes_the_functions_that_see_it(self):
        """And no other: Lambda publishes no version of a function that has not changed."""
        settings = dict(self.settings())
        self.assertEqual(set(settings), set(PERMISSIONS))
        for function, text in settings.items():
            seen = parameters_in(deployed()["Resources"][function]["Properties"]["Environment"])
            self.assertEqual(parameters_in(text), seen, function)

    def test_two_settings_never_have_the_same_text(self):
        for function, text in self.settings():
            for line in text["Fn::Sub"].split("\n"):
                self.assertRegex(line, r"^\$\{[\w.]+\}$", function)

    def test_any_change_in_the_template_publishes(self):
        for name, function in of_type(source(), "AWS::Serverless::Function").items():
            self.assertIs(function["Properties"]["AutoPublishAliasAllProperties"], True, name)

    def test_all_at_once_goes_without_codedeploy(self):
        self.assertEqual(of_type(deployed(), "AWS::CodeDeploy::DeploymentGroup"), {})

    def test_gradual_deployments_go_back_on_an_alarm(self):
        strategies = source()["Parameters"]["Deployment"]["AllowedValues"]
        self.assertEqual(set(source()["Mappings"]["Deployments"]), set(strategies))
        for strategy in set(strategies) - {"AllAtOnce"}:
            groups = of_type(deployed(Deployment=strategy), "AWS::CodeDeploy::DeploymentGroup")
            self.assertEqual(len(groups), 3)
            for group in groups.values():
                alarms = group["Properties"]["AlarmConfiguration"]["Alarms"]
                self.assertEqual(alarms, [{"Name": {"Ref": "CrashAlarm"}}, {"Name": {"Ref": "InternalErrorAlarm"}}])
                self.assertEqual(group["Properties"]["DeploymentConfigName"]["Fn::Sub"][1]["ConfigName"], strategy)

    def test_what_sam_makes_of_it_is_sound(self):
        """cfn-lint looks for circles only after SAM, and an alarm that watches the API would make one."""
        for strategy in ("AllAtOnce", "Canary10Percent5Minutes"):
            matches = lint(json.dumps(deployed(Deployment=strategy)), regions=["us-east-1"])
            # SAM has used up the parameter and the mapping that choose the deployment.
            matches = [match for match in matches if match.rule.id not in {"W2001", "W7001"}]
            self.assertEqual([], [str(match) for match in matches], strategy)


@cache
def contract_document():
    return yaml.safe_load((ROOT / "docs" / "openapi.yaml").read_text())


class Api(unittest.TestCase):
    def setUp(self):
        self.api = deployed()["Resources"]["AuthApi"]["Properties"]
        self.stage = deployed()["Resources"]["AuthApiApiGatewayDefaultStage"]["Properties"]
        self.authorizer = deployed()["Resources"]["ValidateAuthorizer"]["Properties"]
        self.routes = {
            route["Properties"]["RouteKey"]: route["Properties"] for route in of_type(deployed(), ROUTE).values()
        }

    def function_behind(self, route):
        """The function that serves a route, by the integration of the function's alias."""
        integration = deployed()["Resources"][references(route["Target"]).pop()]["Properties"]
        self.assertEqual((integration["IntegrationType"], integration["PayloadFormatVersion"]), ("AWS_PROXY", "2.0"))
        return integration["IntegrationUri"]["Ref"].removesuffix("FunctionAliaslive").lower()

    def test_routes_and_what_serves_them_are_the_same_everywhere(self):
        """In the template, the functions, the emulator of a laptop and the contract."""
        expected = {(key, self.function_behind(route)) for key, route in self.routes.items()}
        self.assertEqual(len(expected), len(of_type(deployed(), ROUTE)))

        functions = {
            (f"{method} {path}", function)
            for function in ("register", "login", "validate")
            for method, path in re.findall(
                r'Route \{\s*method: Method::(\w+),\s*path: "([^"]+)"',
                (ROOT / "functions" / function / "src" / "lib.rs").read_text(),
            )
        }
        self.assertEqual(functions, expected)

        contract = [
            (f"{method.upper()} {path}", operation["tags"])
            for path, methods in contract_document()["paths"].items()
            for method, operation in methods.items()
        ]
        self.assertEqual(sorted(contract), sorted((key, [function]) for key, function in expected))

        cargo = tomlkit.parse((ROOT / "Cargo.toml").read_text())
        router = cargo["workspace"]["metadata"]["lambda"]["watch"]["router"]
        paths = {(key.split(" ")[1], function) for key, function in expected}
        self.assertEqual(set(router.items()), {(path + end, function) for path, function in paths for end in ("", "/")})

    def test_the_contract_has_the_version_of_the_service(self):
        package = tomlkit.parse((ROOT / "Cargo.toml").read_text())["workspace"]["package"]
        self.assertEqual(contract_document()["info"]["version"], package["version"])

    def test_only_the_sample_route_needs_a_token(self):
        for key, route in self.routes.items():
            asked = (route.get("AuthorizationType"), route.get("AuthorizerId"))
            self.assertEqual(asked, ("CUSTOM", {"Ref": "ValidateAuthorizer"}) if key == "GET /me" else (None, None), key)

    def test_everything_belongs_to_one_api(self):
        parts = {"Stage", "Route", "Integration", "Authorizer", "ApiMapping"}
        for name, resource in deployed()["Resources"].items():
            if resource["Type"] in {f"AWS::ApiGatewayV2::{part}" for part in parts}:
                self.assertEqual(resource["Properties"]["ApiId"], {"Ref": "AuthApi"}, name)
        self.assertEqual((self.api["ProtocolType"], self.api["Name"]), ("HTTP", {"Ref": "AWS::StackName"}))
        self.assertEqual((self.stage["StageName"], self.stage["AutoDeploy"]), ("$default", True))

    def test_the_api_names_no_function(self):
        """Else it could not be named in their environment, for the issuer."""
        self.assertNotIn("Body", self.api)
        functions = set(of_type(deployed(), "AWS::Lambda::Function")) | set(of_type(deployed(), "AWS::Lambda::Alias"))
        self.assertEqual(references(self.api) & functions, set())

    def test_the_stage_waits_for_the_routes_that_it_limits(self):
        """API Gateway refuses settings of a route that is not there."""
        waits = deployed()["Resources"]["AuthApiApiGatewayDefaultStage"]["DependsOn"]
        keys = {deployed()["Resources"][name]["Properties"]["RouteKey"] for name in waits}
        self.assertEqual(keys, set(self.stage["RouteSettings"]))

    def test_an_update_from_an_imported_definition_keeps_the_former_url(self):
        """It replaces the API, since ProtocolType is new: the old one stays beside the stack, with what lets it call."""
        kept = {
            name
            for name, resource in deployed()["Resources"].items()
            if (resource.get("DeletionPolicy"), resource.get("UpdateReplacePolicy")) == ("Delete", "Retain")
        }
        permissions = set(of_type(deployed(), "AWS::Lambda::Permission"))
        self.assertEqual(kept, {"AuthApi", "AuthApiApiGatewayDefaultStage"} | permissions)
        self.assertEqual(
            permissions,
            {
                "RegisterFunctionRegisterPermission", "LoginFunctionLoginPermission", "ValidateFunctionValidatePermission",
                "ValidateFunctionMePermission", "AuthApiValidateAuthorizerAuthorizerPermission",
            },
        )  # fmt: skip

    def test_the_authorizer_is_the_alias(self):
        uri = self.authorizer["AuthorizerUri"]["Fn::Sub"]
        self.assertEqual(uri[1], {"Alias": {"Ref": "ValidateFunctionAliaslive"}})
        self.assertEqual(self.authorizer["AuthorizerType"], "REQUEST")
        self.assertEqual(self.authorizer["IdentitySource"], ["$request.header.Authorization"])
        self.assertEqual(self.authorizer["AuthorizerPayloadFormatVersion"], "2.0")

    def test_the_cache_time_is_explicit(self):
        self.assertEqual(self.authorizer["AuthorizerResultTtlInSeconds"], {"Ref": "AuthorizerCacheSeconds"})
        self.assertEqual(source()["Parameters"]["AuthorizerCacheSeconds"]["Default"], 60)

    def test_gateway_and_function_agree_on_the_response(self):
        self.assertEqual(self.authorizer["EnableSimpleResponses"], {"Fn::If": ["SimpleResponses", True, False]})
        self.assertEqual(
            source()["Conditions"]["SimpleResponses"], {"Fn::Equals": [{"Ref": "AuthorizerResponse"}, "simple"]}
        )

    def test_the_api_may_call_the_aliases_and_nothing_else(self):
        callers = set()
        for permission in of_type(deployed(), "AWS::Lambda::Permission").values():
            properties = permission["Properties"]
            self.assertEqual(properties["Principal"], "apigateway.amazonaws.com")
            self.assertEqual(properties["Action"], "lambda:InvokeFunction")
            account, path = properties["SourceArn"]["Fn::Sub"].split(":${AuthApi}/")
            self.assertEqual(account, "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}")
            callers.add((properties["FunctionName"]["Ref"], path))
        self.assertEqual(
            callers,
            {
                ("RegisterFunctionAliaslive", "*/*/*"),
                ("LoginFunctionAliaslive", "*/*/*"),
                ("ValidateFunctionAliaslive", "*/POST/*"),
                ("ValidateFunctionAliaslive", "*/GET/*"),
                ("ValidateFunctionAliaslive", "authorizers/*"),
            },
        )

    def test_every_route_may_be_called(self):
        """API Gateway calls in the name of the stage, the method and the path."""
        patterns = [
            (permission["Properties"]["FunctionName"]["Ref"], permission["Properties"]["SourceArn"]["Fn::Sub"].split("/", 1)[1])
            for permission in of_type(deployed(), "AWS::Lambda::Permission").values()
        ]
        for key, route in self.routes.items():
            alias = f"{self.function_behind(route).capitalize()}FunctionAliaslive"
            caller = "$default/" + key.replace(" ", "", 1)
            self.assertTrue(any(name == alias and fnmatchcase(caller, text) for name, text in patterns), key)

    def test_other_stacks_get_the_alias(self):
        output = deployed()["Outputs"]["AuthorizerArn"]
        self.assertEqual(output["Value"], {"Ref": "ValidateFunctionAliaslive"})
        self.assertEqual(output["Export"], {"Name": {"Fn::Sub": "${AWS::StackName}-AuthorizerArn"}})

    def test_the_issuer_is_told_and_not_exported(self):
        """CloudFormation refuses to change an export that a stack imports, and so a domain."""
        self.assertEqual(deployed()["Outputs"]["Issuer"]["Value"], {"Fn::GetAtt": ["IssuerInUse", "Value"]})
        self.assertNotIn("Export", deployed()["Outputs"]["Issuer"])

    def test_every_route_is_throttled(self):
        def limit(name):
            return {"ThrottlingRateLimit": {"Ref": name}, "ThrottlingBurstLimit": {"Ref": name}}

        self.assertEqual(self.stage["DefaultRouteSettings"], limit("ValidateRequestsPerSecond"))
        own = {f"POST /{name.lower()}": name for name in ("Login", "Refresh", "Validate")}
        # Each of these hashes a password, sends mail or both.
        own |= {key: "Register" for key, route in self.routes.items() if self.function_behind(route) == "register"}
        self.assertEqual(
            self.stage["RouteSettings"], {key: limit(f"{name}RequestsPerSecond") for key, name in own.items()}
        )

    def test_cross_origin_requests_are_off_until_asked_for(self):
        name, cors, otherwise = self.api["CorsConfiguration"]["Fn::If"]
        self.assertEqual((name, otherwise), ("HasAllowedOrigins", {"Ref": "AWS::NoValue"}))
        self.assertEqual(source()["Parameters"]["AllowedOrigins"]["Default"], "")
        self.assertEqual(
            source()["Conditions"]["HasAllowedOrigins"],
            {"Fn::Not": [{"Fn::Equals": [{"Ref": "AllowedOrigins"}, ""]}]},
        )
        self.assertEqual(cors["AllowOrigins"], {"Fn::Split": [",", {"Ref": "AllowedOrigins"}]})
        self.assertEqual(set(cors["AllowMethods"]), {key.split(" ")[0] for key in self.routes})
        for key in ("AllowMethods", "AllowHeaders", "ExposeHeaders"):
            self.assertEqual(cors[key], of_laptop(key).split(","))
        self.assertEqual(str(cors["MaxAge"]), of_laptop("MaxAge"))
        self.assertEqual(cors["AllowHeaders"], ["authorization", "content-type", "idempotency-key"])
        self.assertEqual(cors["ExposeHeaders"], ["allow", "retry-after", "www-authenticate", "x-error-codes"])

    def test_cookies_are_for_named_origins(self):
        cors = self.api["CorsConfiguration"]["Fn::If"][1]
        self.assertEqual(cors["AllowCredentials"], {"Fn::If": ["AllowsEveryOrigin", {"Ref": "AWS::NoValue"}, True]})
        self.assertEqual(source()["Conditions"]["AllowsEveryOrigin"], {"Fn::Equals": [{"Ref": "AllowedOrigins"}, "*"]})

    def test_access_logs_hold_no_token(self):
        fields = json.loads(self.stage["AccessLogSettings"]["Format"])
        self.assertEqual(self.stage["AccessLogSettings"]["DestinationArn"], {"Fn::GetAtt": ["AccessLogs", "Arn"]})
        for value in fields.values():
            self.assertNotRegex(value, r"(?i)query|path|header|\.token|authorizer\.principal")
        self.assertLessEqual({"requestId", "address", "route", "status"}, set(fields))

    def test_access_logs_join_the_lines_of_the_functions(self):
        """By Lambda's id of the invocation, and by that of API Gateway in the lines of an authorizer."""
        fields = json.loads(self.stage["AccessLogSettings"]["Format"])
        self.assertEqual(fields["integrationRequestId"], "$context.integration.requestId")
        self.assertEqual(fields["requestId"], "$context.requestId")
        for member in ('"request_id"', '"gateway_request_id"'):
            self.assertIn(member, rust_of_shared())

    def test_access_logs_use_only_what_an_http_api_knows(self):
        """API Gateway writes a - for a variable that it does not know, as those of REST APIs."""
        known = {
            "requestId", "requestTime", "routeKey", "status", "responseLatency", "integrationLatency", "integrationStatus",
            "integrationErrorMessage", "integration.requestId", "identity.sourceIp", "authorizer.error",
            "authorizer.user_id",
        }  # fmt: skip
        fields = json.loads(self.stage["AccessLogSettings"]["Format"])
        self.assertLessEqual({value.removeprefix("$context.") for value in fields.values()}, known)


class Domain(unittest.TestCase):
    """A domain of one's own, or the URL that AWS gives, and never both or neither."""

    GIVEN = {
        "DomainName": "auth.example.com",
        "CertificateArn": "arn:aws:acm:eu-west-1:123456789012:certificate/1",
        "HostedZoneId": "Z0123456789ABCDEFGHIJ",
    }

    def settings(self):
        """Every choice of the three parameters."""
        for count in range(len(self.GIVEN) + 1):
            for names in combinations(self.GIVEN, count):
                yield set(names), dict.fromkeys(self.GIVEN, "") | {name: self.GIVEN[name] for name in names}

    def created(self, values):
        resources = deployed()["Resources"]
        return {
            name
            for name in ("ApiDomain", "ApiDomainMapping", "ApiDomainRecord")
            if holds({"Condition": resources[name]["Condition"]}, values)
        }

    def test_half_of_the_parameters_are_refused(self):
        for names, values in self.settings():
            accepted = names in (set(), {"DomainName", "CertificateArn"}, set(self.GIVEN))
            self.assertEqual(refused(values) == [], accepted, names)

    def test_the_parameters_take_what_they_ask_for_and_nothing_else(self):
        for name, value in self.GIVEN.items():
            pattern = source()["Parameters"][name]["AllowedPattern"]
            for accepted in ("", value):
                self.assertRegex(accepted, f"^(?:{pattern})$")
            for refused in (f"https://{value}", f"{value}/", "example"):
                if not (name == "CertificateArn" and refused == f"{value}/"):
                    self.assertNotRegex(refused, f"^(?:{pattern})$")

    def test_a_domain_is_made_when_it_is_given(self):
        for names, values in self.settings():
            expected = set()
            if "DomainName" in names:
                expected = {"ApiDomain", "ApiDomainMapping"} | ({"ApiDomainRecord"} if "HostedZoneId" in names else set())
            self.assertEqual(self.created(values), expected, names)

    def test_it_leads_to_the_stage_of_the_api(self):
        resources = deployed()["Resources"]
        self.assertEqual(
            resources["ApiDomain"]["Properties"],
            {
                "DomainName": {"Ref": "DomainName"},
                "DomainNameConfigurations": [
                    {"CertificateArn": {"Ref": "CertificateArn"}, "EndpointType": "REGIONAL", "SecurityPolicy": "TLS_1_2"}
                ],
            },
        )
        self.assertEqual(
            resources["ApiDomainMapping"]["Properties"],
            {
                "ApiId": {"Ref": "AuthApi"},
                "DomainName": {"Ref": "ApiDomain"},
                "Stage": {"Ref": "AuthApiApiGatewayDefaultStage"},
            },
        )
        self.assertEqual(
            resources["ApiDomainRecord"]["Properties"],
            {
                "HostedZoneId": {"Ref": "HostedZoneId"},
                "Name": {"Ref": "DomainName"},
                "Type": "A",
                "AliasTarget": {
                    "DNSName": {"Fn::GetAtt": ["ApiDomain", "RegionalDomainName"]},
                    "HostedZoneId": {"Fn::GetAtt": ["ApiDomain", "RegionalHostedZoneId"]},
                },
            },
        )

    def test_the_url_of_aws_is_off_exactly_when_there_is_a_domain(self):
        switch = deployed()["Resources"]["AuthApi"]["Properties"]["DisableExecuteApiEndpoint"]
        for names, values in self.settings():
            self.assertIs(chosen(switch, values), "DomainName" in names, names)

    def test_the_issuer_follows_unless_it_is_given(self):
        """Others find the keys below it, so it is a URL that leads to the API."""
        value = deployed()["Resources"]["IssuerInUse"]["Properties"]["Value"]
        self.assertEqual(source()["Parameters"]["TokenIssuer"]["Default"], "")
        self.assertEqual(source()["Conditions"]["HasTokenIssuer"], is_set("TokenIssuer"))
        url = {"Fn::Sub": "https://${AuthApi}.execute-api.${AWS::Region}.${AWS::URLSuffix}"}
        for names, values in self.settings():
            own = {"Fn::Sub": "https://${DomainName}"} if "DomainName" in names else url
            self.assertEqual(chosen(value, values | {"TokenIssuer": ""}), own, names)
            self.assertEqual(chosen(value, values | {"TokenIssuer": "serverless-auth"}), {"Ref": "TokenIssuer"}, names)

    def test_the_outputs_follow(self):
        outputs = deployed()["Outputs"]
        for names, values in self.settings():
            url = chosen(outputs["ApiUrl"]["Value"], values)
            own = {"Fn::Sub": "https://${DomainName}"}
            self.assertEqual(url, own if "DomainName" in names else {"Fn::GetAtt": ["AuthApi", "ApiEndpoint"]}, names)
        self.assertEqual(outputs["DomainTarget"]["Condition"], "HasDomain")
        self.assertEqual(outputs["DomainTarget"]["Value"], {"Fn::GetAtt": ["ApiDomain", "RegionalDomainName"]})


class Mail(unittest.TestCase):
    """Mail where there is a sender, and nothing of it where there is none."""

    SENDER = {"MailFrom": "auth@example.com"}
    STREAM = "arn:aws:dynamodb:eu-west-1:123456789012:table/restored/stream/2026-11-27T00:00:00.000"

    def setUp(self):
        self.resources = deployed()["Resources"]
        self.mapping = self.resources["MailDelivery"]["Properties"]

    def test_what_mail_needs_is_there_exactly_where_there_is_a_sender(self):
        conditional = {name for name, resource in self.resources.items() if resource.get("Condition") == "HasMail"}
        self.assertEqual(conditional, {"MailDelivery", "MailFailures", "StreamInUse", "MailFailureAlarm"})
        self.assertEqual(source()["Parameters"]["MailFrom"]["Default"], "")

    def test_half_of_the_parameters_are_refused(self):
        restored = {"RestoredTable": "restored"}
        for given, accepted in [
            ({}, True),
            (self.SENDER, True),
            ({"VerifyEmail": "required"}, False),
            (self.SENDER | {"VerifyEmail": "required"}, True),
            ({"MailTemplatePrefix": "auth-"}, False),
            (self.SENDER | {"MailTemplatePrefix": "auth-"}, True),
            (restored, True),
            (restored | self.SENDER, False),
            (restored | self.SENDER | {"RestoredTableStreamArn": self.STREAM}, True),
            ({"RestoredTableStreamArn": self.STREAM}, False),
        ]:
            self.assertEqual(refused(given) == [], accepted, given)

    def test_the_parameters_take_what_they_ask_for_and_nothing_else(self):
        examples = {
            "MailFrom": (
                ["auth@example.com", "no-reply+Auth@mail.example.co.uk"],
                # The function writes domains in lower case, and may send from this text alone.
                ["auth@Example.com", "Ada <a@example.com>", "auth", "auth@example", "@example.com"],
            ),
            "AppName": (["Ada's app", "Zürich"], [" "]),
            "AppUrl": (
                ["https://app.example.com", "http://localhost:5173/account"],
                ["app.example.com", "https://", "https://app.example.com/", "https://app.example.com/#a", "https://a.example?b"],
            ),
            "MailTemplatePrefix": (["auth-", "auth_"], ["auth*", "a b"]),
            "RestoredTableStreamArn": ([self.STREAM], [self.STREAM.partition("/stream")[0], "restored"]),
        }
        for name, (accepted, rejected) in examples.items():
            pattern = f"^(?:{source()['Parameters'][name]['AllowedPattern']})$"
            for value in ["", *accepted]:
                self.assertRegex(value, pattern, name)
            for value in rejected:
                self.assertNotRegex(value, pattern, name)
        self.assertEqual(source()["Parameters"]["VerifyEmail"]["AllowedValues"], ["off", "required"])

    def test_the_stream_is_that_of_the_table_in_use(self):
        self.assertEqual(self.mapping["EventSourceArn"], {"Fn::GetAtt": ["StreamInUse", "Value"]})
        stream = self.resources["StreamInUse"]["Properties"]["Value"]
        own = {"Fn::GetAtt": ["AccountsTable", "StreamArn"]}
        self.assertEqual(stream, {"Fn::If": ["IsRestored", {"Ref": "RestoredTableStreamArn"}, own]})

    def test_new_mails_alone_call_the_alias_of_register(self):
        self.assertEqual(self.mapping["FunctionName"], {"Ref": "RegisterFunctionAliaslive"})
        (only,) = self.mapping["FilterCriteria"]["Filters"]
        keys = {"pk": {"S": [{"prefix": "MAIL#"}]}}
        self.assertEqual(json.loads(only["Pattern"]), {"eventName": ["INSERT"], "dynamodb": {"Keys": keys}})
        self.assertTrue('"MAIL#' in rust_of_shared())

    def test_no_mail_is_missed_and_none_is_lost_while_ses_is_down(self):
        """A number of attempts may be used up within seconds: AWS does not say how far apart they are."""
        expected = {
            "StartingPosition": "TRIM_HORIZON",
            "MaximumRetryAttempts": -1,
            "MaximumRecordAgeInSeconds": 900,
            "DestinationConfig": {"OnFailure": {"Destination": {"Fn::GetAtt": ["MailFailures", "Arn"]}}},
        }
        self.assertEqual({name: self.mapping[name] for name in expected}, expected)
        self.assertEqual(
            self.resources["MailFailures"]["Properties"],
            {"SqsManagedSseEnabled": True, "MessageRetentionPeriod": 14 * 86_400},
        )

    def test_one_bad_mail_holds_up_few(self):
        expected = {
            "BatchSize": 10,
            "ParallelizationFactor": 10,
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
            "BisectBatchOnFunctionError": True,
        }
        self.assertEqual({name: self.mapping[name] for name in expected}, expected)

    def test_operators_find_the_queue(self):
        output = deployed()["Outputs"]["MailFailuresUrl"]
        self.assertEqual((output["Condition"], output["Value"]), ("HasMail", {"Ref": "MailFailures"}))


class Data(unittest.TestCase):
    def test_the_table_cannot_be_lost(self):
        table = source()["Resources"]["AccountsTable"]
        self.assertEqual((table["DeletionPolicy"], table["UpdateReplacePolicy"]), ("Retain", "Retain"))
        self.assertEqual(
            table["Properties"],
            {
                "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
                "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
                "DeletionProtectionEnabled": True,
                "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
                # What the keys lead to, such as password hashes, stays out of it.
                "StreamSpecification": {"StreamViewType": "KEYS_ONLY"},
                "TimeToLiveSpecification": {"AttributeName": "expires_at", "Enabled": True},
            },
        )
        self.assertNotIn("Condition", table)

    def test_one_place_chooses_the_table(self):
        chosen = source()["Resources"]["TableInUse"]["Properties"]["Value"]
        self.assertEqual(chosen, {"Fn::If": ["IsRestored", {"Ref": "RestoredTable"}, {"Ref": "AccountsTable"}]})
        others = {
            name
            for name, resource in source()["Resources"].items()
            if name not in {"TableInUse", "StreamInUse"} and references(resource) & {"AccountsTable", "RestoredTable"}
        }
        self.assertEqual(others, set())

    def test_the_secret_is_made_by_aws_and_kept(self):
        secret = source()["Resources"]["JwtSecret"]
        self.assertEqual((secret["DeletionPolicy"], secret["UpdateReplacePolicy"]), ("Retain", "Retain"))
        self.assertEqual(
            secret["Properties"]["GenerateSecretString"],
            {
                "SecretStringTemplate": "{}",
                "GenerateStringKey": "current",
                "PasswordLength": 64,
                "ExcludePunctuation": True,
            },
        )
        self.assertNotIn("SecretString", secret["Properties"])

    def test_no_secret_is_resolved_into_the_template(self):
        self.assertNotIn("{{resolve:", TEMPLATE.read_text())

    def test_logs_are_kept_for_a_set_time(self):
        groups = of_type(source(), "AWS::Logs::LogGroup")
        self.assertEqual(set(groups), {"AccessLogs"} | {group for _, _, group in SIZES.values()})
        for name, group in groups.items():
            self.assertEqual(group["Properties"]["RetentionInDays"], {"Ref": "LogRetentionDays"}, name)
            self.assertEqual((group["DeletionPolicy"], group["UpdateReplacePolicy"]), ("Retain", "Retain"), name)


class Alarms(unittest.TestCase):
    def setUp(self):
        self.alarms = of_type(source(), "AWS::CloudWatch::Alarm")

    def test_what_rings(self):
        self.assertEqual(
            set(self.alarms),
            {
                "ApiErrorAlarm", "ApiLatencyAlarm", "ConflictAlarm", "CrashAlarm", "FailedLoginAlarm",
                "InternalErrorAlarm", "LockoutAlarm", "LoginDurationAlarm", "MailFailureAlarm", "RefreshReuseAlarm",
                "StoreAlarm", "ThrottleAlarm",
            },
        )  # fmt: skip

    def test_every_alarm_tells_someone_and_says_what_is_wrong(self):
        topic = {"Fn::If": ["OwnsAlarmTopic", {"Ref": "AlarmTopic"}, {"Ref": "AlarmTopicArn"}]}
        for name, alarm in self.alarms.items():
            self.assertEqual(alarm["Properties"]["AlarmActions"], [topic], name)
            self.assertEqual(alarm["Properties"]["TreatMissingData"], "notBreaching", name)
            self.assertTrue(alarm["Properties"]["AlarmDescription"], name)

    def test_an_output_says_who_hears_of_them(self):
        output = source()["Outputs"]["AlarmsHeardBy"]["Value"]
        texts = {
            ("", ""): "no subscriber yet: set AlarmEmail or subscribe to the topic ${AlarmTopic}",
            ("ops@example.com", ""): "${AlarmEmail}, once the subscription in the email from AWS is confirmed",
            ("ops@example.com", "arn"): "the subscribers of ${AlarmTopicArn}",
            ("", "arn"): "the subscribers of ${AlarmTopicArn}",
        }
        for (email, topic), text in texts.items():
            self.assertEqual(chosen(output, {"AlarmEmail": email, "AlarmTopicArn": topic}), {"Fn::Sub": text})

    def test_every_sum_counts_what_is_missing_as_nothing(self):
        """Else one metric without data silences the sum, and an alarm on a metric of DynamoDB never stops."""
        for name, alarm in self.alarms.items():
            queries = alarm["Properties"].get("Metrics", [])
            expressions = [query["Expression"] for query in queries if "Expression" in query]
            self.assertEqual(len(expressions), 1 if queries else 0, name)
            if queries:
                self.assertIn("FILL(", expressions[0], name)
            else:
                self.assertNotEqual(alarm["Properties"]["Namespace"], "AWS/DynamoDB", name)

    def test_a_count_that_comes_late_still_rings(self):
        """FILL puts a zero where the last minute has not arrived, so one minute alone might never reach the threshold."""
        for name, alarm in self.alarms.items():
            properties = alarm["Properties"]
            periods = {query["MetricStat"]["Period"] for query in properties.get("Metrics", []) if "MetricStat" in query}
            if 60 in periods:
                self.assertEqual((properties["DatapointsToAlarm"], properties["EvaluationPeriods"]), (1, 3), name)

    def test_metrics_of_aws_that_ring(self):
        api = ("AWS/ApiGateway", {"ApiId": {"Ref": "AuthApi"}})
        register, login, validate = (("AWS/Lambda", {"FunctionName": {"Ref": name}}) for name in PERMISSIONS)
        table = ("AWS/DynamoDB", {"TableName": {"Fn::GetAtt": ["TableInUse", "Value"]}})
        used = {action for rows in PERMISSIONS.values() for action, *_ in rows if action.startswith("dynamodb:")}
        operations = [
            ("AWS/DynamoDB", table[1] | {"Operation": action.removeprefix("dynamodb:")})
            for action in used | {"dynamodb:TransactWriteItems"}
        ]
        expected = {
            "ApiErrorAlarm": [("5xx", "Sum", api), ("Count", "Sum", api)],
            "ApiLatencyAlarm": [("Latency", "p99", api)],
            "ConflictAlarm": [("TransactionConflict", "Sum", table)],
            "CrashAlarm": [("Errors", "Sum", function) for function in (register, login)],
            "LoginDurationAlarm": [("Duration", "p99", login)],
            "MailFailureAlarm": [
                (
                    "ApproximateNumberOfMessagesVisible", "Maximum",
                    ("AWS/SQS", {"QueueName": {"Fn::GetAtt": ["MailFailures", "QueueName"]}}),
                ),
            ],
            "StoreAlarm": [("SystemErrors", "Sum", operation) for operation in operations]
            + [("ReadThrottleEvents", "Sum", table), ("WriteThrottleEvents", "Sum", table)],
            "ThrottleAlarm": [("Throttles", "Sum", function) for function in (register, login, validate)],
        }  # fmt: skip
        for name, alarm in self.alarms.items():
            found = [
                (metric["MetricName"], metric["Stat"], (metric["Namespace"], metric["Dimensions"]))
                for metric in watched(alarm)
                if metric["Namespace"] != {"Ref": "AWS::StackName"}
            ]
            self.assertCountEqual(found, expected.get(name, []), name)

    def test_outcomes_that_ring(self):
        for name, alarm in self.alarms.items():
            counts = [metric for metric in watched(alarm) if metric["MetricName"] == "Requests"]
            for metric in counts:
                self.assertEqual(metric["Namespace"], ENVIRONMENT_OF_ALL["METRICS_NAMESPACE"], name)
                self.assertEqual(set(metric["Dimensions"]), {"function", "outcome"}, name)
                self.assertEqual(metric["Stat"], "Sum", name)
            found = [(metric["Dimensions"]["function"], metric["Dimensions"]["outcome"]) for metric in counts]
            self.assertCountEqual(found, OUTCOMES_THAT_RING.get(name, []), name)

    def test_the_functions_know_these_outcomes(self):
        """An alarm on a word that no function writes would never ring."""
        for outcome in {outcome for pairs in OUTCOMES_THAT_RING.values() for _, outcome in pairs}:
            self.assertTrue(f' = "{outcome}",' in rust_of_shared(), outcome)

    def test_how_much_guessing_and_reuse_rings_is_a_parameter(self):
        thresholds = {
            "LockoutAlarm": "AlarmLockouts",
            "FailedLoginAlarm": "AlarmFailedLogins",
            "RefreshReuseAlarm": "AlarmRefreshReuse",
        }
        for name, parameter in thresholds.items():
            self.assertEqual(self.alarms[name]["Properties"]["Threshold"], {"Ref": parameter})

    def filters(self, metric):
        """The filters of the logs that count a metric."""
        kinds = of_type(source(), "AWS::Logs::MetricFilter").values()
        found = [kind["Properties"] for kind in kinds if kind["Properties"]["MetricTransformations"][0]["MetricName"] == metric]
        for properties in found:
            self.assertEqual(
                properties["MetricTransformations"],
                [{"MetricNamespace": {"Ref": "AWS::StackName"}, "MetricName": metric, "MetricValue": "1"}],
            )
        return found

    def test_refresh_tokens_that_are_used_twice_ring_from_the_log_of_login(self):
        (properties,) = self.filters("RefreshReuse")
        self.assertEqual(properties["LogGroupName"], {"Ref": "LoginLogs"})
        self.assertEqual(properties["FilterPattern"], '{ ($.function = "login") && ($.reason = "refresh_reuse") }')
        self.assertIn(' = "refresh_reuse",', rust_of_shared())
        (metric,) = watched(self.alarms["RefreshReuseAlarm"])
        self.assertEqual(
            metric, {"Namespace": {"Ref": "AWS::StackName"}, "MetricName": "RefreshReuse", "Dimensions": {}, "Stat": "Sum"}
        )

    def test_faults_that_are_no_outcome_ring_from_the_logs_of_every_function(self):
        groups = set()
        for properties in self.filters("Faults"):
            groups.add(properties["LogGroupName"]["Ref"])
            self.assertEqual(
                properties["FilterPattern"],
                '{ ($.function = "*") && ($.level = "ERROR") && ($.outcome NOT EXISTS) }',
            )
        self.assertEqual(groups, {group for _, _, group in SIZES.values()})
        faults = [metric for metric in watched(self.alarms["InternalErrorAlarm"]) if metric["MetricName"] == "Faults"]
        self.assertEqual(
            faults, [{"Namespace": {"Ref": "AWS::StackName"}, "MetricName": "Faults", "Dimensions": {}, "Stat": "Sum"}]
        )

    def test_bad_tokens_do_not_ring(self):
        """As a REST authorizer, validate refuses by an error. That must not count as a crash."""
        self.assertNotIn("ValidateFunction", references(self.alarms["CrashAlarm"]))


class Dashboard(unittest.TestCase):
    def setUp(self):
        self.widgets = self.drawn(MailFrom="auth@example.com")

    def drawn(self, **values):
        """The widgets, with what depends on parameters."""
        text, parts = source()["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
        for name, part in parts.items():
            part = chosen(part, values)
            text = text.replace(f"${{{name}}}", part["Fn::Sub"] if isinstance(part, dict) else part)
        return json.loads(text)["widgets"]

    def metrics(self):
        """Every metric that is drawn by name, with the marks `.` and `...` for what the one before says spelt out."""
        for widget in self.widgets:
            before = []
            for row in widget["properties"].get("metrics", []):
                names = [value for value in row if isinstance(value, str)]
                if names[:1] == ["..."]:
                    names = before[: 1 - len(names)] + names[1:]
                before = [before[i] if name == "." else name for i, name in enumerate(names)]
                if before:
                    yield tuple(before)

    def test_it_shows_every_alarm(self):
        alarms = of_type(source(), "AWS::CloudWatch::Alarm")
        for widgets, there in [
            (self.widgets, alarms),
            (self.drawn(MailFrom=""), {name for name, alarm in alarms.items() if "Condition" not in alarm}),
        ]:
            shown = {arn for widget in widgets for arn in widget["properties"].get("alarms", [])}
            self.assertEqual(shown, {f"${{{name}.Arn}}" for name in there})

    def test_it_shows_what_came_of_the_requests_of_every_function(self):
        drawn = [row[0] for widget in self.widgets for row in widget["properties"].get("metrics", []) if len(row) == 1]
        searches = {row["expression"] for row in drawn}
        for name in PERMISSIONS:
            function = name.removesuffix("Function").lower()
            schema = '{"${AWS::StackName}",function,outcome} MetricName="Requests"'
            self.assertIn(f"""SEARCH('{schema} function="{function}"', 'Sum', 60)""", searches)

    def test_it_shows_guessing(self):
        requests = [metric for metric in self.metrics() if metric[:2] == ("${AWS::StackName}", "Requests")]
        self.assertEqual(
            requests,
            [
                ("${AWS::StackName}", "Requests", "function", function, "outcome", outcome)
                for function, outcome in [
                    ("login", "invalid_credentials"), ("login", "too_many_attempts"), ("register", "too_many_attempts"),
                ]
            ],
        )  # fmt: skip

    def test_it_shows_refresh_tokens_that_are_used_twice(self):
        self.assertIn(("${AWS::StackName}", "RefreshReuse"), set(self.metrics()))

    def test_no_widget_hides_another(self):
        cells = [
            (x, y)
            for widget in self.widgets
            for x in range(widget["x"], widget["x"] + widget["width"])
            for y in range(widget["y"], widget["y"] + widget["height"])
        ]
        self.assertEqual(len(cells), len(set(cells)))
        self.assertLess(max(x for x, _ in cells), 24)


class Consumers(unittest.TestCase):
    """Each template in consumers/ either names the exported alias as its authorizer, may call it and says how long it
    caches, or checks tokens by itself."""

    def authorizer_and_permissions(self, name):
        template = deployed(CONSUMERS / f"{name}.yaml")
        self.assertEqual(template["Parameters"]["AuthStack"]["Default"], "serverless-auth")
        permissions = [
            permission["Properties"]
            for permission in of_type(template, "AWS::Lambda::Permission").values()
            if "Fn::ImportValue" in permission["Properties"]["FunctionName"]
        ]
        self.assertEqual(len(permissions), 1, name)
        self.assertTrue(self.imports_the_alias(permissions[0]["FunctionName"]), name)
        self.assertIn("Api", references(permissions[0]["SourceArn"]), name)
        return template, permissions[0]["Principal"]

    def imports_the_alias(self, value):
        # SAM puts in the value of the parameter for a REST API.
        return re.search(r'{"Fn::ImportValue": {"Fn::Sub": "(\${AuthStack}|serverless-auth)-AuthorizerArn"}}', json.dumps(value))

    def scheme(self, template):
        schemes = template["Resources"]["Api"]["Properties"]["Body"]["components"]["securitySchemes"]
        return schemes["Validate"]["x-amazon-apigateway-authorizer"]

    def test_there_is_one_for_every_kind_of_api(self):
        kinds = {path.stem for path in CONSUMERS.glob("*.yaml")}
        asking = {"rest-token", "rest-request", "http-api", "websocket", "appsync"}
        self.assertEqual(kinds, asking | {"rest-jwt", "http-jwt", "alb-jwt"})

    def test_rest(self):
        for name, kind in {"rest-token": "token", "rest-request": "request"}.items():
            template, principal = self.authorizer_and_permissions(name)
            scheme = self.scheme(template)
            self.assertEqual(principal, "apigateway.amazonaws.com")
            self.assertEqual(scheme["type"], kind)
            self.assertEqual(scheme["authorizerResultTtlInSeconds"], 60)
            self.assertTrue(self.imports_the_alias(scheme["authorizerUri"]))
            paths = template["Resources"]["Api"]["Properties"]["Body"]["paths"]
            self.assertEqual(paths["/me"]["get"]["security"], [{"Validate": []}])

    def test_rest_has_one_stage(self):
        """Unless it is told the version of OpenAPI, SAM adds a stage named Stage that no setting of ours applies to."""
        for name in ("rest-token", "rest-request"):
            template = deployed(CONSUMERS / f"{name}.yaml")
            stages = [stage["Properties"]["StageName"] for stage in of_type(template, "AWS::ApiGateway::Stage").values()]
            stages += [
                deployment["Properties"]["StageName"]
                for deployment in of_type(template, "AWS::ApiGateway::Deployment").values()
                if "StageName" in deployment["Properties"]
            ]
            self.assertEqual(stages, ["v1"], name)

    def test_http(self):
        template, principal = self.authorizer_and_permissions("http-api")
        authorizer = template["Resources"]["Validate"]["Properties"]
        self.assertEqual(principal, "apigateway.amazonaws.com")
        self.assertEqual(authorizer["AuthorizerResultTtlInSeconds"], 60)
        self.assertIs(authorizer["EnableSimpleResponses"], True)
        self.assertEqual(authorizer["IdentitySource"], ["$request.header.Authorization"])
        self.assertTrue(self.imports_the_alias(authorizer["AuthorizerUri"]))
        self.guards_every_route(template, "CUSTOM", "Validate")

    def guards_every_route(self, template, kind, authorizer):
        for route in of_type(template, ROUTE).values():
            asked = (route["Properties"]["AuthorizationType"], route["Properties"]["AuthorizerId"])
            self.assertEqual(asked, (kind, {"Ref": authorizer}))

    def test_those_that_check_by_themselves_know_issuer_and_audience(self):
        issuer = {"Ref": "Issuer"}
        audience = {"Ref": "Audience"}
        default = deployed(CONSUMERS / "http-jwt.yaml")["Parameters"]["Audience"]["Default"]
        self.assertEqual(default, source()["Parameters"]["TokenAudience"]["Default"])

        http = deployed(CONSUMERS / "http-jwt.yaml")
        tokens = http["Resources"]["Tokens"]["Properties"]
        self.assertEqual(tokens["JwtConfiguration"], {"Issuer": issuer, "Audience": [audience]})
        self.assertEqual(tokens["IdentitySource"], ["$request.header.Authorization"])
        self.guards_every_route(http, "JWT", "Tokens")

        rest = source(CONSUMERS / "rest-jwt.yaml")["Resources"]
        self.assertEqual(
            rest["Tokens"]["Properties"]["JwtConfiguration"],
            {"DefaultAlgorithms": ["RS256"], "Issuers": [{"Issuer": issuer, "Audiences": [audience]}]},
        )
        for method in of_type({"Resources": rest}, "AWS::ApiGateway::Method").values():
            asked = (method["Properties"]["AuthorizationType"], method["Properties"]["AuthorizerId"])
            self.assertEqual(asked, ("JWT", {"Ref": "Tokens"}))

        check, forward = source(CONSUMERS / "alb-jwt.yaml")["Resources"]["Rule"]["Properties"]["Actions"]
        self.assertLess(check["Order"], forward["Order"])
        self.assertEqual(check["JwtValidationConfig"]["Issuer"], issuer)
        self.assertEqual(check["JwtValidationConfig"]["JwksEndpoint"], {"Fn::Sub": "${Issuer}/.well-known/jwks.json"})
        claims = [{"Name": "aud", "Format": "single-string", "Values": [audience]}]
        self.assertEqual(check["JwtValidationConfig"]["AdditionalClaims"], claims)

    def test_websocket(self):
        template, principal = self.authorizer_and_permissions("websocket")
        authorizer = template["Resources"]["Authorizer"]["Properties"]
        connect = template["Resources"]["Connect"]["Properties"]
        self.assertEqual(principal, "apigateway.amazonaws.com")
        self.assertTrue(self.imports_the_alias(authorizer["AuthorizerUri"]))
        self.assertEqual((connect["RouteKey"], connect["AuthorizationType"]), ("$connect", "CUSTOM"))
        self.assertEqual(connect["AuthorizerId"], {"Ref": "Authorizer"})

    def test_appsync(self):
        template, principal = self.authorizer_and_permissions("appsync")
        api = template["Resources"]["Api"]["Properties"]
        self.assertEqual(principal, "appsync.amazonaws.com")
        self.assertEqual(api["AuthenticationType"], "AWS_LAMBDA")
        self.assertTrue(self.imports_the_alias(api["LambdaAuthorizerConfig"]["AuthorizerUri"]))
        self.assertEqual(api["LambdaAuthorizerConfig"]["AuthorizerResultTtlInSeconds"], 60)


if __name__ == "__main__":
    unittest.main(warnings="ignore")  # SAM calls functions of its own that it has deprecated

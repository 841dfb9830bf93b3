"""Users of a Cognito user pool, who come by the function that docs/migration-function.md shows."""

import json
import re
import unittest
import uuid
import zipfile
from io import BytesIO

from cloud import REGION, ROOT, until
from service import PASSWORD, STACK, Service

service: Service  # set by run.py
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}


def shown():
    """The function of the page."""
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "migration-function.md").read_text(), re.DOTALL)
    return code


class Pool:
    """A user pool with a client, and the function that knows its users."""

    def __init__(self, cloud):
        self.cognito = cloud.client("cognito-idp")
        self.id = self.cognito.create_user_pool(
            PoolName="former",
            Policies={
                "PasswordPolicy": {
                    "MinimumLength": 8,
                    "RequireUppercase": False,
                    "RequireLowercase": False,
                    "RequireNumbers": False,
                    "RequireSymbols": False,
                }
            },
        )["UserPool"]["Id"]
        self.client = self.cognito.create_user_pool_client(
            UserPoolId=self.id,
            ClientName="login",
            ExplicitAuthFlows=["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
        )["UserPoolClient"]["ClientId"]
        self.arn = self.function(cloud)

    def role(self, cloud):
        iam = cloud.client("iam")
        role = iam.create_role(RoleName="former-users", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]
        allowed = ["cognito-idp:AdminInitiateAuth", "cognito-idp:AdminGetUser"]
        statement = {"Effect": "Allow", "Action": allowed, "Resource": f"arn:aws:cognito-idp:{REGION}:*:userpool/{self.id}"}
        iam.put_role_policy(
            RoleName="former-users",
            PolicyName="ask",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
        )
        return role["Arn"]

    def function(self, cloud):
        archive = BytesIO()
        with zipfile.ZipFile(archive, "w") as files:
            files.writestr("index.py", shown())
        functions = cloud.client("lambda")
        functions.create_function(
            FunctionName="former-users",
            Runtime="python3.13",
            Role=self.role(cloud),
            Handler="index.handler",
            Code={"ZipFile": archive.getvalue()},
            Environment={"Variables": {"USER_POOL_ID": self.id, "CLIENT_ID": self.client}},
            Timeout=10,
        )
        found = lambda: functions.get_function(FunctionName="former-users")["Configuration"]
        until(lambda: found()["State"] == "Active", 20, "the function")
        return found()["FunctionArn"]

    def add(self, name, email):
        attributes = [{"Name": "email", "Value": email}, {"Name": "email_verified", "Value": "true"}]
        self.cognito.admin_create_user(
            UserPoolId=self.id, Username=name, UserAttributes=attributes, MessageAction="SUPPRESS"
        )
        self.cognito.admin_set_user_password(
            UserPoolId=self.id, Username=name, Password=PASSWORD, Permanent=True
        )


class Migration(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.pool = Pool(service.cloud)
        service.update(MigrationFunctionArn=cls.pool.arn)
        cls.addClassCleanup(service.update)

    def login(self, name, password):
        return service.call("POST", "/login", body={"username": name, "password": password})

    def test_a_user_of_the_pool_logs_in_and_stays(self):
        name = f"former-{uuid.uuid4()}"
        self.pool.add(name, f"{name}@example.org")
        wrong = self.login(name, "another horse battery staple")
        self.assertEqual((wrong.status, wrong.json["code"]), (401, "invalid_credentials"), wrong.text)
        first = self.login(name, PASSWORD)
        self.assertEqual(first.status, 200, first.text)
        me = service.call("GET", "/me", first.json["token"])
        self.assertEqual((me.json["username"], me.json["email_verified"]), (name, True), me.text)
        self.pool.cognito.admin_delete_user(UserPoolId=self.pool.id, Username=name)
        again = service.call("POST", "/login", body={"email": f"{name}@example.org", "password": PASSWORD})
        self.assertEqual(again.json["user_id"], first.json["user_id"], again.text)

    def test_whom_nobody_knows_is_refused_as_ever(self):
        refused = self.login(f"nobody-{uuid.uuid4()}", PASSWORD)
        self.assertEqual((refused.status, refused.json["code"]), (401, "invalid_credentials"), refused.text)

    def test_the_role_may_ask_this_function_and_no_other(self):
        role = service.cloud.resource(STACK, "LoginFunctionRole")
        iam = service.cloud.client("iam")
        names = iam.list_role_policies(RoleName=role)["PolicyNames"]
        documents = [iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] for name in names]
        documents = [json.loads(document) if isinstance(document, str) else document for document in documents]
        asked = [
            statement["Resource"]
            for document in documents
            for statement in document["Statement"]
            if "lambda:InvokeFunction" in statement["Action"]
        ]
        self.assertEqual(asked, [self.pool.arn])

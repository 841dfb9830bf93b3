"""MiniStack as a stand-in for AWS on 127.0.0.1: it is started and stopped here, and stacks are deployed on it."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import zipfile
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import boto3
from botocore.config import Config
from samtranslator.yaml_helper import yaml_parse

from lowering import lowered, transformed

ROOT = Path(__file__).resolve().parent.parent.parent
CONSUMERS = ROOT / "events" / "consumers"
# What `tests/gateway/run` has built, for the architecture of this machine.
BUILT = ROOT / "target" / "gateway" / "build" / "template.yaml"

REGION = "eu-west-1"
# The keys that MiniStack takes for those of the account's root. The functions get those of their roles.
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


def free_port():
    """A port of 127.0.0.1 that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(condition, seconds, what):
    """Waits for a condition, and fails when it does not come in time."""
    deadline = time.monotonic() + seconds
    while not (result := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {seconds} s")
        time.sleep(0.1)
    return result


@dataclass
class Response:
    """An HTTP response, with its header names in lower case, and the values of `set-cookie`."""

    status: int
    headers: dict
    cookies: list
    text: str

    @property
    def json(self):
        return json.loads(self.text)


def request(method, url, headers=None, body=None):
    """Sends an HTTP request, and returns the response whatever its status."""
    data = None if body is None else json.dumps(body).encode()
    headers = ({"content-type": "application/json"} if data else {}) | (headers or {})
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, headers, method=method), timeout=30) as answer:
            return response(answer.status, answer)
    except urllib.error.HTTPError as error:
        with error:
            return response(error.code, error)


def response(status, answer):
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return Response(status, headers, answer.headers.get_all("set-cookie", []), answer.read().decode())


class Cloud:
    """A running MiniStack that enforces the roles of functions. A context manager, which stops it with all it started."""

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="gateway-")
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = open(Path(self.folder.name) / "log", "w+b")
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def start(self):
        environment = {
            "PATH": os.environ["PATH"],
            "AUTH": "true",
            "AWS_ENDPOINT_URL": self.url,
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(self.port),
            # Or it listens on all addresses, for protocols that nobody here speaks.
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "MINISTACK_HOST": "127.0.0.1",
            "MINISTACK_REGION": REGION,
            "STATE_DIR": self.folder.name,
            "TMPDIR": self.folder.name,
            "HOME": self.folder.name,
        }
        # A group of its own, so that the processes of its functions end with it.
        self.process = subprocess.Popen(
            [sys.executable, "-m", "ministack"],
            env=environment | KEYS,
            cwd=self.folder.name,
            stdout=self.log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        until(self.answers, 30, f"MiniStack on port {self.port}")
        self.client("s3").create_bucket(Bucket="code", CreateBucketConfiguration={"LocationConstraint": REGION})

    def answers(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"MiniStack ended with {self.process.returncode}:\n{self.said()}")
        with suppress(OSError):
            return request("GET", f"{self.url}/_ministack/health").status == 200

    def said(self):
        """The end of MiniStack's own log."""
        self.log.flush()
        return Path(self.log.name).read_text(errors="replace")[-4000:]

    def __exit__(self, *_):
        if hasattr(self, "process"):
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.log.close()
        self.folder.cleanup()

    def client(self, service):
        """A client of a service of AWS, with the rights of the account's root."""
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.url,
            aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"],
            config=Config(retries={"total_max_attempts": 1}, read_timeout=120),
        )

    def deploy(self, stack, path, edit=lambda template: None, **parameters):
        """Creates or updates a stack from a template, which `edit` may change, and returns its outputs."""
        template = yaml_parse(path.read_text())
        edit(template)
        template = self.with_code(template, path.parent)
        body = lowered(transformed(template, parameters, REGION))
        # From a bucket, as `sam deploy` does: a request takes 51,200 bytes.
        self.client("s3").put_object(Bucket="code", Key=f"{stack}.template", Body=json.dumps(body))
        formation = self.client("cloudformation")
        known = {summary["StackName"] for summary in formation.list_stacks()["StackSummaries"]}
        (formation.update_stack if stack in known else formation.create_stack)(
            StackName=stack,
            TemplateURL=f"{self.url}/code/{stack}.template",
            Capabilities=["CAPABILITY_IAM"],
            Parameters=[{"ParameterKey": name, "ParameterValue": str(value)} for name, value in parameters.items()],
        )
        return self.outputs(stack)

    def with_code(self, template, folder):
        """The template with the code of each built function in a bucket, as `sam package` leaves it."""
        for name, resource in template["Resources"].items():
            code = resource.get("Properties", {}).get("CodeUri")
            if code and resource["Type"] == "AWS::Serverless::Function":
                resource["Properties"]["CodeUri"] = self.uploaded(name, folder / code)
        return template

    def uploaded(self, name, folder):
        storage = self.client("s3")
        archive = BytesIO()
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as files:
            files.write(folder / "bootstrap", "bootstrap")
        storage.put_object(Bucket="code", Key=name, Body=archive.getvalue())
        return {"Bucket": "code", "Key": name}

    def outputs(self, stack):
        formation = self.client("cloudformation")

        def settled():
            (state,) = formation.describe_stacks(StackName=stack)["Stacks"]
            return None if state["StackStatus"].endswith("_IN_PROGRESS") else state

        state = until(settled, 120, f"the stack {stack}")
        if state["StackStatus"] not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            events = formation.describe_stack_events(StackName=stack)["StackEvents"]
            reasons = [event for event in events if "FAILED" in event["ResourceStatus"]]
            texts = [f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason')}" for event in reasons]
            raise RuntimeError(f"{stack}: {state['StackStatus']}\n" + "\n".join(texts))
        return {output["OutputKey"]: output["OutputValue"] for output in state.get("Outputs", [])}

    def resource(self, stack, logical_id):
        """The physical id of a resource of a stack."""
        answer = self.client("cloudformation").describe_stack_resource(StackName=stack, LogicalResourceId=logical_id)
        return answer["StackResourceDetail"]["PhysicalResourceId"]

    def gateway(self, api, stage="$default"):
        """The URL of an API on this machine, where its host name leads nowhere."""
        return f"{self.url}/_aws/execute-api/{api}/{stage}"

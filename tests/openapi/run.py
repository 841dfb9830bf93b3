"""Starts the functions on a new database, lets Schemathesis ask them, and looks if each operation has succeeded."""

import argparse
import json
import os
import random
import subprocess
import sys
from pathlib import Path

import yaml
from emulator import ROOT, Emulator

DOCUMENT = ROOT / "docs" / "openapi.yaml"
HERE = ROOT / "tests" / "openapi"
REPORT = ROOT / "target" / "openapi" / "report.ndjson"

VARIABLES = {
    # The least cost that is accepted. A laptop has no limits for client IPs.
    "ARGON2_MEMORY_KIB": "7168",
    "ARGON2_ITERATIONS": "5",
    # So that there are a public key and a discovery document.
    "JWT_SECRET": (ROOT / "tests" / "support" / "keys" / "rsa-2048.pem").read_text(),
    "JWT_ISSUER": "http://localhost",
}

# The run without an argument: the same requests each time.
STEADY = (1, ["--max-examples", "60"])


def run(seed, bounds):
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text("")
    with Emulator(VARIABLES) as emulator:
        url, mails = f"http://127.0.0.1:{emulator.port}", str(Path(emulator.folder.name) / "mail")
        command = [
            Path(sys.executable).with_name("schemathesis"), "--config-file", HERE / "schemathesis.toml", "run", DOCUMENT,
            "--url", url, "--warnings", "off", "--seed", str(seed), *bounds, "--report-ndjson-path", REPORT,
        ]  # fmt: skip
        environment = os.environ | {"SERVICE": url, "MAILS": mails}
        failed = subprocess.run(command, cwd=ROOT, env=environment).returncode
        if failed:
            print(emulator.said(), file=sys.stderr)
    without = all_operations() - succeeded()
    if without:
        print(f"no success of {', '.join(sorted(without))}", file=sys.stderr)
    return not failed and not without


def all_operations():
    paths = yaml.safe_load(DOCUMENT.read_text())["paths"]
    return {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}


def succeeded():
    """The operations that have responded with 2xx."""
    found = set()
    for line in REPORT.read_text().splitlines():
        recorder = json.loads(line).get("ScenarioFinished", {}).get("recorder", {})
        for case, interaction in recorder.get("interactions", {}).items():
            response = interaction["response"]
            if response and 200 <= response["status_code"] < 300:
                value = recorder["cases"][case]["value"]
                found.add(f"{value['method']} {value['path']}")
    return found


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("seconds", type=int, nargs="?")
    arguments.add_argument("seed", type=int, nargs="?", default=random.getrandbits(32))
    given = arguments.parse_args()
    chosen = (given.seed, ["--max-time", str(given.seconds)]) if given.seconds else STEADY
    sys.exit(not run(*chosen))

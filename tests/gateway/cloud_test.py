"""The stand-in for AWS is reached from this machine alone, and leaves nothing running."""

import unittest
import zipfile
from io import BytesIO
from pathlib import Path

from cloud import Cloud, until

LISTENING = "0A"


def processes(group):
    """The folders in /proc of the processes of a group that have not ended."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            # After the name, which is in brackets: state, parent, group.
            state, _, in_group = stat.read_text().rpartition(")")[2].split()[:3]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(in_group) == group and state != "Z":
            found.append(stat.parent)
    return found


def listeners(group):
    """The addresses, in hexadecimal as /proc has them, at which the processes of a group listen."""
    sockets = {str(descriptor.readlink()) for process in processes(group) for descriptor in (process / "fd").iterdir()}
    rows = [line.split() for table in ("tcp", "tcp6") for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]]
    return {row[1].split(":")[0] for row in rows if row[3] == LISTENING and f"socket:[{row[9]}]" in sockets}


class Processes(unittest.TestCase):
    def test_nothing_listens_beyond_this_machine_and_nothing_runs_on_after_a_failure(self):
        with self.assertRaises(ZeroDivisionError), Cloud() as cloud:
            group = cloud.process.pid
            starts_a_function(cloud)
            until(lambda: len(processes(group)) > 1, 20, "a process of the function")
            self.assertEqual(listeners(group), {"0100007F"})  # 127.0.0.1
            raise ZeroDivisionError
        self.assertEqual(processes(group), [])
        self.assertFalse(Path(cloud.folder.name).exists())


def starts_a_function(cloud):
    """Calls a function that does not answer."""
    code = BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("bootstrap", "#!/bin/sh\nexec sleep 300\n")
    role = cloud.client("iam").create_role(RoleName="nobody", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    functions = cloud.client("lambda")
    functions.create_function(
        FunctionName="waits", Runtime="provided.al2023", Handler="bootstrap", Role=role, Code={"ZipFile": code.getvalue()}
    )
    functions.invoke(FunctionName="waits", InvocationType="Event")

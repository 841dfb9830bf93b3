"""Measures services in rounds, in which all take turns: each is started, asked for every operation over one connection
and over eight, and stopped."""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

from adapters.adapter import COUNTER, REFRESH
from adapters.ours import executables
from http_client import send
from processes import Processes, peak_memory_mb, tree_seconds

PASSWORD = "correct horse battery staple"
CONNECTIONS = (1, 8)
# Accounts that log in, in turn.
ACCOUNTS = 8
# Responses of an operation in a round, however slow they are.
LEAST = 12
# Tokens made at the preparation are made anew after so long: SimpleJWT's live for five minutes.
TOKEN_S = 120
# Before anything is measured in a process, so that what is compiled or cached at the first requests is not counted.
WARM_UP_S = 0.5


class Place:
    """A service with accounts, as it is found by each of its starts."""

    def __init__(self, adapter):
        self.adapter = adapter
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="peer-"))
        adapter.prepare(self.folder)
        self.logged_in = self.logged_in_at = None

    def start(self, limits=False):
        """Starts the service in a copy of its folder. Returns its processes, and the seconds to its first success."""
        if self.logged_in and time.monotonic() - self.logged_in_at > TOKEN_S:
            furnish(self)
        copy = self.folder.with_name(f"{self.folder.name}-running")
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(self.folder, copy)
        return self.start_in(copy, limits)

    def start_in(self, folder, limits=False):
        adapter, processes = self.adapter, Processes(folder)
        try:
            adapter.start(processes, limits)
            if self.logged_in:
                seconds = processes.wait(adapter.validate(self.logged_in))
            elif adapter.keeps_accounts:
                seconds = None
            else:
                seconds = processes.wait(adapter.register("user0", PASSWORD))
            adapter.started(processes)
        except BaseException:
            processes.stop()
            raise
        return processes, seconds

    def remove(self):
        for folder in (self.folder, self.folder.with_name(f"{self.folder.name}-running")):
            shutil.rmtree(folder, ignore_errors=True)


def furnish(place):
    """Makes the accounts that every start finds, and a token that is validated at the start."""
    if not place.adapter.keeps_accounts:
        return
    place.logged_in = None
    processes, _ = place.start_in(place.folder)
    try:
        place.logged_in, place.logged_in_at = accounts(place.adapter, processes)[0], time.monotonic()
    finally:
        processes.stop()


def accounts(adapter, processes):
    """Registers the accounts, if they are not there, and logs them in."""
    logged_in = []
    for number in range(ACCOUNTS):
        name = f"user{number}"
        eventually(processes, adapter.register(name, PASSWORD))
        response = send(processes.port, adapter.login(name, PASSWORD))
        assert response.success, (adapter.key, response, processes.log())
        logged_in.append(response)
    return logged_in


def eventually(processes, request):
    """Sends a request to a server that may have just been started; one to register may find the account there."""
    for _ in range(2000):
        try:
            return send(processes.port, request)
        except ConnectionError:
            time.sleep(0.01)
    raise AssertionError(processes.log())


def load(adapter, processes, operation, connections, seconds, round_number, least=LEAST):
    """Sends one kind of request. Returns the times in microseconds, the seconds, and the processor time of server and
    front."""
    first, numbers, tokens, request = 0, ACCOUNTS, [], None
    if operation == "register":
        first, numbers = 1_000_000 * (round_number + 1) * connections, 1_000_000
        request = adapter.register(f"new{COUNTER}", PASSWORD)
    elif operation == "login":
        request = adapter.login(f"user{COUNTER}", PASSWORD)
    else:
        logins = [send(processes.port, adapter.login(f"user{n % ACCOUNTS}", PASSWORD)) for n in range(connections)]
        if operation == "refresh":
            tokens = [adapter.refresh_token(login) for login in logins]
            request = adapter.refresh(REFRESH)
        else:
            request = adapter.validate(logins[0])
    plan = {
        "address": f"127.0.0.1:{processes.port}",
        "connections": connections,
        "seconds": seconds,
        "least": least,
        "method": request.method,
        "path": request.path,
        "headers": request.headers,
        "body": request.body,
        "first": first,
        "numbers": numbers,
        "tokens": tokens,
        "next_token": adapter.next_refresh_token if operation == "refresh" else None,
    }
    before = [tree_seconds(processes.ids(front)) for front in (False, True)]
    client = subprocess.run([executables()["http"], "load"], input=json.dumps(plan), stdout=subprocess.PIPE, text=True)
    after = [tree_seconds(processes.ids(front)) for front in (False, True)]
    assert client.returncode == 0, f"{adapter.key}, {operation}: {processes.log()}"
    times = json.loads(client.stdout)
    server, front = (now - then for then, now in zip(before, after))
    return times["microseconds"], times["seconds"], server, front


def round_of(place, number, seconds, into):
    """One round of a service, added to the measurements of all."""
    adapter = place.adapter
    processes, start = place.start()
    try:
        into.setdefault("start_s", []).append(start)
        if adapter.operations != ("validate",):
            accounts(adapter, processes)
        for operation in adapter.operations:
            load(adapter, processes, operation, 1, WARM_UP_S, number + 500, least=1)
            for connections in CONNECTIONS:
                times, took, server, front = load(adapter, processes, operation, connections, seconds, number)
                note = into.setdefault(operation, {}).setdefault(str(connections), [])
                note.append({"microseconds": times, "seconds": took, "server_s": server, "front_s": front})
        into.setdefault("memory_mb", []).append(peak_memory_mb(processes.ids()))
    finally:
        processes.stop()


def measure(adapters, rounds, seconds):
    """Returns the measurements of each service by its key."""
    places, results = [], {}
    try:
        for adapter in adapters:
            print(f"preparing {adapter.key}", file=sys.stderr)
            places.append(Place(adapter))
            furnish(places[-1])
        for number in range(rounds):
            # Another begins each round.
            for place in places[number % len(places) :] + places[: number % len(places)]:
                print(f"round {number + 1}: {place.adapter.key}", file=sys.stderr)
                round_of(place, number, seconds, results.setdefault(place.adapter.key, {}))
    finally:
        for place in places:
            place.remove()
    return results

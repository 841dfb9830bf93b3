"""Measures and probes our service and its peers, and writes tests/peers/results.json.

tests/peers/run                       all, in about a quarter of an hour
tests/peers/run measure --rounds 6    only what is measured; the rest of the file stays
tests/peers/run probe                 only what is probed
tests/peers/run --only Django         only the services whose names begin so, for a try: nothing is written
"""

import argparse
import datetime
import json
import os
import pathlib
import platform
import signal
import subprocess
import sys

import adapters
import measure
import probes
import render
import summary

RESULTS = pathlib.Path(__file__).resolve().parent / "results.json"


def main():
    arguments = argparse.ArgumentParser(prog="tests/peers/run", description="Measures our service beside its peers.")
    arguments.add_argument("parts", nargs="*", help="both, unless one is named")
    arguments.add_argument("--rounds", type=int, default=4, help="rounds in which all take turns")
    arguments.add_argument("--seconds", type=float, default=0.6, help="of each operation at each number of connections")
    arguments.add_argument("--only", default="", help="the beginning of the names of services")
    given = arguments.parse_args()
    chosen = [adapter for adapter in adapters.ALL if adapter.key.startswith(given.only)]
    results = {} if given.only or not RESULTS.exists() else json.loads(RESULTS.read_text())
    results["services"] = {adapter.key: describe(adapter) for adapter in chosen}
    parts = given.parts or ["measure", "probe"]
    if "measure" in parts:
        run = surroundings()
        measured = measure.measure(chosen, given.rounds, given.seconds)
        run |= {"uptime_after": uptime(), "rounds": given.rounds, "seconds": given.seconds}
        results["measured"] = run | {"services": {key: summary.of(notes) for key, notes in measured.items()}}
    if "probe" in parts:
        run = surroundings()
        results["probed"] = run | {"services": probes.probe(chosen), "uptime_after": uptime()}
    text = json.dumps(results, indent=1) + "\n"
    if given.only:
        sys.stdout.write(text)
    else:
        RESULTS.write_text(text)
        render.write(results)


def describe(adapter):
    words = ("name", "software", "runs_as", "store", "hash", "our_hash", "operations")
    return {word: getattr(adapter, word) for word in words} | {"versions": adapter.versions()}


def surroundings():
    cpus = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.split(":")[1].strip() for line in cpus if line.startswith("model name")), "?")
    node = subprocess.run(
        [adapters.adapter.install("floor"), "--version"], check=True, stdout=subprocess.PIPE, text=True
    )
    return {
        "date": datetime.date.today().isoformat(),
        "machine": f"{os.cpu_count()} cores of {model}, {platform.system()} {platform.machine()}",
        "node": node.stdout.strip(),
        "python": platform.python_version(),
        "nice": nice(),
        "uptime": uptime(),
    }


def nice():
    """The priority among the processes of the session, and of the session, which the kernel may group (`man 7 sched`)."""
    group = pathlib.Path("/proc/self/autogroup")
    session = group.read_text().split()[-1] if group.exists() else "0"
    return f"{os.nice(0)}, and {session} for its session"


def uptime():
    return subprocess.run(["uptime"], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


if __name__ == "__main__":
    # So that servers are stopped, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))
    main()

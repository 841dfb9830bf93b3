"""Writes the section of docs/measurements.md and the pictures from results.json."""

import json
import pathlib
import re
import subprocess

from adapters.adapter import install
from strongest import lost, strongest
from tables import HELLO, TABLES, number, table

PEERS = pathlib.Path(__file__).resolve().parent
DOCS = PEERS.parent.parent / "docs"
PAGE = DOCS / "measurements.md"
BEGIN, END = "<!-- from tests/peers/results.json: begin -->\n", "<!-- end -->\n"


def read():
    return json.loads((PEERS / "results.json").read_text())


def section(results):
    """The text that the results give."""
    words = {f"{part}.{key}": str(value) for part in ("measured", "probed") for key, value in results[part].items()}
    words |= {f"table.{name}": table(*make(results)) for name, make in TABLES.items()}
    words |= {f"alt.{name}": text for name, text in alternatives(results).items()}
    words["load"] = re.search(r"load average: ([\d.]+)", results["measured"]["uptime"]).group(1)
    words["table.strongest"] = table(*strongest(results))
    words["lost"] = lost(results)
    words["enough"] = "100"
    template = (PEERS / "section.md").read_text()
    return re.sub(r"\{\{([\w.]+)\}\}", lambda found: words[found.group(1)], template)


def alternatives(results):
    """The pictures in words."""
    services = results["measured"]["services"]

    def series(value):
        shown = ((key, value(notes)) for key, notes in services.items() if key != HELLO)
        return ", ".join(f"{key} {number(figure)}" for key, figure in shown)

    cpu = [
        f"{name} in milliseconds: " + series(lambda notes: notes[operation]["1"]["cpu_ms"]["median"])
        for operation, name in (("login", "Processor time of a login"), ("validate", "Of a validation"))
    ]
    return {
        "cpu": ". ".join(cpu),
        "start": "Start to the first success in milliseconds: "
        + series(lambda notes: notes["start_s"]["median"] * 1e3),
    }


def page(results):
    """The whole page, with the section of these results."""
    before, rest = PAGE.read_text().split(BEGIN)
    _, after = rest.split(END)
    return before + BEGIN + section(results) + END + after


def write(results):
    PAGE.write_text(page(results))
    subprocess.run([install("plots"), PEERS / "pictures.py"], check=True)


if __name__ == "__main__":
    write(read())

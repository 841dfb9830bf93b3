"""What the pictures show: panels of a title and values by service."""

import hashlib
import json

from tables import HELLO, OURS, WITH_FRONT, cpu_ms


def by_service(results, of):
    services = results["measured"]["services"]
    values = {}
    for key, notes in services.items():
        if key == HELLO:
            continue
        values[key] = of(notes, False)
        if key == OURS and of(notes, True) != values[key]:
            values[key + WITH_FRONT] = of(notes, True)
    return values


def cpu(results):
    return [
        (
            f"Processor time of a {word}, ms",
            by_service(results, lambda notes, front: cpu_ms(notes[operation]["1"], front)),
        )
        for operation, word in (("login", "login"), ("validate", "validation"))
    ]


def start(results):
    return [
        (
            "Start to the first success, ms",
            by_service(results, lambda notes, front: notes["start_s"]["median"] * 1e3),
        )
    ]


PICTURES = {"peers-cpu": cpu, "peers-start": start}


def digest(panels):
    """In each picture, so that a test can tell if it shows these values."""
    return "sha256 of its values: " + hashlib.sha256(json.dumps(panels).encode()).hexdigest()

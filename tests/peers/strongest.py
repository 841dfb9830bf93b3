"""The strongest peer of each row, and what it would take to be before it."""

import re

from tables import HELLO, OPERATIONS, OURS, cpu_ms, number

# What it would take to win a row, by its name; the first that fits. A row that is lost and fits none fails the rendering.
TAKES = [
    (
        r"^(register|login), p(50|99), 8",
        "a second environment, which Lambda starts for a second request at the same time. Here eight connections wait for "
        "the one thread of each function, while a process of several threads hashes on both processors",
    ),
    (
        r"^(register|login|refresh), p(50|99), ",
        "sessions and accounts in memory, or none: our response waits until the disk has the account, the session or the "
        "exchange. The floor keeps accounts in memory, and SimpleJWT keeps nothing of a refresh, so that none is good once",
    ),
    (
        r"^validate, processor time, ms$",
        "a process that need not ask for each event and post each response, as Lambda wants it: `hello`, which does nothing else, "
        "has a processor time of its own in the table",
    ),
    (
        r"with the front|, p(50|99), ",
        "a server of our own around the handlers. Each of our requests crosses two sockets more, from the front to the "
        "function by the protocol of Lambda, and is written as an event and read again; `hello` with the front is what "
        "that costs. Lambda bills none of it",
    ),
    (
        r"^peak memory",
        "one process for all routes in the place of three, each with a runtime and a store of its own, and a hash that "
        "needs less memory than the 19 MiB of `login` and `register`. On AWS each function has an environment of its own",
    ),
]


def rows(results):
    """Quantity, operation, ours, and the best of the others with its name, where less is better."""
    measured = results["measured"]["services"]
    others = {key: notes for key, notes in measured.items() if key not in (OURS, HELLO)}
    quantities = [
        ("processor time, ms", lambda load: cpu_ms(load["1"], False)),
        ("processor time with the front, ms", lambda load: cpu_ms(load["1"], True)),
        ("processor time of eight connections with the front, ms", lambda load: cpu_ms(load["8"], True)),
        ("p50, 1 connection, ms", lambda load: load["1"]["p50_ms"]),
        ("p99, 1 connection, ms", lambda load: load["1"]["p99_ms"]),
        ("p50, 8 connections, ms", lambda load: load["8"]["p50_ms"]),
        ("p99, 8 connections, ms", lambda load: load["8"]["p99_ms"]),
    ]
    for operation in OPERATIONS:
        for quantity, of in quantities:
            ours = of(measured[OURS][operation])
            theirs = [(of(notes[operation]), key) for key, notes in others.items() if operation in notes]
            theirs = [pair for pair in theirs if pair[0] is not None]
            if ours is not None and theirs:
                yield quantity, operation, ours, *min(theirs)
    for quantity, of in (
        ("start, ms", lambda notes: notes["start_s"]["median"] * 1e3),
        ("peak memory, MB", lambda notes: notes["memory_mb"]["median"]),
    ):
        yield quantity, "", of(measured[OURS]), *min((of(notes), key) for key, notes in others.items())


def named(quantity, operation):
    return f"{operation}, {quantity}" if operation else quantity


def strongest(results):
    lines = []
    for quantity, operation, ours, theirs, peer in rows(results):
        ratio = f"{ours / theirs:.2f}"
        lines.append(
            [
                named(quantity, operation),
                number(ours),
                number(theirs),
                peer,
                f"**{ratio}, lost**" if ours > theirs else ratio,
            ]
        )
    return ["Row", "serverless-auth", "Strongest other", "Which", "Ratio"], lines


def lost(results):
    """The rows that a peer wins, and what it would take."""
    takes = {}
    for quantity, operation, ours, theirs, _ in rows(results):
        if ours > theirs:
            name = named(quantity, operation)
            takes.setdefault(what_it_takes(name), []).append(name)
    if not takes:
        return "No row is lost."
    return "**Rows that are lost,** and what it would take:\n\n" + "\n".join(
        f"- *{'; '.join(names)}*: {text}" for text, names in takes.items()
    )


def what_it_takes(name):
    return next(text for pattern, text in TAKES if re.search(pattern, name))

"""The tables of the results: a function for each, which returns the heading and the rows."""

OPERATIONS = ("register", "login", "refresh", "validate")
OURS, HELLO = "serverless-auth", "hello"
WITH_FRONT = ", with the HTTP front"


def table(heading, rows):
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def number(value):
    """Three digits."""
    if value is None:
        return "–"
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.{1 if value >= 10 else 2 if value >= 1 else 3}f}"


def services(results):
    heading = ["Service", "Is", "Runs as", "Accounts", "Hash"]
    rows = []
    for key, service in results["services"].items():
        rows.append([key, software(service), service["runs_as"], service["store"], service["hash"]])
    return heading, rows


def software(service):
    """Its packages that name it, with their versions."""
    versions = {name.lower().replace("_", "-"): version for name, version in service["versions"].items()}
    named = {
        "serverless-auth": ["commit"],
        "hello": ["commit"],
        "floor": ["fastify", "jose", "@node-rs/argon2"],
        "Better Auth": ["better-auth"],
        "fastapi-users": ["fastapi-users", "fastapi", "uvicorn"],
        "Django": ["django", "djangorestframework", "djangorestframework-simplejwt", "gunicorn"],
        "Glewlwyd": ["glewlwyd"],
    }[service["name"]]
    return ", ".join(f"{name} {versions[name]}" for name in named)


def by_operation(results, value, with_front=True):
    """A row for each service, and for functions one more that has the front in it."""
    rows = []
    for key, notes in results["measured"]["services"].items():
        rows.append([key, *(number(value(notes[one], False)) if one in notes else "none" for one in OPERATIONS)])
        if with_front and key in (OURS, HELLO):
            rows.append(
                [key + WITH_FRONT, *(number(value(notes[one], True)) if one in notes else "none" for one in OPERATIONS)]
            )
    return ["Service", *(one.capitalize() for one in OPERATIONS)], rows


def cpu_ms(load, with_front):
    return load["cpu_ms"]["median"] + (load["front_cpu_ms"]["median"] if with_front else 0)


def cpu(results):
    return by_operation(results, lambda operation, with_front: cpu_ms(operation["1"], with_front))


def throughput(results):
    return by_operation(results, lambda operation, with_front: 1e3 / cpu_ms(operation["8"], with_front))


def latency(results):
    heading = ["Service", *(f"{one.capitalize()}, {connections}" for one in OPERATIONS for connections in (1, 8))]
    rows = []
    for key, notes in results["measured"]["services"].items():
        cells = [
            f"{number(notes[one][c]['p50_ms'])} / {number(notes[one][c]['p99_ms'])}" if one in notes else "none"
            for one in OPERATIONS
            for c in ("1", "8")
        ]
        rows.append([key, *cells])
    return heading, rows


def start(results):
    rows = []
    for key, notes in results["measured"]["services"].items():
        begin, memory = notes["start_s"], notes["memory_mb"]
        between = f"{number(begin['low'] * 1e3)} to {number(begin['high'] * 1e3)}"
        rows.append([key, number(begin["median"] * 1e3), between, number(memory["median"])])
    return ["Service", "Start, ms", "All rounds, ms", "Peak memory, MB"], rows


def probes(results):
    heading = [
        "Service",
        "`Ada`, `ada`",
        "50 at once",
        "Unknown names",
        "`alg: none`",
        "73 bytes",
        "1,000 guesses",
        "Two tabs",
    ]
    return heading, [[key, *answers(probed)] for key, probed in results["probed"]["services"].items()]


def answers(probed):
    race, time, unsigned, long, tabs = (
        probed[name] for name in ("parallel", "unknown_names", "unsigned", "last_byte", "tabs")
    )
    return [
        "two accounts" if probed["twins"]["accounts"] == 2 else "one account",
        raced(race),
        f"{time['auc']:.2f} of {time['pairs']} pairs; {number(time['known_ms'])} and {number(time['unknown_ms'])} ms",
        "none" if unsigned is None else "believed" if unsigned["accepted"] else "refused",
        "not accepted at all" if not long["registered"] else "one password" if long["accepted"] else "told apart",
        guessed(probed["guesses"]),
        "none" if tabs is None else tabs_answer(tabs),
    ]


def raced(probed):
    deceived = f"; {probed['deceived']} of these cannot log in" if probed["deceived"] else ""
    errors = f"; {probed['errors']} of the others get 500" if probed["errors"] else ""
    return f"{probed['succeed']}{deceived}{errors}"


def guessed(probed):
    if probed["tried"] == probed["of"]:
        return "all are tried; the right one is accepted"
    places = {
        "from there": probed["right_from_there"],
        "from another client IP": probed["right_from_elsewhere"],
        "from a device that has logged in before": probed["right_from_known_device"],
    }
    accepted = [place for place, right in places.items() if right]
    refused = [place for place, right in places.items() if right is False]
    then = "; ".join(
        f"the right one is {word} {' and '.join(some)}"
        for word, some in (("refused", refused), ("accepted", accepted))
        if some
    )
    return f"{probed['tried']} are tried; {then}"


def tabs_answer(tabs):
    out = 2 - tabs["logged_in_later"]
    who = "nobody" if not out else "one" if out == 1 else "both"
    return f"{who}; a token is good " + ("once" if tabs["rotates"] else "until it expires")


TABLES = {
    "services": services,
    "cpu": cpu,
    "throughput": throughput,
    "latency": latency,
    "start": start,
    "probes": probes,
}

"""The same questions to all services. Each gets a service that has just been started, with its defaults on."""

import base64
import concurrent.futures
import dataclasses
import http.client
import json
import random
import sys
import threading
import time

from http_client import PATIENCE_S, send
from measure import PASSWORD, Place, eventually, furnish

PARALLEL = 50
GUESSES = 1000
CLIENT, ELSEWHERE = "203.0.113.7", "198.51.100.9"
# Pairs of a known and an unknown name, fewer where a hash takes long.
PAIRS, PAIRS_OF_SLOW = 150, 40
SLOW_S = 0.15


def from_ip(request, client=CLIENT):
    """The request as a proxy passes it on, since limits of a client IP need one."""
    return dataclasses.replace(request, headers=request.headers | {"x-forwarded-for": client})


def at_once(port, requests):
    """Sends requests at the same moment, each over a connection that is open already."""
    connections = [http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S) for _ in requests]
    for connection in connections:
        connection.connect()
    barrier = threading.Barrier(len(requests))

    def one(connection, request):
        barrier.wait()
        try:
            return send(port, request, connection)
        finally:
            connection.close()

    with concurrent.futures.ThreadPoolExecutor(len(requests)) as threads:
        return list(threads.map(one, connections, requests))


def twins(adapter, port):
    """If `Ada` and `ada` are two accounts."""
    first, second = (send(port, from_ip(adapter.register(name, PASSWORD))) for name in ("Ada", "ada"))
    assert first.success, first
    return {"accounts": 1 + second.success}


def parallel(adapter, port):
    """How many of the registrations of one name succeed that come at once."""
    responses = at_once(port, [from_ip(adapter.register("racer", password(n))) for n in range(PARALLEL)])
    told = [n for n, response in enumerate(responses) if response.success]
    # Those who were told that the account is theirs, and cannot log in.
    deceived = sum(not send(port, adapter.login("racer", password(n))).success for n in told)
    errors = sum(response.status >= 500 for response in responses)
    return {"of": PARALLEL, "succeed": len(told), "deceived": deceived, "errors": errors}


def password(number):
    return f"{PASSWORD} {number}"


def unknown_names(adapter, port):
    """If the time of a failed login tells who has an account: the share of right guesses from one time."""
    pairs = PAIRS_OF_SLOW if timed_registration(adapter, port) > SLOW_S else PAIRS
    for number in range(pairs):
        assert send(port, adapter.register(f"known{number}", PASSWORD)).success
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)

    def timed(name):
        request = from_ip(adapter.login(name, "not the password"))
        began = time.perf_counter()
        response = send(port, request, connection)
        assert not response.success and response.status < 429, response
        return time.perf_counter() - began

    timed("nobody")
    names = [f"{kind}{number}" for kind in ("known", "unknown") for number in range(pairs)]
    random.Random(1).shuffle(names)
    times = {name: timed(name) for name in names}
    connection.close()
    known, unknown = ([times[f"{kind}{number}"] for number in range(pairs)] for kind in ("known", "unknown"))
    right = sum((a > b) + (a == b) / 2 for a in known for b in unknown) / pairs**2
    return {"auc": right, "pairs": pairs, "known_ms": median(known) * 1e3, "unknown_ms": median(unknown) * 1e3}


def timed_registration(adapter, port):
    began = time.perf_counter()
    send(port, adapter.register("timed", PASSWORD))
    return time.perf_counter() - began


def median(values):
    return sorted(values)[len(values) // 2]


def unsigned(adapter, port):
    """If a token that says `alg: none` is believed."""
    if not adapter.jwt:
        return None
    request = adapter.validate(send(port, from_ip(adapter.login("user0", PASSWORD))))
    scheme, token = request.headers["authorization"].split()
    assert send(port, request).success
    header = base64.urlsafe_b64encode(json.dumps({"alg": "none", "typ": "JWT"}).encode()).decode().rstrip("=")
    forged = f"{header}.{token.split('.')[1]}."
    response = send(port, dataclasses.replace(request, headers={"authorization": f"{scheme} {forged}"}))
    return {"accepted": response.success, "status": response.status}


def last_byte(adapter, port):
    """If two passwords of 73 bytes that differ in the last one are told apart, as bcrypt alone would not."""
    long = (f"{PASSWORD} " * 3)[:72]
    registered = send(port, from_ip(adapter.register("long", f"{long}1")))
    if not registered.success:
        return {"registered": False, "accepted": None}
    assert send(port, from_ip(adapter.login("long", f"{long}1"))).success
    return {"registered": True, "accepted": send(port, from_ip(adapter.login("long", f"{long}2"), ELSEWHERE)).success}


def guesses(adapter, port):
    """What becomes of a thousand wrong passwords for one name from one client IP, and of the right one afterwards."""
    earlier = send(port, from_ip(adapter.login("user0", PASSWORD), ELSEWHERE))
    assert earlier.success, earlier
    wrong = [from_ip(adapter.login("user0", f"guess number {n}")) for n in range(GUESSES)]
    plain = send(port, wrong[0]).status
    with concurrent.futures.ThreadPoolExecutor(8) as threads:
        tried = 1 + sum(response.status == plain for response in threads.map(lambda one: send(port, one), wrong[1:]))
    right = adapter.login("user0", PASSWORD)
    known_device = getattr(adapter, "login_from_known_device", None)
    return {
        "of": GUESSES,
        "tried": tried,
        "right_from_there": send(port, from_ip(right)).success,
        "right_from_elsewhere": send(port, from_ip(right, ELSEWHERE)).success,
        "right_from_known_device": known_device
        and send(port, from_ip(known_device("user0", PASSWORD, earlier), ELSEWHERE)).success,
    }


def tabs(adapter, port):
    """If two tabs that refresh at once with one token are both still logged in afterwards."""
    if "refresh" not in adapter.operations:
        return None
    token = adapter.refresh_token(send(port, from_ip(adapter.login("user0", PASSWORD))))
    first = at_once(port, [from_ip(adapter.refresh(token))] * 2)
    member = adapter.next_refresh_token
    tokens = [response.json()[member] if member and response.success else token for response in first]
    later = [send(port, from_ip(adapter.refresh(token))).success for token in tokens]
    return {"refreshed": sum(r.success for r in first), "logged_in_later": sum(later), "rotates": member is not None}


# What a service does not have is none, and not a failure. The first two depend on the hash of the service; the rest does
# not, and is asked where our hash is set, if it can be, which is faster.
OF_THE_HASH = [unknown_names, last_byte]
OF_THE_REST = [twins, parallel, unsigned, guesses, tabs]


def probe(adapters):
    """Returns the results of each service by its name."""
    results = {}
    asked = [adapter for adapter in adapters if adapter.operations != ("validate",)]
    for adapter in asked:
        others = [other for other in asked if other.name == adapter.name]
        questions = [] if adapter.our_hash else list(OF_THE_HASH)
        questions += OF_THE_REST if adapter is others[-1] else []
        results.setdefault(adapter.name, {}).update(ask(adapter, questions))
    return results


def ask(adapter, questions):
    """Puts each question to a service that has just been started."""
    place, answers = Place(adapter), {}
    try:
        furnish(place)
        for question in questions:
            print(f"{question.__name__}: {adapter.key}", file=sys.stderr)
            # The limits would answer in the place of the password.
            processes, _ = place.start(limits=question is guesses)
            try:
                eventually(processes, adapter.register("user0", PASSWORD))
                answers[question.__name__] = question(adapter, processes.port)
            finally:
                processes.stop()
    finally:
        place.remove()
    return answers

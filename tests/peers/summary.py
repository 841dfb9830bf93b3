"""What is kept of the measurements of a service."""

import statistics

# A 99th percentile of fewer responses is none.
ENOUGH_FOR_P99 = 100


def of(notes):
    kept = {name: spread(notes[name]) for name in ("start_s", "memory_mb")}
    operations = {name: by_connections for name, by_connections in notes.items() if name not in kept}
    for operation, by_connections in operations.items():
        kept[operation] = {connections: load(rounds) for connections, rounds in by_connections.items()}
    return kept


def spread(values):
    """The median of all rounds, and the extremes."""
    return {"median": rounded(statistics.median(values)), "low": rounded(min(values)), "high": rounded(max(values))}


def load(rounds):
    """Processor time by rounds; latencies of all rounds together."""
    count = [len(one["microseconds"]) for one in rounds]
    times = sorted(time / 1e3 for one in rounds for time in one["microseconds"])
    kept = {"responses": len(times), "p50_ms": rounded(statistics.median(times)), "p99_ms": None}
    if len(times) >= ENOUGH_FOR_P99:
        kept["p99_ms"] = rounded(times[len(times) * 99 // 100])
    kept["cpu_ms"] = spread([one["server_s"] * 1e3 / n for one, n in zip(rounds, count)])
    kept["front_cpu_ms"] = spread([one["front_s"] * 1e3 / n for one, n in zip(rounds, count)])
    kept["responses_per_s"] = spread([n / one["seconds"] for one, n in zip(rounds, count)])
    return kept


def rounded(value):
    """Four digits."""
    return float(f"{value:.4g}")

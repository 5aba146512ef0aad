"""How soon a fault is noticed by where the counts come from, on the sandbox: `make bench-sources`.

A version that fails 5% or 50% of its requests from its first one on is released at 100 requests a second, tick 1 s,
first step 5%. Its counts come from Prometheus servers that scrape the gateway every 1, 15 and 60 seconds, or from the
gateway's proxy itself. Writes out/bench/sources.json: `[{source, scrape_seconds, fault, seconds_to_safe,
client_failures}]`, a row for each run. Seconds to safe: from the first faulty response that the client saw to the last
response of the faulty version.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from statistics import median
from typing import Any

from bench.own_prometheus import proxy_address, scraping
from bench.rollouts import FAULT_RATE, OUT, Bench
from sandbox import world
from sandbox.sample.binaries import binaries
from sandbox.sample.images import Faults, publish
from sandbox.sample.load import Load, LoadOptions
from sandbox.stage import manifests
from sandbox.stage.project import Stage

FAULTS = (5, 50)
"""Percent of the requests that fail."""
INTERVALS = (1, 15, 60)
"""Seconds between two scrapes."""
PROXIES = "proxies"
HOST = "bench-sources.example"
ANALYSIS = {"tick": "1s", "dwell": "2s", "horizon": "10m", "errorGrace": "60s", "expected": {"rate": FAULT_RATE}}


def main() -> int:
    """Exit code 0 when every faulty release was aborted."""
    arguments = argparse.ArgumentParser(description=__doc__)
    known = [PROXIES, *(f"prometheus-{seconds}s" for seconds in INTERVALS)]
    arguments.add_argument("--source", action="append", choices=known, help="Only this one; all when left out.")
    arguments.add_argument("--runs", type=int, default=1, help="Releases of each fault by each source; default 1.")
    given = arguments.parse_args()
    wanted = given.source or known
    world.up()
    variables = world.environment()
    versions = {"v1": Faults()} | {_name(percent): Faults(error_ratio=percent / 100) for percent in FAULTS}
    images = publish(variables["SLIPWAY_REGISTRY"], binaries().sample, versions)
    envoy = proxy_address(variables)
    found: list[dict[str, Any]] = []
    OUT.mkdir(parents=True, exist_ok=True)
    for source in wanted:
        with _metrics(source, envoy) as metrics:
            found += _measure(source, metrics, images, variables, given.runs)
        (OUT / "sources.json").write_text(json.dumps(found, indent=2) + "\n")
    for line in medians(found):
        print(line)
    return 0


def medians(found: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """A line for each source and fault: the medians of its runs, and each run's seconds."""
    runs: dict[tuple[str, int | None, str], list[Mapping[str, Any]]] = {}
    for row in found:
        runs.setdefault((row["source"], row["scrape_seconds"], row["fault"]), []).append(row)
    for (source, scrape, fault), rows in runs.items():
        seconds, failed = ([row[name] for row in rows] for name in ("seconds_to_safe", "client_failures"))
        name = source if scrape is None else f"{source} every {scrape} s"
        all_seconds = ", ".join(f"{each:.1f}" for each in seconds)
        yield f"{name}, {fault}: {median(seconds):.1f} s ({all_seconds}), {median(failed):g} failed requests"


def _measure(
    source: str, metrics: Mapping[str, Any], images: dict[str, str], variables: Mapping[str, str], runs: int
) -> list[dict[str, Any]]:
    # A namespace for each: that of the source before may still be going.
    stage = Stage(OUT / f"sources-{source}", "bench", f"slipway-bench-{source}", variables)
    stage.metrics = metrics
    options = LoadOptions(duration=900.0, netns=Path(variables["SLIPWAY_NETNS"]))

    def load(name: str, rate: float) -> Load:
        return Load(variables["SLIPWAY_GATEWAY_LOOPBACK_URL"], HOST, rate, OUT / f"{name}.jsonl", options)

    bench = Bench(stage, images, load)
    stage.create()
    try:
        changes = {"route": manifests.route(HOST), "analysis": ANALYSIS}
        serving = bench.declare("v1", "v1", **changes)
        assert bench.up(serving)[0] == 0, "the first release failed"
        found = []
        for number, percent in product(range(runs), FAULTS):
            workload = manifests.workload(replicas=2, env={"RUN": str(number)})  # a revision of its own
            faulty = bench.declare(f"{_name(percent)}-{number}", _name(percent), workload=workload, **changes)
            with load(f"{source}-{percent}-{number}", FAULT_RATE) as traffic:
                code, _ = bench.up(faulty)
                counts = traffic.snapshot()
            first, last = counts.first_failure(_name(percent)), counts.last_response(_name(percent))
            assert code != 0, "the faulty release was not aborted"
            assert first is not None and last is not None, "the client saw no fault"
            found.append(
                {
                    "source": PROXIES if source == PROXIES else "prometheus",
                    "scrape_seconds": None if source == PROXIES else int(source.split("-")[1].rstrip("s")),
                    "fault": f"{percent}%",
                    "seconds_to_safe": round(last - first, 2),
                    "client_failures": counts.failed(),
                }
            )
            assert bench.up(serving)[0] == 0, "the way back to a settled stack failed"
        return found
    finally:
        stage.destroy()


@contextmanager
def _metrics(source: str, envoy: str) -> Iterator[dict[str, Any]]:
    """The setting of the metrics; a Prometheus of its own runs meanwhile where one is needed."""
    if source == PROXIES:
        yield {"kind": "proxies", "proxies": {"addresses": [f"http://{envoy}"]}}
        return
    seconds = int(source.split("-")[1].rstrip("s"))
    with scraping(envoy, seconds, OUT / source) as url:
        yield {"kind": "prometheus", "url": url}


def _name(percent: int) -> str:
    return f"errors-{percent}"


if __name__ == "__main__":
    raise SystemExit(main())

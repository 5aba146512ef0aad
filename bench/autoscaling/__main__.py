"""Releases under a HorizontalPodAutoscaler: `make bench-autoscaling`. Writes out/bench/autoscaling.json.

Twenty seeded trials by `pulumi up` on the sandbox, four services at a time: two to four pods serve where one is
declared, by a load that each version has by its share of the traffic and that grows at random meanwhile; every fourth
version is faulty and aborted. Twice a second the ready pods of both versions are compared with what served before.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from lightkube import Client, KubeConfig

from bench.autoscaling.cluster import Cluster, Watched, metric_of
from bench.autoscaling.verdict import Trial, row, trial
from sandbox import world
from sandbox.paths import PROJECT
from sandbox.sample.binaries import binaries
from sandbox.sample.images import Faults, late_errors, publish
from sandbox.sample.load import Load, LoadOptions
from sandbox.stage import manifests
from sandbox.stage.project import Stage
from sandbox.standins.external_metrics import ExternalMetrics
from slipway.release.declared import read_manifest

OUT = PROJECT / "out" / "bench"
TOGETHER = 4
"""Services that are released by one `pulumi up`."""
RATE = 75.0
"""Requests a second of each service."""
LEAST, MOST = 1, 8
FAULTY, LATE = "errors-50", "errors-50-later"
IMAGES = {"v1": Faults(), "v2": Faults(), FAULTY: Faults(error_ratio=0.5), LATE: late_errors(25, 0.5)}
BAKE, LONG = "4s", "60s"
"""At each step, and at 100% of a version that becomes faulty."""
NOT_SENT = "not-sent"
"""What the generator had no time for, on a machine that is too busy: no request of a client."""
SCALES_WITHIN = 150.0
SETTLES = 35.0
"""Seconds after the update in which the controller looks twice more."""
CPU = {"cpu": "10m", "memory": "16Mi"}


@dataclass(frozen=True, slots=True)
class Version:
    """A manifest and the Service of its revision."""

    manifest: str
    entry: str


class Trials:
    """Services of one stack; each has a version that serves."""

    def __init__(self, stage: Stage, images: Mapping[str, str], cluster: Cluster, load: Any) -> None:  # noqa: ANN401 - name -> Load
        self._stage, self._images, self._cluster, self._load = stage, images, cluster, load
        self._serving: dict[str, Version] = {}

    @property
    def failed_looks(self) -> int:
        """Looks that the API server did not answer."""
        return self._cluster.failed

    def first(self, services: tuple[str, ...]) -> None:
        """The first release of each."""
        for service in services:
            self._serving[service] = self._declare(service, "first", "v1", (100,))
            self._stage.configure(service, self._serving[service].manifest)
        ended = self._stage.up()
        assert ended.code == 0, ended.output

    def release(self, trials: Mapping[str, Trial]) -> Iterator[dict[str, Any]]:
        """One update of these services; yields the row of each trial."""
        self._scale_to(trials)
        new = {}
        for service, one in trials.items():
            image = LATE if one.late else FAULTY if one.bad else ("v1", "v2")[one.seed // TOGETHER % 2]
            new[service] = self._declare(service, f"seed-{one.seed}", image, one.steps)
            standby = self._serving[service].manifest if one.standby else None
            self._stage.configure(service, new[service].manifest, standby)
        with ExitStack() as loads:
            running = {service: loads.enter_context(self._load(service)) for service in trials}
            for service, one in trials.items():
                self._cluster.services[service] = Watched(
                    one.before, one.seed, time.monotonic(), seen=self._seen(service)
                )
            began = time.monotonic()
            ended = self._stage.up()
            seconds = time.monotonic() - began
            time.sleep(SETTLES)
            watched = dict(self._cluster.services)
            counts = {service: load.snapshot() for service, load in running.items()}
        (OUT / "autoscaling-last-up.log").write_text(ended.output)
        for service, one in trials.items():
            old = self._serving[service]
            facts = self._facts(service, counts[service]) | {"up_seconds": round(seconds, 1)}
            found = row(one, old.entry, new[service].entry, watched[service].looks, facts)
            if found["outcome"] == "committed":
                self._serving[service] = new[service]
            yield found

    def _facts(self, service: str, counts: Any) -> dict[str, Any]:  # noqa: ANN401 - Counts
        shares, failures = self._cluster.shares()[service], counts.failures
        serving = max(shares, key=lambda name: shares[name])
        return {
            "requests": counts.count(),
            "failed_requests": sum(one.version not in (FAULTY, LATE) and one.status != NOT_SENT for one in failures),
            "failed_by_the_faulty_version": counts.failed(FAULTY) + counts.failed(LATE),
            "not_sent": sum(one.status == NOT_SENT for one in failures),
            "minimum_after": self._cluster.minimum(serving),
            "minimum_declared": LEAST,
        }

    def _scale_to(self, trials: Mapping[str, Trial]) -> None:
        """The load makes the autoscalers give what serves as many pods as the trial begins with."""
        for service, one in trials.items():
            self._cluster.services[service] = Watched(one.before, seen=self._seen(service))
        wanted = {self._serving[service].entry: one.before for service, one in trials.items()}
        deadline = time.monotonic() + SCALES_WITHIN
        while {name: ready for name, ready in self._cluster.ready().items() if name in wanted} != wanted:
            assert time.monotonic() < deadline, f"not scaled to {wanted}: {self._cluster.ready()}"
            time.sleep(1.0)

    def _seen(self, service: str) -> set[str]:
        watched = self._cluster.services.get(service)
        return set(watched.seen) if watched is not None else set()

    def _declare(self, service: str, version: str, image: str, steps: tuple[int, ...]) -> Version:
        external = {
            "metric": {"name": metric_of(service), "selector": {"matchLabels": {"revision": "{revision}"}}},
            "target": {"type": "AverageValue", "averageValue": "1"},
        }
        scaling = {
            "min": LEAST,
            "max": MOST,
            "metrics": [{"type": "External", "external": external}],
            "behavior": {"scaleDown": {"stabilizationWindowSeconds": 0}},
        }
        workload = manifests.workload(
            autoscaling=scaling, resources={"requests": CPU}, readyWithin="120s", env={"TRIAL": version}
        )
        del workload["replicas"]
        last = {"weight": steps[-1], "bake": LONG if image == LATE else BAKE}
        values = manifests.manifest(
            service,
            version,
            self._images[image],
            {"kind": "canary", "steps": [{"weight": weight, "bake": BAKE} for weight in steps[:-1]] + [last]},
            route=manifests.route(_host(service)),
            workload=workload,
            analysis={
                "tick": "1s",
                "dwell": "2s",
                "horizon": "120s",
                "errorGrace": "20s",
                "expected": {"rate": RATE, "badShare": "0.1%"},
            },
        )
        path = manifests.write(self._stage.folder, values)
        return Version(path, f"{service}-{read_manifest(self._stage.folder, path).revision}")


def _host(service: str) -> str:
    return f"{service}.bench-autoscaling.example"


def main() -> int:
    """Exit code 0 when every trial was run and went as it should."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--trials", type=int, default=20)
    arguments.add_argument("--first", type=int, default=0, help="The first seed.")
    arguments.add_argument("--minutes", type=float, default=45.0, help="No trial begins after so many.")
    given = arguments.parse_args()
    began, rows = time.monotonic(), []
    OUT.mkdir(parents=True, exist_ok=True)
    with _trials() as trials:
        services = tuple(f"scaled-{number}" for number in range(min(TOGETHER, given.trials)))
        trials.first(services)
        end = given.first + given.trials
        for seed in range(given.first, end, TOGETHER):
            if time.monotonic() - began > given.minutes * 60:
                break
            seeds = range(seed, min(seed + TOGETHER, end))
            for found in trials.release({services[one - seed]: trial(one) for one in seeds}):
                rows.append({**found, "load_average": round(os.getloadavg()[0], 1)})
                print(json.dumps(rows[-1]), flush=True)
            (OUT / "autoscaling.json").write_text(json.dumps(rows, indent=2) + "\n")
    good = sum(found["good"] for found in rows)
    if trials.failed_looks:
        print(f"{trials.failed_looks} looks got no answer")
    print(f"{good} of {given.trials} trials never had fewer ready pods than before, {len(rows)} were run")
    return 0 if good == given.trials else 1


@contextmanager
def _trials() -> Iterator[Trials]:
    world.up()
    variables = world.environment()
    images = publish(variables["SLIPWAY_REGISTRY"], binaries().sample, IMAGES)
    client = Client(KubeConfig.from_file(variables["KUBECONFIG"]).get(), timeout=httpx2.Timeout(10.0))
    stage = Stage(OUT / "autoscaling-project", "bench", "slipway-bench-autoscaling", variables)
    options = LoadOptions(duration=900.0, netns=Path(variables["SLIPWAY_NETNS"]))

    def load(service: str) -> Load:
        url = variables["SLIPWAY_GATEWAY_LOOPBACK_URL"]
        return Load(url, _host(service), RATE, OUT / f"{service}.jsonl", options)

    stage.create()
    try:
        with (
            ExternalMetrics(variables, client, stage.namespace, OUT / "external-metrics.json") as metrics,
            Cluster(client, stage.namespace, metrics) as cluster,
        ):
            yield Trials(stage, images, cluster, load)
    finally:
        stage.destroy()


if __name__ == "__main__":
    raise SystemExit(main())

"""A stack on ECS whose second version fails: how long it had traffic, by the source that the rollout judges by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.errors import SandboxError
from sandbox.sample.load import Load, LoadOptions
from sandbox.sample.records import Counts
from sandbox.stage import manifests
from sandbox.stage.ecs import EcsStage, ground
from sandbox.stage.project import interrupt

SERVICE = "checkout"
HOSTNAME = "checkout.example"
ROUTE: Mapping[str, Any] = {"hostnames": [HOSTNAME]}
LONGEST = 900.0
BUSY_WITHIN = 30.0
QUIET = 5.0
"""Seconds without a response of the faulty version after which it counts as gone."""
BACK = "; traffic goes back"
"""What a rollout says that has decided to abort."""
READY_WITHIN = "120s"


@dataclass(frozen=True, slots=True)
class FaultyRelease:
    """One faulty version under `rate` requests a second. `seconds_fault_to_safe` lie between its first failure and its
    last response, by the client; `client_failures` is what its users got meanwhile."""

    version: str
    source: str
    lateness_seconds: float
    """After its end, when the sandbox's CloudWatch has a minute; 0 with another source."""
    rate: float
    outcome: str
    seconds_fault_to_safe: float | None
    client_requests: int
    client_failures: int


@dataclass(frozen=True, slots=True)
class Source:
    """`metrics` is `releases:metrics`, None for the sandbox's Prometheus."""

    name: str
    metrics: Mapping[str, Any] | None = None
    lateness: float = 0.0


@contextmanager
def serving(name: str, folder: Path, image: str, variables: Mapping[str, str]) -> Iterator[EcsStage]:
    """A stack of that name on a ground of its own, which serves a healthy version; gone after the block."""
    with ground(name, variables) as found:
        stage = EcsStage(folder / "project", name, SERVICE, found, variables)
        stage.create()
        try:
            declare(stage, "v1", image)
            if (first := stage.up()).code != 0:
                raise SandboxError("pulumi up", "v1 was not released", "see its output", first.output.splitlines())
            yield stage
        finally:
            stage.destroy()


def declare(stage: EcsStage, version: str, image: str) -> None:
    """Write the manifest of that version, and name it in the configuration. Target groups are named by the revision in
    the whole account, so the stack is a part of it."""
    workload = manifests.workload(replicas=2, readyWithin=READY_WITHIN, env={"STACK": stage.stack})
    changes = {"route": dict(ROUTE), "workload": workload}
    values = manifests.manifest(SERVICE, version, image, manifests.CANARY, **changes)
    stage.configure(SERVICE, manifests.write(stage.folder, values))


def faulty_release(
    stage: EcsStage, version: str, image: str, source: Source, load: Load, rate: float
) -> tuple[FaultyRelease, str]:
    """Release the version, judged by that source, while the load runs, until its traffic is back; with the output of
    `pulumi up` by then. It would go on until its source shows that version without requests, which takes some minutes
    with CloudWatch: it is interrupted. The sample's responses name the version."""
    log = stage.folder / f"{version}.log"
    with load:
        load.await_counts(lambda seen: seen.count() > rate, BUSY_WITHIN, "no requests")
        stage.metrics = source.metrics
        declare(stage, version, image)
        process = stage.start_up(log)
        try:
            load.await_counts(lambda seen: _gone(seen, version) or process.poll() is not None, LONGEST, "still served")
        finally:
            if process.poll() is None:
                interrupt(process)
        counts = load.stop()
    output = log.read_text(encoding="utf-8", errors="replace")
    first, last = counts.first_failure(version), counts.last_response(version)
    measured = FaultyRelease(
        version=version,
        source=source.name,
        lateness_seconds=source.lateness,
        rate=rate,
        outcome="aborted" if BACK in output else "failed",
        seconds_fault_to_safe=round(last - first, 2) if first is not None and last is not None else None,
        client_requests=counts.sent,
        client_failures=counts.failed(),
    )
    return measured, output


def _gone(seen: Counts, version: str) -> bool:
    last = seen.last_response(version)
    return last is not None and bool(seen.intervals) and seen.intervals[-1].end - last > QUIET


def load_on(stage: EcsStage, out: Path, rate: float) -> Load:
    """Users of the stack's service."""
    options = LoadOptions(duration=LONGEST, netns=Path(stage.environment["SLIPWAY_NETNS"]))
    return Load(stage.ground.loopback_url, HOSTNAME, rate, out, options)

"""A stack on AWS whose second version fails: how long it had traffic, by the source that the rollout judges by."""

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
from sandbox.stage.project import Stage, interrupt

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


@dataclass(frozen=True, slots=True)
class Served:
    """A stack whose service has users at `url`, who ask for `host`. `sections` are those of its manifests that differ
    from the usual ones. Unless `named_failures`, what a user gets for a failure does not say which version failed."""

    stage: Stage
    service: str
    url: str
    host: str
    sections: Mapping[str, Any]
    named_failures: bool = True

    def declare(self, version: str, image: str) -> None:
        """Write the manifest of that version, and name it in the configuration."""
        values = manifests.manifest(self.service, version, image, manifests.CANARY, **self.sections)
        self.stage.configure(self.service, manifests.write(self.stage.folder, values))

    def release_first(self, version: str, image: str) -> None:
        """Release the first version. Raises SandboxError when that fails."""
        self.declare(version, image)
        if (first := self.stage.up()).code != 0:
            lines = first.output.splitlines()
            raise SandboxError("pulumi up", f"{version} was not released", "see its output", lines)

    def load(self, out: Path, rate: float) -> Load:
        """Users of the service, so many requests a second."""
        return load_of(self.stage, self.url, self.host, out, rate)


@contextmanager
def serving(name: str, folder: Path, image: str, variables: Mapping[str, str]) -> Iterator[Served]:
    """A stack of that name on a ground of its own, which serves a healthy version; gone after the block. Target groups
    are named by the revision in the whole account, so the stack is a part of it."""
    workload = manifests.workload(replicas=2, readyWithin=READY_WITHIN, env={"STACK": name})
    with ground(name, variables) as found:
        stage = EcsStage(folder / "project", name, SERVICE, found, variables)
        stage.create()
        try:
            sections = {"route": dict(ROUTE), "workload": workload}
            served = Served(stage, SERVICE, found.loopback_url, HOSTNAME, sections)
            served.release_first("v1", image)
            yield served
        finally:
            stage.destroy()


def faulty_release(
    served: Served, version: str, image: str, source: Source, out: Path, rate: float
) -> tuple[FaultyRelease, str]:
    """Release the version, judged by that source, until its traffic is back; with the output of `pulumi up` by then.
    `out` gets what users saw. The command would go on until its source shows that version without requests, which takes
    some minutes with CloudWatch: it is interrupted."""
    stage, named = served.stage, served.named_failures
    log = stage.folder / f"{version}.log"
    with served.load(out, rate) as load:
        load.await_counts(lambda seen: seen.count() > rate, BUSY_WITHIN, "no requests")
        stage.metrics = source.metrics
        served.declare(version, image)
        process = stage.start_up(log)
        try:
            load.await_counts(
                lambda seen: _gone(seen, version, named=named) or process.poll() is not None, LONGEST, "still served"
            )
        finally:
            if process.poll() is None:
                interrupt(process)
        counts = load.stop()
    output = log.read_text(encoding="utf-8", errors="replace")
    first, last = counts.fault_of(version, named=named)
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


def _gone(seen: Counts, version: str, *, named: bool) -> bool:
    _, last = seen.fault_of(version, named=named)
    return last is not None and bool(seen.intervals) and seen.intervals[-1].end - last > QUIET


def load_on(stage: EcsStage, out: Path, rate: float) -> Load:
    """Users of the stack's service."""
    return load_of(stage, stage.ground.loopback_url, HOSTNAME, out, rate)


def load_of(stage: Stage, url: str, host: str, out: Path, rate: float) -> Load:
    """Users of that URL, until the longest story is over."""
    options = LoadOptions(duration=LONGEST, netns=Path(stage.environment["SLIPWAY_NETNS"]))
    return Load(url, host, rate, out, options)

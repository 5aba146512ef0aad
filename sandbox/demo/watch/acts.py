"""The acts: a version that goes bad after 100%, the same while its watcher dies, a host that is lost at 25%."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox import process
from sandbox.chaos.processes import VARIABLE, Checkout
from sandbox.demo.narrator import Narrator
from sandbox.demo.watch.summary import MOST_SECONDS, Breach, RunnerLost, WatchSummary
from sandbox.errors import SandboxError
from sandbox.receiver import WebhookReceiver
from sandbox.sample.load import Load
from sandbox.sample.records import Counts
from sandbox.slipway_pods import RUNS, WATCHES, kill_process, running_pod
from sandbox.stage import manifests
from sandbox.stage.project import Result, Stage

SERVICE, HOSTNAME = "checkout", "watched.example"
WATCH: Mapping[str, Any] = {"for": "30m", "guardrails": [{"name": "slo", "kind": "slo", "objective": "1%"}]}
SLOW: Mapping[str, Any] = {"kind": "canary", "steps": [{"weight": 25, "bake": "20s"}, {"weight": 100, "bake": "2s"}]}
QUICK: Mapping[str, Any] = {"kind": "canary", "steps": [{"weight": 25, "bake": "2s"}, {"weight": 100, "bake": "2s"}]}
QUIET = 5.0
"""Seconds without a response of the bad version after which it counts as gone."""
DOWN = 10.0
"""Seconds after the first failure in which the receiver is still down."""
SETTLE = 300.0
TOLD_WITHIN = 120.0
POLL = 0.5
CLOSED = ".closed"
"""What the id of a call ends with that closes an escalation."""


@dataclass(slots=True)
class Watched:
    """Everything an act needs. `images` maps version names of the sample to pinned images."""

    stage: Stage
    images: Mapping[str, str]
    receiver: WebhookReceiver
    narrator: Narrator
    summary: WatchSummary
    healthy: float
    load: Load
    current: str = ""
    paths: dict[str, str] = field(default_factory=dict)

    def declare(self, version: str, strategy: Mapping[str, Any] = QUICK, **changes: Any) -> str:  # noqa: ANN401
        """Write the manifest of one version, and name it in the configuration with what serves as its standby."""
        changed = {"route": manifests.route(HOSTNAME), **changes}
        values = manifests.manifest(SERVICE, version, self.images[version], strategy, **changed)
        self.paths[version] = manifests.write(self.stage.folder, values)
        standby = self.paths.get(self.current)
        self.stage.configure(SERVICE, self.paths[version], standby if self.current != version else None)
        return self.paths[version]

    def released(self, version: str, **changes: Any) -> None:  # noqa: ANN401
        """A release that has to succeed."""
        self.declare(version, **changes)
        result = self.stage.up()
        self.narrator.quote(result.output, (f"{SERVICE}:", f"error: {SERVICE}"))
        if result.code != 0:
            raise SandboxError("pulumi up", f"{version} was not released", "see its output", result.output.splitlines())

    def status(self) -> dict[str, Any]:
        """What `slipway status` says of the service."""
        result = self.stage.slipway("status", SERVICE, "--namespace", self.stage.namespace, "--json")
        if result.code != 0:
            raise SandboxError("slipway status", "it failed", "see its output", result.output.splitlines())
        return dict(json.loads(result.output)["services"][0])

    def check(self, fine: bool, problem: str, result: Result | None = None) -> None:
        """Note what did not go as it should."""
        if not fine:
            self.summary.problems.append(problem + (f": {result.output[-1500:]}" if result is not None else ""))


def bad_after_100(demo: Watched, version: str, disturb: Callable[[Watched], None] = lambda _: None) -> Breach:
    """A version that is healthy until it has all the traffic for a while. The receiver is down when it is first
    called."""
    demo.receiver.stop()
    known, before = len(demo.receiver.received()), len(demo.load.snapshot().failures)
    demo.released(version, watch=dict(WATCH))
    _until(
        lambda: running_pod(demo.stage.namespace, WATCHES, demo.stage.environment) is not None, "the pod that watches"
    )
    disturb(demo)
    counts = demo.load.await_counts(lambda seen: seen.first_failure(version) is not None, SETTLE, "no failure")
    counts = demo.load.await_counts(lambda seen: _gone(seen, version), SETTLE, f"the end of the traffic at {version}")
    first, last = counts.first_failure(version), counts.last_response(version)
    seconds = round(last - first, 2) if first is not None and last is not None else None
    time.sleep(DOWN)
    demo.receiver.start()
    _until(lambda: bool(_raised(demo, known)), "the escalation", TOLD_WITHIN)
    time.sleep(QUIET)  # for a second call, should there be one
    ids = _raised(demo, known)
    done = Breach(
        seconds, len(counts.failures) - before, len(set(ids)), tuple(sorted(set(ids))), len(ids), demo.healthy
    )
    demo.narrator.say(
        f"{version}: back {seconds} s after the first failure, {done.client_failures} failed requests, "
        f"{done.escalations_received} escalation(s) in {done.calls} call(s)"
    )
    demo.check(seconds is not None and seconds <= MOST_SECONDS, f"{version}: safe after {seconds} s")
    demo.check(done.escalations_received == 1, f"{version}: escalations {ids}")
    _settle(demo, version)
    return done


def _raised(demo: Watched, known: int) -> list[str]:
    """The ids of the calls since then that raise an escalation, and do not close an earlier one."""
    return [one for one in demo.receiver.received()[known:] if not one.endswith(CLOSED)]


def _settle(demo: Watched, version: str) -> None:
    """`slipway rollback` brings the configuration to what serves, and moves no traffic."""
    seen = demo.status()
    demo.check(seen["serving"]["version"] == demo.current, f"{version}: {seen['serving']['version']} serves")
    attempt = seen["attempt"] or {}
    demo.check(attempt.get("by") == "watch", f"{version}: the journal says {attempt.get('by')}")
    result = demo.stage.slipway("rollback", SERVICE, "--stack", demo.stage.stack, "--yes")
    demo.narrator.quote(result.output, (f"{SERVICE}:",))
    demo.check(result.code == 0, f"{version}: slipway rollback ended with {result.code}", result)
    after = demo.status()
    demo.check(after["attempt"] == attempt, f"{version}: the rollback was a rollout")


def kill_the_watcher(demo: Watched) -> None:
    """`kill -9` of its process, then its pod is deleted."""
    namespace, environment = demo.stage.namespace, demo.stage.environment
    found = running_pod(namespace, WATCHES, environment)
    demo.check(found is not None and kill_process(found[1]), "there was no process of a watcher to kill")
    demo.narrator.say("kill -9 of the watcher")
    time.sleep(QUIET)
    name = found[0] if found is not None else ""
    command = ["kubectl", "--namespace", namespace, "delete", "pod", name, "--wait=false"]
    subprocess.run(command, env=environment, capture_output=True, check=False)
    demo.narrator.say(f"kubectl delete pod {name}")


def runner_lost(demo: Watched, version: str, log: Path) -> None:
    """The host of `pulumi up` is lost at 25%; the rollout in the Job goes on."""
    before = len(demo.load.snapshot().failures)
    demo.declare(version, SLOW)
    process_of_up = demo.stage.start_up(log)
    demo.load.await_counts(lambda seen: seen.count(version) > 100, SETTLE, f"traffic at {version}")
    pod = running_pod(demo.stage.namespace, RUNS, demo.stage.environment)
    process.end(Checkout(Path(demo.stage.environment[VARIABLE])).pids())
    process_of_up.wait(SETTLE)
    demo.narrator.say("kill -9 of CLI, language host and providers at 25%")
    demo.stage.run("cancel", "--yes")
    _until(lambda: (demo.status()["attempt"] or {}).get("outcome") not in (None, "running"), "the end of the rollout")
    _until(lambda: not demo.status()["leaving"], "the old version out of the route")
    outcome = str(demo.status()["attempt"]["outcome"])
    result = demo.stage.up()
    preview = demo.stage.preview("--expect-no-changes")
    failures = len(demo.load.snapshot().failures) - before
    demo.summary.runner_lost = RunnerLost(outcome, failures, preview.code != 0)
    demo.narrator.say(f"{version}: {outcome}, {failures} failed requests; the next up ended with {result.code}")
    demo.check(pod is not None, "no pod ran the rollout")
    demo.check(outcome == "committed" and failures == 0, f"{version}: {outcome}, {failures} failed requests")
    demo.check(result.code == 0 and preview.code == 0, "the next up, or the preview after it", result)


def _gone(seen: Counts, version: str) -> bool:
    last = seen.last_response(version)
    return last is not None and bool(seen.intervals) and seen.intervals[-1].end - last > QUIET


def _until(condition: Callable[[], bool], what: str, within: float = SETTLE) -> None:
    deadline = time.monotonic() + within
    while not condition():
        if time.monotonic() > deadline:
            raise SandboxError("demo", f"waited {within:g} s in vain: {what}", "see the output above")
        time.sleep(POLL)

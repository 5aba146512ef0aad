"""The acts of the demo, in the order in which a team might live through them."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.demo.narrator import Narrator
from sandbox.demo.summary import Release, Rollback, Summary, steps_of
from sandbox.errors import SandboxError
from sandbox.sample.load import Load
from sandbox.sample.records import Counts
from sandbox.stage import manifests
from sandbox.stage.project import Result, Stage, kill

SERVICE = "checkout"
KILL_AT = 25.0
AWAIT = 60.0


@dataclass(slots=True)
class Demo:
    """Everything an act needs. `images` maps version names of the sample to pinned images; `common` are sections of
    every manifest that differ from the usual ones. With `unnamed_failures` what a client gets for a failure does not
    say which version failed."""

    stage: Stage
    images: Mapping[str, str]
    narrator: Narrator
    summary: Summary
    load: Load | None = None
    standby: str | None = None
    current: str | None = None
    common: Mapping[str, Any] = field(default_factory=dict)
    service: str = SERVICE
    unnamed_failures: bool = False

    def quote(self, output: str) -> None:
        """What a command said of the service."""
        self.narrator.quote(output, (f"{self.service}:", f"error: {self.service}"))

    def manifest(self, version: str, strategy: Mapping[str, Any], **changes: Any) -> str:  # noqa: ANN401
        """Write the manifest of one version of the sample; returns its path."""
        values = manifests.manifest(self.service, version, self.images[version], strategy, **{**self.common, **changes})
        return manifests.write(self.stage.folder, values)

    def release(self, version: str, strategy: Mapping[str, Any], expect: str, **changes: Any) -> Release:  # noqa: ANN401
        """Release one version by `pulumi up`, and note how it ended."""
        path = self.manifest(version, strategy, **changes)
        self.stage.configure(self.service, path, self.standby)
        before, began = self.counts(), time.monotonic()
        result = self.stage.up()
        seconds = time.monotonic() - began
        attempt = self.attempt()
        outcome = {"committed": "completed"}.get(str(attempt.get("outcome")), str(attempt.get("outcome")))
        done = self.note(version, str(strategy["kind"]), outcome, seconds, before, attempt)
        self.quote(result.output)
        self.narrator.release(done)
        self.expect(done, expect, result)
        if outcome == "completed":
            self.current = path
        elif self.current is not None:
            self.stage.configure(self.service, self.current, self.standby)
        return done

    def note(
        self, version: str, strategy: str, outcome: str, seconds: float, before: Counts, attempt: Mapping[str, Any]
    ) -> Release:
        """The record of one act, added to the summary."""
        after = self.counts()
        done = Release(
            version=version,
            revision=str(attempt.get("candidate", {}).get("revision", "")),
            strategy=strategy,
            outcome=outcome,
            seconds=round(seconds, 2),
            steps=steps_of(attempt),
            client_requests=after.sent - before.sent,
            client_failures=len(after.failures) - len(before.failures),
            seconds_fault_to_safe=self._fault_to_safe(version, after),
        )
        self.summary.releases.append(done)
        return done

    def expect(self, done: Release, outcome: str, result: Result) -> None:
        """Note what did not go as this act should."""
        if done.outcome != outcome or (result.code == 0) != (outcome == "completed"):
            problem = f"{done.version}: {done.outcome} with exit code {result.code}, not {outcome}"
            self.summary.problems.append(problem)
            self.narrator.quote(result.output, ("",))
        if done.client_failures and outcome == "completed":
            self.summary.problems.append(f"{done.version}: {done.client_failures} failed client requests")

    def counts(self) -> Counts:
        """What the client has counted by now."""
        return self.load.snapshot() if self.load is not None else Counts()

    def attempt(self) -> Mapping[str, Any]:
        """The journal's record of the last rollout."""
        result = self.stage.slipway("status", self.service, "--stack", self.stage.stack, "--json")
        if result.code != 0:
            raise SandboxError("slipway status", "it failed", "see its output", result.output.splitlines())
        found: Any = json.loads(result.output)
        one = found["services"][0] if "services" in found else found
        attempt: Mapping[str, Any] = one.get("attempt") or {}
        return attempt

    def _fault_to_safe(self, version: str, counts: Counts) -> float | None:
        first, last = counts.fault_of(version, named=not self.unnamed_failures)
        return round(last - first, 2) if first is not None and last is not None else None


def kill_in_the_middle(demo: Demo, version: str) -> None:
    """`kill -9` of the CLI in the middle of a canary: the traffic is whole again by itself, then the next `up`."""
    path = demo.manifest(version, manifests.CANARY)
    demo.stage.configure(demo.service, path, demo.standby)
    assert demo.load is not None  # noqa: S101 - the load runs since the first act
    before, began = demo.counts(), time.monotonic()
    process = demo.stage.start_up(demo.stage.folder / "killed.log")
    demo.load.await_counts(lambda seen: seen.count(version) > 50, AWAIT, f"traffic at {version}")
    kill(process)
    killed = time.monotonic()
    demo.narrator.say(f"kill -9 of the pulumi process, {killed - began:.1f}s after it began")
    counts = _quiet(demo, version)
    last = counts.last_response(version) or killed
    demo.summary.recovered_after_kill_seconds = round(max(0.0, last - killed), 2)
    demo.narrator.say(f"all traffic is back {demo.summary.recovered_after_kill_seconds:.1f}s after the kill")
    done = demo.note(version, "canary", "interrupted", killed - began, before, demo.attempt())
    demo.narrator.release(done)
    if done.client_failures:
        demo.summary.problems.append(f"the kill cost {done.client_failures} client requests")
    _clean_up(demo)


def _quiet(demo: Demo, version: str) -> Counts:
    """Wait until two seconds of responses hold none of this version."""
    assert demo.load is not None  # noqa: S101 - see above

    def silent(seen: Counts) -> bool:
        last = seen.last_response(version)
        return last is not None and bool(seen.intervals) and seen.intervals[-1].end - last > 2.0

    return demo.load.await_counts(silent, AWAIT, f"the end of the traffic at {version}")


def _clean_up(demo: Demo) -> None:
    """What a user does after a crash: clear the lock, and run `up` with the manifest that serves."""
    assert demo.current is not None  # noqa: S101 - something serves
    recovered = demo.stage.slipway("recover", "--stack", demo.stage.stack, "--yes")
    demo.stage.configure(demo.service, demo.current, demo.standby)
    result = demo.stage.up()
    demo.narrator.say("slipway recover, and pulumi up with the version that serves: the candidate is removed")
    if recovered.code != 0 or result.code != 0:
        demo.summary.problems.append(f"after the kill: recover {recovered.code}, up {result.code}")
        demo.narrator.quote(recovered.output + result.output, ("",))


def roll_back(demo: Demo, from_version: str, to: str) -> None:
    """`slipway rollback` to the warm standby."""
    before, began = demo.counts(), time.monotonic()
    result = demo.stage.slipway("rollback", demo.service, "--stack", demo.stage.stack, "--yes")
    seconds = time.monotonic() - began
    failures = len(demo.counts().failures) - len(before.failures)
    demo.summary.rollback = Rollback(from_version, to, round(seconds, 2), failures)
    demo.quote(result.output)
    demo.narrator.say(f"rolled back from {from_version} to {to} in {seconds:.1f}s, {failures} failed requests")
    serving = str(demo.attempt().get("candidate", {}).get("version"))
    if result.code != 0 or failures or serving != to:
        demo.summary.problems.append(f"rollback: exit code {result.code}, {failures} failures, {serving} serves")
        demo.narrator.quote(result.output, ("",))

"""The order of the acts: a live service is adopted, released, rolled back and given back under load."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from sandbox.demo.adopt.objects import NAME, PART, objects
from sandbox.demo.adopt.summary import Act, AdoptSummary
from sandbox.demo.narrator import Narrator
from sandbox.errors import SandboxError
from sandbox.sample.binaries import binaries
from sandbox.sample.images import VERSIONS, publish
from sandbox.sample.load import Load, LoadOptions
from sandbox.stage import manifests
from sandbox.stage.project import Result, Stage

RATE = 300.0
LONGEST = 900.0
HOSTNAME = "adopted.example"
AWAIT = 60.0
SEEN, NEAR = 2000, 5.0
"""Requests to count a share from, and the percentage points that it may differ by: seven standard deviations."""
BEFORE = 200
"""Requests that are answered before the first act."""
Json = dict[str, Any]


@dataclass(slots=True)
class Adoption:
    """Everything an act needs."""

    stage: Stage
    images: Mapping[str, str]
    narrator: Narrator
    summary: AdoptSummary
    load: Load

    def act(self, name: str, do: Callable[[], Result]) -> None:
        """Play one act and note what it cost."""
        before, began = self.load.snapshot(), time.monotonic()
        result = do()
        self.narrator.quote(result.output, (f"{NAME}:", "error:", "["))
        after, seconds = self.load.snapshot(), round(time.monotonic() - began, 2)
        failures = len(after.failures) - len(before.failures)
        done = Act(name, seconds, after.sent - before.sent, failures)
        self.summary.acts.append(done)
        self.narrator.say(f"{name} in {seconds:.1f}s: {done.client_requests:,} requests, {failures} failed")
        self.check(result.code == 0, f"{name}: exit code {result.code}: {result.output[-1500:]}")

    def check(self, fine: bool, problem: str) -> None:
        """Note what did not go as it should."""
        if not fine:
            self.summary.problems.append(problem)

    def get(self, kind: str) -> Json:
        """A live object of the service."""
        return dict(json.loads(self.kubectl("get", kind, NAME, "--output", "json")))

    def kubectl(self, *arguments: str, given: str | None = None) -> str:
        """In the namespace of the service. Raises SandboxError."""
        return kubectl(self.stage, *arguments, given=given)


def play(variables: Mapping[str, str], out: Path, narrator: Narrator, summary: AdoptSummary, *, keep: bool) -> None:
    """Play every act. Raises SandboxError when something of the sandbox fails."""
    folder = out / "adopt"
    shutil.rmtree(folder, ignore_errors=True)
    images = publish(variables["SLIPWAY_REGISTRY"], binaries().sample, {name: VERSIONS[name] for name in ("v1", "v2")})
    stage = Stage(folder / "project", "adopt", "slipway-adopted", variables)
    stage.create()
    try:
        narrator.act("What is there", "A Deployment, a Service and a route that Slipway has never seen.")
        made = [json.dumps(one) for one in objects(stage.namespace, images["v1"], HOSTNAME)]
        for one in made:
            kubectl(stage, "create", "--filename", "-", given=one)
        kubectl(stage, "rollout", "status", f"deployment/{NAME}", f"--timeout={AWAIT:g}s")
        options = LoadOptions(duration=LONGEST, netns=Path(variables["SLIPWAY_NETNS"]))
        _await_route(stage)
        with Load(variables["SLIPWAY_GATEWAY_LOOPBACK_URL"], HOSTNAME, RATE, folder / "load.jsonl", options) as load:
            load.await_counts(lambda seen: seen.count("v1") > BEFORE, AWAIT, "traffic at v1")
            _under_traffic(Adoption(stage, images, narrator, summary, load))
    finally:
        if not keep:
            stage.destroy()


def _under_traffic(demo: Adoption) -> None:
    tell, stage = demo.narrator.act, demo.stage
    route, pods = demo.get("httproute"), demo.get("deployment")
    tell("slipway adopt, and the first pulumi up", "The route is taken over as it is; no weight changes.")
    demo.act("adopted", lambda: _adopt(demo))
    tell("v2: an ordinary canary", "Against the Deployment that was there before.")
    demo.act("released", lambda: _release(demo))
    demo.check(demo.load.snapshot().last_response("v2") is not None, "v2 never had traffic")
    _others_keep_their_part(demo)
    tell("slipway rollback", "Back to the Deployment that was there before.")
    demo.act("rolled-back", lambda: stage.slipway("rollback", NAME, "--stack", stage.stack, "--yes"))
    tell("slipway release-route", "The route is written as it was.")
    demo.act("given-back", lambda: stage.slipway("release-route", NAME, "--stack", stage.stack))
    after = demo.get("httproute")
    demo.check(after["spec"] == route["spec"], f"the route is not as it was: {after['spec']}")
    demo.check(after["metadata"]["uid"] == route["metadata"]["uid"], "the route was deleted and made anew")
    demo.check(after["metadata"].get("labels") == route["metadata"].get("labels"), "the route has other labels")
    left = demo.get("deployment")
    demo.check(left["metadata"]["generation"] == pods["metadata"]["generation"], "the Deployment was changed")


def _adopt(demo: Adoption) -> Result:
    owner = ("--team", "demo", "--oncall", "https://oncall.example/demo", "--runbook", "docs/runbooks/checkout.md")
    told = demo.stage.slipway("adopt", NAME, "--stack", demo.stage.stack, *owner)
    if told.code != 0:
        return told
    demo.stage.configure(NAME, f"releases/{NAME}/adopted.yaml")
    plan = demo.stage.preview()
    demo.check("no weight changes" in plan.output, f"the plan does not say so: {plan.output[-1500:]}")
    return demo.stage.up()


def _release(demo: Adoption) -> Result:
    adopted = yaml.safe_load((demo.stage.folder / "releases" / NAME / "adopted.yaml").read_text())
    changed = {"route": adopted["route"]}
    values = manifests.manifest(NAME, "v2", demo.images["v2"], manifests.CANARY, **changed)
    demo.stage.configure(NAME, manifests.write(demo.stage.folder, values))
    return demo.stage.up()


def _others_keep_their_part(demo: Adoption) -> None:
    """Now v2 has all that is the service's, and the pods of v1 answer for the other backend alone."""
    before = demo.load.snapshot()
    after = demo.load.await_counts(lambda seen: seen.sent - before.sent > SEEN, AWAIT, "answers while v2 serves")
    part = 100 * (after.count("v1") - before.count("v1")) / (after.sent - before.sent)
    demo.check(abs(part - PART) < NEAR, f"the other backend has {part:.1f}% of the requests, not {PART}%")


def _await_route(stage: Stage) -> None:
    """Until the gateway has accepted the route."""
    condition = "--for=jsonpath={.status.parents[0].conditions[0].status}=True"
    kubectl(stage, "wait", f"httproute/{NAME}", condition, f"--timeout={AWAIT:g}s")


def kubectl(stage: Stage, *arguments: str, given: str | None = None) -> str:
    """In the stage's namespace. Raises SandboxError."""
    command = ["kubectl", "--namespace", stage.namespace, *arguments]
    done = subprocess.run(command, env=stage.environment, input=given, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SandboxError(f"kubectl {arguments[0]}", "it failed", "see its output", done.stderr.splitlines())
    return done.stdout

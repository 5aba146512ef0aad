"""The story on ECS: the releases under constant traffic, then on Lambda. Beside them two stacks, one
after the other, that CloudWatch watches over."""

from __future__ import annotations

import secrets
import shutil
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sandbox.demo import acts
from sandbox.demo.aws import acts as on_aws
from sandbox.demo.aws import functions
from sandbox.demo.aws.faulty import ROUTE, FaultyRelease, load_on
from sandbox.demo.aws.slowness import slowness
from sandbox.demo.aws.summary import SAFE_ON_PROMETHEUS, AwsSummary
from sandbox.demo.narrator import Narrator
from sandbox.demo.summary import Summary
from sandbox.sample.binaries import binaries
from sandbox.sample.images import VERSIONS, Faults, publish
from sandbox.stage import manifests
from sandbox.stage.ecs import EcsStage, ground

RATE = 300.0
PROPAGATION = 0.5
"""Seconds from a change of a rule to its effect."""
PLAYED = {**{name: VERSIONS[name] for name in ("v1", "v2", "v3", on_aws.FAULT, "crash-loop")}, "v5": Faults()}


def play(variables: Mapping[str, str], out: Path, narrator: Narrator, summary: AwsSummary, *, keep: bool) -> None:
    """Play every act. Raises SandboxError when something of the sandbox fails."""
    folder, mark = out / "aws", secrets.token_hex(2)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    images = publish(variables["SLIPWAY_REGISTRY"], binaries().sample, PLAYED)
    began = time.monotonic()
    with slowness(variables, propagation=PROPAGATION, lateness=on_aws.LATENESS), ThreadPoolExecutor(1) as beside:
        minutes = beside.submit(on_aws.fault_on_cloudwatch, folder, images, variables, f"minutes-{mark}")
        of_function = beside.submit(functions.fault_on_cloudwatch, folder, images, variables, f"late-{mark}")
        with ground(f"demo-{mark}", variables) as found:
            stage = EcsStage(folder / "project", "aws", acts.SERVICE, found, variables)
            stage.create()
            try:
                demo = acts.Demo(stage, images, narrator, summary, common={"route": dict(ROUTE)})
                _on_prometheus(demo, stage, summary, folder, variables)
            finally:
                if not keep:
                    stage.destroy()
        _on_lambda(demo.narrator, summary, *functions.play(folder, images, variables, f"cart-{mark}", RATE))
        _on_cloudwatch(demo, summary, minutes.result(), of_function.result())
    summary.seconds = round(time.monotonic() - began, 2)


def _on_prometheus(
    demo: acts.Demo, stage: EcsStage, summary: AwsSummary, folder: Path, variables: Mapping[str, str]
) -> None:
    tell = demo.narrator.act
    tell("v1: the first release on ECS", "Target group, rule, task definition and service; readiness decides.")
    demo.release("v1", manifests.CANARY, "completed")
    with load_on(stage, folder / "load.jsonl", RATE) as load:
        demo.load = load
        tell("v2: a canary", f"5, 25, 50, 100 percent by the listener rule, under {RATE:g} requests a second.")
        demo.release("v2", manifests.CANARY, "completed")
        tell("A version that fails 5% of its requests", "The same canary; only the analysis watches.")
        demo.release(on_aws.FAULT, manifests.CANARY, "aborted")
        on_aws.check_fault(demo, summary, SAFE_ON_PROMETHEUS)
        tell("A version whose tasks end", "The circuit breaker gives it up; it gets no traffic.")
        demo.release("crash-loop", manifests.CANARY, "aborted")
        tell("v3: blue-green, with v2 kept warm", "Smoke checks on a preview rule, then one switch.")
        demo.standby = demo.current
        demo.release("v3", manifests.BLUE_GREEN, "completed")
        tell("kill -9 in the middle of a canary", "The watchdog puts the traffic back; the next up cleans up.")
        acts.kill_in_the_middle(demo, "v5")
        tell("Weights that another changed", "The preview shows them, the next up puts them back.")
        on_aws.drift(demo, summary, stage, variables)
        tell("slipway rollback", "Back to v2, which is still warm.")
        acts.roll_back(demo, "v3", "v2")


def _on_lambda(narrator: Narrator, summary: AwsSummary, found: Summary, told: str) -> None:
    narrator.repeat(told)
    summary.functions = found
    summary.problems += [f"on Lambda: {problem}" for problem in found.problems]


def _on_cloudwatch(
    demo: acts.Demo,
    summary: AwsSummary,
    balanced: tuple[FaultyRelease, str],
    of_function: tuple[FaultyRelease, str],
) -> None:
    why = f"Minutes that come {on_aws.LATENESS:g} s late, on a stack beside, under {on_aws.MINUTES_RATE:g} a second."
    summary.cloudwatch, summary.functions_cloudwatch = balanced[0], of_function[0]
    for where, found in (("on ECS", balanced), ("on Lambda", of_function)):
        demo.narrator.act(f"The same fault {where}, judged by CloudWatch", why)
        on_aws.check_on_cloudwatch(demo, summary, where, *found)

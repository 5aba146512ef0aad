"""What is done on AWS alone: weights that another changed, and a fault that CloudWatch tells of."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sandbox.demo.acts import SERVICE, Demo
from sandbox.demo.aws.faulty import FaultyRelease, Source, faulty_release, serving
from sandbox.demo.aws.summary import SAFE_ON_CLOUDWATCH, AwsSummary, Drift
from sandbox.demo.summary import Summary
from sandbox.errors import SandboxError
from sandbox.stage.ecs import PRIORITY, Aws, EcsStage

LATENESS, TRUSTED = 45.0, 60.0
"""Seconds after its end, when CloudWatch has a minute, and when the rollout trusts it to be whole."""
CLOUDWATCH = Source("cloudwatch", {"kind": "cloudwatch", "lateness": f"{TRUSTED:g}s"}, LATENESS)
MINUTES_RATE = 100.0
FAULT = "errors-5"
DRIFTED = (700, 300)
"""Weights of the version that serves and of its standby, as another sets them."""


def drift(demo: Demo, summary: AwsSummary, stage: EcsStage, variables: Mapping[str, str]) -> None:
    """Weights that another changed are shown by the next preview and put back by the next `up`."""
    before = demo.counts()
    _change_the_weights(stage, variables)
    demo.narrator.say("another gives 30% of the traffic to the standby, past Slipway")
    shown = stage.preview("--expect-no-changes")
    began = time.monotonic()
    result = stage.up()
    seconds, after = time.monotonic() - began, demo.counts()
    weights = dict(stage.outputs()["services"][SERVICE]["weights"])
    summary.drift = Drift(
        shown=shown.code != 0,
        seconds=round(seconds, 2),
        weights=weights,
        client_requests=after.sent - before.sent,
        client_failures=len(after.failures) - len(before.failures),
    )
    demo.narrator.say(f"the preview shows it: {summary.drift.shown}; repaired by pulumi up in {seconds:.1f}s")
    live = _live_weights(stage, variables)
    if result.code != 0 or not summary.drift.shown or summary.drift.client_failures or len(live) != 1:
        summary.problems.append(f"drift: exit code {result.code}, {live} in the rule, {summary.drift}")
        demo.narrator.quote(shown.output + result.output, ("",))


def _rule(stage: EcsStage, variables: Mapping[str, str]) -> dict[str, Any]:
    rules = Aws(variables).elb.describe_rules(ListenerArn=stage.ground.listener)["Rules"]
    return next(dict(one) for one in rules if one["Priority"] == str(PRIORITY))


def _live_weights(stage: EcsStage, variables: Mapping[str, str]) -> list[int]:
    """Of the target groups that get anything."""
    groups = _rule(stage, variables)["Actions"][0]["ForwardConfig"]["TargetGroups"]
    return [one["Weight"] for one in groups if one["Weight"]]


def _change_the_weights(stage: EcsStage, variables: Mapping[str, str]) -> None:
    """By the API, as a person at the console does it."""
    elb, rule = Aws(variables).elb, _rule(stage, variables)
    serves = rule["Actions"][0]["ForwardConfig"]["TargetGroups"]
    mine = max(serves, key=lambda one: one["Weight"])["TargetGroupArn"]
    all_rules = elb.describe_rules(ListenerArn=stage.ground.listener)["Rules"]
    named = [action.get("TargetGroupArn") for one in all_rules for action in one["Actions"]]
    standby = next(arn for arn in named if arn not in (None, mine))
    pairs = [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in zip((mine, standby), DRIFTED, strict=True)]
    actions = [{"Type": "forward", "ForwardConfig": {"TargetGroups": pairs}}]
    elb.modify_rule(RuleArn=rule["RuleArn"], Actions=actions)


def fault_on_cloudwatch(
    out: Path, images: Mapping[str, str], variables: Mapping[str, str], name: str
) -> tuple[FaultyRelease, str]:
    """On a stack of its own: a version that fails 5% of its requests, judged by minutes. With the output of the
    command."""
    with serving(name, out / "minutes", images["v1"], variables) as served:
        return faulty_release(served, FAULT, images[FAULT], CLOUDWATCH, out / "minutes.jsonl", MINUTES_RATE)


def check_on_cloudwatch(demo: Demo, summary: AwsSummary, where: str, done: FaultyRelease, output: str) -> None:
    """Tell what was measured, and note what did not go as it should."""
    safe = done.seconds_fault_to_safe
    demo.narrator.say(f"{done.outcome}, {safe} s from the first fault to safe, {done.client_failures} failed requests")
    if done.outcome != "aborted" or safe is None or safe > SAFE_ON_CLOUDWATCH:
        summary.problems.append(f"{where} by CloudWatch: {done.outcome}, safe after {safe} s")
        demo.narrator.quote(output, ("",))


def check_fault(demo: Demo, summary: Summary, longest: float) -> None:
    """The version that failed must have had no traffic after `longest` seconds."""
    done = next((one for one in summary.releases if one.version == FAULT), None)
    if done is None or done.seconds_fault_to_safe is None:
        raise SandboxError("demo", f"the client saw no failure of {FAULT}", "see the records of its load")
    if done.seconds_fault_to_safe > longest:
        summary.problems.append(f"{FAULT}: safe after {done.seconds_fault_to_safe} s, and not within {longest:g} s")
        demo.narrator.problem(summary.problems[-1])

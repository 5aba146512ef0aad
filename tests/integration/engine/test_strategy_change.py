"""Another strategy for the next release is an update of the Rollout: it never deletes a route or a running version."""

from __future__ import annotations

import itertools

from tests.integration.engine.conftest import Stack
from tests.manifests import STRATEGIES

COMPONENTS = {"canary": "Canary", "blue-green": "BlueGreen", "rolling": "Rolling"}
WALK = ("canary", "blue-green", "rolling", "canary", "rolling", "blue-green", "canary")
"""Every change of strategy once."""
WORKLOAD = {
    "slipway:index:VersionedWorkload",
    "kubernetes:apps/v1:Deployment",
    "kubernetes:core/v1:Service",
    "kubernetes:policy/v1:PodDisruptionBudget",
}


def image(number: int) -> str:
    return f"registry.example/checkout@sha256:{number:064x}"


def test_another_strategy_updates_the_rollout_in_place(stack: Stack) -> None:
    assert set(itertools.pairwise(WALK)) == set(itertools.permutations(STRATEGIES, 2))
    before = stack.release("0", strategy=STRATEGIES[WALK[0]], artifact__image=image(0))
    stack.serve(before)
    stack.up()
    route = _ids(stack)["slipway:index:Rollout"]
    for number, kind in enumerate(WALK[1:], start=1):
        after = stack.release(str(number), strategy=STRATEGIES[kind], artifact__image=image(number))
        stack.serve(after, standby=before)

        steps = stack.steps()

        change = f"{WALK[number - 1]} to {kind}"
        assert steps.pop("slipway:index:Rollout::checkout") == "update", change
        assert steps.pop("slipway:index:Release::checkout") == "update", change
        created = {name.split("::")[0] for name, op in steps.items() if op == "create"}
        assert created == WORKLOAD, f"{change}: the component, the standby and its objects stay as they are"
        gone = {name.split("::")[0] for name, op in steps.items() if op == "delete"}
        assert gone == (WORKLOAD if number > 1 else set()), f"{change}: the standby before goes, and nothing else"
        assert set(steps.values()) <= {"create", "delete"}, change
        stack.up()
        before = after
        assert f"slipway:index:{COMPONENTS[kind]}" in {resource["type"] for resource in stack.resources()}
    assert _ids(stack)["slipway:index:Rollout"] == route


def test_without_a_standby_the_old_version_is_deleted_after_the_rollout(stack: Stack) -> None:
    first = stack.release("1.0.0", strategy=STRATEGIES["canary"])
    second = stack.release("2.0.0", strategy=STRATEGIES["rolling"], artifact__image=image(2))
    stack.serve(first)
    stack.up()
    stack.serve(second)
    output = stack.pulumi("up", "--yes", "--skip-preview").stdout
    lines = output.splitlines()
    updated = next(index for index, line in enumerate(lines) if "slipway:index:Rollout checkout updated" in line)
    deleting = [index for index, line in enumerate(lines) if " deleting " in line or " deleted " in line]
    assert deleting, "the old version goes"
    assert min(deleting) > updated


def test_the_same_workload_under_another_strategy_keeps_its_objects(stack: Stack) -> None:
    first = stack.release("1.0.0", strategy=STRATEGIES["canary"])
    second = stack.release("1.0.1", strategy=STRATEGIES["blue-green"])
    stack.serve(first)
    stack.up()
    stack.serve(second)
    assert stack.steps() == {"slipway:index:Release::checkout": "update", "slipway:index:Rollout::checkout": "update"}


def test_an_unchanged_stack_previews_no_change(stack: Stack) -> None:
    stack.serve(stack.release("1.0.0"))
    stack.up()
    assert stack.steps() == {}


def _ids(stack: Stack) -> dict[str, str]:
    return {resource["type"]: resource["id"] for resource in stack.resources() if "id" in resource}

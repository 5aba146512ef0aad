"""Another strategy for the next release is an update of the Rollout: it never deletes a route or a running version."""

from __future__ import annotations

import itertools

import pytest

from tests.integration.engine.conftest import Stack
from tests.manifests import OTHER_DIGEST, STRATEGIES

COMPONENTS = {"canary": "Canary", "blue-green": "BlueGreen", "rolling": "Rolling"}
OTHER_IMAGE = f"registry.example/checkout@{OTHER_DIGEST}"


@pytest.mark.parametrize(("before", "after"), list(itertools.permutations(STRATEGIES, 2)))
def test_another_strategy_updates_the_rollout_in_place(stack: Stack, before: str, after: str) -> None:
    first = stack.release("1.0.0", strategy=STRATEGIES[before])
    second = stack.release("2.0.0", strategy=STRATEGIES[after], artifact__image=OTHER_IMAGE)
    stack.serve(first)
    stack.up()
    route = _ids(stack)["slipway:index:Rollout"]

    stack.serve(second, standby=first)
    steps = stack.steps()

    assert steps["slipway:index:Rollout::checkout"] == "update"
    created = {name for name, op in steps.items() if op == "create"}
    assert {name.split("::")[0] for name in created} == {
        "slipway:index:VersionedWorkload",
        "kubernetes:apps/v1:Deployment",
        "kubernetes:core/v1:Service",
        "kubernetes:policy/v1:PodDisruptionBudget",
    }
    assert set(steps.values()) == {"create", "update"}, "the component, the standby and its objects stay as they are"

    stack.up()
    assert f"slipway:index:{COMPONENTS[after]}" in {resource["type"] for resource in stack.resources()}
    assert _ids(stack)["slipway:index:Rollout"] == route


def test_without_a_standby_the_old_version_is_deleted_after_the_rollout(stack: Stack) -> None:
    first = stack.release("1.0.0", strategy=STRATEGIES["canary"])
    second = stack.release("2.0.0", strategy=STRATEGIES["rolling"], artifact__image=OTHER_IMAGE)
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
    assert stack.steps() == {"slipway:index:Rollout::checkout": "update"}


def test_an_unchanged_stack_previews_no_change(stack: Stack) -> None:
    stack.serve(stack.release("1.0.0"))
    stack.up()
    assert stack.steps() == {}


def _ids(stack: Stack) -> dict[str, str]:
    return {resource["type"]: resource["id"] for resource in stack.resources() if "id" in resource}

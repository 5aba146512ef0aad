"""The digest of what pods are told to run."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from lightkube.resources.apps_v1 import Deployment

from slipway.rollout.platforms.kubernetes.template import template_digest

FOUND: dict[str, Any] = {
    "metadata": {"name": "shop"},
    "spec": {
        "replicas": 3,
        "selector": {"matchLabels": {"app": "shop"}},
        "template": {
            "metadata": {"labels": {"app": "shop"}},
            "spec": {
                "initContainers": [{"name": "wait", "image": "wait:1"}],
                "containers": [
                    {"name": "shop", "image": "shop:1", "env": [{"name": "MODE", "value": "slow"}]},
                    {"name": "proxy", "image": "proxy:1"},
                ],
                "volumes": [{"name": "rules", "configMap": {"name": "rules-1"}}],
            },
        },
    },
}


def _digest(*place: str | int, value: object = None) -> str | None:
    changed = copy.deepcopy(FOUND)
    if place:
        at: Any = changed
        for key in place[:-1]:
            at = at[key]
        at[place[-1]] = value
    found = Deployment.from_dict(changed)
    assert isinstance(found, Deployment)
    return template_digest(found)


POD = ("spec", "template", "spec")


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ((*POD, "containers", 0, "image"), "shop:2"),
        ((*POD, "containers", 0, "env"), [{"name": "MODE", "value": "fast"}]),
        ((*POD, "containers", 1, "image"), "proxy:2"),
        ((*POD, "initContainers", 0, "command"), ["true"]),
        ((*POD, "volumes"), [{"name": "rules", "configMap": {"name": "rules-2"}}]),
        ((*POD, "serviceAccountName"), "other"),
    ],
)
def test_what_the_pods_run_changes_it(place: tuple[str | int, ...], value: object) -> None:
    assert _digest(*place, value=value) not in (None, _digest())


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("spec", "replicas"), 9),
        (("metadata", "annotations"), {"deployment.kubernetes.io/revision": "7"}),
        (("spec", "template", "metadata", "annotations"), {"kubectl.kubernetes.io/restartedAt": "now"}),
        ((*POD, "terminationGracePeriodSeconds"), 30),
    ],
)
def test_scale_a_restart_and_defaults_of_the_api_server_do_not(place: tuple[str | int, ...], value: object) -> None:
    assert _digest(*place, value=value) == _digest()

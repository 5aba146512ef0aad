"""The commands on real releases: the fixtures of the releases, and the commands' JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.releases.conftest import StartLoad, images, load, service, variables
from tests.integration.releases.service import Service

__all__ = ["StartLoad", "images", "load", "service", "variables"]

FAST = {"kind": "canary", "steps": [{"weight": 100, "bake": "1s"}]}
"""One step, so that a release that is not what a test is about takes seconds."""
SLOW = {"kind": "canary", "steps": [{"weight": 50, "bake": "60s"}, {"weight": 100, "bake": "1s"}]}
"""Waits at half of the traffic for an operator."""
Slipway = Callable[..., dict[str, Any]]


@pytest.fixture
def slipway(service: Service) -> Slipway:
    """`slipway("rollback", "checkout", "--yes")`: the command's JSON on the test's stack; its exit code is checked."""

    def run(*arguments: str, code: int = 0) -> dict[str, Any]:
        result = service.stage.slipway(*arguments, "--stack", "test", "--json")
        assert result.code == code, result.output
        lines = result.output.splitlines()
        return dict(json.loads("\n".join(lines[lines.index("{") : lines.index("}") + 1])))

    return run

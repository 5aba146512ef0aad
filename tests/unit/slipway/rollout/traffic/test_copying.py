"""A mirror step that would take requests from another route is refused before anything moves."""

from __future__ import annotations

import pytest

from slipway.release.manifest.plan import Kind
from slipway.rollout.traffic.copying import copying_problem
from tests.unit.slipway.rollout.examples import wanted
from tests.unit.slipway.rollout.simulation import Simulation

MIRRORED = wanted(
    strategy={
        "kind": "canary",
        "steps": [{"mirror": "100%", "methods": ["GET", "HEAD"], "bake": "4s"}, {"weight": 100, "bake": "4s"}],
    }
)


def world(*narrower: str) -> Simulation:
    found = Simulation(MIRRORED)
    found.router.narrower = list(narrower)
    return found


def test_the_route_that_would_lose_requests_is_named() -> None:
    problem = copying_problem(world("partner").world, MIRRORED, "forward")
    assert problem is not None
    assert problem.startswith("the mirror step would take GET, HEAD from the route partner, ")
    assert copying_problem(world().world, MIRRORED, "forward") is None


@pytest.mark.parametrize("kind", ["first", "rollback"])
def test_what_copies_nothing_is_not_held_up(kind: Kind) -> None:
    assert copying_problem(world("partner").world, MIRRORED, kind) is None
    assert copying_problem(world("partner").world, wanted(), "forward") is None

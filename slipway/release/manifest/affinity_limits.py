"""What a release must be like so that its route can keep each client on one side (`route.affinity.cookie`)."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from slipway.release.manifest.document import Location
from slipway.release.manifest.plan import planned_steps
from slipway.release.manifest.route import Route
from slipway.release.manifest.strategy import Auto, Strategy

MOST_STEPS = 16
"""Backends that the Gateway API allows in one rule; every step takes one."""
MOST_MATCHES = 42
"""A third of the 127 matches that it allows in one route: every match is written three times."""
LEAST = 0.01
"""Percent: weights are written to that."""


def problems_of_keeping(route: Route, strategy: Strategy, replicas: int) -> Iterator[tuple[Location, str, str]]:
    """Place, message and remedy of each problem."""
    if route.affinity is None or route.affinity.cookie is None:
        return
    yield from _of_steps(strategy, replicas)
    if len(route.matches) > MOST_MATCHES:
        yield (
            ("route", "matches"),
            f"{len(route.matches)} matches are too many for route.affinity.cookie, which has room for {MOST_MATCHES}",
            "Match fewer paths, or leave out route.affinity",
        )
    for index, match in enumerate(route.matches):
        if any(header.name.lower() == "cookie" for header in match.headers):
            yield (
                ("route", "matches", index, "headers"),
                "a match of the Cookie header leaves route.affinity.cookie none to keep clients by",
                "Match another header, or leave out route.affinity",
            )


def _of_steps(strategy: Strategy, replicas: int) -> Iterator[tuple[Location, str, str]]:
    if isinstance(strategy, Auto):
        return  # Its steps are chosen by Slipway: few, and far apart.
    weights = [step.weight for step in planned_steps(strategy, replicas, "forward") if step.mirror is None]
    place: Location = ("strategy", "batch") if strategy.kind == "rolling" else ("strategy", "steps")
    if len(weights) > MOST_STEPS:
        remedy = "Write a larger batch" if strategy.kind == "rolling" else "Write fewer steps"
        yield place, f"{len(weights)} steps are too many for route.affinity.cookie ({MOST_STEPS} at most)", remedy
    if any(after - before < LEAST - 1e-9 for before, after in itertools.pairwise((0.0, *weights))):
        yield place, f"steps less than {LEAST}% apart cannot keep their clients", "Write steps that differ more"

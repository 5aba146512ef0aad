"""What a release must be like so that the requests of a mirror step can be copied and judged."""

from __future__ import annotations

from collections.abc import Iterator

from slipway.release.manifest.document import Location
from slipway.release.manifest.guardrails import Guardrail
from slipway.release.manifest.route import Route
from slipway.release.manifest.strategy import Canary, MirrorStep, Strategy

MOST_MATCHES = 64
"""Of one rule in the Gateway API; a match of the route is written once for each method that it lets through."""
AT: Location = ("strategy", "steps", 0)


def problems_of_mirror(
    strategy: Strategy, route: Route, guardrails: tuple[Guardrail, ...]
) -> Iterator[tuple[Location, str, str]]:
    """Place, message and remedy of each problem."""
    mirror = strategy.mirror if isinstance(strategy, Canary) else None
    if mirror is None:
        return
    if route.rules is None:
        yield from _of_matches(mirror, route)
    for index, guardrail in enumerate(guardrails):
        if guardrail.nature.counts == "clients":
            yield (
                ("guardrails", index),
                f"{guardrail.name} counts clients, and a mirror step has none of its own: it could never be left",
                "Leave the guardrail out, or the mirror step",
            )


def _of_matches(mirror: MirrorStep, route: Route) -> Iterator[tuple[Location, str, str]]:
    own = [match.method for match in route.matches if match.method is not None]
    if route.matches and len(own) == len(route.matches) and not set(own) & set(mirror.methods):
        found = ", ".join(sorted(set(own)))
        yield (*AT, "methods"), f"none is a method of the route, whose matches are of {found}", "Copy one of these"
    copied = mirror.methods
    written = sum(len(copied) if one.method is None else one.method in copied for one in route.matches)
    if written > MOST_MATCHES:
        message = f"{len(route.matches)} matches for {len(mirror.methods)} methods are more than the {MOST_MATCHES}"
        yield (*AT, "methods"), f"{message} of one rule", "Match fewer paths, or copy fewer methods"

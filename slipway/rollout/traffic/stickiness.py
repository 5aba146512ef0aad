"""Of which guardrails no error rate can be claimed, because clients stick to one side: for plan, status and report."""

from __future__ import annotations

from collections.abc import Sequence

from slipway.release.manifest.guardrails import Guardrail
from slipway.release.manifest.route import Route


def unclaimed(route: Route, guardrails: Sequence[Guardrail]) -> tuple[str, ...]:
    """Their names. An alert has no error rate in the first place.

    Requests of a client that sticks to one side are not independent, so only the first-failure test holds, and that
    one only where the route itself draws the clients: its exposure is the designed weight.
    """
    if route.affinity is None:
        return ()
    holds = ("nothing", "clients") if route.affinity.cookie else ("nothing",)
    return tuple(guardrail.name for guardrail in guardrails if guardrail.nature.counts not in holds)


def short(route: Route, guardrails: Sequence[Guardrail]) -> str:
    """For a status line; empty where everything is claimed."""
    names = unclaimed(route, guardrails)
    return f"no error rate claimed for {', '.join(names)}: clients stick to one side" if names else ""


def sentence(route: Route, guardrails: Sequence[Guardrail]) -> str:
    """The same with the remedy, for the plan."""
    names = unclaimed(route, guardrails)
    if not names or route.affinity is None:
        return ""
    how = "" if route.affinity.cookie else f" by means outside the route (header {route.affinity.header})"
    found = f"clients stick to one side{how}, so no error rate can be claimed for {', '.join(names)}"
    if route.affinity.cookie is None:
        return f"{found}; let the route keep them (route.affinity.cookie) and declare a client-failures guardrail"
    counted = any(guardrail.nature.counts == "clients" for guardrail in guardrails)
    return found if counted else f"{found}; declare a client-failures guardrail"

"""What a change of namespace, host name or service name does to those who call the service, in words. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from slipway.release.errors import InputError
from slipway.release.manifest.route import Route
from slipway.release.rollout_inputs import RolloutInputs
from slipway.release.target import KubernetesTarget, Target, recorded_target
from slipway.release.units import show_seconds
from slipway.rollout.routers.rivals import covers, overlap


def must_delete_first(old_inputs: Mapping[str, Any], wanted: RolloutInputs) -> bool:
    """Whether a Rollout that is replaced goes before the new one comes: the gateway refuses a second route with the
    same match, so only another cluster, or host names that are all different, allow the other order."""
    if _is_other_cluster(old_inputs, wanted):
        return False
    old = _hostnames(old_inputs)
    return not old or any(overlap(one, other) for one in old for other in wanted.route.hostnames)


def move_lines(old_inputs: Mapping[str, Any], wanted: RolloutInputs, replaces: Sequence[str]) -> Iterator[str]:
    """Warnings for the plan; none when no traffic is lost."""
    old = _hostnames(old_inputs)
    if replaces:
        before = ", ".join(_moves(old_inputs, wanted))
        if must_delete_first(old_inputs, wanted):
            gap = show_seconds(wanted.candidate.ready_within)
            yield (
                f"moved ({before}): the route is deleted before the new one is ready, no traffic for up to {gap}; "
                "with other host names in the new place there is no gap"
            )
            return
        yield f"moved ({before}): the new route is ready before the old one is deleted"
    lost = [host for host in old if not any(covers(new, host) for new in wanted.route.hostnames)]
    if lost:
        yield f"{', '.join(lost)}: no route any more from this update on, requests to it get 404"


def rival_line(route: Route, rivals: Iterable[str]) -> str | None:
    """A warning for a first release beside routes of other services with a host name and a match of its own."""
    named = ", ".join(sorted(rivals))
    if not named:
        return None
    return (
        f"a second route with the same match: {named} claims {', '.join(route.hostnames)} too, and the gateway refuses "
        "one of the two. A service is renamed without a gap only under another host name"
    )


def _moves(old_inputs: Mapping[str, Any], wanted: RolloutInputs) -> Iterator[str]:
    if (service := old_inputs.get("service")) != wanted.service:
        yield f"service {service} -> {wanted.service}"
    target = recorded_target(old_inputs)
    if not target.is_same_place(wanted.where):
        what = "namespace" if _are_of_one_cluster(target, wanted.where) else "target"
        yield f"{what} {target} -> {wanted.where}"


def _are_of_one_cluster(one: Target, other: Target) -> bool:
    return isinstance(one, KubernetesTarget) and one.has_gateway_of(other)


def _is_other_cluster(old_inputs: Mapping[str, Any], wanted: RolloutInputs) -> bool:
    try:
        return not recorded_target(old_inputs).has_gateway_of(wanted.where)
    except InputError:
        return False


def _hostnames(inputs: Mapping[str, Any]) -> list[str]:
    route = inputs.get("route")
    found = route.get("hostnames") if isinstance(route, Mapping) else None
    return [str(host) for host in found] if isinstance(found, list | tuple) else []

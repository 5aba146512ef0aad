"""An HTTPRoute of the Gateway API as plain JSON values: what is wanted, and what a live one says. Pure."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from slipway.release.errors import ClusterError
from slipway.release.manifest.plan import Mirrored
from slipway.release.manifest.route import Route
from slipway.release.manifest.strategy import Preview
from slipway.release.rollout_inputs import Backend
from slipway.release.units import percent_of
from slipway.rollout.routers import mirror as mirroring
from slipway.rollout.routers import ruled, sticky
from slipway.rollout.routers.base import ClientAssignment, Split
from slipway.rollout.routers.holding import holding_rule
from slipway.rollout.routers.parts import Json, matches, parent, reference, rule, weights
from slipway.rollout.routers.ruled import Users


def spec_of(route: Route, split: Split, *, hold_idle: bool = False) -> Json:
    """The spec of the service's route; with `hold_idle` a rule holds the backends at weight 0. ValueError for a split
    that is none."""
    if route.rules is not None:
        return _ruled_spec_of(route, split, hold_idle=hold_idle)
    users, draw = [reference(backend, weight) for backend, weight in weights(split)], split.sticky
    if draw is not None:
        users = sticky.references(split, draw)
    spec = _spec(route, split.preview, users, split.mirror)
    held = holding_rule(spec["rules"][-1]) if hold_idle else None
    return spec if held is None else {**spec, "rules": [held, *spec["rules"]]}


def _ruled_spec_of(route: Route, split: Split, *, hold_idle: bool) -> Json:
    if split.sticky is not None:
        raise ValueError("a route with several rules cannot draw clients by a cookie")
    rules = ruled.rules_of(route, weights(split), split.preview, split.mirror)
    users = Users.of(route)
    hold = ruled.held(rules, users) if hold_idle and users is not None else None
    return _with_rules(route, rules if hold is None else [hold, *rules])


def _with_rules(route: Route, rules: list[Json]) -> Json:
    return {"parentRefs": [parent(route)], "hostnames": list(route.hostnames), "rules": rules}


def wanted_hash(
    route: Route,
    preview: tuple[Backend, Preview] | None,
    draw: ClientAssignment | None = None,
    mirror: tuple[Backend, Mirrored] | None = None,
) -> str:
    """The `settings_hash_of` of what `spec_of` and `preview_spec_of` give, for any weights."""
    users = Users.of(route)
    if users is not None:
        rules = ruled.rules_of(route, None, preview, mirror)
        return settings_hash_of(_with_rules(route, rules), preview_spec_of(route, preview), users)
    return _hash(_spec(route, preview, [], mirror), preview_spec_of(route, preview), sticky.assignments(draw))


def preview_spec_of(route: Route, preview: tuple[Backend, Preview] | None) -> Json | None:
    """The spec of the second route, when the preview has a host name of its own: the API binds host names to a
    whole route, so that this cannot be a rule of the first one."""
    if preview is None or preview[1].host is None:
        return None
    if route.rules is not None:
        rules = ruled.previewed_rules(route, preview[0])
        return {"parentRefs": [parent(route)], "hostnames": [preview[1].host], "rules": rules}
    only = rule(matches(route), [reference(preview[0], 1)], route.timeout)
    return {"parentRefs": [parent(route)], "hostnames": [preview[1].host], "rules": [only]}


def shares_of(spec: Mapping[str, Any], users: Users | None = None) -> dict[str, float]:
    """Percent per Service name of the users' rule, or of their rules; 0 for those that stand in it without traffic. Of
    a sticky route these are the shares of clients, and of the next new client."""
    rules = spec.get("rules") or []
    if users is not None:
        return ruled.shares_of(rules, users)
    found: dict[str, float] = {}
    for backend in (rules[-1].get("backendRefs") or []) if rules else []:
        found[backend["name"]] = found.get(backend["name"], 0.0) + backend.get("weight", 1)
    total = sum(found.values())
    return {name: round(percent_of(weight, total), 4) if total else 0.0 for name, weight in found.items()}


def mirrored_of(spec: Mapping[str, Any], users: Users | None = None) -> dict[str, float]:
    """Percent of the requests, or of some of them, whose copies a Service gets, by its name."""
    if users is not None:
        return ruled.mirrored_of(spec.get("rules") or [], users)
    return mirroring.copies(spec.get("rules") or [])


def wanted_settings(route: Route, preview: tuple[Backend, Preview] | None = None) -> Json:
    """The `settings_of` of what `spec_of` gives, for any weights."""
    users = Users.of(route)
    if users is not None:
        return settings_of(_with_rules(route, ruled.rules_of(route, None, preview)), users)
    return settings_of(_spec(route, preview, []))


def settings_of(spec: Mapping[str, Any], users: Users | None = None) -> Json:
    """A route's spec without who gets the users' traffic and the rules that keep clients on a side."""
    if users is not None:
        return {**spec, "rules": ruled.normal(spec.get("rules") or [], users)}
    rest, _ = _without_keeping(spec)
    return _without_users(rest)


def settings_hash_of(spec: Mapping[str, Any], preview: Mapping[str, Any] | None, users: Users | None = None) -> str:
    """Hash of everything but who gets the users' traffic, and how much of it. The rules that keep clients on a side
    and the one that holds backends follow from the last one; where they do not, another writer changed them, and they
    count. `users` is what the route's annotation says of several rules."""
    if users is not None:
        return _digest([settings_of(spec, users), preview, str(users)])
    rest, issued = _without_keeping(spec)
    return _hash(rest, preview, issued)


def _without_keeping(spec: Mapping[str, Any]) -> tuple[Json, sticky.Issued]:
    rest = copy.deepcopy(dict(spec))
    rules = rest.get("rules") or []
    issued = sticky.issued(rules[-1]) if rules else []
    keeping = sticky.keeping_rules(rules[-1]) if issued else []
    if keeping and rules[-1 - len(keeping) : -1] == keeping:
        del rules[-1 - len(keeping) : -1]
    if rules and rules[0] == holding_rule(rules[-1]):
        del rules[0]
    return rest, issued


def _hash(rest: Json, preview: Mapping[str, Any] | None, issued: sticky.Issued) -> str:
    rest = _without_users(rest)
    return _digest([rest, preview, issued] if issued else [rest, preview])


def _digest(value: object) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _without_users(rest: Json) -> Json:
    """Without who gets the users' traffic, in the rule that copies it too, unless another writer made that differ."""
    rules = rest.get("rules") or []
    for users in rules[-1:]:
        backends = users.pop("backendRefs", None)
        for one in rules[:-1]:
            if mirroring.is_copying(one) and one.get("backendRefs") == backends:
                one.pop("backendRefs", None)
    return rest


_Entries = Sequence[Sequence[Mapping[str, Any]]]
"""For each controller of one gateway, the conditions that it has written."""


NEEDED = ("Accepted", "ResolvedRefs")
PROGRAMMED = "Programmed"
"""Of a controller that writes it, such as Kong's: its proxies have the route. Others do not know it for routes."""


def acceptance(live: Mapping[str, Any], *, any_generation: bool = False) -> str:
    """Empty when the gateway has accepted this generation with all references resolved, otherwise why not. With
    `any_generation` a condition without a generation counts: its controller never writes one."""
    namespace, generation = live["metadata"]["namespace"], live["metadata"].get("generation")
    problems = []
    for wanted, entries in _judgements(live):
        problem = _judged(entries, generation, any_generation=any_generation)
        if problem:
            gateway = f"{wanted.get('namespace') or namespace}/{wanted['name']}"
            problems.append(f"Gateway {gateway}: {problem}")
    return "; ".join(problems)


def is_behind(live: Mapping[str, Any]) -> bool:
    """Whether all that is missing is the judgement of gateways that judged an earlier generation."""
    generation = live["metadata"].get("generation")
    open_ = [entries for _, entries in _judgements(live) if _judged(entries, generation)]
    return bool(open_) and all(_only_behind(entries, generation) for entries in open_)


def _only_behind(entries: _Entries, generation: int | None) -> bool:
    seen = [condition.get("observedGeneration") for conditions in entries for condition in conditions]
    return bool(seen) and all(one is not None and generation is not None and one < generation for one in seen)


def _judgements(live: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], _Entries]]:
    """Each gateway that the route attaches to, with the conditions that its controllers have written."""
    namespace = live["metadata"]["namespace"]
    for wanted in live["spec"].get("parentRefs") or []:
        entries = [
            entry.get("conditions") or []
            for entry in (live.get("status") or {}).get("parents") or []
            if _key(entry.get("parentRef") or {}, namespace) == _key(wanted, namespace)
        ]
        yield wanted, entries


def _is_current(condition: Mapping[str, Any], generation: int | None, *, any_generation: bool) -> bool:
    seen = condition.get("observedGeneration")
    return seen == generation or (any_generation and seen is None)


def _programs(conditions: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a controller is one that says so of routes."""
    return any(condition["type"] == PROGRAMMED for condition in conditions)


def _judged(entries: _Entries, generation: int | None, *, any_generation: bool = False) -> str:
    current = [
        {c["type"]: c for c in conditions if _is_current(c, generation, any_generation=any_generation)}
        for conditions in entries
    ]
    for conditions in current:
        for name in (*NEEDED, PROGRAMMED):
            found = conditions.get(name)
            if found is not None and found.get("status") != "True":
                text = " ".join(str(found.get("message") or "no message").split())
                return f"{name} is {found.get('status')}: {found.get('reason')}: {text}"
    ready = (
        all(name in conditions for name in (*NEEDED, *([PROGRAMMED] if _programs(written) else [])))
        for conditions, written in zip(current, entries, strict=True)
    )
    if any(ready):
        return ""
    return (
        f"has not judged generation {generation} of the route yet; if it stays so, check that the Gateway exists, "
        "that its controller runs and that a listener admits this namespace"
    )


def _spec(
    route: Route,
    preview: tuple[Backend, Preview] | None,
    users: list[Json],
    mirror: tuple[Backend, Mirrored] | None = None,
) -> Json:
    """The preview by header comes first, then what keeps clients on a side or copies requests, and the users' rule
    last."""
    rules = []
    if preview is not None and preview[1].header is not None:
        rules.append(rule(matches(route, preview[1].header), [reference(preview[0], 1)], route.timeout))
    last = rule(matches(route), users, route.timeout)
    copying = [] if mirror is None else [mirroring.copying_rule(last, *mirror)]
    rules += [*sticky.keeping_rules(last), *copying, last]
    return {"parentRefs": [parent(route)], "hostnames": list(route.hostnames), "rules": rules}


def _key(gateway: Mapping[str, Any], namespace: str) -> tuple[Any, ...]:
    return (
        gateway.get("kind") or "Gateway",
        gateway.get("namespace") or namespace,
        gateway.get("name"),
        gateway.get("sectionName") or None,
        gateway.get("port"),
    )


def changed_by(found: Mapping[str, Any]) -> str:
    """The field manager of the newest change of the spec, as `metadata.managedFields` has it; empty where it is
    unknown. A manager owns what it set until another sets it to something else."""
    entries = found["metadata"].get("managedFields") or []
    ours = [entry for entry in entries if "f:spec" in (entry.get("fieldsV1") or {}) and not entry.get("subresource")]
    newest = max(ours, key=lambda entry: str(entry.get("time") or ""), default=None)
    return str(newest.get("manager") or "") if newest is not None else ""


def check_preview(preview: tuple[Backend, Preview] | None) -> None:
    """A preview that no request can reach is an error."""
    if preview is not None and preview[1].header is None and preview[1].host is None:
        raise ClusterError(f"the preview of {preview[0].entry} needs strategy.preview.header or strategy.preview.host")

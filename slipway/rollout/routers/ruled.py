"""A route with several rules (`route.rules`) as plain JSON values: in each rule that names the service, the versions
share its weight, and everything else stays the user's. Pure.

What a live route does not say by itself stands in an annotation: how many of its rules are the users', and which
backends in them are of others. All that is left in those rules are versions of the service.

Rules of Slipway's own are copies of the users' rules. Those that lead to a preview come first: such a rule has one
header more, and among equal paths and methods the match with more headers wins. One that copies requests stands right
before the rule whose requests it copies, with a method more: among equal paths that wins, and among equal matches the
first.
"""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from slipway.release.manifest.plan import Mirrored
from slipway.release.manifest.route import HeaderMatch, Route
from slipway.release.manifest.route_rules import RouteBackend, RouteRule, backend_key
from slipway.release.manifest.strategy import Preview
from slipway.release.rollout_inputs import Backend
from slipway.release.units import Percent, percent_of
from slipway.rollout.routers import mirror as mirroring
from slipway.rollout.routers.holding import holding_rule
from slipway.rollout.routers.parts import WEIGHT_SUM, Json, reference

OTHERS_ANNOTATION = "slipway.dev/other-backends"
"""`{"names":["legacy"],"rules":3}`"""
_ANYBODY: Json = {"group": "", "kind": "Service", "name": "", "port": 0, "weight": WEIGHT_SUM}
"""In the place of the versions, where the weights do not matter."""


@dataclass(frozen=True, slots=True)
class Users:
    """How many rules of a live route are the users', and which backends in them are none of the service."""

    rules: int
    others: frozenset[str]

    @classmethod
    def of(cls, route: Route) -> Users | None:
        """None for a route without `rules`, whose last rule alone is the users', and the service's."""
        if route.rules is None:
            return None
        mirrors = (one.request_mirror for rule in route.rules for one in rule.all_filters)
        copied = {
            backend_key(to.group, to.kind, to.namespace, to.name)
            for to in (mirror.backend_ref for mirror in mirrors if mirror is not None)
        }
        return cls(len(route.rules), frozenset({one.key for rule in route.rules for one in rule.others} | copied))

    @classmethod
    def read(cls, text: str) -> Users | None:
        """Of an annotation; one that cannot be understood is none, so that the route is seen as another one."""
        try:
            found = json.loads(text)
            return cls(int(found["rules"]), frozenset(map(str, found["names"])))
        except (ValueError, KeyError, TypeError):
            return None

    def __str__(self) -> str:
        return json.dumps({"names": sorted(self.others), "rules": self.rules}, sort_keys=True, separators=(",", ":"))

    def has(self, backend: Mapping[str, Any]) -> bool:
        """Whether a backend of a live rule is a version of the service."""
        kind, group = backend.get("kind", "Service"), backend.get("group", "")
        key = backend_key(group, kind, backend.get("namespace"), str(backend.get("name", "")))
        return (group, kind) == ("", "Service") and key not in self.others


def rules_of(
    route: Route,
    split: Sequence[tuple[Backend, int]] | None,
    preview: tuple[Backend, Preview] | None = None,
    mirror: tuple[Backend, Mirrored] | None = None,
) -> list[Json]:
    """The rules; `split` are weights that sum to WEIGHT_SUM, None where they do not matter. ValueError for a version
    that has the name of another backend, or where no rule has a method that is to be copied."""
    versions = [_ANYBODY] if split is None else [reference(backend, weight) for backend, weight in split]
    _refuse_confused(route, versions)
    rules = [_previewing(rule, *preview) for rule in route.own_rules if preview is not None and preview[1].header]
    copying = 0
    for rule in route.rules or ():
        written = _written(rule, versions)
        copies = [] if mirror is None or rule.own is None else _copying(rule, written, *mirror)
        copying += len(copies)
        rules += [*copies, written]
    if mirror is not None and not copying:
        raise ValueError(f"no rule of the route is of {', '.join(mirror[1].methods)}")
    return rules


def previewed_rules(route: Route, backend: Backend) -> list[Json]:
    """The users' rules with this version in the place of the service."""
    return [
        _written(rule, [], [reference(backend, 1)]) if rule.own is not None else _written(rule, [])
        for rule in route.rules or ()
    ]


def held(rules: Sequence[Mapping[str, Any]], users: Users) -> Json | None:
    """The rule that holds the versions at weight 0, None when there are none."""
    first = next((own for rule in users_rules(rules, users) if (own := _own(rule, users))), [])
    return holding_rule({"backendRefs": [{k: v for k, v in one.items() if k != "filters"} for one in first]})


def shares_of(rules: Sequence[Mapping[str, Any]], users: Users) -> dict[str, float]:
    """Percent of the service's requests per Service name. Where rules differ, by another writer, the mean of them: who
    has requests by any of them has a share."""
    found = [_split(own) for rule in users_rules(rules, users) if (own := _own(rule, users))]
    names = list(dict.fromkeys(name for one in found for name in one))
    return {
        name: round(percent_of(float(sum(one.get(name, Fraction()) for one in found)), len(found)), 4) for name in names
    }


def mirrored_of(rules: Sequence[Mapping[str, Any]], users: Users) -> dict[str, Percent]:
    """Percent of the requests whose copies a version gets, by its Service; what users copy to others is theirs."""
    return {name: percent for name, percent in mirroring.copies(rules).items() if name not in users.others}


def normal(rules: Sequence[Mapping[str, Any]], users: Users) -> list[Json]:
    """The rules without what moves: the versions and how they share. What differs from the other rules in that, or
    holds a backend that is not idle, stays and is another writer's."""
    kept = list(rules)
    if kept and kept[0] == held(kept, users):
        del kept[0]
    theirs = users_rules(kept, users)
    usual = next((_split(own) for rule in theirs if (own := _own(rule, users))), None)
    moved = [*theirs, *(rule for rule in kept if is_copying(rule, users))]
    return [_normal(rule, users, usual) if any(rule is one for one in moved) else dict(rule) for rule in kept]


def users_rules(rules: Sequence[Mapping[str, Any]], users: Users) -> list[Mapping[str, Any]]:
    """Those of a live route that Slipway did not add."""
    return [rule for rule in rules if not is_copying(rule, users)][-users.rules :]


def is_copying(rule: Mapping[str, Any], users: Users) -> bool:
    """Whether a live rule copies requests to a version of the service."""
    told = [one.get("requestMirror") or {} for one in rule.get("filters") or [] if one.get("type") == mirroring.FILTER]
    return any(users.has(one.get("backendRef") or {}) for one in told)


def api_json(part: Any) -> Json:  # noqa: ANN401 - any model of a rule
    """As the API has it: with every default, and without empty lists."""
    found: Json = _without_empty(part.model_dump(mode="json", by_alias=True, exclude_none=True))
    return found


def _without_empty(value: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, dict):
        return {key: _without_empty(one) for key, one in value.items() if one != []}
    return [_without_empty(one) for one in value] if isinstance(value, list) else value


def _refuse_confused(route: Route, versions: Sequence[Json]) -> None:
    users = Users.of(route)
    for one in versions:
        if users is not None and not users.has(one):
            raise ValueError(
                f"route.rules names the Service {one['name']} as another backend, and it is a version of the service: "
                "its weight would have two meanings; leave it out of backendRefs"
            )


def _written(rule: RouteRule, versions: Sequence[Json], instead: list[Json] | None = None) -> Json:
    found: Json = {}
    if rule.name is not None:
        found["name"] = rule.name
    found["matches"] = [api_json(match) for match in rule.matched]
    if rule.filters:
        found["filters"] = [api_json(one) for one in rule.filters]
    if rule.backends:
        found["backendRefs"] = _backends(rule, versions) if instead is None else _with_filters(rule, instead)
    for name in ("timeouts", "retry"):
        part = getattr(rule, name)
        if part is not None and (told := api_json(part)):
            found[name] = told
    return found


def _backends(rule: RouteRule, versions: Sequence[Json]) -> list[Json]:
    """The versions in the place of the service. Beside others, all weights are whole multiples of what was asked for,
    by the same number."""
    own = rule.own
    if own is None or not rule.others:
        return _with_filters(rule, versions) if own is not None else [api_json(one) for one in rule.backends]
    scaled = [one["weight"] * own.weight for one in versions]
    unit = math.gcd(*scaled, *(other.weight * WEIGHT_SUM for other in rule.others))
    found: list[Json] = []
    for backend in rule.backends:
        if backend.is_own:
            sides = [{**one, "weight": weight // unit} for one, weight in zip(versions, scaled, strict=True)]
            found += _with_filters(rule, sides)
        else:
            found.append({**api_json(backend), "weight": backend.weight * WEIGHT_SUM // unit})
    return found


def _with_filters(rule: RouteRule, versions: Sequence[Json]) -> list[Json]:
    filters = [api_json(one) for one in (rule.own or RouteBackend()).filters]
    return [{**one, "filters": filters} if filters else dict(one) for one in versions]


def _previewing(rule: RouteRule, backend: Backend, preview: Preview) -> Json:
    found = _written(rule, [], [reference(backend, 1)])
    found.pop("name", None)  # Names of rules are unique.
    return {**found, "matches": [_and_header(match, preview.header) for match in found["matches"]]}


def _and_header(match: Json, header: HeaderMatch | None) -> Json:
    if header is None:
        return match
    more = {"type": "Exact", "name": header.name, "value": header.value}
    return {**match, "headers": [*match.get("headers", []), more]}


def _copying(rule: RouteRule, written: Json, backend: Backend, mirrored: Mirrored) -> list[Json]:
    found = mirroring.copying(written, backend, mirrored)
    if found is None:
        return []
    found.pop("name", None)
    if not rule.replaces_prefix:
        return [found]
    return [{**copy.deepcopy(found), "matches": [match]} for match in found["matches"]]


def _own(rule: Mapping[str, Any], users: Users) -> list[Mapping[str, Any]]:
    return [one for one in rule.get("backendRefs") or [] if users.has(one)]


def _split(own: Sequence[Mapping[str, Any]]) -> dict[str, Fraction]:
    total = sum(one.get("weight", 1) for one in own)
    found: dict[str, Fraction] = {}
    for one in own:
        part = Fraction(one.get("weight", 1), total) if total else Fraction()
        found[one["name"]] = found.get(one["name"], Fraction()) + part
    return found


def _normal(rule: Mapping[str, Any], users: Users, usual: Mapping[str, Fraction] | None) -> Json:
    """One placeholder for the versions, with their weight beside the others'."""
    own = _own(rule, users)
    if not own:
        return dict(rule)
    backends = rule["backendRefs"]
    total = sum(one.get("weight", 1) for one in own)
    others = [one for one in backends if not users.has(one)]
    unit = math.gcd(total if others else 0, *(one.get("weight", 1) for one in others)) or max(total, 1)
    place: Json = {"weight": total // unit, "own": _alike(own)}
    if (split := _split(own)) != usual:
        place["split"] = {name: float(part) for name, part in split.items()}
    found: list[Json] = []
    for one in backends:
        if not users.has(one):
            found.append({**one, "weight": one.get("weight", 1) // unit})
        elif one is own[0]:
            found.append(place)
    return {**rule, "backendRefs": found}


def _alike(own: Sequence[Mapping[str, Any]]) -> list[Json]:
    """What the versions have besides name, port and weight, once where it is the same."""
    moving = ("name", "namespace", "port", "weight", "group", "kind")
    rests = [{key: value for key, value in one.items() if key not in moving} for one in own]
    return rests[:1] if all(one == rests[0] for one in rests) else rests

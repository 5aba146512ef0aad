"""What the rules of a route must be like so that a rollout can add its own to them: the limits of the Gateway API with
the rules counted in that Slipway adds, and which rule wins where two of them match.
"""

from __future__ import annotations

from collections.abc import Iterator

from slipway.release.manifest.document import Location
from slipway.release.manifest.route import HeaderMatch, Route
from slipway.release.manifest.route_rules import HeaderCondition, QueryCondition, RouteMatch, RouteRule
from slipway.release.manifest.strategy import BlueGreen, Canary, MirrorStep, Strategy

MOST_RULES = 16
MOST_MATCHES = 64
"""Of one rule."""
MOST_IN_ALL = 128
MOST_HEADERS = 16
"""Of one match."""
MOST_FILTERS = 16
"""Of one rule."""
Found = Iterator[tuple[Location, str, str]]
"""Place, message and remedy of each problem."""


def problems_of_rules(strategy: Strategy, route: Route) -> Found:
    """Everything at once."""
    if route.rules is None:
        return
    yield from _of_form(route)
    preview = strategy.preview if isinstance(strategy, BlueGreen) else None
    header = None if preview is None else preview.header
    mirror = strategy.mirror if isinstance(strategy, Canary) else None
    if header is not None:
        yield from _of_preview(route.rules, header)
    if mirror is not None:
        yield from _of_mirror(route.rules, mirror)
    yield from _over_limits(route, preview_header=header is not None, mirror=mirror)


def _over_limits(route: Route, *, preview_header: bool, mirror: MirrorStep | None) -> Found:
    """Where the API refuses the route with what Slipway adds to it."""
    rules = route.rules or ()
    added = [len(rule.matched) for rule in route.own_rules] if preview_header else []
    added += [count for rule in route.own_rules for count in _copies_of(rule, mirror)] if mirror is not None else []
    many, matches = len(rules) + len(added), sum(len(rule.matched) for rule in rules) + sum(added)
    why = f"with the {len(added)} that a rollout adds" if added else "in one route"
    if many > MOST_RULES:
        yield ("route", "rules"), f"{many} rules {why} are more than {MOST_RULES}", "Write fewer rules" + _less(added)
    if matches > MOST_IN_ALL:
        message = f"{matches} matches {why} are more than {MOST_IN_ALL} of all rules together"
        yield ("route", "rules"), message, "Match fewer paths" + _less(added)
    if any(count > MOST_MATCHES for count in added):
        message = f"a rule that copies requests would have {max(added)} matches, more than {MOST_MATCHES}"
        yield ("route", "rules"), message, "Match fewer paths in one rule, or copy fewer methods"


def _copies_of(rule: RouteRule, mirror: MirrorStep) -> list[int]:
    """How many matches each of the rules has that copy the requests of this one."""
    written = [len(mirror.methods) if one.method is None else one.method in mirror.methods for one in rule.matched]
    return [1] * sum(written) if rule.replaces_prefix else [sum(written)] if sum(written) else []


def _less(added: list[int]) -> str:
    return ", or leave out what adds them: strategy.preview.header, a mirror step" if added else ""


def _of_form(route: Route) -> Found:
    rules = route.rules or ()
    for name in ("matches", "timeout"):
        if getattr(route, name):
            yield ("route", name), f"route.rules has {name} of its own", "Write it in each rule"
    if route.affinity is not None and route.affinity.cookie is not None:
        yield (
            ("route", "affinity", "cookie"),
            "a cookie is handed out by a route with one rule, and there are route.rules",
            "Leave it out, or write route.matches and route.timeout in the place of route.rules",
        )
    if not route.own_rules:
        yield (
            ("route", "rules"),
            "no rule sends to the service of the release",
            "Leave backendRefs out of a rule, or write a backend without a name: backendRefs: [{weight: 1}]",
        )
    names = [rule.name for rule in rules if rule.name is not None]
    for index, rule in enumerate(rules):
        if rule.name is not None and names.count(rule.name) > 1:
            yield ("route", "rules", index, "name"), f"{rule.name} is there twice", "Give each rule a name of its own"


def _of_preview(rules: tuple[RouteRule, ...], header: HeaderMatch) -> Found:
    for index, rule in enumerate(rules):
        for number, match in enumerate(rule.matched if rule.own is not None else ()):
            place: Location = ("route", "rules", index, "matches", number, "headers")
            if any(one.name.lower() == header.name.lower() for one in match.headers):
                yield place, f"{header.name} leads to the preview", "Match another header, or preview by another one"
            elif len(match.headers) >= MOST_HEADERS:
                yield place, f"strategy.preview.header is one more than {MOST_HEADERS} headers", "Match fewer headers"


def _of_mirror(rules: tuple[RouteRule, ...], mirror: MirrorStep) -> Found:
    """A rule that copies has a method more than the one that it copies, and among equal paths a method counts before
    headers: it must take no request that another rule had."""
    owned = [rule for rule in rules if rule.own is not None]
    if owned and not any(_copies_of(rule, mirror) for rule in owned):
        methods = ", ".join(mirror.methods)
        yield ("strategy", "steps", 0, "methods"), f"no rule of the service is of {methods}", "Copy another method"
    for index, rule in enumerate(rules):
        if rule.own is not None and len(rule.filters) >= MOST_FILTERS:
            message = f"a mirror step adds a filter to the {MOST_FILTERS} of this rule"
            yield ("route", "rules", index, "filters"), message, "Write fewer filters, or leave the mirror step out"
        for number, other in enumerate(rules if rule.own is not None else ()):
            if number != index and _loses(rule, other, mirror, before=index < number):
                yield (
                    ("route", "rules", index, "matches"),
                    f"the mirror step would take {', '.join(mirror.methods)} from route.rules[{number}], which has the "
                    "same path and is told apart by method, headers or parameters",
                    "Write a method in each of their matches, or leave the mirror step out",
                )


def _loses(copied: RouteRule, other: RouteRule, mirror: MirrorStep, *, before: bool) -> bool:
    """Whether requests of `other` go to the copies of `copied`, which stands `before` it in the route or not."""
    for one in copied.matched:
        if one.method is not None:
            continue  # What copies it has the same match, right before it.
        for rival in other.matched:
            if not _may_be_both(one, rival) or (rival.method is not None and rival.method not in mirror.methods):
                continue
            outranked = _rank(one) > _rank(rival) or (_rank(one) == _rank(rival) and before)
            if rival.method is None and (other.own is not None or outranked):
                continue  # It is copied too, with all it has; or had no part in these requests before.
            if rival.method is None or outranked:
                return True
    return False


def _rank(match: RouteMatch) -> tuple[int, int]:
    """By which the API ranks matches of one path and one method."""
    return len(match.headers), len(match.query_params)


def _may_be_both(one: RouteMatch, other: RouteMatch) -> bool:
    """Whether a request may match both, with a path that ranks them equally."""
    same = one.path == other.path or one.path.type == other.path.type == "RegularExpression"
    return same and _agree(one.headers, other.headers) and _agree(one.query_params, other.query_params)


def _agree(
    ours: tuple[HeaderCondition, ...] | tuple[QueryCondition, ...],
    theirs: tuple[HeaderCondition, ...] | tuple[QueryCondition, ...],
) -> bool:
    exact = {one.name.lower(): one.value for one in ours if one.type == "Exact"}
    return all(exact.get(one.name.lower(), one.value) == one.value for one in theirs if one.type == "Exact")

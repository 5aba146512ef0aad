"""Clients that stay on their side, in pure Gateway API: one random draw a client, kept in a cookie.

The weights of the ramp cut 0 to 100 into intervals. The users' rule has one reference for each interval, with the
interval's width as its weight, and each answers with a cookie that holds the interval's number: that is the draw.
Rules before it send those who have the cookie to the backend that their interval belongs to at the moment. A step
of the ramp hands one interval on, so clients move at most once, and the share of clients at a weight is exact.

Precedence: such a rule repeats every match with one header more, and among equal paths and methods the match with
more headers wins (https://gateway-api.sigs.k8s.io/reference/spec/#httprouterule).
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping, Sequence
from typing import Any

from slipway.rollout.routers.base import ClientAssignment, Split
from slipway.rollout.routers.parts import WEIGHT_SUM, Json, on_the_wire, reference

MOST_INTERVALS = 16
"""Backends that the Gateway API allows in one rule."""
SAME = 0.006
"""Percent; routers carry weights of 0.01%."""
Issued = list[tuple[str, int]]
"""For each interval the cookie that is handed out and the width, as a weight."""

_COOKIE = re.compile(r"([A-Za-z0-9_-]+)=(\d+);")


def references(split: Split, draw: ClientAssignment) -> list[Json]:
    """The backends of the users' rule: an interval each. ValueError when the split does not end at a bound of the
    draw, or has more than two sides."""
    shares = {backend.entry: (backend, share) for backend, share in split.shares if share > 0}
    candidate, weight = shares.pop(draw.service)
    reached = next((number for number, bound in enumerate(draw.bounds) if abs(bound - weight) < SAME), None)
    if reached is None or len(shares) != 1:
        raise ValueError(f"a draw with the bounds {draw.bounds} knows no split such as {split.shares}")
    other = next(iter(shares.values()))[0]
    found = []
    for number, (cookie, width) in enumerate(assignments(draw)):
        side = candidate if number <= reached else other
        found.append({**reference(side, width), "filters": [_hands_out(cookie)]})
    return found + [reference(backend, 0) for backend, share in split.shares if share <= 0]


def assignments(draw: ClientAssignment | None) -> Issued:
    """What the draw hands out, for any weights; nothing without a draw."""
    if draw is None:
        return []
    cuts = _cuts(draw)
    widths = [cut - before for before, cut in zip((0, *cuts), cuts, strict=False)]
    return [(_cookie(draw, number), width) for number, width in enumerate(widths)]


def issued(rule: Mapping[str, Any]) -> Issued:
    """What a live rule hands out, in the order of its backends; nothing for a rule without a draw."""
    return [(cookie, backend.get("weight", 1)) for cookie, backend in _handing_out(rule)]


def keeping_rules(users: Mapping[str, Any]) -> list[Json]:
    """The rules that keep clients on their side: they follow from the users' rule alone, one for each backend."""
    numbers: dict[str, list[str]] = {}
    backends: dict[str, Json] = {}
    name = ""
    for cookie, backend in _handing_out(users):
        name, number = _parsed(cookie)
        numbers.setdefault(backend["name"], []).append(number)
        rest = {key: value for key, value in backend.items() if key != "filters"}
        backends.setdefault(backend["name"], {**rest, "weight": 1})
    return [_keeping(users, _pattern(name, numbers[side]), backend) for side, backend in backends.items()]


def _keeping(users: Mapping[str, Any], pattern: str, backend: Json) -> Json:
    found = copy.deepcopy(dict(users))
    header = {"type": "RegularExpression", "name": "cookie", "value": pattern}
    for match in found.get("matches") or []:
        match["headers"] = [*match.get("headers", []), header]
    return {**found, "backendRefs": [backend]}


def _cuts(draw: ClientAssignment) -> list[int]:
    """The upper ends of the intervals as weights. ValueError when there is no room for one of them."""
    cuts = [round(on_the_wire(bound)) for bound in draw.bounds]
    growing = all(before < cut for before, cut in zip((0, *cuts), cuts, strict=False))
    if not growing or cuts[-1] != WEIGHT_SUM or len(cuts) > MOST_INTERVALS:
        raise ValueError(f"bounds must grow by 0.01 or more, end at 100 and be {MOST_INTERVALS} at most: {draw.bounds}")
    return cuts


def _cookie(draw: ClientAssignment, number: int) -> str:
    return f"{draw.cookie}={number}; Path=/; Max-Age={draw.max_age}; HttpOnly; SameSite=Lax"


def _hands_out(cookie: str) -> Json:
    # Added, not set: the service's own cookies stay.
    header = {"name": "Set-Cookie", "value": cookie}
    return {"type": "ResponseHeaderModifier", "responseHeaderModifier": {"add": [header]}}


def _handing_out(rule: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    found = []
    for backend in rule.get("backendRefs") or []:
        for one in backend.get("filters") or []:
            for header in (one.get("responseHeaderModifier") or {}).get("add") or []:
                if header.get("name") == "Set-Cookie" and _COOKIE.match(header.get("value", "")):
                    found.append((header["value"], backend))
    return found


def _parsed(cookie: str) -> tuple[str, str]:
    found = _COOKIE.match(cookie)
    return (found[1], found[2]) if found else ("", "")


def _pattern(name: str, numbers: Sequence[str]) -> str:
    """Of a whole Cookie header (RFC 6265, 4.2.1) that holds one of these. Proxies join several such headers by a
    comma."""
    return rf"^(?:.*[;,]\s*)?{name}=(?:{'|'.join(numbers)})(?:\s*[;,].*)?$"

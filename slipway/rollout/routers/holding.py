"""Backends at weight 0 that a data plane keeps, for gateways that configure nothing of them. Pure.

Such a controller makes the cluster of a backend in the same update as its first weight, and removes it in the same
update as its last. Proxies are told of clusters and routes apart, so that for some milliseconds their routes name a
cluster that they do not have: 503. A rule that no request matches names these backends too, so their clusters are there
before the first weight and after the last.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slipway.rollout.routers.parts import Json

PATH = "/.well-known/slipway-held"
HEADER = "x-slipway-held"
NEVER = "$a"
"""Something after the end, so no value matches it. The API takes no literal value that a request could not have."""


def holding_rule(users: Mapping[str, Any]) -> Json | None:
    """The rule that holds the backends at weight 0 of the users' rule, None when there are none."""
    idle = [one for one in users.get("backendRefs") or [] if one.get("weight", 1) == 0]
    if not idle:
        return None
    header = {"type": "RegularExpression", "name": HEADER, "value": NEVER}
    matched = {"path": {"type": "Exact", "value": PATH}, "headers": [header]}
    return {"matches": [matched], "backendRefs": [{**one, "weight": 1} for one in idle]}

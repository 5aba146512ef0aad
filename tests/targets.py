"""Places on AWS that tests release to, as a stack's file has them."""

from __future__ import annotations

from typing import Any

LISTENER = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:listener/app/shop/0123456789abcdef/0123456789abcdef"
NETWORK = {"vpc": "vpc-0a", "subnets": ["subnet-0a"], "securityGroups": ["sg-0a"]}


def ecs_target(**rules: int) -> dict[str, Any]:
    """A target of kind ecs, with the priorities of these services' rules."""
    place = {"region": "eu-central-1", "cluster": "shop", "listener": LISTENER, "table": "slipway-shop"}
    return {"kind": "ecs", **place, "rules": rules}

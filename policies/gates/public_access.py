"""Rule `public-access`: what a stack keeps on AWS is not open to the world."""

from __future__ import annotations

from collections.abc import Iterator

from policies.rule import Resource, ResourceRule, Surroundings
from slipway.release.findings import Finding, finding
from slipway.release.gating.catalog import CATALOG
from slipway.release.manifest.base import FrozenModel

NAME = "public-access"
ACLS = tuple(f"aws:s3/{kind}" for kind in ("bucket:Bucket", "bucketV2:BucketV2", "bucketAcl:BucketAcl"))
BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
FUNCTION = "aws:lambda/functionUrl:FunctionUrl"
OPEN = ("public-read", "public-read-write", "authenticated-read")
"""Canned lists that let in more than the account."""
SHUT = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")


def evaluate(resource: Resource, settings: FrozenModel, around: Surroundings) -> list[Finding]:
    """Each setting that opens something."""
    return [
        finding(NAME, "open", path, found, wanted, "Shut it; what the world may read belongs into a stack of its own")
        for path, found, wanted in _open(resource)
    ]


def _open(resource: Resource) -> Iterator[tuple[str, str, str]]:
    props = resource.props
    if resource.type == BLOCK:
        yield from ((name, "off", "on") for name in SHUT if props.get(name) is not True)
    elif resource.type == FUNCTION:
        if props.get("authorizationType") == "NONE":
            yield "authorizationType", "NONE", "AWS_IAM"
    elif (acl := props.get("acl")) in OPEN:
        yield "acl", str(acl), "private"


RULE = ResourceRule(gate=CATALOG[NAME], types=(*ACLS, BLOCK, FUNCTION), evaluate=evaluate)

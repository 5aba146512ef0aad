"""Effective flags -> flagd's document, and the FeatureFlag resource of the OpenFeature operator that holds it. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from slipway.release.flags.effective import EffectiveFlag, EffectiveFlags
from slipway.release.flags.journal import KILL_METADATA
from slipway.release.flags.targeting import REF

PARTS = 10_000
"""Sum of the weights of an exposure: the same at every step, so that a growing share never moves a user back."""
KEY = {"var": "targetingKey"}

GROUP = "core.openfeature.dev"
VERSION = "v1beta1"
KIND = "FeatureFlag"
PLURAL = "featureflags"
ABOUT = "slipway.dev/flags"
"""The annotation with kind, owner and expiry of each flag: older versions of the resource drop the metadata."""

Json = dict[str, Any]


def flagd_document(flags: EffectiveFlags) -> Json:
    """The document that flagd and its in-process evaluators read."""
    document: Json = {"flags": {key: _flag(flag) for key, flag in flags.flags.items()}}
    if used := _used(document["flags"], flags.evaluators):
        document["$evaluators"] = used
    return document


def feature_flag_resource(document: Mapping[str, Any], namespace: str, name: str) -> Json:
    """The resource in a cluster that holds a document; an operator or a sync server watches it."""
    about = {key: flag["metadata"] for key, flag in document["flags"].items()}
    return {
        "apiVersion": f"{GROUP}/{VERSION}",
        "kind": KIND,
        "metadata": {
            "name": name,
            "namespace": namespace,
            "annotations": {ABOUT: json.dumps(about, sort_keys=True, separators=(",", ":"))},
        },
        "spec": {"flagSpec": dict(document)},
    }


def document_of(resource: Mapping[str, Any]) -> Json:
    """The document in a resource, with the metadata that an older version of the resource keeps only in the
    annotation. Raises ValueError for a resource that holds none."""
    document = (resource.get("spec") or {}).get("flagSpec")
    if not isinstance(document, dict) or not isinstance(document.get("flags"), dict):
        raise ValueError("spec.flagSpec holds no flags")
    about = json.loads((resource.get("metadata") or {}).get("annotations", {}).get(ABOUT, "{}"))
    flags = {
        key: {**flag, "metadata": about[key]} if "metadata" not in flag and key in about else flag
        for key, flag in document["flags"].items()
    }
    return {**document, "flags": flags}


def _flag(flag: EffectiveFlag) -> Json:
    content: Json = {
        "state": flag.state,
        "variants": dict(flag.flag.variants),
        "defaultVariant": flag.default,
        "metadata": _metadata(flag),
    }
    rule = _rule(flag)
    return content if rule is None else {**content, "targeting": rule}


def _rule(flag: EffectiveFlag) -> Json | None:
    """The declared rule first; the exposure for those whom it gives no variant."""
    exposure = _exposure(flag)
    if flag.targeting is None or exposure is None:
        return flag.targeting if exposure is None else exposure
    return {"or": [flag.targeting, exposure]}


def _exposure(flag: EffectiveFlag) -> Json | None:
    """A share of the targeting keys, the exposed variant first. Callers without a key get the default: their common
    hash may lie on either side."""
    if flag.reached is None:
        return None
    parts = round(flag.reached.percent * PARTS / 100)
    salted = {"cat": [f"{flag.key}-{flag.reached.salt}-", KEY]}
    shares = [[flag.flag.exposed, parts], [flag.default, PARTS - parts]]
    return {"if": [KEY, {"fractional": [salted, *shares]}]}


def _metadata(flag: EffectiveFlag) -> Json:
    expiry, killed = flag.flag.expires, flag.killed
    found = {
        "kind": flag.flag.kind,
        "owner": flag.flag.owner,
        "expiry": expiry.isoformat() if expiry is not None else None,
        "killed": killed.id if killed is not None else None,
        **{name: getattr(killed, field, None) for field, name in KILL_METADATA.items()},
    }
    return {key: value for key, value in found.items() if value is not None}


def _used(flags: Json, evaluators: Mapping[str, Any]) -> Json:
    """The named rules that some flag refers to."""
    named = set(_references(flags))
    return {name: rule for name, rule in evaluators.items() if name in named}


def _references(value: object) -> list[str]:
    if isinstance(value, dict):
        found = [value[REF]] if isinstance(value.get(REF), str) else []
        return found + [name for item in value.values() for name in _references(item)]
    return [name for item in value for name in _references(item)] if isinstance(value, list) else []

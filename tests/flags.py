"""Flags for tests: one file with a flag of each kind, and changed copies of it."""

from __future__ import annotations

import copy
from typing import Any

import yaml

from slipway.release.flags import load
from slipway.release.flags.declaring import Declaration, after_declaration
from slipway.release.flags.journal import Author, Change, Head
from slipway.release.flags.model import DeclaredFlags

GUARDRAIL = {
    "name": "errors",
    "kind": "custom",
    "good": 'good{variant="{variant}"}',
    "total": 'all{variant="{variant}"}',
}
NEW_CART: dict[str, Any] = {
    "kind": "release",
    "owner": "payments",
    "expires": "2027-03-31",
    "default": "off",
    "exposure": {"steps": [{"percent": 5, "bake": "2m"}, {"percent": 25, "bake": "10m"}]},
    "guardrails": [GUARDRAIL],
}
PAY: dict[str, Any] = {"kind": "kill-switch", "owner": "payments", "default": "on"}
THEME: dict[str, Any] = {
    "kind": "experiment",
    "owner": "web",
    "expires": "2027-01-31",
    "variants": {"plain": "p", "blue": "b", "green": "g"},
    "off": "plain",
    "default": "plain",
    "targeting": {"fractional": [["blue", 1], ["green", 1]]},
}
BATCH: dict[str, Any] = {
    "kind": "ops",
    "owner": "web",
    "expires": "2027-01-31",
    "default": "off",
    "exposure": {"steps": [{"percent": 50}]},
}
FLAGS = {"new-cart": NEW_CART, "pay": PAY, "theme": THEME, "batch": BATCH}

BY = Author(by="someone@host", at=1_000.0, reason="because")


def text(flags: dict[str, Any] | None = None, **sections: object) -> str:
    """A file of flags as YAML."""
    content = {"apiVersion": "slipway/v1", "kind": "Flags", "flags": FLAGS if flags is None else flags, **sections}
    return str(yaml.safe_dump(copy.deepcopy(content), sort_keys=False))


def declared(flags: dict[str, Any] | None = None, **sections: object) -> DeclaredFlags:
    """The same, read."""
    return load.parse(text(flags, **sections), "flags.yaml")


def declaration(flags: dict[str, Any] | None = None, stack: str = "releases/prod") -> Declaration:
    """What an `up` of this stack says."""
    return Declaration(flags=declared(flags), stack=stack, salt="s0")


def head(flags: dict[str, Any] | None = None) -> Head:
    """The journal after an `up` that declares these."""
    return after_declaration(Head(name="flags"), declaration(flags), BY)


def kill(flag: str, number: str = "k1") -> Change:
    """A kill of this flag by the guard."""
    return Change(id=number, flag=flag, action="kill", by="guard", at=2_000.0, reason="error-ratio 8.8x")


def resume(flag: str, number: str = "r1") -> Change:
    """A resume of this flag by a person."""
    return Change(id=number, flag=flag, action="resume", by="someone@host", at=3_000.0, reason="fixed")

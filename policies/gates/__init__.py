"""All rules, in the order of the catalogue: what the others rest on comes first."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import cast

from policies.rule import ReleaseRule, Rule
from slipway.release.gating.catalog import CATALOG, Gate, ReleaseGate


def _rule(gate: Gate) -> Rule:
    """A gate on releases has its function in the catalogue, one on resources in a file of this folder."""
    if isinstance(gate, ReleaseGate):
        return ReleaseRule(gate=gate)
    return cast(Rule, importlib.import_module(f"policies.gates.{gate.name.replace('-', '_')}").RULE)


RULES: Mapping[str, Rule] = MappingProxyType({name: _rule(gate) for name, gate in CATALOG.items()})
"""Every rule by its name."""

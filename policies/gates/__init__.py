"""All rules, in the order in which they are judged: what the others lean on comes first."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from types import MappingProxyType

from policies.rule import Rule
from slipway.release.gating.names import NAMES
from slipway.release.manifest.base import Part

RULES: Mapping[str, Rule] = MappingProxyType(
    {name: importlib.import_module(f"policies.gates.{name.replace('-', '_')}").RULE for name in NAMES}
)
"""Every rule by its name. One file a rule."""

SETTINGS: Mapping[str, type[Part]] = MappingProxyType({name: rule.settings for name, rule in RULES.items()})
"""What may be set of each."""

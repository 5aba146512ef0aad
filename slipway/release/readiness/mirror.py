"""Gate `mirror`: copies of requests, in the first step of a canary, are within the bounds of the configuration."""

from __future__ import annotations

from collections.abc import Iterator

from slipway.release.findings import Finding, finding
from slipway.release.manifest.strategy import Canary, MirrorStep
from slipway.release.readiness.gate_input import GateInput
from slipway.release.strategy import chosen

GATE = "mirror"
AT = "strategy.steps[0]"
"""A mirror step is the first one."""


def evaluate(gate_input: GateInput) -> list[Finding]:
    """A copy of a write is a second write, and each copy is load for everything behind the service."""
    strategy = chosen(gate_input.release)
    mirror = strategy.mirror if isinstance(strategy, Canary) else None
    return [] if mirror is None else [*_writes(gate_input, mirror), *_load(gate_input, mirror)]


def _writes(gate_input: GateInput, mirror: MirrorStep) -> Iterator[Finding]:
    written = [method for method in mirror.writes if method not in gate_input.settings.mirror.writes]
    if written:
        found = f"copies of {', '.join(written)}: {mirror.duplicates_are_harmless}"
        remedy = "Copy GET, HEAD and OPTIONS alone, or let the platform allow the others in mirror.writes"
        yield finding(GATE, "writes", f"{AT}.methods", found, "no copy of a write that is not allowed", remedy)


def _load(gate_input: GateInput, mirror: MirrorStep) -> Iterator[Finding]:
    most = gate_input.settings.mirror.max_percent
    if mirror.mirror > most:
        remedy = "Copy less, or let the platform widen mirror.maxPercent in the gates' configuration"
        yield finding(GATE, "lax", f"{AT}.mirror", f"{mirror.mirror:g}%", f"at most {most:g}%", remedy)

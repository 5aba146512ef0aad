"""Gate `watch`: the watch after 100% is there where it is required, can judge, and can do what it declares."""

from __future__ import annotations

from collections.abc import Iterator

from slipway.release.findings import Finding, finding
from slipway.release.manifest.watch import needs_holdback
from slipway.release.readiness.gate_input import GateInput
from slipway.release.units import show_seconds
from slipway.release.watch_inputs import WatchInputs

GATE = "watch"


def evaluate(gate_input: GateInput) -> list[Finding]:
    """Of a settled release nothing is asked again."""
    if gate_input.settled:
        return []
    watch = WatchInputs.of(gate_input.release)
    if watch is None:
        return list(_missing(gate_input))
    return [
        *_length(gate_input, watch),
        *_unjudged(gate_input, watch),
        *_only_escalates(gate_input, watch),
        *_flags(gate_input, watch),
    ]


def _missing(gate_input: GateInput) -> Iterator[Finding]:
    if gate_input.settings.watch.required:
        yield finding(
            GATE, "missing", "watch", "a release that is not watched after 100%", "a watch",
            "Write watch: {for: 1h, holdback: 2%}",
        )  # fmt: skip


def _length(gate_input: GateInput, watch: WatchInputs) -> Iterator[Finding]:
    least = gate_input.settings.watch.min_for
    if watch.lasts < least:
        yield finding(
            GATE, "too-short", "watch.for", show_seconds(watch.lasts), f"at least {show_seconds(least)}",
            f"Write for: {show_seconds(least)} or more",
        )  # fmt: skip


def _unjudged(gate_input: GateInput, watch: WatchInputs) -> Iterator[Finding]:
    """Nothing is held back where nothing is kept warm: what can only compare would never fail."""
    names = [one.name for one in watch.guardrails if needs_holdback(one)]
    if gate_input.standby is False and not gate_input.first and names:
        yield finding(
            GATE, "unjudged", "watch.guardrails", f"{', '.join(names)}, and no version that is kept warm",
            "a standby for the hold-back, or guardrails with an objective",
            "Name the manifest of what serves as standby in the stack's file, or give them an objective", turn="owner",
        )  # fmt: skip


def _only_escalates(gate_input: GateInput, watch: WatchInputs) -> Iterator[Finding]:
    """The first release of a service has nothing that it could go back to."""
    if not gate_input.settings.watch.must_roll_back or gate_input.first:
        return
    why = watch.why_it_only_escalates(gate_input.standby is True)
    if gate_input.standby is None and not watch.why_it_only_escalates(standby=True):
        why = "whether a version is kept warm is unknown: the stack's file does not declare the service"
    if why:
        yield finding(
            GATE, "only-escalates", "watch.onBreach", why, "a breach that puts the traffic back",
            "Keep what serves as standby, split the migration, and write action: rollback", turn="owner",
        )  # fmt: skip


def _flags(gate_input: GateInput, watch: WatchInputs) -> Iterator[Finding]:
    known = gate_input.flags.flags if gate_input.flags is not None else {}
    for number, flag in enumerate(watch.on_breach.kill):
        if flag not in known:
            found = gate_input.flags_problem or f"{flag} is no flag of the stack {gate_input.stack}"
            yield finding(
                GATE, "undeclared", f"watch.onBreach.kill[{number}]", found,
                "a flag in a file that releases:flags names", "Declare it there, or leave it out",
            )  # fmt: skip

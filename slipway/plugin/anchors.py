"""The output with which the stack's state keeps the end of a chain of records: that of a service, and that of a set of
flags. The one place that decides what follows an anchor.

Nothing here refuses or fails anything: a rollback and a kill go on whatever became of the records. What is found is a
warning, and stays in the state for the audit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from slipway.release.errors import SlipwayError
from slipway.release.records.anchoring import RECORD, STATE, advanced, kept_in
from slipway.release.records.chain import Line, anchor_problem, lines_of
from slipway.release.records.store import RecordStore

Tell = Callable[[str], None]
REMEDY = "`slipway audit` names it until it is acknowledged; docs/records.md says how"


@dataclass(frozen=True, slots=True)
class Chain:
    """A chain of records: its name in the stack's file, where it lies, and its store, None where none is kept."""

    name: str
    where: str
    store: RecordStore | None


@dataclass
class Anchors:
    """The anchors of one kind of resource in one process.

    A resource that is replaced is created without its former outputs, but the engine asks for the difference before:
    what that showed is what the new resource's anchor has to go on from.
    """

    _seen: dict[tuple[str, str, str], dict[str, Any]] = field(default_factory=dict)
    """By the resource's URN and its chain."""

    def see(self, urn: str, chain: Chain, outputs: Mapping[str, Any]) -> None:
        """Remember what the state keeps."""
        if RECORD in outputs:
            self._seen[urn, chain.name, chain.where] = {RECORD: outputs[RECORD]}

    def before(self, urn: str, chain: Chain, outputs: Mapping[str, Any] | None) -> dict[str, Any]:
        """The output that an update begins with, and that one which failed leaves: that of the state, for a create
        what its difference showed."""
        return still_anchored(self._seen.get((urn, chain.name, chain.where), {}) if outputs is None else outputs)

    def after(self, urn: str, chain: Chain, outputs: Mapping[str, Any] | None, tell: Tell) -> dict[str, Any]:
        """The output after an update. `outputs` are those of the state, None for a create. A chain that cannot be read
        leaves it as it is."""
        before = self.before(urn, chain, outputs)
        lines = _lines(chain.store)
        if lines is None:
            return before
        now = advanced(kept_in(before), lines)
        if now.broken:
            tell(f"the records of {chain.name} were cut or altered: {now.broken}. {REMEDY}")
        return {RECORD: now.kept.to_output()} if now.kept is not None else {}


def still_anchored(outputs: Mapping[str, Any]) -> dict[str, Any]:
    """As the state has it."""
    return {RECORD: outputs[RECORD]} if RECORD in outputs else {}


def look_at(chain: Chain, outputs: Mapping[str, Any], tell: Tell) -> bool:
    """For a refresh, which leaves the anchor as it is: a warning where the chain does not go on from it. Returns
    whether there is anything in the chain that the anchor is about."""
    kept, lines = kept_in(outputs), _lines(chain.store)
    if kept is None or lines is None:
        return kept is not None
    if (problem := anchor_problem(lines, STATE, kept)) is not None:
        tell(f"the records of {chain.name} were cut or altered: {problem} ({kept.hash}). {REMEDY}")
    return bool(lines)


def _lines(store: RecordStore | None) -> Sequence[Line] | None:
    """None where none can be read."""
    try:
        return lines_of(store.read()) if store is not None else None
    except SlipwayError:
        return None

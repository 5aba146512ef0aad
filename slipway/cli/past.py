"""What the stack's history says of its services, for commands that read it beside the release records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from slipway.cli.engine_records import StackUpdate, State
from slipway.release.errors import EngineError
from slipway.release.records.anchoring import STATE, kept_in
from slipway.release.records.chain import Anchor, Anchors
from slipway.release.records.kinds import flag_chain
from slipway.release.tokens import FLAG_EXPOSURE, FLAG_SET, ROLLOUT

NAMED_BY = {ROLLOUT: "service", FLAG_SET: "name", FLAG_EXPOSURE: "set"}
"""The output that names what the chain is of."""


@dataclass(frozen=True, slots=True)
class Past:
    """Updates, newest first, None where they cannot be read (`why`); `anchors` as the state has them."""

    updates: Sequence[StackUpdate] | None
    whole: bool = False
    """Whether they go back to the stack's first update."""
    anchors: Anchors = field(default_factory=dict)
    why: str = ""


def read_past(folder: Path, stack: str | None) -> Past:
    """Ask the engine; that it cannot be asked is an answer as well."""
    from slipway.cli.engine import HISTORY, Engine

    try:
        engine = Engine(folder, stack)
        updates = engine.history()
        return Past(updates, len(updates) < HISTORY, anchors_in(engine.state()))
    except EngineError as error:
        return Past(None, why=str(error))


def anchors_in(state: State) -> Anchors:
    """What the outputs of Rollouts, sets of flags and exposures keep of their chains."""
    found: dict[str, list[tuple[str, Anchor]]] = {}
    for one in state.resources:
        field_of_name = NAMED_BY.get(one.type)
        kept = kept_in(one.outputs)
        if field_of_name is None or kept is None:
            continue
        name = str(one.outputs.get(field_of_name))
        chain = name if one.type == ROLLOUT else flag_chain(name)
        found.setdefault(chain, []).extend((STATE, anchor) for anchor in kept.anchors)
    return found

"""What the stack's history says of its services, for commands that read it beside the release records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from slipway.cli.engine_records import StackUpdate, State
from slipway.release.errors import EngineError
from slipway.release.records.chain import Anchor
from slipway.release.tokens import ROLLOUT

STATE = "the stack's state"


@dataclass(frozen=True, slots=True)
class Past:
    """Updates, newest first, None where they cannot be read (`why`); `anchors` by service, as the state has them."""

    updates: Sequence[StackUpdate] | None
    whole: bool = False
    """Whether they go back to the stack's first update."""
    anchors: Mapping[str, Anchor] = field(default_factory=dict)
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


def anchors_in(state: State) -> dict[str, Anchor]:
    """What the outputs of the Rollouts keep of the chains, by service."""
    found: dict[str, Anchor] = {}
    for one in state.resources:
        if one.type != ROLLOUT or not isinstance(one.outputs.get("record"), dict):
            continue
        try:
            found[str(one.outputs.get("service"))] = Anchor.model_validate(one.outputs["record"])
        except ValidationError:
            continue
    return found

"""What journal, history and manifests remember of a service, in the words of `slipway.release.records.rollback`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from slipway.cli.engine import Engine
from slipway.cli.engine_records import State
from slipway.release.declared import read_manifest
from slipway.release.errors import InputError
from slipway.release.evidence.errors import EvidenceError
from slipway.release.records.journal import Head
from slipway.release.records.released import ReleasedVersion
from slipway.release.records.rollback import Memory, PastUpdate, memory_of_stack
from slipway.release.tokens import ROLLOUT
from slipway.rollout.outputs import recorded_serving


def memory_of(head: Head) -> Memory:
    """The cluster's journal in the words of the decision."""
    commits = [one.revision for one in head.commits] or [one.revision for one in head.completed]
    return Memory(
        serving=head.serving.backend.revision if head.serving is not None else None,
        completed=head.completed,
        commits=commits,
        quarantined={revision: entry.reason for revision, entry in head.quarantined.items()},
    )


def without_journal(
    engine: Engine, service: str, updates: Sequence[PastUpdate], manifests: Mapping[str, ReleasedVersion]
) -> Memory:
    return memory_of_stack(serving_in(engine.state(), service), updates, manifests)


def serving_in(state: State, service: str) -> str | None:
    """The revision that the outputs of the service's Rollout name."""
    for one in state.resources:
        if one.type == ROLLOUT and one.outputs.get("service") == service:
            serving = recorded_serving(one.outputs)
            return serving.backend.revision if serving is not None else None
    return None


def paths_of(updates: Iterable[PastUpdate], declared: Mapping[str, Any]) -> Iterator[str]:
    """Every manifest that is named anywhere, once, what is declared first."""
    entries = [declared, *(update.entry for update in updates if update.entry is not None)]
    named = [entry.get(role) for entry in entries for role in ("manifest", "standby")]
    yield from dict.fromkeys(path for path in named if isinstance(path, str))


def known_manifests(project: Path, paths: Iterable[str], head: Head | None) -> dict[str, ReleasedVersion]:
    """What the files hold now. Of those that completed the journal says it already, except what is declared (the
    first), which the program will read; files that cannot be read are left out."""
    journaled = {one.manifest for one in head.completed} if head is not None else set()
    found: dict[str, ReleasedVersion] = {}
    for number, path in enumerate(paths):
        if number > 0 and path in journaled:
            continue
        try:
            found[path] = read_manifest(project, path).released
        except (InputError, EvidenceError):
            continue
    return found

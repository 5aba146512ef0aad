"""What anchors say of the chains that a command reads, and how a person acknowledges what is known to be missing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from slipway.cli.chains import Place
from slipway.cli.past import Past
from slipway.cli.stack_file import StackFile
from slipway.release.editing import APPEND, edited
from slipway.release.project_files import ACKNOWLEDGED, stack_file
from slipway.release.records.anchoring import Acknowledged, is_known
from slipway.release.records.audit import AuditFinding, chain_findings
from slipway.release.records.chain import Anchor, anchor_problem, lines_of
from slipway.rollout.process.operator import operator

Anchored = tuple[str, Sequence[str], Sequence[tuple[str, Anchor]]]
"""The name of a chain, its lines, and what is kept of it elsewhere."""


def damages(place: Place, past: Past, chains: Iterable[tuple[str, Sequence[str]]]) -> dict[str, list[str]]:
    """What was cut or altered of these chains, by their names, as far as the stack's state tells; nothing of a whole
    one, and nothing of what is acknowledged."""
    found = {
        name: [one.what for one in _findings(place, past, name, texts) if one.kind == "altered"]
        for name, texts in chains
    }
    return {name: said for name, said in found.items() if said}


def damage_lines(found: dict[str, list[str]]) -> list[str]:
    """For people, one line a chain."""
    return [
        f"{name}: records were cut or altered: {'; '.join(said)}; see `slipway audit`" for name, said in found.items()
    ]


def acknowledge(place: Place, folder: Path, chains: Iterable[Anchored], reason: str) -> tuple[Acknowledged, ...]:
    """Write every broken anchor of these chains that is not known yet into the stack's file, which is reviewed like the
    rest of the project: the chain itself could not be believed. Returns those. Raises EngineError and InputError."""
    new = [
        Acknowledged(chain=name, record=anchor.seq, hash=anchor.hash, reason=reason, by=operator())
        for name, texts, anchors in chains
        for anchor in dict.fromkeys(one for _, one in anchors)
        if anchor_problem(lines_of(texts), "", anchor) is not None and not is_known(place.known(name), anchor)
    ]
    if not new or place.stack is None:
        return ()
    file = StackFile.read(stack_file(folder, place.stack))
    text = file.before.decode()
    for one in new:
        text = edited(text, file.path.name, ("config", ACKNOWLEDGED, APPEND), one.model_dump(mode="json"))
    with file.draft() as draft:
        draft.write_bytes(text.encode())
        file.replace_by(draft)
    return tuple(new)


def _findings(place: Place, past: Past, name: str, texts: Sequence[str]) -> list[AuditFinding]:
    return chain_findings(texts, past.anchors.get(name, ()), place.known(name))

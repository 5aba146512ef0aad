"""`slipway:index:FlagSet`: the one writer of a stack's feature flags. Calls of the engine in, the journal and the
document of the flags out."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from google.protobuf import empty_pb2
from pulumi.runtime.proto import engine_pb2_grpc, provider_pb2

from slipway.plugin.anchors import Anchors, Chain, look_at, still_anchored
from slipway.plugin.engine_log import EngineLog
from slipway.plugin.structs import to_plain, to_struct
from slipway.plugin.urns import stack_of
from slipway.release.errors import InputError, ReleaseRefused
from slipway.release.flags.declaring import Declaration, after_declaration, after_end, refusals
from slipway.release.flags.effective import EffectiveFlag, effective
from slipway.release.flags.flag_set_inputs import FlagSetInputs, parse, recorded
from slipway.release.flags.journal import Author, DocumentKind, Head
from slipway.release.flags.use import FlagUse, ObservedFlags, is_young
from slipway.release.flags.words import expired_lines, killed_line
from slipway.release.records.kinds import flag_chain
from slipway.release.target import Target
from slipway.rollout.assemble import connect_flags
from slipway.rollout.flags.writer import FlagWriter
from slipway.rollout.gate_inputs import flag_use
from slipway.rollout.process.operator import operator

OBSERVED = "observed"
"""The input that check fills in."""
Unused = Callable[[FlagUse, Iterable[str]], Mapping[str, str]]
Connect = Callable[[Target, str, DocumentKind], FlagWriter]
EFFECTIVE = "effective"
"""The output with what evaluators see of each flag."""


@dataclass(frozen=True)
class FlagSetResource:
    """The methods of the resource."""

    engine: engine_pb2_grpc.EngineStub | None
    connect: Connect = connect_flags
    unused: Unused = flag_use.unused
    anchors: Anchors = field(default_factory=Anchors)

    def check(self, request: provider_pb2.CheckRequest) -> provider_pb2.CheckResponse:
        """Validate, and refuse what may not be declared now: a killed flag that would be turned on, and the end of a
        flag that is not off."""
        try:
            wanted = parse({key: value for key, value in to_plain(request.news).items() if key != OBSERVED})
        except InputError as error:
            return _failures([str(problem) for problem in error.problems])
        writer = self._writer(wanted)
        head = writer.load()
        if refused := refusals(head, _declaration(wanted, request.urn)):
            return _failures(list(refused.values()))
        log, today = EngineLog(self.engine, request.urn), datetime.fromtimestamp(writer.now(), UTC).date()
        for line in expired_lines(wanted.flags, today):
            log.warning(line)
        checked = wanted.model_copy(update={OBSERVED: self._observe(wanted, head, writer.now())})
        return provider_pb2.CheckResponse(inputs=to_struct(checked.to_wire()))

    def diff(self, request: provider_pb2.DiffRequest) -> provider_pb2.DiffResponse:
        """Inputs, and also what the journal and the live document say: a document that another changed, and exposures
        that are not yet as declared, are a change."""
        old, new = to_plain(request.old_inputs), to_plain(request.news)
        before, wanted = recorded(old), recorded(new)
        writer, log = self._writer(wanted), EngineLog(self.engine, request.urn)
        self.anchors.see(request.urn, _chain(before, None), to_plain(request.olds))
        head, now = writer.load(), writer.now()
        for flag in effective(head).flags.values():
            if flag.killed is not None:
                log.warning(killed_line(flag.killed, now))
        moves = _moves(before, wanted)
        if moves:
            self._refuse_move(before, moves)
        changed = sorted(key for key in {*old, *new} - {OBSERVED} if old.get(key) != new.get(key))
        if not changed and not moves:
            changed = self._pending(writer, head, wanted, request.urn, log)
        kinds = provider_pb2.DiffResponse
        return kinds(changes=kinds.DIFF_SOME if changed else kinds.DIFF_NONE, diffs=changed, replaces=moves)

    def create(self, request: provider_pb2.CreateRequest) -> provider_pb2.CreateResponse:
        """Write the flags for the first time, or take over a set whose state was lost."""
        wanted = parse(to_plain(request.properties))
        outputs = self._outputs(wanted, request.urn, None, preview=request.preview)
        return provider_pb2.CreateResponse(id=wanted.identity, properties=to_struct(outputs))

    def update(self, request: provider_pb2.UpdateRequest) -> provider_pb2.UpdateResponse:
        """Write them."""
        wanted = parse(to_plain(request.news))
        outputs = self._outputs(wanted, request.urn, to_plain(request.olds), preview=request.preview)
        return provider_pb2.UpdateResponse(properties=to_struct(outputs))

    def read(self, request: provider_pb2.ReadRequest) -> provider_pb2.ReadResponse:
        """What is in force, for a refresh; an empty answer when journal and document are gone."""
        inputs = to_plain(request.inputs) or to_plain(request.properties)
        wanted = recorded(inputs)
        writer, olds = self._writer(wanted), to_plain(request.properties)
        recorded_before = look_at(_chain(wanted, writer), olds, EngineLog(self.engine, request.urn).warning)
        if writer.journal.read() is None and writer.read_document() is None and not recorded_before:
            return provider_pb2.ReadResponse()
        outputs = {**wanted.to_wire(), EFFECTIVE: _effective(writer.load()), **still_anchored(olds)}
        return provider_pb2.ReadResponse(
            id=request.id, properties=to_struct(outputs), inputs=to_struct(wanted.to_wire())
        )

    def delete(self, request: provider_pb2.DeleteRequest) -> empty_pb2.Empty:
        """The end of the set. Refused while one of its flags is on. After the document moved to another kind of object
        only the former one goes, and nothing of a set that another stack took over."""
        wanted = recorded(to_plain(request.old_inputs) or to_plain(request.properties))
        writer = self._writer(wanted)
        head = writer.load()
        if head.stack not in (None, stack_of(request.urn)):
            return empty_pb2.Empty()
        if head.document != wanted.document:
            writer.documents[wanted.document].delete()
        else:
            writer.remove(_author(writer, "the set is removed from the stack"))
        return empty_pb2.Empty()

    def _observe(self, wanted: FlagSetInputs, head: Head, now: float) -> ObservedFlags | None:
        """Which flags are not evaluated; None where it is not said where that is counted."""
        use = wanted.used
        if use is None:
            return None
        old = [key for key in wanted.flags if not is_young(head, key, now, use.within)]
        return ObservedFlags(unused=self.unused(use, old))

    def _writer(self, wanted: FlagSetInputs) -> FlagWriter:
        return self.connect(wanted.where, wanted.name, wanted.document)

    def _outputs(
        self, wanted: FlagSetInputs, urn: str, olds: Mapping[str, Any] | None, *, preview: bool
    ) -> dict[str, Any]:
        writer, declaration = self._writer(wanted), _declaration(wanted, urn)
        author = _author(writer, "pulumi up")
        if preview:
            head = after_declaration(writer.load(), declaration, author)
        else:
            head = writer.change(lambda now: after_declaration(now, declaration, author), declares=True)
        outputs = {**wanted.to_wire(), EFFECTIVE: _effective(head)}
        if preview:
            return outputs
        tell = EngineLog(self.engine, urn).warning
        return {**outputs, **self.anchors.after(urn, _chain(wanted, writer), olds, tell)}

    def _pending(self, writer: FlagWriter, head: Head, wanted: FlagSetInputs, urn: str, log: EngineLog) -> list[str]:
        """The output that an update would change although the inputs are the same."""
        if (drift := writer.problem()) is not None:
            log.warning(f"{drift}; the update writes what is declared and journaled")
            return [EFFECTIVE]
        settled = after_declaration(head, _declaration(wanted, urn), _author(writer, ""))
        if settled == head:
            return []
        log.event("exposures or declarations are not in force yet")
        return [EFFECTIVE]

    def _refuse_move(self, before: FlagSetInputs, moves: list[str]) -> None:
        """A set that moves is made anew and then removed where it was, which a flag that is on forbids: evaluators that
        still read the former object would not hear of a kill."""
        writer = self._writer(before)
        try:
            after_end(writer.load(), _author(writer, ""))
        except ReleaseRefused as error:
            raise ReleaseRefused(f"another {moves[0]} is another set, and the present one would end: {error}") from None


def _chain(of: FlagSetInputs, writer: FlagWriter | None) -> Chain:
    return Chain(flag_chain(of.name), of.where.place, writer.records if writer is not None else None)


def _declaration(wanted: FlagSetInputs, urn: str) -> Declaration:
    return Declaration(flags=wanted.declared, stack=stack_of(urn), salt=uuid.uuid4().hex[:8], document=wanted.document)


def _author(writer: FlagWriter, reason: str) -> Author:
    return Author(by=operator(), at=writer.now(), reason=reason)


def _effective(head: Head) -> dict[str, Any]:
    return {key: _told(flag) for key, flag in effective(head).flags.items()}


def _told(flag: EffectiveFlag) -> dict[str, Any]:
    killed = flag.killed
    told: Mapping[str, Any] = {
        "default": flag.default,
        "percent": flag.percent,
        "targeting": flag.targeting is not None,
        "killed": {"by": killed.by, "at": killed.at, "reason": killed.reason} if killed is not None else None,
    }
    return {key: value for key, value in told.items() if value is not None}


def _moves(before: FlagSetInputs, wanted: FlagSetInputs) -> list[str]:
    """The fields by which it is another set, or another object."""
    found = ["name"] if before.name != wanted.name else []
    if not before.where.is_same_place(wanted.where):
        found.append("namespace" if before.target is None else "target")
    return found + (["document"] if before.document != wanted.document else [])


def _failures(reasons: list[str]) -> provider_pb2.CheckResponse:
    return provider_pb2.CheckResponse(failures=[provider_pb2.CheckFailure(reason=reason) for reason in reasons])

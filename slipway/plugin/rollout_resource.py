"""`slipway:index:Rollout`: its update is the rollout. Calls of the engine in, calls of `slipway.rollout` out."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from google.protobuf import empty_pb2
from pulumi.runtime.proto import engine_pb2_grpc, provider_pb2
from pydantic import ValidationError

from slipway.plugin.after_failure import AfterFailure, identity_of
from slipway.plugin.anchors import Anchors, Chain, look_at
from slipway.plugin.engine_log import EngineLog
from slipway.plugin.flights import Flights
from slipway.plugin.live_line import LiveLine
from slipway.plugin.release_facts import facts_of
from slipway.plugin.run_memory import RunMemory, ServiceKey
from slipway.plugin.structs import to_plain, to_struct
from slipway.plugin.urns import forgetting, stack_name, stack_of
from slipway.release.errors import InputError, JournalUnreadable, ReleaseRefused, SlipwayError
from slipway.release.records.store import RecordsSetting
from slipway.release.rollout_inputs import RolloutInputs
from slipway.release.target import Target
from slipway.rollout import operations
from slipway.rollout.adapters import Adapters
from slipway.rollout.assemble import open_records
from slipway.rollout.in_cluster.ordering import OrderedUpdate, order_removal, where_it_runs
from slipway.rollout.moves import move_lines, must_delete_first, rival_line
from slipway.rollout.operations import Place
from slipway.rollout.process.drilling import drilled
from slipway.rollout.process.operator import operator
from slipway.rollout.recording import Facts, Recorder, ReleaseFacts
from slipway.rollout.removal import declared_services_of, remove
from slipway.rollout.update import Update
from slipway.rollout.watching.words import who_watches

BRIEF = "candidate"
"""What the row of the engine's tree names of a release's changes, so that the status beside it has room; `--diff` shows
all of them."""


@dataclass(frozen=True)
class RolloutResource:
    """The methods of the resource. One process may roll out several services at once, each in a thread.

    `memory` says which releases passed the gates, `flights` what is in flight, `after` what a failure waits for.
    """

    engine: engine_pb2_grpc.EngineStub | None
    memory: RunMemory
    after: AfterFailure
    flights: Flights = field(default_factory=Flights)
    connect: operations.Connect = operations.connect
    live: LiveLine = field(default_factory=lambda: LiveLine(None))
    anchors: Anchors = field(default_factory=Anchors)

    def check(self, request: provider_pb2.CheckRequest) -> provider_pb2.CheckResponse:
        """Validate. What is refused for what the cluster remembers is an error of the resource's own step: a failure
        here would end the whole program."""
        try:
            wanted = operations.parse(to_plain(request.news))
        except InputError as error:
            return provider_pb2.CheckResponse(failures=[_failure(str(problem)) for problem in error.problems])
        return provider_pb2.CheckResponse(inputs=to_struct(wanted.to_wire()))

    def diff(self, request: provider_pb2.DiffRequest) -> provider_pb2.DiffResponse:
        """Inputs, and also what the journal and the live route say: unfinished or drifted traffic is a change."""
        wanted = operations.parse(to_plain(request.news), recorded=True)
        adapters = self._adapters(wanted, request.urn)
        if (before := _former_chain(to_plain(request.old_inputs))) is not None:
            self.anchors.see(request.urn, before, to_plain(request.olds))
        try:
            found = operations.difference(to_plain(request.old_inputs), wanted, adapters)
        except JournalUnreadable as error:  # its own update says so; the other services go on
            found = operations.Difference((), (), str(error))
        log = EngineLog(self.engine, request.urn)
        if found.pending is not None and not found.changed:
            log.event(f"{wanted.service}: {found.pending}")
        if found.drift is not None:
            log.warning(f"{wanted.service}: {found.drift}")
        olds = to_plain(request.old_inputs)
        for line in move_lines(olds, wanted, found.replaces):
            log.warning(f"{wanted.service}: {line}")
        return _diff_response(found, delete_first=bool(found.replaces) and must_delete_first(olds, wanted))

    def create(self, request: provider_pb2.CreateRequest) -> provider_pb2.CreateResponse:
        """The first release of a service, or the same with the state lost."""
        wanted = operations.parse(to_plain(request.properties))
        run = self._preview if request.preview else self._update
        outputs = run(wanted, None, request.urn)
        return provider_pb2.CreateResponse(id=identity_of(wanted), properties=to_struct(outputs))

    def update(self, request: provider_pb2.UpdateRequest) -> provider_pb2.UpdateResponse:
        """A rollout."""
        wanted = operations.parse(to_plain(request.news))
        run = self._preview if request.preview else self._update
        outputs = run(wanted, to_plain(request.olds), request.urn)
        return provider_pb2.UpdateResponse(properties=to_struct(outputs))

    def read(self, request: provider_pb2.ReadRequest) -> provider_pb2.ReadResponse:
        """The live weights, for refresh."""
        olds = to_plain(request.properties)
        inputs = to_plain(request.inputs) or _inputs_in(olds)
        place = Place.of(inputs)
        adapters, log = self._adapters(place, request.urn), EngineLog(self.engine, request.urn)
        outputs = operations.refresh(olds or inputs, adapters)
        recorded = look_at(_chain(place, adapters, inputs), olds, log.warning)
        if outputs is None and recorded:
            log.warning(f"{place.service}: route and journal are gone, its records are not: the state keeps their end")
            outputs = {**olds, "weights": {}, "serving": None}  # the next update is a first release
        if outputs is None:
            return provider_pb2.ReadResponse()
        return provider_pb2.ReadResponse(id=request.id, properties=to_struct(outputs), inputs=to_struct(inputs))

    def delete(self, request: provider_pb2.DeleteRequest) -> empty_pb2.Empty:
        """The end of the service: its route, journal, intents and Lease go."""
        with self.flights.one() as cancelled:
            inputs = to_plain(request.old_inputs) or to_plain(request.properties)
            adapters = self._adapters(Place.of(inputs), request.urn)
            log = EngineLog(self.engine, request.urn)
            forget = forgetting(request.urn)
            if isinstance(inputs.get("run"), Mapping):
                order_removal(operations.parse(_inputs_in(inputs), recorded=True), adapters, log, cancelled, forget)
            else:
                remove(adapters, str(inputs["service"]), declared_services_of(inputs), log, cancelled, forget)
            return empty_pb2.Empty()

    def _adapters(self, where: RolloutInputs | Place, urn: str) -> Adapters:
        return self.connect(where, stack_of(urn))

    def _update(self, wanted: RolloutInputs, olds: Mapping[str, Any] | None, urn: str) -> dict[str, Any]:
        """`olds` is None for a create. A failure is answered when the other rollouts of this process are done."""
        log = EngineLog(self.engine, urn, self.live)
        with self.flights.one() as cancelled:
            try:
                adapters = self._adapters(wanted, urn)
                recorder = Recorder(adapters, wanted, operator(), self._facts(wanted, urn), log.event, drilled())
                recorder.settle()
                self._admit(wanted, adapters, urn, recorder)
                outputs = _carried_out(self._update_of(wanted, adapters, olds or {}, log, cancelled), recorder)
                return {**outputs, **self.anchors.after(urn, _chain(wanted, adapters), olds, log.warning)}
            except Exception as error:  # whatever it was, nothing under traffic may be deleted after it
                failed, interrupted = _as_ours(error), cancelled.is_set()
            finally:
                log.close()
        stack, connect = stack_name(urn), partial(self._adapters, wanted, urn)
        anchored = self.anchors.before(urn, _unopened(wanted), olds)
        raise self.after.answer(
            failed, wanted, olds, connect, log, stack=stack, interrupted=interrupted, anchored=anchored
        )

    def _update_of(
        self,
        wanted: RolloutInputs,
        adapters: Adapters,
        olds: Mapping[str, Any],
        log: EngineLog,
        cancelled: threading.Event,
    ) -> Update | OrderedUpdate:
        if wanted.run is not None and wanted.run.in_cluster:
            return OrderedUpdate(wanted, adapters, olds, log, cancelled, self.flights.abandoned)
        return Update(wanted, adapters, olds, log, cancelled, drill=drilled())

    def _facts(self, wanted: RolloutInputs, urn: str) -> Facts:
        """What the gates of this run know of a release; of an earlier one what its manifest still says."""
        passed = self.memory.passed(ServiceKey(stack_of(urn), wanted.where, wanted.service))

        def facts(manifest: str, revision: str) -> ReleaseFacts:
            return facts_of(passed, Path.cwd(), manifest, revision)

        return facts

    def _admit(self, wanted: RolloutInputs, adapters: Adapters, urn: str, recorder: Recorder | None = None) -> None:
        """Raises ReleaseRefused when these inputs may not be rolled out."""
        reason = self.memory.refusal_reason(stack_of(urn), wanted) or operations.refusal_reason(wanted, adapters)
        if reason is None:
            return
        if recorder is not None:
            recorder.refused(reason)
        raise ReleaseRefused(reason)

    def _preview(self, wanted: RolloutInputs, olds: Mapping[str, Any] | None, urn: str) -> dict[str, Any]:
        """What is refused is an error line, and the plan of everything else goes on."""
        adapters, log = self._adapters(wanted, urn), EngineLog(self.engine, urn)
        try:
            self._admit(wanted, adapters, urn)
        except (ReleaseRefused, JournalUnreadable) as error:
            log.error(f"{wanted.service}: {error}")
            return wanted.to_wire()
        if olds is None and (rival := rival_line(wanted.route, adapters.router.rivals(wanted.route))) is not None:
            log.warning(f"{wanted.service}: {rival}")
        for line in (
            *where_it_runs(wanted, adapters),
            *who_watches(wanted),
            operations.plan(wanted, adapters, olds or {}),
            *operations.forecast(wanted, adapters, olds or {}),
        ):
            log.event(f"{wanted.service}: {line}")
        return wanted.to_wire()


def _carried_out(update: Update | OrderedUpdate, recorder: Recorder) -> dict[str, Any]:
    """However it ends, its rollout is recorded."""
    try:
        return update.run()
    finally:
        recorder.ended()


def _chain(of: RolloutInputs | Place, adapters: Adapters, inputs: Mapping[str, Any] | None = None) -> Chain:
    """`inputs` are those of the state: the adapters of a Place do not know where records lie otherwise."""
    store, setting = adapters.records, of.records if isinstance(of, RolloutInputs) else None
    try:
        if inputs is not None and inputs.get("records") is not None:
            setting = RecordsSetting.model_validate(inputs["records"], extra="ignore")
            store = store if setting.kind == "cluster" else open_records(of.service, of.where, setting, Path())
    except (ValidationError, SlipwayError):  # another version's setting: nothing is known of its records
        store = None
    return Chain(of.service, _lies(of.where, setting), store)


def _former_chain(inputs: Mapping[str, Any]) -> Chain | None:
    """The chain that the state's anchor is of, for its name and place alone; None where the state does not tell."""
    try:
        place, given = Place.of(inputs), inputs.get("records")
        setting = RecordsSetting.model_validate(given, extra="ignore") if given is not None else None
    except (ValidationError, InputError):
        return None
    return Chain(place.service, _lies(place.where, setting), None)


def _unopened(wanted: RolloutInputs) -> Chain:
    """The chain, for its name and place alone."""
    return Chain(wanted.service, _lies(wanted.where, wanted.records), None)


def _lies(target: Target, setting: RecordsSetting | None) -> str:
    """Where a chain lies: beside the journal of its target, or elsewhere whatever the target is."""
    return target.place if setting is None or setting.kind == "cluster" else setting.model_dump_json()


def _inputs_in(recorded: Mapping[str, Any]) -> dict[str, Any]:
    names = {info.alias or name for name, info in RolloutInputs.model_fields.items()}
    return {key: value for key, value in recorded.items() if key in names}


def _as_ours(error: Exception) -> SlipwayError:
    if isinstance(error, SlipwayError):
        return error
    return SlipwayError(f"unexpected {type(error).__name__}: {error}".partition("\n")[0])


def _failure(reason: str) -> provider_pb2.CheckFailure:
    # Without a property: the engine would put the property's value into the line, such as "value {<nil>}".
    return provider_pb2.CheckFailure(reason=reason)


def _diff_response(found: operations.Difference, *, delete_first: bool) -> provider_pb2.DiffResponse:
    paths = list(found.changed) if found.changed else (["weights"] if found.pending is not None else [])
    kind = provider_pb2.PropertyDiff
    detailed = {
        path: kind(kind=kind.UPDATE_REPLACE if path in found.replaces else kind.UPDATE, inputDiff=path != "weights")
        for path in paths
    }
    changes = provider_pb2.DiffResponse.DIFF_SOME if paths else provider_pb2.DiffResponse.DIFF_NONE
    shown = {path.partition(".")[0] for path in paths}
    return provider_pb2.DiffResponse(
        changes=changes,
        replaces=list(found.replaces),
        diffs=[BRIEF] if BRIEF in shown else sorted(shown),
        detailedDiff=detailed,
        hasDetailedDiff=True,
        deleteBeforeReplace=delete_first,
    )

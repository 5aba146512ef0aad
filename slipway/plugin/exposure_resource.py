"""`slipway:index:FlagExposure`: its update exposes a variant step by step. Calls of the engine in, calls of
`slipway.rollout.exposing` out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from google.protobuf import empty_pb2
from pulumi.runtime.proto import engine_pb2_grpc, provider_pb2

from slipway.plugin.anchors import Anchors, Chain, look_at, still_anchored
from slipway.plugin.engine_log import EngineLog
from slipway.plugin.flights import Flights
from slipway.plugin.holdback import HoldBack
from slipway.plugin.live_line import LiveLine
from slipway.plugin.partial import PartlyDone
from slipway.plugin.structs import to_plain, to_struct
from slipway.plugin.urns import stack_of
from slipway.release.errors import InputError, JournalUnreadable, ReleaseRefused, SlipwayError
from slipway.release.flags.exposure_inputs import ExposureInputs
from slipway.release.records.kinds import flag_chain
from slipway.rollout import exposing
from slipway.rollout.exposure.adapters import ExposureAdapters
from slipway.rollout.exposure.assemble import connect_exposure

Connect = Callable[[ExposureInputs, str], ExposureAdapters]
NAMING = ("set", "flag", "namespace", "target")
"""The inputs that make another resource of it."""


@dataclass(frozen=True)
class ExposureResource:
    """The methods of the resource. Several flags may be exposed at once, each in a thread."""

    engine: engine_pb2_grpc.EngineStub | None
    flights: Flights = field(default_factory=Flights)
    hold: HoldBack = field(default_factory=HoldBack)
    """A failure waits for the other exposures of the update, which would otherwise not begin."""
    connect: Connect = connect_exposure
    live: LiveLine = field(default_factory=lambda: LiveLine(None))
    anchors: Anchors = field(default_factory=Anchors)

    @staticmethod
    def check(request: provider_pb2.CheckRequest) -> provider_pb2.CheckResponse:
        """Validate."""
        try:
            inputs = exposing.parse(to_plain(request.news))
        except InputError as error:
            failures = [provider_pb2.CheckFailure(reason=str(problem)) for problem in error.problems]
            return provider_pb2.CheckResponse(failures=failures)
        return provider_pb2.CheckResponse(inputs=to_struct(inputs.to_wire()))

    def diff(self, request: provider_pb2.DiffRequest) -> provider_pb2.DiffResponse:
        """Inputs, and also what the journals say: an exposure that is unfinished or not where it is to be is a change;
        that of a killed flag is none, and it is said."""
        inputs, olds = exposing.parse(to_plain(request.news)), to_plain(request.old_inputs)
        new = inputs.to_wire()
        changed = sorted(key for key in {*new, *olds} if olds.get(key) != new.get(key))
        log, adapters = EngineLog(self.engine, request.urn), self._adapters(inputs, request.urn)
        with suppress(InputError):  # of another version: nothing is known of its chain
            self.anchors.see(request.urn, _chain(_recorded(olds), None), to_plain(request.olds))
        try:
            pending, killed = exposing.pending(inputs, adapters), exposing.killed_line(inputs, adapters)
        except JournalUnreadable as error:  # its own update says so
            pending, killed = str(error), None
        if killed is not None:
            log.warning(killed)
        elif pending is not None and not changed:
            log.event(f"{inputs.flag}: {pending}")
        shown = changed or (["percent"] if pending is not None else [])
        kinds = provider_pb2.DiffResponse
        return kinds(
            changes=kinds.DIFF_SOME if shown else kinds.DIFF_NONE,
            diffs=shown,
            replaces=[key for key in changed if key in NAMING],
        )

    def create(self, request: provider_pb2.CreateRequest) -> provider_pb2.CreateResponse:
        """The first exposure of a flag, or the same with the state lost."""
        inputs = exposing.parse(to_plain(request.properties))
        if request.preview:
            return provider_pb2.CreateResponse(properties=to_struct(self._preview(inputs, request.urn)))
        try:
            outputs = self._update(inputs, request.urn, None)
        except SlipwayError as error:
            # The state must know of it: else nothing would ever remove its journal.
            wire, anchored = inputs.to_wire(), self.anchors.before(request.urn, _chain(inputs, None), None)
            raise PartlyDone(str(error), inputs.identity, wire, {**wire, **anchored}) from None
        return provider_pb2.CreateResponse(id=inputs.identity, properties=to_struct(outputs))

    def update(self, request: provider_pb2.UpdateRequest) -> provider_pb2.UpdateResponse:
        """A rollout of what is left."""
        inputs = exposing.parse(to_plain(request.news))
        if request.preview:
            return provider_pb2.UpdateResponse(properties=to_struct(self._preview(inputs, request.urn)))
        outputs = self._update(inputs, request.urn, to_plain(request.olds))
        return provider_pb2.UpdateResponse(properties=to_struct(outputs))

    def read(self, request: provider_pb2.ReadRequest) -> provider_pb2.ReadResponse:
        """How many get the variant now, for a refresh."""
        inputs = _recorded(to_plain(request.inputs) or to_plain(request.properties))
        adapters, olds = self._adapters(inputs, request.urn), to_plain(request.properties)
        look_at(_chain(inputs, adapters), olds, EngineLog(self.engine, request.urn).warning)
        outputs = {**exposing.refreshed(inputs, adapters), **still_anchored(olds)}
        return provider_pb2.ReadResponse(
            id=request.id, properties=to_struct(outputs), inputs=to_struct(inputs.to_wire())
        )

    def delete(self, request: provider_pb2.DeleteRequest) -> empty_pb2.Empty:
        """The exposure is declared no more: its journal goes."""
        inputs = _recorded(to_plain(request.old_inputs) or to_plain(request.properties))
        with self.flights.one() as cancelled:
            exposing.end(self._adapters(inputs, request.urn), EngineLog(self.engine, request.urn), cancelled)
        return empty_pb2.Empty()

    def _adapters(self, inputs: ExposureInputs, urn: str) -> ExposureAdapters:
        return self.connect(inputs, stack_of(urn))

    def _update(self, inputs: ExposureInputs, urn: str, olds: Mapping[str, Any] | None) -> dict[str, Any]:
        log = EngineLog(self.engine, urn, self.live)
        with self.flights.one() as cancelled:
            try:
                adapters = self._adapters(inputs, urn)
                outputs = exposing.Update(inputs, adapters, log, cancelled).run()
                return {**outputs, **self.anchors.after(urn, _chain(inputs, adapters), olds, log.warning)}
            except SlipwayError as error:
                failed, interrupted = error, cancelled.is_set()
            finally:
                log.close()
        if not interrupted and self.hold.busy:
            log.event(f"{failed}. The others of this update go on; this one fails when they are done")
            self.hold.wait()
        raise failed

    def _preview(self, inputs: ExposureInputs, urn: str) -> dict[str, Any]:
        """What is refused is an error line, and the plan of everything else goes on."""
        adapters, log = self._adapters(inputs, urn), EngineLog(self.engine, urn)
        try:
            if (reason := exposing.refused(inputs, adapters)) is not None:
                raise ReleaseRefused(reason)
            for line in exposing.plan(inputs, adapters):
                log.event(f"{inputs.flag}: {line}")
        except (ReleaseRefused, JournalUnreadable) as error:
            log.error(f"{inputs.flag}: {error}")
        return inputs.to_wire()


def _chain(inputs: ExposureInputs, adapters: ExposureAdapters | None) -> Chain:
    return Chain(flag_chain(inputs.set), inputs.where.place, adapters.flags.records if adapters is not None else None)


def _recorded(inputs: Mapping[str, Any]) -> ExposureInputs:
    """Inputs of the state, which another version of Slipway may have written. Raises InputError."""
    known = {info.alias or name for name, info in ExposureInputs.model_fields.items()}
    return exposing.parse({key: value for key, value in inputs.items() if key in known})

"""The protocol adaptor: gRPC in, calls of `slipway.rollout.operations` out. Errors leave as one-line statuses, never as
tracebacks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NoReturn

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import engine_pb2_grpc, plugin_pb2, provider_pb2, provider_pb2_grpc

from slipway.plugin.after_failure import AfterFailure, identity_of
from slipway.plugin.engine_log import EngineLog
from slipway.plugin.engine_process import EngineProcess
from slipway.plugin.flights import Flights
from slipway.plugin.holdback import HoldBack
from slipway.plugin.partial import CODE, DETAILS, PartlyDone
from slipway.plugin.release_resource import ReleaseResource
from slipway.plugin.structs import to_plain, to_struct
from slipway.release.errors import InputError, JournalUnreadable, ReleaseRefused, SlipwayError
from slipway.release.rollout_inputs import RolloutInputs
from slipway.rollout import operations
from slipway.rollout.adapters import World
from slipway.rollout.moves import move_lines, must_delete_first, rival_line
from slipway.rollout.operations import Place
from slipway.rollout.removal import remove, services_of

VERSION = "0.1.0"
TYPE = "slipway:index:Rollout"


class RolloutProvider(provider_pb2_grpc.ResourceProviderServicer):
    """Serves `slipway:index:Rollout`, and hands `slipway:index:Release` on. One process may roll out several services
    at once, each in a thread."""

    def __init__(
        self,
        engine: engine_pb2_grpc.EngineStub | None,
        connect: operations.Connect = operations.connect,
        hold: HoldBack | None = None,
        process: EngineProcess | None = None,
    ) -> None:
        self._engine = engine
        self._connect = connect
        self._releases = ReleaseResource()
        self._flights = Flights()
        self._hold = hold or HoldBack()
        self._after = AfterFailure(self._hold, process or EngineProcess())

    # -- the plugin ----------------------------------------------------------------------------------------

    def GetPluginInfo(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:  # noqa: N802
        """The version."""
        return plugin_pb2.PluginInfo(version=VERSION)

    def GetSchema(  # noqa: N802
        self, request: provider_pb2.GetSchemaRequest, context: grpc.ServicerContext
    ) -> provider_pb2.GetSchemaResponse:
        """No SDK is generated: the components declare the types."""
        return provider_pb2.GetSchemaResponse(schema='{"name": "slipway", "version": "' + VERSION + '"}')

    def CheckConfig(  # noqa: N802
        self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CheckResponse:
        """The provider takes no configuration."""
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(  # noqa: N802
        self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext
    ) -> provider_pb2.DiffResponse:
        """A change of the provider itself never replaces a Rollout."""
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)

    def Configure(  # noqa: N802
        self, request: provider_pb2.ConfigureRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ConfigureResponse:
        """Secrets are refused (there are none among the inputs); previews of updates are wanted, for the plan."""
        return provider_pb2.ConfigureResponse(acceptSecrets=False, supportsPreview=True, acceptResources=False)

    def Cancel(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> empty_pb2.Empty:  # noqa: N802
        """Ctrl-C, but also the end of every run: it concerns only a rollout in flight in this process."""
        self._flights.cancel()
        self._after.cancel()
        return empty_pb2.Empty()

    # -- the resource --------------------------------------------------------------------------------------

    def Check(  # noqa: N802
        self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CheckResponse:
        """Validate. What is refused for what the cluster remembers is an error of the resource's own step: a failure
        here would end the whole program."""
        with self._call(context):
            if self._releases.owns(request.type or request.urn):
                return self._releases.check(request)
            _known(request.type or request.urn, context)
            try:
                wanted = operations.parse(to_plain(request.news))
            except InputError as error:
                return provider_pb2.CheckResponse(failures=[_failure(str(problem)) for problem in error.problems])
            return provider_pb2.CheckResponse(inputs=to_struct(wanted.to_wire()))

    def Diff(  # noqa: N802
        self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext
    ) -> provider_pb2.DiffResponse:
        """Inputs, and also what the journal and the live route say: unfinished or drifted traffic is a change."""
        with self._call(context):
            if self._releases.owns(request.urn):
                return self._releases.diff(request)
            wanted = operations.parse(to_plain(request.news), recorded=True)
            try:
                found = operations.difference(to_plain(request.old_inputs), wanted, self._world(wanted, request.urn))
            except JournalUnreadable as error:  # its own update says so; the other services go on
                found = operations.Difference((), (), str(error))
            log = EngineLog(self._engine, request.urn)
            if found.pending is not None and not found.changed:
                log.event(f"{wanted.service}: {found.pending}")
            if found.drift is not None:
                log.warning(f"{wanted.service}: {found.drift}")
            olds = to_plain(request.old_inputs)
            for line in move_lines(olds, wanted, found.replaces):
                log.warning(f"{wanted.service}: {line}")
            return _diff_response(found, delete_first=bool(found.replaces) and must_delete_first(olds, wanted))
        raise AssertionError  # pragma: no cover - `_errors` has left

    def Create(  # noqa: N802
        self, request: provider_pb2.CreateRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CreateResponse:
        """The first release of a service, or the same with the state lost."""
        with self._call(context):
            if self._releases.owns(request.urn):
                return self._releases.create(request)
            wanted = operations.parse(to_plain(request.properties))
            run = self._preview if request.preview else self._update
            outputs = run(wanted, None, request.urn)
            return provider_pb2.CreateResponse(id=identity_of(wanted), properties=to_struct(outputs))
        raise AssertionError  # pragma: no cover

    def Update(  # noqa: N802
        self, request: provider_pb2.UpdateRequest, context: grpc.ServicerContext
    ) -> provider_pb2.UpdateResponse:
        """A rollout."""
        with self._call(context):
            if self._releases.owns(request.urn):
                return self._releases.update(request)
            wanted = operations.parse(to_plain(request.news))
            run = self._preview if request.preview else self._update
            outputs = run(wanted, to_plain(request.olds), request.urn)
            return provider_pb2.UpdateResponse(properties=to_struct(outputs))
        raise AssertionError  # pragma: no cover

    def Read(  # noqa: N802
        self, request: provider_pb2.ReadRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ReadResponse:
        """The live weights, for refresh."""
        with self._call(context):
            if self._releases.owns(request.urn):
                return self._releases.read(request)
            olds = to_plain(request.properties)
            inputs = to_plain(request.inputs) or {k: v for k, v in olds.items() if k in _input_names()}
            outputs = operations.refreshed(olds or inputs, self._world(Place.of(inputs), request.urn))
            if outputs is None:
                return provider_pb2.ReadResponse()
            return provider_pb2.ReadResponse(id=request.id, properties=to_struct(outputs), inputs=to_struct(inputs))
        raise AssertionError  # pragma: no cover

    def Delete(  # noqa: N802
        self, request: provider_pb2.DeleteRequest, context: grpc.ServicerContext
    ) -> empty_pb2.Empty:
        """The end of the service: its route, journal, intents and Lease go."""
        with self._call(context), self._flights.one() as cancelled:
            if self._releases.owns(request.urn):
                return self._releases.delete()
            inputs = to_plain(request.old_inputs) or to_plain(request.properties)
            world = self._world(Place.of(inputs), request.urn)
            log = EngineLog(self._engine, request.urn)
            remove(world, str(inputs["service"]), services_of(inputs), log, cancelled, forgetting(request.urn))
            return empty_pb2.Empty()
        raise AssertionError  # pragma: no cover

    # -- helpers -------------------------------------------------------------------------------------------

    @contextmanager
    def _call(self, context: grpc.ServicerContext) -> Iterator[None]:
        with _errors(context), self._hold.call():
            yield

    def _world(self, where: RolloutInputs | Place, urn: str) -> World:
        return self._connect(where, stack_of(urn))

    def _update(self, wanted: RolloutInputs, olds: Mapping[str, Any] | None, urn: str) -> dict[str, Any]:
        """`olds` is None for a create. A failure is answered when the other rollouts of this process are done."""
        log = EngineLog(self._engine, urn)
        with self._flights.one() as cancelled:
            try:
                world = self._world(wanted, urn)
                self._admit(wanted, world)
                return operations.Update(wanted, world, olds or {}, log, cancelled).run()
            except Exception as error:  # whatever it was, nothing under traffic may be deleted after it
                failed, interrupted = _as_ours(error), cancelled.is_set()
        raise self._after.answer(failed, wanted, olds, lambda: self._world(wanted, urn), log, interrupted=interrupted)

    def _admit(self, wanted: RolloutInputs, world: World) -> None:
        """Raises ReleaseRefused when these inputs may not be rolled out."""
        reason = self._releases.unjudged(wanted) or operations.refused(wanted, world)
        if reason is not None:
            raise ReleaseRefused(reason)

    def _preview(self, wanted: RolloutInputs, olds: Mapping[str, Any] | None, urn: str) -> dict[str, Any]:
        """What is refused is an error line, and the plan of everything else goes on."""
        world, log = self._world(wanted, urn), EngineLog(self._engine, urn)
        try:
            self._admit(wanted, world)
        except (ReleaseRefused, JournalUnreadable) as error:
            log.error(f"{wanted.service}: {error}")
            return wanted.to_wire()
        if olds is None and (rival := rival_line(wanted.route, world.router.rivals(wanted.route))) is not None:
            log.warning(f"{wanted.service}: {rival}")
        for line in (operations.plan(wanted, world, olds or {}), *operations.foretold(wanted, world, olds or {})):
            log.event(f"{wanted.service}: {line}")
        return wanted.to_wire()

    def stop(self, within: float) -> None:
        """Cancel what is in flight and wait until it has put its traffic back."""
        self._after.cancel()
        self._flights.close(within)


def _input_names() -> set[str]:
    return {info.alias or name for name, info in RolloutInputs.model_fields.items()}


def stack_of(urn: str) -> str:
    """`project/stack` of a resource's URN."""
    stack, _, rest = urn.removeprefix("urn:pulumi:").partition("::")
    return f"{rest.partition('::')[0]}/{stack}"


def forgetting(urn: str) -> str:
    """The command that makes a stack forget a service's component with all that is in it, and deletes nothing."""
    parts = urn.split("::")
    component = "::".join([*parts[:2], parts[2].rpartition("$")[0] or parts[2], *parts[3:]])
    return f"pulumi state delete --target-dependents '{component}'"


def _as_ours(error: Exception) -> SlipwayError:
    if isinstance(error, SlipwayError):
        return error
    return SlipwayError(f"unexpected {type(error).__name__}: {error}".partition("\n")[0])


def _failure(reason: str) -> provider_pb2.CheckFailure:
    # Without a property: the engine would put the property's value into the line, such as "value {<nil>}".
    return provider_pb2.CheckFailure(reason=reason)


def _known(type_or_urn: str, context: grpc.ServicerContext) -> None:
    if TYPE not in type_or_urn:
        context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"{type_or_urn} is not a type of this provider; it has {TYPE}")


def _diff_response(found: operations.Difference, *, delete_first: bool) -> provider_pb2.DiffResponse:
    paths = list(found.changed) if found.changed else (["weights"] if found.pending is not None else [])
    kind = provider_pb2.PropertyDiff
    detailed = {
        path: kind(kind=kind.UPDATE_REPLACE if path in found.replaces else kind.UPDATE, inputDiff=path != "weights")
        for path in paths
    }
    changes = provider_pb2.DiffResponse.DIFF_SOME if paths else provider_pb2.DiffResponse.DIFF_NONE
    return provider_pb2.DiffResponse(
        changes=changes,
        replaces=list(found.replaces),
        diffs=[path.partition(".")[0] for path in paths],
        detailedDiff=detailed,
        hasDetailedDiff=True,
        deleteBeforeReplace=delete_first,
    )


@contextmanager
def _errors(context: grpc.ServicerContext) -> Iterator[None]:
    def fail(code: grpc.StatusCode, text: str) -> NoReturn:
        context.abort(code, text)
        raise AssertionError  # pragma: no cover - abort raises

    try:
        yield
    except PartlyDone as error:
        context.set_trailing_metadata(((DETAILS, error.details()),))
        fail(CODE, str(error))
    except SlipwayError as error:
        fail(grpc.StatusCode.FAILED_PRECONDITION, str(error))
    except (ValueError, KeyError, TypeError, OSError) as error:
        fail(grpc.StatusCode.INTERNAL, f"{type(error).__name__}: {error}".partition("\n")[0])

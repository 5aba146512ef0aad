"""The plugin's side of Pulumi's protocol: each request goes to the resource that its type names."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import engine_pb2_grpc, plugin_pb2, provider_pb2, provider_pb2_grpc

from slipway.plugin.after_failure import AfterFailure
from slipway.plugin.answers import UnknownType, one_line_errors
from slipway.plugin.engine_process import EngineProcess
from slipway.plugin.exposure_resource import ExposureResource
from slipway.plugin.flag_set_resource import Connect as ConnectFlags
from slipway.plugin.flag_set_resource import FlagSetResource
from slipway.plugin.flights import Flights
from slipway.plugin.holdback import HoldBack
from slipway.plugin.listener_priority_resource import ListenerPriorityResource
from slipway.plugin.live_line import LiveLine
from slipway.plugin.migrations_resource import MigrationsResource
from slipway.plugin.refusals import keep_refusal
from slipway.plugin.release_resource import ReleaseResource
from slipway.plugin.resource import Resource
from slipway.plugin.rollout_resource import RolloutResource
from slipway.plugin.rule_group_resource import RuleGroupResource
from slipway.plugin.run_memory import RunMemory
from slipway.plugin.structs import secret_keys
from slipway.plugin.terminal import Terminal
from slipway.plugin.version import VERSION
from slipway.release.tokens import (
    FLAG_EXPOSURE,
    FLAG_SET,
    LISTENER_PRIORITY,
    MIGRATIONS,
    RELEASE,
    ROLLOUT,
    RULE_GROUP,
    type_of,
)
from slipway.rollout import operations
from slipway.rollout.assemble import connect_flags


class SlipwayProvider(provider_pb2_grpc.ResourceProviderServicer):
    """Serves the custom resources and the components of the package `slipway`. One process may roll out several
    services at once, each in a thread."""

    def __init__(
        self,
        engine: engine_pb2_grpc.EngineStub | None,
        connect: operations.Connect = operations.connect,
        hold: HoldBack | None = None,
        process: EngineProcess | None = None,
        address: str = "",
        flags: ConnectFlags = connect_flags,
        prepare: Callable[[], None] = lambda: None,
    ) -> None:
        """`address` is where the engine listens, for components; empty when the plugin was started by hand. `prepare`
        is called before a rollout that is likely to follow."""
        self._address = address
        self._hold = hold or HoldBack()
        process = process or EngineProcess()
        self._after = AfterFailure(self._hold, process)
        self._flights = Flights()
        memory, live = RunMemory(), LiveLine(Terminal(process))
        self._resources: Mapping[str, Resource] = {
            RELEASE: ReleaseResource(memory, keep=keep_refusal, prepare=prepare),
            ROLLOUT: RolloutResource(engine, memory, self._after, self._flights, connect, live),
            FLAG_SET: FlagSetResource(engine, flags),
            RULE_GROUP: RuleGroupResource(engine, self._flights),
            LISTENER_PRIORITY: ListenerPriorityResource(),
            MIGRATIONS: MigrationsResource(engine, self._flights),
            FLAG_EXPOSURE: ExposureResource(engine, self._flights, self._hold, live=live),
        }

    # -- the plugin ----------------------------------------------------------------------------------------

    def GetPluginInfo(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:  # noqa: N802
        """The version."""
        return plugin_pb2.PluginInfo(version=VERSION)

    def GetSchema(  # noqa: N802
        self, request: provider_pb2.GetSchemaRequest, context: grpc.ServicerContext
    ) -> provider_pb2.GetSchemaResponse:
        """From which Pulumi generates SDKs."""
        from slipway.plugin import schema  # no update needs it

        return provider_pb2.GetSchemaResponse(schema=schema.text())

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
        """Previews of updates are wanted, for the plan. A plugin with components has to take secrets; among the inputs
        of a resource they are refused."""
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True, acceptResources=False)

    def Cancel(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> empty_pb2.Empty:  # noqa: N802
        """Ctrl-C, but also the end of every run: it concerns only a rollout in flight in this process."""
        self._flights.cancel()
        self._after.cancel()
        return empty_pb2.Empty()

    # -- the custom resources ------------------------------------------------------------------------------

    @one_line_errors
    def Check(  # noqa: N802
        self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CheckResponse:
        """Validate the inputs of a resource."""
        with self._hold.call():
            resource = self._resource(request.type or request.urn)
            if secret := secret_keys(request.news):
                return _secrets_refused(secret)
            return resource.check(request)

    @one_line_errors
    def Diff(  # noqa: N802
        self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext
    ) -> provider_pb2.DiffResponse:
        """What would change."""
        with self._hold.call():
            return self._resource(request.urn).diff(request)

    @one_line_errors
    def Create(  # noqa: N802
        self, request: provider_pb2.CreateRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CreateResponse:
        """Make a resource."""
        with self._hold.call():
            return self._resource(request.urn).create(request)

    @one_line_errors
    def Update(  # noqa: N802
        self, request: provider_pb2.UpdateRequest, context: grpc.ServicerContext
    ) -> provider_pb2.UpdateResponse:
        """Change a resource."""
        with self._hold.call():
            return self._resource(request.urn).update(request)

    @one_line_errors
    def Read(  # noqa: N802
        self, request: provider_pb2.ReadRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ReadResponse:
        """What a resource is now."""
        with self._hold.call():
            return self._resource(request.urn).read(request)

    @one_line_errors
    def Delete(  # noqa: N802
        self, request: provider_pb2.DeleteRequest, context: grpc.ServicerContext
    ) -> empty_pb2.Empty:
        """Remove a resource."""
        with self._hold.call():
            return self._resource(request.urn).delete(request)

    # -- components ----------------------------------------------------------------------------------------

    @one_line_errors
    def Construct(  # noqa: N802
        self, request: provider_pb2.ConstructRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ConstructResponse:
        """Declare a component and all that is in it. It ends after its Rollout, which must not wait for it."""
        from slipway.plugin.construct import Constructor  # only programs in other languages need it

        return Constructor(self._address).construct(request, context)

    def stop(self, within: float) -> None:
        """Cancel what is in flight and wait, for at most `within` seconds, until it has put its traffic back."""
        self._after.cancel()
        self._flights.close(within)

    def _resource(self, type_or_urn: str) -> Resource:
        wanted = type_of(type_or_urn)
        found = self._resources.get(wanted)
        if found is None:
            raise UnknownType(f"{wanted} is not a resource of this plugin; it has {', '.join(self._resources)}")
        return found


def _secrets_refused(keys: list[str]) -> provider_pb2.CheckResponse:
    reason = "is a secret. Give a plain value: the inputs are kept in the stack's state and in the cluster"
    failures = [provider_pb2.CheckFailure(property=key, reason=reason) for key in keys]
    return provider_pb2.CheckResponse(failures=failures)

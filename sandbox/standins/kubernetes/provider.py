"""The resource provider's protocol (``pulumirpc.ResourceProvider``): messages in, calls on a cluster, messages out."""

from __future__ import annotations

import json
import threading
from importlib import metadata
from typing import TYPE_CHECKING

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from sandbox.standins.errors import InvalidInputError, StandInError
from sandbox.standins.kubernetes import check, configuration, diff, paths, settings, state
from sandbox.standins.kubernetes.failure import abort_not_ready
from sandbox.standins.kubernetes.naming import Autonaming
from sandbox.standins.kubernetes.telling import Engine
from sandbox.standins.kubernetes.tokens import Kind, kind_of_token, kind_of_urn, name_of_urn
from sandbox.standins.kubernetes.values import from_struct, to_struct

if TYPE_CHECKING:  # loaded with the first Configure: it brings the HTTP client, and the port is to be printed soon
    from sandbox.standins.kubernetes.cluster import Cluster, Recorded

_KINDS = {
    ("add", False): provider_pb2.PropertyDiff.ADD,
    ("add", True): provider_pb2.PropertyDiff.ADD_REPLACE,
    ("delete", False): provider_pb2.PropertyDiff.DELETE,
    ("delete", True): provider_pb2.PropertyDiff.DELETE_REPLACE,
    ("update", False): provider_pb2.PropertyDiff.UPDATE,
    ("update", True): provider_pb2.PropertyDiff.UPDATE_REPLACE,
}


class KubernetesProvider(provider_pb2_grpc.ResourceProviderServicer):
    """One provider process serves one configured provider resource."""

    def __init__(self, engine: str) -> None:
        self._engine = Engine(engine)
        self._cancelled = threading.Event()
        self._settings: settings.Settings | None = None
        self._cluster: Cluster | None = None

    def drain(self, _hurry: threading.Event) -> None:
        """End all waiting."""
        self._cancelled.set()
        if self._cluster is not None:
            self._cluster.close()

    def Handshake(  # noqa: N802
        self, request: provider_pb2.ProviderHandshakeRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ProviderHandshakeResponse:
        self._engine = Engine(request.engine_address)
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True, supports_autonaming_configuration=True)

    def Attach(self, request: plugin_pb2.PluginAttach, context: grpc.ServicerContext) -> empty_pb2.Empty:  # noqa: N802
        self._engine = Engine(request.address)
        return empty_pb2.Empty()

    def GetPluginInfo(  # noqa: N802
        self, request: empty_pb2.Empty, context: grpc.ServicerContext
    ) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version=metadata.version("pulumi_kubernetes"))

    def GetSchema(  # noqa: N802
        self, request: provider_pb2.GetSchemaRequest, context: grpc.ServicerContext
    ) -> provider_pb2.GetSchemaResponse:
        schema = {
            "name": "kubernetes",
            "version": metadata.version("pulumi_kubernetes"),
            "description": "A stand-in for the Kubernetes provider: any object, by server-side apply.",
        }
        return provider_pb2.GetSchemaResponse(schema=json.dumps(schema))

    def CheckConfig(  # noqa: N802
        self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CheckResponse:
        found = settings.problems(settings.decoded(from_struct(request.news)))
        return provider_pb2.CheckResponse(inputs=request.news, failures=_failures(found))

    def DiffConfig(  # noqa: N802
        self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext
    ) -> provider_pb2.DiffResponse:
        old = settings.decoded(from_struct(request.old_inputs) or from_struct(request.olds))
        new = settings.decoded(from_struct(request.news))
        changed = configuration.changes(old, new)
        return provider_pb2.DiffResponse(
            changes=provider_pb2.DiffResponse.DIFF_SOME if changed else provider_pb2.DiffResponse.DIFF_NONE,
            diffs=changed,
            replaces=configuration.replaces_everything(old, new),
        )

    def Configure(  # noqa: N802
        self, request: provider_pb2.ConfigureRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ConfigureResponse:
        from sandbox.standins.kubernetes.cluster import Cluster

        self._settings = settings.parse(settings.decoded(from_struct(request.args)))
        if self._settings.kubeconfig is not None:
            self._cluster = Cluster(self._settings, self._engine, self._cancelled)
        return provider_pb2.ConfigureResponse(
            acceptSecrets=True, supportsPreview=True, supports_autonaming_configuration=True
        )

    def Check(  # noqa: N802
        self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CheckResponse:
        kind = kind_of_urn(request.urn)
        news = from_struct(request.news)
        checked = check.check(
            news,
            from_struct(request.olds),
            kind,
            resource=name_of_urn(request.urn),
            seed=request.randomSeed,
            default_namespace=lambda: self._default_namespace(kind),
            proposal=_proposal(request),
        )
        inputs = state.concealed(checked.inputs, news, kind)
        return provider_pb2.CheckResponse(inputs=to_struct(inputs), failures=_failures(checked.failures))

    def Diff(  # noqa: N802
        self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext
    ) -> provider_pb2.DiffResponse:
        old = from_struct(request.old_inputs) or state.live_of(from_struct(request.olds))
        kind = kind_of_urn(request.urn)
        verdict = diff.compare(old, from_struct(request.news), kind, self._known(), request.ignoreChanges)
        detailed = {
            paths.render(each.path): provider_pb2.PropertyDiff(kind=_KINDS[each.change, each.replaces], inputDiff=True)
            for each in verdict.differences
        }
        return provider_pb2.DiffResponse(
            changes=provider_pb2.DiffResponse.DIFF_SOME if detailed else provider_pb2.DiffResponse.DIFF_NONE,
            replaces=[paths.render(each.path) for each in verdict.differences if each.replaces],
            deleteBeforeReplace=verdict.delete_first,
            detailedDiff=detailed,
            hasDetailedDiff=True,
        )

    def Create(  # noqa: N802
        self, request: provider_pb2.CreateRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CreateResponse:
        inputs = from_struct(request.properties)
        if request.preview:
            outputs = self._cluster.preview(request.urn, inputs, None) if self._cluster else inputs
            return provider_pb2.CreateResponse(properties=to_struct(outputs))
        made = self._reached().apply(request.urn, inputs, None, request.timeout)
        _refuse_unready(context, made)
        return provider_pb2.CreateResponse(id=made.id, properties=to_struct(made.outputs))

    def Update(  # noqa: N802
        self, request: provider_pb2.UpdateRequest, context: grpc.ServicerContext
    ) -> provider_pb2.UpdateResponse:
        inputs, recorded = from_struct(request.news), from_struct(request.olds)
        if request.preview:
            outputs = self._cluster.preview(request.urn, inputs, recorded) if self._cluster else inputs
            return provider_pb2.UpdateResponse(properties=to_struct(outputs))
        made = self._reached().apply(request.urn, inputs, recorded, request.timeout)
        _refuse_unready(context, made)
        return provider_pb2.UpdateResponse(properties=to_struct(made.outputs))

    def Read(  # noqa: N802
        self, request: provider_pb2.ReadRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ReadResponse:
        inputs, recorded = from_struct(request.inputs), from_struct(request.properties)
        found = self._reached().read(request.urn, request.id, inputs, recorded)
        if found is None:
            return provider_pb2.ReadResponse()
        if found.reasons:
            abort_not_ready(context, request.id, found.outputs, list(found.reasons), found.inputs)
        return provider_pb2.ReadResponse(
            id=request.id, properties=to_struct(found.outputs), inputs=to_struct(found.inputs)
        )

    def Delete(self, request: provider_pb2.DeleteRequest, context: grpc.ServicerContext) -> empty_pb2.Empty:  # noqa: N802
        self._reached().delete(request.urn, request.id, from_struct(request.properties), request.timeout)
        return empty_pb2.Empty()

    def Construct(  # noqa: N802
        self, request: provider_pb2.ConstructRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ConstructResponse:
        kind_of_token(request.type)  # says what to do instead
        raise InvalidInputError(f"{request.type} is no component of the Kubernetes provider")

    def Invoke(  # noqa: N802
        self, request: provider_pb2.InvokeRequest, context: grpc.ServicerContext
    ) -> provider_pb2.InvokeResponse:
        raise InvalidInputError(
            f"the function {request.tok} is the real Kubernetes provider's, which this stand-in is not: "
            "declare the objects one by one, or install the real provider"
        )

    def Cancel(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> empty_pb2.Empty:  # noqa: N802
        self.drain(self._cancelled)
        return empty_pb2.Empty()

    def _known(self) -> settings.Settings:
        if self._settings is None:
            raise StandInError("the Kubernetes provider is used before it is configured")
        return self._settings

    def _reached(self) -> Cluster:
        self._known()
        if self._cluster is None:
            raise StandInError("the Kubernetes provider's kubeconfig is not known yet")
        return self._cluster

    def _default_namespace(self, kind: Kind) -> str | None:
        if self._cluster is None:
            return self._known().namespace or "default"
        return self._cluster.default_namespace(kind)


def _failures(found: list[tuple[str, str]]) -> list[provider_pb2.CheckFailure]:
    return [provider_pb2.CheckFailure(property=name, reason=f"{name}: {reason}") for name, reason in found]


def _proposal(request: provider_pb2.CheckRequest) -> tuple[str, Autonaming] | None:
    if not request.HasField("autonaming"):
        return None
    return request.autonaming.proposed_name, Autonaming(request.autonaming.mode)


def _refuse_unready(context: grpc.ServicerContext, made: Recorded) -> None:
    if made.reasons:
        abort_not_ready(context, made.id, made.outputs, list(made.reasons))

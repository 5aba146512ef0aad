"""The resource provider's protocol (``pulumirpc.ResourceProvider``): messages in, calls of AWS's API, messages out."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator, Sequence
from importlib import metadata
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from sandbox.standins.aws import changes
from sandbox.standins.aws.calls import Clients
from sandbox.standins.aws.entry import Call, Entry, Json
from sandbox.standins.aws.fields import uncovered
from sandbox.standins.aws.resources import Resources
from sandbox.standins.aws.table import ENTRIES
from sandbox.standins.errors import InvalidInputError, StandInError
from sandbox.standins.kubernetes.values import UNKNOWN, conceal, from_struct, plain, to_struct

ENDPOINT = "AWS_ENDPOINT_URL"
SETTINGS = {"region", "profile", "version", "pluginDownloadURL"}
IGNORED = {"skipCredentialsValidation", "skipRequestingAccountId", "skipMetadataApiCheck", "skipRegionValidation"}
IGNORED |= {"s3UsePathStyle"}
"""What a program says to reach a local AWS: it is reached anyway."""
KINDS = {
    "add": provider_pb2.PropertyDiff.ADD,
    "delete": provider_pb2.PropertyDiff.DELETE,
    "update": provider_pb2.PropertyDiff.UPDATE,
}
REPLACING = {
    "add": provider_pb2.PropertyDiff.ADD_REPLACE,
    "delete": provider_pb2.PropertyDiff.DELETE_REPLACE,
    "update": provider_pb2.PropertyDiff.UPDATE_REPLACE,
}


class AwsProvider(provider_pb2_grpc.ResourceProviderServicer):
    """One provider process serves one configured provider resource."""

    def __init__(self) -> None:
        self._cancelled = threading.Event()
        self._clients = Clients(None)
        self._resources = Resources(self._clients, self._cancelled)

    def stop(self) -> None:
        """End all waiting."""
        self._cancelled.set()

    def Handshake(  # noqa: N802
        self, request: provider_pb2.ProviderHandshakeRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ProviderHandshakeResponse:
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True)

    def Attach(self, request: plugin_pb2.PluginAttach, context: grpc.ServicerContext) -> empty_pb2.Empty:  # noqa: N802
        return empty_pb2.Empty()

    def GetPluginInfo(  # noqa: N802
        self, request: empty_pb2.Empty, context: grpc.ServicerContext
    ) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version=metadata.version("pulumi_aws"))

    def GetSchema(  # noqa: N802
        self, request: provider_pb2.GetSchemaRequest, context: grpc.ServicerContext
    ) -> provider_pb2.GetSchemaResponse:
        description = f"A stand-in for the AWS provider: {len(ENTRIES)} types, against a local AWS."
        schema = {"name": "aws", "version": metadata.version("pulumi_aws"), "description": description}
        return provider_pb2.GetSchemaResponse(schema=json.dumps(schema))

    def CheckConfig(  # noqa: N802
        self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CheckResponse:
        found = [
            (name, "is not known to this stand-in: leave it out, or install the real provider")
            for name in sorted(from_struct(request.news).keys() - SETTINGS - IGNORED)
        ]
        return provider_pb2.CheckResponse(inputs=request.news, failures=_failures(found))

    def DiffConfig(  # noqa: N802
        self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext
    ) -> provider_pb2.DiffResponse:
        old, new = from_struct(request.old_inputs or request.olds), from_struct(request.news)
        moved = [name for name in ("region", "profile") if old.get(name) != new.get(name)]
        kind = provider_pb2.DiffResponse.DIFF_SOME if moved else provider_pb2.DiffResponse.DIFF_NONE
        return provider_pb2.DiffResponse(changes=kind, diffs=moved, replaces=moved)

    def Configure(  # noqa: N802
        self, request: provider_pb2.ConfigureRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ConfigureResponse:
        if not os.environ.get(ENDPOINT):
            text = f"this stand-in serves a local AWS only, and {ENDPOINT} names none"
            raise StandInError(f"{text}: run slipway sandbox up --aws, or install the real provider")
        region = plain(from_struct(request.args).get("region"))
        self._clients = Clients(region if isinstance(region, str) else None)
        self._resources = Resources(self._clients, self._cancelled)
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    def Check(  # noqa: N802
        self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CheckResponse:
        entry, name = _entry(_type_of(request.urn)), request.urn.split("::", 3)[3]
        news, olds = from_struct(request.news), plain(from_struct(request.olds))
        found = list(_unknown_inputs(entry, plain(news)))
        inputs = changes.named(entry, news, olds, name, request.randomSeed)
        return provider_pb2.CheckResponse(inputs=to_struct(inputs), failures=_failures(found))

    def Diff(  # noqa: N802
        self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext
    ) -> provider_pb2.DiffResponse:
        entry = _entry(_type_of(request.urn))
        old, new = plain(from_struct(request.old_inputs)), plain(from_struct(request.news))
        found = changes.compare(entry, old, new, request.ignoreChanges)
        detailed = {
            one.path: provider_pb2.PropertyDiff(kind=(REPLACING if one.replaces else KINDS)[one.change], inputDiff=True)
            for one in found
        }
        replaces = [one.path for one in found if one.replaces]
        return provider_pb2.DiffResponse(
            changes=provider_pb2.DiffResponse.DIFF_SOME if found else provider_pb2.DiffResponse.DIFF_NONE,
            replaces=replaces,
            deleteBeforeReplace=bool(replaces) and changes.collides(entry, old, new),
            detailedDiff=detailed,
            hasDetailedDiff=True,
        )

    def Create(  # noqa: N802
        self, request: provider_pb2.CreateRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CreateResponse:
        entry, inputs = _entry(_type_of(request.urn)), from_struct(request.properties)
        if request.preview:
            later: Json = dict.fromkeys(entry.outputs, UNKNOWN)
            return provider_pb2.CreateResponse(properties=to_struct({**inputs, **later}))
        made, outputs = self._resources.create(entry, plain(inputs))
        return provider_pb2.CreateResponse(id=made, properties=to_struct(conceal(outputs, inputs)))

    def Update(  # noqa: N802
        self, request: provider_pb2.UpdateRequest, context: grpc.ServicerContext
    ) -> provider_pb2.UpdateResponse:
        entry, inputs, recorded = _entry(_type_of(request.urn)), from_struct(request.news), from_struct(request.olds)
        if request.preview:
            kept = {name: recorded[name] for name in entry.outputs if name in recorded}
            return provider_pb2.UpdateResponse(properties=to_struct({**inputs, **kept}))
        old = plain(from_struct(request.old_inputs))
        outputs = self._resources.update(entry, request.id, plain(recorded), old, plain(inputs))
        return provider_pb2.UpdateResponse(properties=to_struct(conceal(outputs, inputs)))

    def Read(  # noqa: N802
        self, request: provider_pb2.ReadRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ReadResponse:
        entry, inputs = _entry(_type_of(request.urn)), from_struct(request.inputs)
        found = self._resources.read(entry, request.id, plain(from_struct(request.properties)), plain(inputs))
        if found is None:
            return provider_pb2.ReadResponse()
        outputs, now = (conceal(one, inputs) for one in found)
        return provider_pb2.ReadResponse(id=request.id, properties=to_struct(outputs), inputs=to_struct(now))

    def Delete(self, request: provider_pb2.DeleteRequest, context: grpc.ServicerContext) -> empty_pb2.Empty:  # noqa: N802
        entry = _entry(_type_of(request.urn))
        self._resources.delete(entry, request.id, plain(from_struct(request.properties)))
        return empty_pb2.Empty()

    def Construct(  # noqa: N802
        self, request: provider_pb2.ConstructRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ConstructResponse:
        raise InvalidInputError(f"{request.type} is no component of the AWS provider")

    def Invoke(  # noqa: N802
        self, request: provider_pb2.InvokeRequest, context: grpc.ServicerContext
    ) -> provider_pb2.InvokeResponse:
        if request.tok == "aws:index/getCallerIdentity:getCallerIdentity":
            found = self._clients.call("sts", Call("get_caller_identity"), {})
            answer = {"accountId": found["Account"], "arn": found["Arn"], "userId": found["UserId"]}
            response: dict[str, Any] = {"return": to_struct({**answer, "id": found["Account"]})}
            return provider_pb2.InvokeResponse(**response)
        raise InvalidInputError(
            f"the function {request.tok} is the real AWS provider's, which this stand-in is not: "
            "write what it would answer, or install the real provider"
        )

    def Cancel(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> empty_pb2.Empty:  # noqa: N802
        self.stop()
        return empty_pb2.Empty()


def _type_of(urn: str) -> str:
    return urn.split("::")[2].rpartition("$")[2]


def _entry(token: str) -> Entry:
    found = ENTRIES.get(token)
    if found is None:
        known = ", ".join(sorted(ENTRIES))
        raise InvalidInputError(f"{token} is not known to this stand-in ({known}): install the real AWS provider")
    return found


def _unknown_inputs(entry: Entry, news: Json) -> Iterator[tuple[str, str]]:
    others = {*entry.ignored.split(), *(["tags"] if entry.tags else []), "tagsAll", "__defaults"}
    others |= set(entry.attributes.names) if entry.attributes else set()
    mine = {name: value for name, value in news.items() if name not in others}
    for path in uncovered(mine, entry.fields):
        yield path, "is not known to this stand-in: leave it out, or install the real AWS provider"


def _failures(found: Sequence[tuple[str, str]]) -> list[provider_pb2.CheckFailure]:
    return [provider_pb2.CheckFailure(property=name, reason=f"{name}: {reason}") for name, reason in found]

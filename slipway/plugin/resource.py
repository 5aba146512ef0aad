"""What the plugin needs of each of its custom resources."""

from __future__ import annotations

from typing import Protocol

from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2


class Resource(Protocol):
    """One custom resource. Each method takes the engine's request and returns its answer, and raises SlipwayError for
    everything that the user has to know; several calls may run at once, each in a thread of its own."""

    def check(self, request: provider_pb2.CheckRequest) -> provider_pb2.CheckResponse:
        """Validate the inputs; failures name the property."""
        ...

    def diff(self, request: provider_pb2.DiffRequest) -> provider_pb2.DiffResponse:
        """What would change."""
        ...

    def create(self, request: provider_pb2.CreateRequest) -> provider_pb2.CreateResponse:
        """Make it, or in a preview say what would be made."""
        ...

    def update(self, request: provider_pb2.UpdateRequest) -> provider_pb2.UpdateResponse:
        """Change it, or in a preview say what would change."""
        ...

    def read(self, request: provider_pb2.ReadRequest) -> provider_pb2.ReadResponse:
        """What is there now, for a refresh; an empty answer when it is gone."""
        ...

    def delete(self, request: provider_pb2.DeleteRequest) -> empty_pb2.Empty:
        """Remove it."""
        ...


class ReadAsRecorded:
    """Base of resources of which a refresh finds nothing that the state does not have: what changed outside is seen by
    the next update."""

    @staticmethod
    def read(request: provider_pb2.ReadRequest) -> provider_pb2.ReadResponse:
        """As it was recorded."""
        return provider_pb2.ReadResponse(id=request.id, properties=request.properties, inputs=request.inputs)

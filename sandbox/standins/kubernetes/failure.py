"""The one error with content: an object that exists but is not ready, so that Pulumi records it all the same."""

from __future__ import annotations

from typing import Any, NoReturn

import grpc
from google.protobuf import any_pb2
from pulumi.runtime.proto import provider_pb2, status_pb2

from sandbox.standins.errors import StandInError
from sandbox.standins.kubernetes.values import Tree, to_struct

_DETAILS = "grpc-status-details-bin"


class NotReadyError(StandInError):
    """The object exists as ``live`` and is not ready; ``reasons`` say why, the first in one sentence."""

    def __init__(self, live: dict[str, Any], reasons: list[str]) -> None:
        self.live = live
        self.reasons = reasons
        super().__init__("; ".join(reasons))


def abort_not_ready(
    context: grpc.ServicerContext,
    resource_id: str,
    outputs: dict[str, Tree],
    reasons: list[str],
    inputs: dict[str, Tree] | None = None,
) -> NoReturn:
    """End a call with ``ErrorResourceInitFailed`` in the details of its status (gRPC's richer error model)."""
    failed = provider_pb2.ErrorResourceInitFailed(id=resource_id, properties=to_struct(outputs), reasons=reasons)
    if inputs is not None:
        failed.inputs.CopyFrom(to_struct(inputs))
    detail = any_pb2.Any()
    detail.Pack(failed)
    code = grpc.StatusCode.UNKNOWN
    message = "; ".join(reasons)
    status = status_pb2.Status(code=code.value[0], message=message, details=[detail])
    context.set_trailing_metadata(((_DETAILS, status.SerializeToString()),))
    context.abort(code, message)

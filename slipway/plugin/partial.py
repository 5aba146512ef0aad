"""A Rollout whose create or update failed and that the stack's state must know all the same.

The engine takes a failed create for one that left nothing behind, and keeps the former inputs and dependencies after a
failed update. Both can be wrong here: an aborted first release has a journal and a Lease that `destroy` must reach,
and an update may fail after its commit, when the workload that serves is the new one. Then the provider answers with
what stands, and the engine records it as a resource that has to be updated again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import grpc
from google.protobuf import any_pb2
from pulumi.runtime.proto import provider_pb2, status_pb2

from slipway.plugin.structs import to_struct
from slipway.release.errors import SlipwayError
from slipway.release.records import journal
from slipway.release.records.journal import Head
from slipway.release.rollout_inputs import RolloutInputs
from slipway.rollout.adapters import Adapters
from slipway.rollout.outputs import outputs_of
from slipway.rollout.record import load

CODE = grpc.StatusCode.UNKNOWN
DETAILS = "grpc-status-details-bin"


class PartlyDone(SlipwayError):
    """It failed, and these outputs stand."""

    def __init__(self, reason: str, identity: str, inputs: Mapping[str, Any], outputs: Mapping[str, Any]) -> None:
        super().__init__(reason)
        self._identity, self._inputs, self._outputs = identity, inputs, outputs

    def details(self) -> bytes:
        """As the engine reads it from the trailing metadata `DETAILS`."""
        failed = provider_pb2.ErrorResourceInitFailed(
            id=self._identity,
            properties=to_struct(dict(self._outputs)),
            reasons=[str(self)],
            inputs=to_struct(dict(self._inputs)),
        )
        packed = any_pb2.Any()
        packed.Pack(failed)
        return bytes(status_pb2.Status(code=CODE.value[0], message=str(self), details=[packed]).SerializeToString())


def what_stands(wanted: RolloutInputs, adapters: Adapters, *, first: bool) -> dict[str, Any] | None:
    """The outputs to record after a failure, `first` when the state knows no Rollout yet; None when what the state
    says is right. Raises ClusterError when the cluster cannot be asked."""
    stored = load(adapters, wanted.service)
    head = stored.head if stored is not None else Head(service=wanted.service)
    if journal.owner_problem(head, adapters.stack) is not None:
        # Its workload may be the one that serves for the other stack: the deletion of the Rollout looks at that.
        return wanted.to_wire() if first else None
    serves = head.serving is not None and head.serving.backend.revision == wanted.candidate.revision
    if not first and not serves:
        return None
    return outputs_of(wanted, head, adapters.router.read())

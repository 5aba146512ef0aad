"""`slipway:index:ListenerPriority`: a number of a listener that no other rule has."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2
from pydantic import ValidationError

from slipway.plugin.resource import ReadAsRecorded
from slipway.plugin.structs import to_plain, to_struct
from slipway.release.errors import ClusterError, InputError
from slipway.release.listener_priority import OUTPUT, ListenerPriorityInputs
from slipway.release.manifest.document import Document
from slipway.release.manifest.problems import problems_of
from slipway.rollout.platforms.aws.client import connect
from slipway.rollout.platforms.aws.listener_rules import workloads_by_priority
from slipway.rollout.platforms.aws.requests import AwsRequests

Rules = Mapping[int, str]
"""Priority -> the workload whose rule it is, empty for another rule."""


def look(wanted: ListenerPriorityInputs) -> Rules:
    """The rules of the listener now. Raises ClusterError."""
    return workloads_by_priority(connect("elbv2", wanted.region), AwsRequests(), wanted.listener)


@dataclass(frozen=True)
class ListenerPriorityResource(ReadAsRecorded):
    """The methods of the resource. It makes nothing: the rule with the number is a resource of the AWS provider."""

    look: Callable[[ListenerPriorityInputs], Rules] = look
    _promised: dict[str, dict[int, str]] = field(default_factory=dict)
    """Listener -> number -> the workload that got it in this run, for which there may be no rule yet."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def check(self, request: provider_pb2.CheckRequest) -> provider_pb2.CheckResponse:
        """Validate."""
        try:
            wanted = _parse(to_plain(request.news))
        except InputError as error:
            failures = [provider_pb2.CheckFailure(reason=str(problem)) for problem in error.problems]
            return provider_pb2.CheckResponse(failures=failures)
        return provider_pb2.CheckResponse(inputs=to_struct(wanted.to_wire()))

    def diff(self, request: provider_pb2.DiffRequest) -> provider_pb2.DiffResponse:
        """Another workload or listener, and a number that another rule has by now."""
        old, new = to_plain(request.old_inputs), to_plain(request.news)
        moved = sorted(key for key in ("region", "listener", "workload") if old.get(key) != new.get(key))
        wanted, number = _parse(new), to_plain(request.olds).get(OUTPUT)
        taken = not moved and not (isinstance(number, int | float) and wanted.is_free(int(number), self.look(wanted)))
        changed = [*moved, *([OUTPUT] if taken else [])]
        kinds = provider_pb2.DiffResponse
        return kinds(changes=kinds.DIFF_SOME if changed else kinds.DIFF_NONE, diffs=changed, replaces=moved)

    def create(self, request: provider_pb2.CreateRequest) -> provider_pb2.CreateResponse:
        """Choose, in a preview too."""
        wanted = _parse(to_plain(request.properties))
        return provider_pb2.CreateResponse(id=wanted.workload, properties=to_struct(self._chosen(wanted)))

    def update(self, request: provider_pb2.UpdateRequest) -> provider_pb2.UpdateResponse:
        """Choose again."""
        return provider_pb2.UpdateResponse(properties=to_struct(self._chosen(_parse(to_plain(request.news)))))

    @staticmethod
    def delete(request: provider_pb2.DeleteRequest) -> empty_pb2.Empty:
        """There is nothing to delete."""
        return empty_pb2.Empty()

    def _chosen(self, wanted: ListenerPriorityInputs) -> dict[str, Any]:
        rules = self.look(wanted)
        with self._lock:
            promised = self._promised.setdefault(wanted.listener, {})
            try:
                number = wanted.choose(rules, promised)
            except ValueError as error:
                raise ClusterError(f"{wanted.listener}: {error}; delete rules that nothing needs") from error
            promised[number] = wanted.workload
        return {**wanted.to_wire(), OUTPUT: number}


def _parse(inputs: Mapping[str, Any]) -> ListenerPriorityInputs:
    """Raises InputError with every problem."""
    content = {name: value for name, value in inputs.items() if name != OUTPUT}
    try:
        return ListenerPriorityInputs.model_validate(content, by_alias=True, by_name=False)
    except ValidationError as error:
        found = problems_of(error, ListenerPriorityInputs, Document(data=content), {})
        raise InputError("ListenerPriority", found) from None

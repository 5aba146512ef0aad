"""`slipway:index:RuleGroup`: rules that a Prometheus server evaluates. Its success is that they are evaluated."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from google.protobuf import empty_pb2
from pulumi.runtime.proto import engine_pb2_grpc, provider_pb2
from pydantic import ValidationError

from slipway.plugin.engine_log import EngineLog
from slipway.plugin.flights import Flights
from slipway.plugin.resource import ReadAsRecorded
from slipway.plugin.structs import UNKNOWN, to_plain, to_struct
from slipway.release.errors import ClusterError, InputError, Problem, QueryRefused
from slipway.release.manifest.document import Document
from slipway.release.manifest.problems import problems_of
from slipway.release.slo.delivery import RuleGroupInputs
from slipway.release.slo.soundness import unsound, unsound_texts
from slipway.rollout.rules import apply as rules

REMEDY = "Declare it by components.Slo or components.Alarm"
EVALUATED = {"health": "ok"}
"""The outputs beside the inputs."""


@dataclass(frozen=True)
class RuleGroupResource(ReadAsRecorded):
    """The methods of the resource."""

    engine: engine_pb2_grpc.EngineStub | None
    flights: Flights = field(default_factory=Flights)
    connect: Callable[[RuleGroupInputs], rules.RuleServer] = rules.connect

    def check(self, request: provider_pb2.CheckRequest) -> provider_pb2.CheckResponse:
        """Validate, and parse each expression."""
        try:
            wanted = parse(to_plain(request.news))
        except InputError as error:
            return provider_pb2.CheckResponse(
                failures=[provider_pb2.CheckFailure(reason=str(problem)) for problem in error.problems]
            )
        return provider_pb2.CheckResponse(inputs=to_struct(wanted.to_wire()))

    def diff(self, request: provider_pb2.DiffRequest) -> provider_pb2.DiffResponse:
        """Inputs, and a rule file that was changed or removed by hand."""
        old, new = to_plain(request.old_inputs), to_plain(request.news)
        changed = sorted(key for key in {*old, *new} if old.get(key) != new.get(key))
        if not changed and rules.drifted(parse(new)):
            changed = ["file"]
        kinds = provider_pb2.DiffResponse
        moved = [key for key in ("group", "file") if old.get(key) != new.get(key)]
        return kinds(
            changes=kinds.DIFF_SOME if changed else kinds.DIFF_NONE,
            diffs=changed,
            replaces=moved,
            deleteBeforeReplace=bool(moved),  # two files with one group would be two groups to the server
        )

    def create(self, request: provider_pb2.CreateRequest) -> provider_pb2.CreateResponse:
        """Bring the rules to the server."""
        wanted = parse(to_plain(request.properties))
        outputs = self._applied(wanted, request.urn, preview=request.preview)
        return provider_pb2.CreateResponse(id=wanted.group, properties=to_struct(outputs))

    def update(self, request: provider_pb2.UpdateRequest) -> provider_pb2.UpdateResponse:
        """Bring the changed rules there."""
        wanted = parse(to_plain(request.news))
        return provider_pb2.UpdateResponse(
            properties=to_struct(self._applied(wanted, request.urn, preview=request.preview))
        )

    def delete(self, request: provider_pb2.DeleteRequest) -> empty_pb2.Empty:
        """Take the file away."""
        wanted = parse(to_plain(request.old_inputs) or to_plain(request.properties))
        rules.remove(wanted, self.connect(wanted))
        return empty_pb2.Empty()

    def _applied(self, wanted: RuleGroupInputs, urn: str, *, preview: bool) -> dict[str, Any]:
        log = EngineLog(self.engine, urn)
        if preview:
            self._foretell(wanted, log)
        else:
            with self.flights.one() as cancelled:
                rules.apply(wanted, self.connect(wanted), log.status, cancelled)
        return {**wanted.to_wire(), **EVALUATED}

    def _foretell(self, wanted: RuleGroupInputs, log: EngineLog) -> None:
        """An expression that the server's version does not know is an error of the preview. A server that cannot be
        asked from here is not: the update runs elsewhere."""
        known = wanted.model_copy(update={"rules": _without_unknown(wanted.rules)})
        try:
            rules.refuse_unread(known, self.connect(known))
        except QueryRefused:
            raise
        except ClusterError as error:
            log.event(f"{wanted.group}: its expressions were not shown to the server: {error}")


def parse(inputs: Mapping[str, Any]) -> RuleGroupInputs:
    """Raises InputError with every problem. The expression of a rule may be one that only the update will know."""
    content = {name: value for name, value in inputs.items() if name not in EVALUATED}
    try:
        wanted = RuleGroupInputs.model_validate(content, by_alias=True, by_name=False)
    except ValidationError as error:
        raise InputError("RuleGroup", problems_of(error, RuleGroupInputs, Document(data=content), {})) from None
    found = [*unsound(_without_unknown(wanted.rules)), *unsound_texts(wanted.rules)]
    if found:
        raise InputError("RuleGroup", [Problem(f"rules{each.path}", each.problem, REMEDY) for each in found])
    return wanted


def _without_unknown(rules: Sequence[Mapping[str, Any]]) -> tuple[dict[str, Any], ...]:
    """For checks: an expression that is not known yet is none that could be refused."""
    return tuple({**rule, **({"expr": "0"} if rule.get("expr") == UNKNOWN else {})} for rule in rules)

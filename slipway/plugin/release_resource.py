"""`slipway:index:Release`: the record of what is released, and the gates where no policy pack runs.

Check reads the evidence itself, adds what it observed, and refuses what the gates refuse. The rest only records.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2
from pydantic import ValidationError

from slipway.plugin.next_command import judge_again
from slipway.plugin.resource import ReadAsRecorded
from slipway.plugin.run_memory import Passed, RunMemory, ServiceKey
from slipway.plugin.structs import to_plain, to_struct
from slipway.plugin.urns import stack_name, stack_of
from slipway.release.errors import InputError, Problem
from slipway.release.evidence.errors import EvidenceError
from slipway.release.evidence.files import read_below
from slipway.release.evidence.model import EvidenceRecord
from slipway.release.gating import configuration as gates
from slipway.release.gating.judge import Judgement, judge, message, verdict_of
from slipway.release.manifest.document import MAX_BYTES
from slipway.release.manifest.release import Release
from slipway.release.records.release_record import GateOutcome
from slipway.release.release_inputs import Observed, ReleaseInputs
from slipway.release.target import moving_fields, recorded_target
from slipway.rollout.gate_inputs import observe

VOLATILE = frozenset({"observed"})
"""What check sees anew each time and what is no change of the release."""

Observe = Callable[[ReleaseInputs, object, gates.Configuration], Observed]
Keep = Callable[[Path, ReleaseInputs, Judgement], str | None]
"""Puts a refusal on record, and says why it could not."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class ReleaseResource(ReadAsRecorded):
    """The methods of the resource. `project` is where the engine runs the plugin, the project's folder; `memory` is
    told what passes."""

    memory: RunMemory
    project: Path = field(default_factory=Path.cwd)
    observe: Observe = observe.observe
    now: Callable[[], datetime] = _utc_now
    keep: Keep = lambda *_: None
    prepare: Callable[[], None] = lambda: None
    """Called when a release is recorded: its rollout follows, and may begin to make ready for it."""

    def check(self, request: provider_pb2.CheckRequest) -> provider_pb2.CheckResponse:
        """Validate, observe, read the evidence, judge."""
        try:
            inputs = parse(to_plain(request.news))
            key = ServiceKey(stack_of(request.urn), inputs.where, inputs.service)
            self.memory.forget(key)
            checked = self._checked(inputs, to_plain(request.olds), request.urn)
        except InputError as error:
            # The inputs go back as they came: the engine shows them to the policy pack all the same.
            return provider_pb2.CheckResponse(
                inputs=request.news, failures=[_failure(p.path, f"{p.message}. {p.remedy}") for p in error.problems]
            )
        if isinstance(checked, Judgement):
            refused = checked.gate_input.release if checked.gate_input is not None else None
            failures = [_failure(e.finding.field, message(e, request.urn, refused)) for e in checked.refusing]
            if failures:
                if (why := self.keep(self.project, inputs, checked)) is not None:
                    failures[-1].reason += f"\nThis refusal is not on record: {why}"
                failures[-1].reason += f"\n{judge_again(stack_name(request.urn))}"
            return provider_pb2.CheckResponse(inputs=self._observed(request.news, request.urn), failures=failures)
        recorded, release = checked
        outcome = self._outcome(recorded, request.urn)
        self.memory.let_pass(key, Passed(recorded.revision, recorded.manifest, release, recorded, outcome))
        return provider_pb2.CheckResponse(inputs=to_struct(recorded.to_wire()))

    def diff(self, request: provider_pb2.DiffRequest) -> provider_pb2.DiffResponse:
        """What was observed is no change; everything else is an update of the record."""
        old, new = to_plain(request.old_inputs), to_plain(request.news)
        changed = sorted(key for key in {*old, *new} - VOLATILE if old.get(key) != new.get(key))
        kinds = provider_pb2.DiffResponse
        return kinds(
            changes=kinds.DIFF_SOME if changed else kinds.DIFF_NONE,
            diffs=changed,
            replaces=list(moving_fields(old, new)),
        )

    def create(self, request: provider_pb2.CreateRequest) -> provider_pb2.CreateResponse:
        """Record it."""
        inputs = to_plain(request.properties)
        if not request.preview:
            self.prepare()
        properties = self._recorded(inputs, request.urn)
        return provider_pb2.CreateResponse(
            id=recorded_target(inputs).identity_of(str(inputs["service"])), properties=properties
        )

    def update(self, request: provider_pb2.UpdateRequest) -> provider_pb2.UpdateResponse:
        """Record what is released now."""
        if not request.preview:
            self.prepare()
        return provider_pb2.UpdateResponse(properties=self._recorded(to_plain(request.news), request.urn))

    @staticmethod
    def delete(request: provider_pb2.DeleteRequest) -> empty_pb2.Empty:
        """Forget it: the stack's history still has it."""
        return empty_pb2.Empty()

    def _recorded(self, inputs: dict[str, Any], urn: str) -> Any:  # noqa: ANN401 - protobuf's Struct
        setting = inputs.get("gates", {})
        off = {"outcome": "not judged", "reason": setting.get("reason", "")}
        verdict = off if setting.get("mode") == "off" else self.memory.verdicts.get(urn, {"outcome": "unknown"})
        return to_struct({**inputs, "verdict": dict(verdict)})

    def _outcome(self, recorded: ReleaseInputs, urn: str) -> GateOutcome:
        """What the release record keeps of the judgement."""
        if recorded.gates.mode == "off":
            return GateOutcome(outcome="not judged", reason=recorded.gates.reason or "")
        path = recorded.gates.path(stack_name(urn))
        try:
            sha256 = read_below(self.project, path, MAX_BYTES).sha256
        except EvidenceError:  # it was read a moment ago
            sha256 = None
        verdict = {**self.memory.verdicts.get(urn, {"outcome": "unknown"})}
        return GateOutcome.model_validate({**verdict, "configuration": path, "sha256": sha256})

    def _observed(self, news: Any, urn: str) -> Any:  # noqa: ANN401 - protobuf's Struct
        """Refused inputs with what was observed, so that the policy pack refuses by the same facts."""
        content = {key: value for key, value in to_plain(news).items() if key not in {"observed", "evidence"}}
        if (seen := self.memory.observed.get(urn)) is not None:
            content["observed"] = seen.model_dump(mode="json", by_alias=True, exclude_none=True)
        return to_struct(content)

    def _checked(
        self, inputs: ReleaseInputs, olds: Mapping[str, Any], urn: str
    ) -> tuple[ReleaseInputs, Release | None] | Judgement:
        if inputs.gates.mode == "off":
            judged = observe.judged_of(olds.get("observed"))
            return inputs.model_copy(update={"observed": Observed(judged=judged), "evidence": None}), None
        stack = stack_name(urn)
        configuration = self._configuration(inputs, stack)
        observed = self.memory.observed[urn] = self.observe(inputs, olds.get("observed"), configuration)
        judgement = judge(self.project, stack, urn, inputs, configuration, observed, self.now())
        if judgement.refusing or judgement.gate_input is None:
            return judgement
        self.memory.verdicts[urn] = verdict_of(judgement)
        evidence = _recorded_evidence(inputs, olds) if observed.settled else None
        recorded = inputs.model_copy(
            update={"observed": observed, "evidence": evidence or judgement.gate_input.evidence}
        )
        return recorded, judgement.gate_input.release

    def _configuration(self, inputs: ReleaseInputs, stack: str) -> gates.Configuration:
        path = inputs.gates.path(stack)
        try:
            return gates.load_below(self.project, path)
        except InputError as error:
            remedy = "Write it, name another one in releases:gates, or turn the gates off there with a reason"
            problems = [
                Problem(f"{path}: {p.path}", p.message, remedy if p.path == "file" else p.remedy, p.line)
                for p in error.problems
            ]
            raise InputError(path, problems) from None


def parse(inputs: Mapping[str, Any]) -> ReleaseInputs:
    """Raises InputError. What check fills in itself is dropped: a program is no witness."""
    content = {key: value for key, value in inputs.items() if key not in {"observed", "evidence"}}
    try:
        return ReleaseInputs.model_validate(content)
    except ValidationError as error:
        problems = [
            Problem(".".join(map(str, item["loc"])), item["msg"], "Declare the release from its manifest")
            for item in error.errors()
        ]
        raise InputError("Release", problems) from None


def _recorded_evidence(inputs: ReleaseInputs, olds: Mapping[str, Any]) -> EvidenceRecord | None:
    """The evidence as it was recorded for these very bytes: files that were archived since are no change."""
    if olds.get("sha256") != inputs.sha256:
        return None
    try:
        return EvidenceRecord.model_validate(olds.get("evidence"))
    except ValidationError:
        return None


def _failure(path: str, reason: str) -> provider_pb2.CheckFailure:
    return provider_pb2.CheckFailure(property=path, reason=reason)

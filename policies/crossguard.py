"""Rules -> policies of the SDK."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyComplianceFramework,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    Severity,
    StackValidationArgs,
    StackValidationPolicy,
)

from policies.pack import Pack
from policies.rule import ReleaseRule, Resource, ResourceRule, Rule, StackRule
from policies.schema import schema_of
from policies.server import CurrentCall

FRAMEWORK = "Slipway release framework"


def policies_of(rules: Mapping[str, Rule], pack: Pack, call: CurrentCall) -> list[Policy]:
    """A policy for each rule, in their order."""
    return [_policy(rule, pack, call) for rule in rules.values()]


def _policy(rule: Rule, pack: Pack, call: CurrentCall) -> Policy:
    gate = rule.gate
    metadata: dict[str, Any] = {
        "name": gate.name,
        "description": gate.title,
        "enforcement_level": EnforcementLevel.MANDATORY,
        "config_schema": schema_of(gate.name, gate.settings),
        "display_name": gate.title,
        "severity": Severity(gate.severity),
        "framework": PolicyComplianceFramework(name=FRAMEWORK, reference=", ".join(gate.rows), specification=gate.url),
        "tags": list(gate.rows),
        "remediation_steps": gate.remedy,
        "url": gate.url,
    }
    if isinstance(rule, StackRule):
        return StackValidationPolicy(validate=_on_stack(rule, pack), **metadata)
    if isinstance(rule, ReleaseRule):
        return ResourceValidationPolicy(validate=_on_release(rule, pack, call), **metadata)
    if isinstance(rule, ResourceRule):
        return ResourceValidationPolicy(validate=_on_resource(rule, pack), **metadata)
    raise TypeError(f"{gate.name} is no rule of a known kind")


def _on_release(
    rule: ReleaseRule, pack: Pack, call: CurrentCall
) -> Callable[[ResourceValidationArgs, ReportViolation], None]:
    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        if args.resource_type not in rule.types:
            return
        resource = _resource(args)
        if call.judgement is None:
            call.judgement = pack.judgement(resource)
        for line in pack.messages(rule, resource, call.judgement):
            report(line, None)

    return validate


def _on_resource(rule: ResourceRule, pack: Pack) -> Callable[[ResourceValidationArgs, ReportViolation], None]:
    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        if args.resource_type not in rule.types:
            return
        for line in pack.of_resource(rule, _resource(args)):
            report(line, None)

    return validate


def _on_stack(rule: StackRule, pack: Pack) -> Callable[[StackValidationArgs, ReportViolation], None]:
    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        resources = [_resource(one) for one in args.resources]
        for line, urn in pack.of_stack(rule, resources):
            report(line, urn)

    return validate


def _resource(args: Any) -> Resource:  # noqa: ANN401 - one shape, two classes of the SDK
    return Resource(args.resource_type, args.name, args.urn, args.props)

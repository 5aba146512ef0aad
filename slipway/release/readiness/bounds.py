"""Gates `guardrails` and `pod-security`: what a manifest may not declare, however freely it declares the rest.

No guardrail that cannot fail, and no pod that may do what the platform alone may do.
"""

from __future__ import annotations

from collections.abc import Iterator

from slipway.release.findings import Finding, finding
from slipway.release.manifest.guardrails import AnyKind, Guardrail
from slipway.release.manifest.plan import planned_steps
from slipway.release.manifest.watch import NamedGuardrail
from slipway.release.pod import pod_spec
from slipway.release.readiness.gate_input import GateInput
from slipway.release.readiness.plain_secrets import plain_secrets
from slipway.release.readiness.pod_restrictions import Violation, violations
from slipway.release.revision import revision_of
from slipway.release.strategy import chosen
from slipway.release.units import show_seconds, show_share

GUARDRAILS = "guardrails"
POD_SECURITY = "pod-security"
UNCONFINED = ("container.apparmor.security.beta.kubernetes.io/", "seccomp.security.alpha.kubernetes.io/")
"""Annotations by which the kernel's confinement of a container is chosen."""


def evaluate_guardrails(gate_input: GateInput) -> list[Finding]:
    """Each guardrail, and the analysis of all of them, is within the bounds of the configuration."""
    remedy = "Declare a stricter value, or let the platform widen the bound in the gates' configuration"
    found = [*_analysis(gate_input)]
    for number, guardrail in enumerate(gate_input.release.guardrails):
        lax = _guardrail(gate_input, guardrail)
        found += [(f"guardrails[{number}].{field}", value, most) for field, value, most in lax]
    for number, own in enumerate(_of_watch(gate_input)):
        if not isinstance(own, NamedGuardrail):
            lax = _guardrail(gate_input, own)
            found += [(f"watch.guardrails[{number}].{field}", value, most) for field, value, most in lax]
    findings = [finding(GUARDRAILS, "lax", field, value, f"at most {most}", remedy) for field, value, most in found]
    if gate_input.settings.guardrails.measured and all(
        one.nature.counts == "nothing" for one in gate_input.release.guardrails
    ):
        wanted, add = "one that measures requests or events", "Add one of kind error-ratio, latency, slo or custom"
        findings.append(finding(GUARDRAILS, "unmeasured", "guardrails", "alerts alone", wanted, add))
    return findings


def _of_watch(gate_input: GateInput) -> tuple[NamedGuardrail | AnyKind, ...]:
    watch = gate_input.release.watch
    return watch.guardrails or () if watch is not None else ()


def evaluate_pod_security(gate_input: GateInput) -> list[Finding]:
    """No root, no token of the platform, no container without confinement, no secret in plain text."""
    workload, settings = gate_input.release.workload, gate_input.settings.pod_security
    security, account = workload.security, workload.service_account
    findings = []
    if not settings.allow_root and (security.run_as_user == 0 or not security.run_as_non_root):
        shown = f"runAsNonRoot {str(security.run_as_non_root).lower()}, runAsUser {security.run_as_user}"
        findings.append(
            _unsafe("root", "security", shown, "a user other than root", "Run the container as another user")
        )
    if account in settings.reserved_service_accounts:
        wanted, remedy = (
            "a ServiceAccount of the service's own, or none",
            "Give the service one with the rights it needs",
        )
        findings.append(_unsafe("service-account", "serviceAccount", str(account), wanted, remedy))
    for field, kind in plain_secrets(workload):
        remedy = (
            "Withdraw it, it is in the repository; put a new one into a Secret, and name that in workload.secretEnv"
        )
        findings.append(
            finding(POD_SECURITY, "secret", field, kind, "no secret in plain text", remedy, severity="critical")
        )
    annotations = [(f"annotations.{name}", value) for name, value in workload.annotations.items()]
    annotations += [
        (f"podMetadata.annotations.{name}", value) for name, value in workload.pod_metadata.annotations.items()
    ]
    findings += [
        _unsafe("unconfined", place, value, "a profile that confines it", "Leave the annotation out")
        for place, value in annotations
        if place.partition("nnotations.")[2].startswith(UNCONFINED) and value == "unconfined"
    ]
    return findings + [_unrestricted(one) for one in _of_pod(gate_input)]


def _of_pod(gate_input: GateInput) -> Iterator[Violation]:
    """What `workload.pod` adds to the pod that the other fields make, which is restricted but for its user."""
    release, settings = gate_input.release, gate_input.settings.pod_security
    security = release.workload.security
    allowed = set(settings.allow)
    if settings.allow_root or security.run_as_user == 0 or not security.run_as_non_root:
        allowed.add("root")  # allowed, or refused above
    if release.workload.pod:
        spec = pod_spec(release.service, revision_of(release), release.artifact.image, release.workload)
        yield from (one for one in violations(spec) if one.name not in allowed)


def _unrestricted(one: Violation) -> Finding:
    remedy = f"Leave it out, or let the platform allow {one.name} in podSecurity.allow of the gates' configuration"
    return _unsafe("restricted", f"pod.{one.path}", one.found, one.wanted, remedy)


_Lax = tuple[str, str, str]
"""Field, value found, the most that is allowed."""


def _analysis(gate_input: GateInput) -> Iterator[_Lax]:
    analysis, bounds = gate_input.release.analysis, gate_input.settings.guardrails
    if analysis.false_promote > bounds.max_false_promote:
        yield "analysis.falsePromote", show_share(analysis.false_promote), show_share(bounds.max_false_promote)
    steps = planned_steps(chosen(gate_input.release), gate_input.release.workload.least_replicas, "forward")
    most = min(bounds.max_warm_up, max(analysis.dwell, steps[0].bake))
    if analysis.warm_up > most:
        yield "analysis.warmUp", show_seconds(analysis.warm_up), f"{show_seconds(most)}, and as long as the first step"
    if analysis.error_grace > bounds.max_error_grace:
        yield "analysis.errorGrace", show_seconds(analysis.error_grace), show_seconds(bounds.max_error_grace)


def _guardrail(gate_input: GateInput, guardrail: Guardrail) -> Iterator[_Lax]:
    bounds, declared = gate_input.settings.guardrails, guardrail.limits
    if declared.tolerate > bounds.max_tolerate:
        yield "tolerate", f"{declared.tolerate:g}", f"{bounds.max_tolerate:g}"
    if declared.negligible > bounds.max_negligible:
        yield "negligible", show_share(declared.negligible), show_share(bounds.max_negligible)
    most = bounds.max_objective if declared.threshold is None else bounds.max_slow
    if declared.objective is not None and declared.objective > most:
        yield "objective", show_share(declared.objective), show_share(most)


def _unsafe(code: str, field: str, found: str, wanted: str, remedy: str) -> Finding:
    return finding(POD_SECURITY, code, f"workload.{field}", found, wanted, remedy, severity="critical")

"""Gates `artifact-integrity` and `provenance`: the artifact is what it is said to be, and who built it."""

from __future__ import annotations

from slipway.release.evidence.builders import matches
from slipway.release.evidence.facts import ProvenanceFacts
from slipway.release.evidence.model import Item
from slipway.release.findings import Finding, finding
from slipway.release.readiness.gate_input import GateInput, dated_ahead, rejected

GATE = "artifact-integrity"
PROVENANCE = "provenance"


def evaluate(gate_input: GateInput) -> list[Finding]:
    """A trusted signer signed something about this digest, and the registry has exactly these bytes."""
    return [*_signature(gate_input), *_registry(gate_input)]


def evaluate_provenance(gate_input: GateInput) -> list[Finding]:
    """Every provenance must verify and come from an allowed builder; one at least must be there when required."""
    findings = [rejected(PROVENANCE, entry, "platform") for entry in gate_input.evidence.rejections("provenance")]
    items = gate_input.evidence.of(ProvenanceFacts)
    if not items and not findings and gate_input.settings.provenance.required:
        findings.append(
            finding(
                PROVENANCE,
                "missing",
                "evidence.provenance",
                "nothing",
                f"SLSA provenance of {gate_input.evidence.subject}",
                "Let the build service attest the image, and list the file under evidence.provenance",
                turn="platform",
            )
        )
    findings += [finding for item, _ in items for finding in dated_ahead(PROVENANCE, item, gate_input, "platform")]
    return [*findings, *(finding for item, facts in items for finding in _builder(gate_input, item, facts))]


def _builder(gate_input: GateInput, item: Item, facts: ProvenanceFacts) -> list[Finding]:
    findings = []
    if not any(matches(pattern, facts.builder) for pattern in gate_input.trust.builders):
        allowed = ", ".join(gate_input.trust.builders) or "none is configured"
        findings.append(
            finding(
                PROVENANCE,
                "builder",
                item.field,
                f"builder {facts.builder}" if facts.builder else "a builder that is not named",
                f"one of: {allowed}",
                _builder_remedy(facts.builder),
                turn="platform",
                severity="critical",
            )
        )
    source = gate_input.settings.provenance.source
    if source is not None and not _within(facts.source, source):
        findings.append(
            finding(
                PROVENANCE,
                "source",
                item.field,
                f"built from {facts.source or 'an unknown source'}",
                f"a source that begins with {source}",
                "Build from the service's own repository",
                turn="platform",
                severity="critical",
            )
        )
    return findings


_ASK = (
    "Leave out --ask nothing, so that the registry is asked; where none is to be asked, set "
    '"artifact-integrity": {"registry": false} in the configuration of the gates'
)


def _builder_remedy(builder: str) -> str:
    """GitHub's ids end in the reference, which changes with every tag."""
    workflow, at, reference = builder.partition("@refs/")
    if not at:
        return "Build with an allowed builder, or add this one to the trust roots"
    kind = reference.partition("/")[0]
    return f"Build with an allowed builder, or add this one to the trust roots: {workflow}@refs/{kind}/*"


def _within(source: str, wanted: str) -> bool:
    """Whether a URI is `wanted` or goes on below it: `.../checkout` is no beginning of `.../checkout-fork`."""
    rest = source.removeprefix(wanted)
    return bool(wanted) and source.startswith(wanted) and (not rest or wanted[-1] in "/@#?:" or rest[0] in "/@#?")


def _signature(gate_input: GateInput) -> list[Finding]:
    if any(item.subject == gate_input.release.artifact.digest for item in gate_input.evidence.items):
        return []
    return [
        finding(
            GATE,
            "unsigned",
            "artifact.image",
            f"no verified statement about {gate_input.release.artifact.digest}",
            "at least one by a principal of the trust roots",
            "Sign the provenance or the results of this artifact",
            turn="platform",
            severity="critical",
        )
    ]


def _registry(gate_input: GateInput) -> list[Finding]:
    settings, seen, image = (
        gate_input.settings.artifact_integrity,
        gate_input.artifact,
        gate_input.release.artifact.image,
    )
    if settings.registries and gate_input.release.artifact.registry not in settings.registries:
        return [
            finding(
                GATE,
                "registry",
                "artifact.image",
                f"registry {gate_input.release.artifact.registry or 'without a host'}",
                f"one of: {', '.join(settings.registries)}",
                "Push it to an allowed registry, or let the platform add this one to artifact-integrity.registries",
                turn="platform",
                severity="critical",
            )
        ]
    if not settings.registry:
        return []
    if seen is None or seen.error is not None or seen.image != image:
        why = "the registry was not asked" if seen is None else seen.error or f"the answer is about {seen.image}"
        return [
            finding(
                GATE,
                "unknown",
                "artifact.image",
                why,
                "an answer of the registry",
                _ASK if seen is None else "Make the registry reachable from where the gates run",
                turn="platform",
            )
        ]
    if not seen.exists:
        return [
            finding(
                GATE,
                "missing",
                "artifact.image",
                "the registry has no such image",
                image,
                "Push the image",
                turn="platform",
            )
        ]
    findings = []
    if seen.digest != gate_input.release.artifact.digest:
        findings.append(
            finding(
                GATE,
                "wrong-digest",
                "artifact.image",
                f"bytes with digest {seen.digest or 'unknown'}",
                gate_input.release.artifact.digest,
                "Do not use this registry until it is known why it serves other bytes",
                turn="platform",
                severity="critical",
            )
        )
    if settings.immutable_tags and seen.tag_immutable is not True:
        said = "tags can be moved" if seen.tag_immutable is False else "the registry does not say"
        findings.append(
            finding(
                GATE,
                "mutable-tags",
                "artifact.image",
                said,
                "immutable tags",
                "Set the repository's tag mutability to IMMUTABLE",
                turn="platform",
                severity="medium",
            )
        )
    return findings

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from slipway.release.evidence import predicates
from slipway.release.gating.catalog import evaluate
from slipway.release.readiness.gate_input import ObservedArtifact
from slipway.release.readiness.settings import IntegritySettings, ProvenanceSettings, Settings
from tests.manifests import DIGEST, OTHER_DIGEST
from tests.unit.slipway.release.evidence.support import data
from tests.unit.slipway.release.readiness.support import passes, refused
from tests.vouched import NOW, Vouched, slsa

IMAGE = f"registry.example/checkout@{DIGEST}"


@pytest.mark.parametrize(
    ("seen", "code"),
    [
        (None, "unknown"),
        (ObservedArtifact(image=IMAGE, exists=False, error="connection refused"), "unknown"),
        (ObservedArtifact(image="registry.example/other@" + DIGEST, exists=True, digest=DIGEST), "unknown"),
        (ObservedArtifact(image=IMAGE, exists=False), "missing"),
        (ObservedArtifact(image=IMAGE, exists=True, digest=OTHER_DIGEST), "wrong-digest"),
        (ObservedArtifact(image=IMAGE, exists=True), "wrong-digest"),
    ],
    ids=["not asked", "no answer", "another image", "no such image", "other bytes", "no digest"],
)
def test_an_artifact_that_the_registry_does_not_confirm_is_refused(
    it: Vouched, seen: ObservedArtifact | None, code: str
) -> None:
    refused(it.gate_input(artifact=seen), "artifact-integrity", code)


@pytest.mark.parametrize(("immutable", "codes"), [(True, set()), (False, {"mutable-tags"}), (None, {"mutable-tags"})])
def test_tags_that_can_be_moved_are_refused_where_that_is_asked_for(
    it: Vouched, immutable: bool | None, codes: set[str]
) -> None:
    it.settings = Settings(artifact_integrity=IntegritySettings(immutable_tags=True))
    gate_input = it.gate_input(
        artifact=ObservedArtifact(image=IMAGE, exists=True, digest=DIGEST, tag_immutable=immutable)
    )
    if codes:
        refused(gate_input, "artifact-integrity", *codes)
    else:
        passes(gate_input)


def test_a_release_comes_from_an_allowed_registry(it: Vouched) -> None:
    it.settings = Settings(artifact_integrity=IntegritySettings(registries=("registry.example",)))
    passes(it.gate_input())
    it.settings = Settings(artifact_integrity=IntegritySettings(registries=("registry.example:5000", "other.example")))
    (finding,) = refused(it.gate_input(artifact=None), "artifact-integrity", "registry")
    assert "registry registry.example" in finding.found


def test_an_artifact_about_which_nobody_signed_anything_is_refused(it: Vouched) -> None:
    it.manifest["evidence"] = {}
    it.manifest["approvals"] = []
    del it.manifest["qa"]
    findings = evaluate(it.gate_input())
    assert findings[0].gate == "artifact-integrity"
    assert findings[0].code == "unsigned"


def test_provenance_is_required(it: Vouched) -> None:
    it.manifest["evidence"]["provenance"] = []
    refused(it.gate_input(), "provenance", "missing")
    it.settings = Settings(provenance=ProvenanceSettings(required=False))
    passes(it.gate_input())


def test_a_builder_that_is_not_allowed_is_refused(it: Vouched) -> None:
    it.sign("slsa.json", "builder", predicates.SLSA_PROVENANCE, slsa("https://laptop.example"))
    (finding,) = refused(it.gate_input(), "provenance", "builder")
    assert "https://laptop.example" in finding.found


def test_provenance_that_somebody_else_signed_is_refused(it: Vouched) -> None:
    it.sign("slsa.json", "ci", predicates.SLSA_PROVENANCE, slsa())
    refused(it.gate_input(), "provenance", "not-allowed")
    it.sign("slsa.json", "mallory", predicates.SLSA_PROVENANCE, slsa())
    refused(it.gate_input(), "provenance", "untrusted")


def test_provenance_of_another_artifact_is_refused(it: Vouched) -> None:
    it.sign("slsa.json", "builder", predicates.SLSA_PROVENANCE, slsa(), OTHER_DIGEST)
    refused(it.gate_input(), "provenance", "wrong-digest")


def test_a_build_from_another_repository_is_refused(it: Vouched) -> None:
    it.settings = Settings(provenance=ProvenanceSettings(source="git+https://forge.example/checkout"))
    passes(it.gate_input())
    it.settings = Settings(provenance=ProvenanceSettings(source="git+https://forge.example/basket"))
    refused(it.gate_input(), "provenance", "source")


def test_a_repository_whose_name_begins_alike_is_another_one(it: Vouched) -> None:
    it.settings = Settings(provenance=ProvenanceSettings(source="git+https://forge.example/check"))
    refused(it.gate_input(), "provenance", "source")
    for source in ("git+https://forge.example/checkout", "git+https://forge.example/"):
        it.settings = Settings(provenance=ProvenanceSettings(source=source))
        passes(it.gate_input())


def test_provenance_of_tomorrow_is_refused(it: Vouched) -> None:
    statement = slsa()
    statement["runDetails"] |= {"metadata": {"finishedOn": (NOW + timedelta(days=1)).isoformat()}}  # type: ignore[operator]
    it.sign("slsa.json", "builder", predicates.SLSA_PROVENANCE, statement)
    refused(it.gate_input(), "provenance", "future")


def _github(it: Vouched, *builders: str) -> None:
    it.trust = it.trust.model_copy(update={"builders": builders})
    it.sign("slsa.json", "builder", predicates.SLSA_PROVENANCE, json.loads(data("slsa-github-predicate.json")))


def test_githubs_provenance_passes_for_every_tag_of_the_workflow(it: Vouched) -> None:
    _github(it, "https://github.com/o/r/.github/workflows/release.yml@refs/tags/*")
    passes(it.gate_input())
    it.settings = Settings(provenance=ProvenanceSettings(source="git+https://github.com/o/r"))
    passes(it.gate_input())


def test_githubs_provenance_of_another_reference_is_refused_with_the_pattern_that_would_do(it: Vouched) -> None:
    _github(it, "https://github.com/o/r/.github/workflows/release.yml@refs/heads/*")
    (finding,) = refused(it.gate_input(), "provenance", "builder")
    assert finding.remedy.endswith("https://github.com/o/r/.github/workflows/release.yml@refs/tags/*")


def test_gitlab_names_the_commit_by_another_digest(it: Vouched) -> None:
    statement: dict[str, Any] = slsa("https://gitlab.example/g/p/-/runners/42")
    source = {"uri": "https://gitlab.example/g/p", "digest": {"sha256": "c" * 40}}
    statement["buildDefinition"]["resolvedDependencies"] = [source]
    it.trust = it.trust.model_copy(update={"builders": ("https://gitlab.example/g/p/-/runners/*",)})
    it.settings = Settings(provenance=ProvenanceSettings(source="https://gitlab.example/g/p"))
    it.sign("slsa.json", "builder", predicates.SLSA_PROVENANCE, statement)
    passes(it.gate_input())


@pytest.mark.parametrize("empty", [{"resolvedDependencies": None}, {"resolvedDependencies": []}], ids=str)
def test_provenance_may_leave_lists_out_and_is_then_of_an_unknown_source(it: Vouched, empty: dict[str, Any]) -> None:
    statement: dict[str, Any] = slsa()
    statement["buildDefinition"] |= empty
    statement["runDetails"]["metadata"] = None
    it.sign("slsa.json", "builder", predicates.SLSA_PROVENANCE, statement)
    passes(it.gate_input())
    it.settings = Settings(provenance=ProvenanceSettings(source="git+https://forge.example/checkout"))
    refused(it.gate_input(), "provenance", "source")


def test_a_builder_that_is_not_named_is_none_that_is_allowed(it: Vouched) -> None:
    it.sign("slsa.json", "builder", predicates.SLSA_PROVENANCE, slsa(""))
    (finding,) = refused(it.gate_input(), "provenance", "builder")
    assert "not named" in finding.found

from __future__ import annotations

import yaml

from slipway.release.manifest.load import parse
from slipway.release.manifest.release import Release
from slipway.release.readiness.parity import differences
from slipway.release.readiness.settings import ParitySettings, Settings
from tests.manifests import OTHER_DIGEST
from tests.unit.slipway.release.readiness.support import passes, refused
from tests.vouched import Vouched, content


def _staging(**changes: object) -> Release:
    return parse(yaml.safe_dump(content(**changes)), "staging")


def test_an_undeclared_difference_is_refused(it: Vouched) -> None:
    (finding,) = refused(it.gate_input(staging=_staging(workload__replicas=1)), "parity", "undeclared")
    assert finding.field == "workload.replicas"
    assert "3 here, 1 in staging" in finding.found


def test_another_watch_after_100_percent_is_a_difference(it: Vouched) -> None:
    staging = _staging(watch={"for": "10m", "holdback": "2%", "onBreach": {"action": "escalate"}})
    found = refused(it.gate_input(staging=staging), "parity", "undeclared")
    assert {"watch.for", "watch.onBreach.action"} <= {one.field for one in found}
    left, right = (_staging(watch={"for": lasts, "holdback": "2%"}) for lasts in ("10m", "20m"))
    assert list(differences(left, right)) == ["watch.for"]


def test_a_declared_difference_passes_and_covers_what_is_below(it: Vouched) -> None:
    declared = [{"field": "workload.resources", "reason": "staging has small nodes"}]
    it.manifest["environment"]["differences"] = declared
    it.people()
    staging = _staging(workload__resources={"requests": {"cpu": "50m"}})
    passes(it.gate_input(staging=staging))


def test_a_declaration_does_not_cover_a_field_with_a_longer_name(it: Vouched) -> None:
    it.manifest["environment"]["differences"] = [{"field": "workload.env.LOG", "reason": "more logs in staging"}]
    it.people()
    staging = _staging(workload__env={"LOG": "debug", "LOG_FORMAT": "text"})
    (finding,) = refused(it.gate_input(staging=staging), "parity", "undeclared")
    assert finding.field == "workload.env.LOG_FORMAT"


def test_a_declaration_without_a_difference_is_reported(it: Vouched) -> None:
    it.manifest["environment"]["differences"] = [{"field": "workload.replicas", "reason": "fewer in staging"}]
    it.people()
    (finding,) = refused(it.gate_input(), "parity", "unused")
    assert finding.severity == "low"


def test_values_of_the_environment_and_of_files_are_not_shown(it: Vouched) -> None:
    staging = _staging(workload__env={"LOG": "hunter2"}, workload__files={"/etc/app": "hunter3"})
    findings = refused(it.gate_input(staging=staging), "parity", "undeclared")
    assert len(findings) == 2
    assert not any("hunter" in finding.message for finding in findings)


def test_secrets_are_compared_by_their_presence_only() -> None:
    here = _staging(workload__secretEnv={"TOKEN": {"secret": "prod", "key": "token"}})
    there = _staging(workload__secretEnv={"TOKEN": {"secret": "staging", "key": "other"}})
    assert differences(there, here) == {}
    assert list(differences(_staging(), here)) == ["workload.secretEnv.TOKEN"]


def test_guardrails_are_compared_by_name_and_not_by_place() -> None:
    first = {"name": "errors", "kind": "error-ratio"}
    second = {"name": "latency", "kind": "latency", "threshold": "300ms"}
    assert differences(_staging(guardrails=[first, second]), _staging(guardrails=[second, first])) == {}
    assert all(
        "latency" in path for path in differences(_staging(guardrails=[first]), _staging(guardrails=[first, second]))
    )


def test_another_artifact_in_staging_is_critical_and_cannot_be_declared(it: Vouched) -> None:
    it.manifest["environment"]["differences"] = [{"field": "artifact.image", "reason": "just this once"}]
    it.people()
    staging = _staging(artifact={"image": f"registry.example/checkout@{OTHER_DIGEST}"})
    findings = refused(it.gate_input(staging=staging), "parity", "artifact", "unused")
    assert findings[0].severity == "critical"


def test_an_unknown_staging_is_refused(it: Vouched) -> None:
    refused(it.gate_input(staging=None), "parity", "unknown")
    it.settings = Settings(parity=ParitySettings(required=False))
    passes(it.gate_input(staging=None))


def test_a_declaration_that_excuses_a_whole_section_is_refused(it: Vouched) -> None:
    it.manifest["environment"]["differences"] = [{"field": "workload", "reason": "everything is different"}]
    it.people()
    (finding,) = refused(it.gate_input(staging=_staging(workload__replicas=1)), "parity", "too-broad")
    assert "all of workload" in finding.found

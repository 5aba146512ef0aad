from __future__ import annotations

from typing import Any

import pytest

from slipway.release.readiness.settings import GuardrailSettings, PodSecuritySettings, Settings
from tests.unit.slipway.release.readiness.support import passes, refused
from tests.vouched import Vouched

ERRORS = {"name": "errors", "kind": "error-ratio"}
SLOW = {"name": "slow", "kind": "latency", "threshold": "300ms"}
STEPS = [{"weight": 5, "bake": "2m"}, {"weight": 100, "bake": "30m"}]


def _declare(it: Vouched, **sections: Any) -> None:
    it.manifest.update(sections)
    it.people()
    it.staged()


@pytest.mark.parametrize(
    ("guardrail", "field", "found", "wanted"),
    [
        (ERRORS | {"tolerate": 10}, "tolerate", "10", "at most 2"),
        (ERRORS | {"negligible": "99%"}, "negligible", "99%", "at most 5%"),
        (ERRORS | {"objective": "90%"}, "objective", "90%", "at most 10%"),
        (SLOW | {"objective": "60%"}, "objective", "60%", "at most 50%"),
        ({"name": "slo", "kind": "slo", "objective": "20%"}, "objective", "20%", "at most 10%"),
    ],
)
def test_a_guardrail_that_can_hardly_fail_is_refused(
    it: Vouched, guardrail: dict[str, Any], field: str, found: str, wanted: str
) -> None:
    _declare(it, guardrails=[guardrail])
    (finding,) = refused(it.gate_input(), "guardrails", "lax")
    assert (finding.field, finding.found, finding.wanted) == (f"guardrails[0].{field}", found, wanted)


def test_alerts_alone_are_no_guardrails(it: Vouched) -> None:
    alert = {"name": "burning", "kind": "alert", "alert": "Burning"}
    _declare(it, guardrails=[alert])
    refused(it.gate_input(), "guardrails", "unmeasured")
    _declare(it, guardrails=[alert, ERRORS])
    passes(it.gate_input())
    _declare(it, guardrails=[alert])
    it.settings = Settings(guardrails=GuardrailSettings(measured=False))
    passes(it.gate_input())


@pytest.mark.parametrize(
    ("analysis", "field"),
    [({"warmUp": "1h"}, "warmUp"), ({"falsePromote": "40%"}, "falsePromote"), ({"errorGrace": "2h"}, "errorGrace")],
)
def test_an_analysis_that_looks_away_is_refused(it: Vouched, analysis: dict[str, Any], field: str) -> None:
    _declare(it, analysis=analysis)
    (finding,) = refused(it.gate_input(), "guardrails", "lax")
    assert finding.field == f"analysis.{field}"


def test_a_warm_up_ends_with_the_first_step(it: Vouched) -> None:
    canary = {"kind": "canary", "steps": STEPS, "reason": "the steps are those of the test"}
    _declare(it, strategy=canary, analysis={"warmUp": "2m"})
    passes(it.gate_input())
    _declare(it, analysis={"warmUp": "3m"})
    (finding,) = refused(it.gate_input(), "guardrails", "lax")
    assert "2m" in finding.wanted


def test_what_is_usual_and_what_the_configuration_allows_pass(it: Vouched) -> None:
    usual = [ERRORS | {"negligible": "1%", "tolerate": 1.5, "objective": "1%"}, SLOW | {"objective": "50%"}]
    _declare(it, guardrails=usual)
    passes(it.gate_input())
    _declare(it, guardrails=[ERRORS | {"tolerate": 3, "negligible": "20%"}])
    it.settings = Settings(guardrails=GuardrailSettings(max_tolerate=3.0, max_negligible=0.2))
    passes(it.gate_input())


@pytest.mark.parametrize(
    ("workload", "code", "shown"),
    [
        ({"security": {"runAsNonRoot": False, "runAsUser": 0}}, "root", "runAsUser 0"),
        ({"security": {"runAsNonRoot": False}}, "root", "runAsNonRoot false"),
        ({"serviceAccount": "slipway-rollout"}, "service-account", "slipway-rollout"),
        (
            {"annotations": {"container.apparmor.security.beta.kubernetes.io/checkout": "unconfined"}},
            "unconfined",
            "unconfined",
        ),
    ],
)
def test_a_pod_with_rights_of_the_platform_is_refused(
    it: Vouched, workload: dict[str, Any], code: str, shown: str
) -> None:
    _declare(it, workload=it.manifest["workload"] | workload)
    (finding,) = refused(it.gate_input(), "pod-security", code)
    assert shown in finding.found


def test_the_platform_may_allow_root_and_reserve_other_accounts(it: Vouched) -> None:
    _declare(it, workload=it.manifest["workload"] | {"security": {"runAsNonRoot": False}, "serviceAccount": "own"})
    it.settings = Settings(pod_security=PodSecuritySettings(allow_root=True))
    passes(it.gate_input())
    it.settings = Settings(pod_security=PodSecuritySettings(allow_root=True, reserved_service_accounts=("own",)))
    refused(it.gate_input(), "pod-security", "service-account")


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("postgres://shop:hunter2@db.example/orders", "a password in a URL"),
        ("redis://:hunter2@cache:6379", "a password in a URL"),
        ("-----BEGIN EC PRIVATE KEY-----\nhunter2", "a private key"),
        ("AKIA" + "HUNTER2HUNTER2XX", "an access key of AWS"),
        ("ghp_" + "hunter2" * 6, "a token of GitHub"),
    ],
)
def test_a_secret_in_plain_text_is_refused_without_being_shown(it: Vouched, value: str, kind: str) -> None:
    workload = it.manifest["workload"]
    _declare(it, workload=workload | {"env": {"WHERE": value}, "files": {"/etc/app.conf": f"to = {value}"}})
    findings = refused(it.gate_input(), "pod-security", "secret")
    assert {finding.field for finding in findings} == {"workload.env.WHERE", "workload.files./etc/app.conf"}
    assert {finding.found for finding in findings} == {kind}
    assert not any("hunter2" in finding.message.lower() for finding in findings)


@pytest.mark.parametrize(
    "value", ["postgres://shop:$(PASSWORD)@db/x", "http://host:80/a@b", "https://user@host", "a:b@c"]
)
def test_what_is_filled_in_later_is_no_secret(it: Vouched, value: str) -> None:
    _declare(it, workload=it.manifest["workload"] | {"env": {"WHERE": value}})
    passes(it.gate_input())

"""Broken releases: a complete one with one defect each, and the one rule that must refuse it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from slipway.release.evidence import predicates, receipts
from slipway.release.revision import revision_of
from tests.manifests import OTHER_DIGEST
from tests.policies.releases.scene import UNKNOWN, Declared, Scene
from tests.vouched import DATA, REPORTS, Vouched, slsa

Break = Callable[[Declared], None]
FILES = {kind: name for kind, (_, _, name) in REPORTS.items()}


@dataclass(frozen=True)
class Broken:
    """A defect: its name is the service's, `rule` refuses it with `code`, and `shows` stands in the message."""

    name: str
    rule: str
    code: str
    shows: str
    breaks: Break

    def add(self, scene: Scene) -> Declared:
        """Add the broken release to a project."""
        declared = scene.service(self.name)
        self.breaks(declared)
        return declared


RELEASES: list[Broken] = []


def broken(rule: str, code: str, shows: str = "") -> Callable[[Break], Break]:
    """Register a defect, named after its function."""

    def register(function: Break) -> Break:
        RELEASES.append(Broken(function.__name__.replace("_", "-"), rule, code, shows, function))
        return function

    return register


def _rewrite(it: Vouched, name: str, data: bytes) -> None:
    it.write(name, data)
    it.bind(FILES)


def _at(it: Vouched, days: float) -> str:
    return _ago(it, days).isoformat()


def _ago(it: Vouched, days: float) -> datetime:
    return it.now - timedelta(days=days)


def _sarif(it: Vouched, name: str, *results: dict[str, Any], successful: bool = True) -> None:
    run = {
        "tool": {"driver": {"name": "tool"}},
        "invocations": [{"executionSuccessful": successful}],
        "results": [{"message": {"text": "m"}, "ruleId": "R1"} | result for result in results],
    }
    _rewrite(it, name, json.dumps({"version": "2.1.0", "runs": [run]}).encode())


def _qa(it: Vouched, **said: object) -> None:
    complete = {"at": _at(it, 1), "release": it.reference(), "recommendation": "go", "by": "quinn"}
    it.sign("qa.json", "quinn", receipts.QA, complete | said)


def _approve(it: Vouched, **said: object) -> None:
    complete = {"at": _at(it, 1), "release": it.reference(), "role": "service-owner", "by": "olive"}
    it.sign("approval.json", "olive", receipts.APPROVAL, complete | said)


def _did(it: Vouched, **said: object) -> dict[str, object]:
    return {"at": _at(it, 1), "service": it.service, "stack": "staging", "outcome": "completed", **said}


def _staged(it: Vouched, digest: str | None = None, **said: object) -> None:
    revision = revision_of(it.release())
    it.sign("staging.json", "stage", receipts.STAGING, _did(it, version="1.0.0", revision=revision) | said, digest)


def _drilled(it: Vouched, **said: object) -> None:
    it.sign("drill.json", "stage", receipts.DRILL, _did(it, procedure="rollback", seconds=4.5, **said))


def _migrates(it: Vouched, up: str, down: str, **migration: object) -> None:
    it.write("migrations/0042.up.sql", up.encode())
    it.write("migrations/0042.down.sql", down.encode())
    it.manifest["migrations"][0] |= migration
    it.people()
    scripts = {
        side: hashlib.sha256((it.root / f"migrations/0042.{side}.sql").read_bytes()).hexdigest()
        for side in ("up", "down")
    }
    it.sign(
        "migration.json",
        "ci",
        receipts.MIGRATION,
        {
            "at": _at(it, 1),
            "database": "PostgreSQL 17.2",
            "migrations": [{"id": "0042", **scripts}],
            "roundTrip": True,
        },
    )


# -- evidence ------------------------------------------------------------------------------------------------------


@broken("evidence", "missing", "evidence.tests: found nothing")
def no_tests(d: Declared) -> None:
    del d.it.manifest["evidence"]["tests"]


@broken("evidence", "missing", "evidence.coverage: found nothing")
def no_coverage(d: Declared) -> None:
    del d.it.manifest["evidence"]["coverage"]


@broken("evidence", "missing", "evidence.staticAnalysis: found nothing")
def no_static_analysis(d: Declared) -> None:
    del d.it.manifest["evidence"]["staticAnalysis"]


@broken("evidence", "missing", "evidence.securityScan: found nothing")
def no_security_scan(d: Declared) -> None:
    del d.it.manifest["evidence"]["securityScan"]


@broken("evidence", "missing", "there is no file")
def tests_not_in_the_project(d: Declared) -> None:
    (d.it.root / "junit.xml").unlink()


@broken("evidence", "empty", "junit.xml is empty")
def empty_tests(d: Declared) -> None:
    (d.it.root / "junit.xml").write_bytes(b"")


@broken("evidence", "stale", "8.0 days old")
def stale_evidence(d: Declared) -> None:
    d.it.bind(FILES, at=_ago(d.it, 8))


@broken("evidence", "stale", "4.0 days old")
def stale_scan(d: Declared) -> None:
    d.it.bind(FILES, at=_ago(d.it, 4))


@broken("evidence", "future", "")
def evidence_from_tomorrow(d: Declared) -> None:
    d.it.bind(FILES, at=_ago(d.it, -1))


@broken("evidence", "unbound", "changed after it was signed")
def tests_changed_after_signing(d: Declared) -> None:
    (d.it.root / "junit.xml").write_bytes((d.it.root / "junit.xml").read_bytes() + b"\n")


@broken("evidence", "wrong-digest", "another")
def results_of_another_artifact(d: Declared) -> None:
    d.it.bind(FILES, digest=OTHER_DIGEST)


@broken("evidence", "malformed", "lint.sarif")
def malformed_static_analysis(d: Declared) -> None:
    _rewrite(d.it, "lint.sarif", b"<html>502 Bad Gateway</html>")


@broken("evidence", "malformed", "junit.xml")
def entity_bomb(d: Declared) -> None:
    _rewrite(d.it, "junit.xml", b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><testsuite>&b;</testsuite>')


@broken("evidence", "outside", "leaves the project")
def path_out_of_the_project(d: Declared) -> None:
    d.it.manifest["evidence"]["tests"] = ["../../../../etc/passwd"]


@broken("evidence", "untrusted", "")
def signed_by_a_stranger(d: Declared) -> None:
    d.it.bind(FILES, by="mallory")


@broken("evidence", "not-allowed", "")
def results_signed_by_qa(d: Declared) -> None:
    d.it.bind(FILES, by="quinn")


@broken("evidence", "unsupported", "")
def statement_that_says_nothing(d: Declared) -> None:
    said = d.it.sign("odd.json", "ci", "https://example.com/odd/v1", {"a": 1})
    d.it.manifest["evidence"]["statements"].append(said)


# -- tests, analysis, scans ----------------------------------------------------------------------------------------


@broken("tests", "pass-rate", "2 of 3 passed")
def failing_test(d: Declared) -> None:
    cases = '<testcase name="a"/><testcase name="b"><failure/></testcase><testcase name="c"/>'
    _rewrite(d.it, "junit.xml", f"<testsuite>{cases}</testsuite>".encode())


@broken("tests", "too-few", "0 cases that ran")
def all_tests_skipped(d: Declared) -> None:
    _rewrite(d.it, "junit.xml", b'<testsuite><testcase name="a"><skipped/></testcase></testsuite>')


@broken("coverage", "lines-uncovered", "wanted at least 70%")
def low_coverage(d: Declared) -> None:
    lines = "".join(f'<line number="{n}" hits="{int(n < 3)}"/>' for n in range(10))
    body = (
        f'<packages><package><classes><class filename="a"><lines>{lines}</lines></class></classes></package></packages>'
    )
    _rewrite(d.it, "coverage.xml", f"<coverage>{body}</coverage>".encode())


@broken("static-analysis", "errors", "1 new errors")
def new_lint_error(d: Declared) -> None:
    _sarif(d.it, "lint.sarif", {"level": "error"})


@broken("static-analysis", "failed-run", "executionSuccessful is false")
def analysis_that_failed(d: Declared) -> None:
    _sarif(d.it, "lint.sarif", successful=False)


@broken("static-analysis", "undecided", "open or under review")
def analysis_left_open(d: Declared) -> None:
    _sarif(d.it, "lint.sarif", {"kind": "review"})


@broken("vulnerabilities", "exploitable", "CVE-2026-10001")
def exploitable_vulnerability(d: Declared) -> None:
    d.it.manifest["evidence"]["vex"] = []


@broken("vulnerabilities", "failed-run", "executionSuccessful is false")
def scan_that_failed(d: Declared) -> None:
    _sarif(d.it, "scan.sarif", successful=False)


@broken("static-analysis", "failed-run", "syntax error while parsing AST from file (broken.py)")
def analysis_that_could_not_parse_a_file(d: Declared) -> None:
    _rewrite(d.it, "lint.sarif", (DATA / "sarif-tool-error.sarif").read_bytes())


@broken("vulnerabilities", "failed-run", "syntax error while parsing AST from file (broken.py)")
def scan_that_could_not_parse_a_file(d: Declared) -> None:
    _rewrite(d.it, "scan.sarif", (DATA / "sarif-tool-error.sarif").read_bytes())


@broken("migrations", "lint-rule", "ban-drop-table at worst.sql:3")
def linter_warns_of_a_dropped_table(d: Declared) -> None:
    d.it.write("squawk.json", (DATA / "squawk-drops.json").read_bytes())
    d.it.manifest["evidence"]["migrationLint"] = ["squawk.json"]
    d.it.bind({**FILES, "migration-lint": "squawk.json"})


@broken("migrations", "unlisted", "lists none")
def linted_migrations_that_are_not_listed(d: Declared) -> None:
    linter_warns_of_a_dropped_table(d)
    d.it.manifest["migrations"] = []
    d.it.people()
    d.it.staged()


@broken("tests", "skipped", "2 of 3 cases skipped")
def tests_that_are_disabled_in_an_attribute(d: Declared) -> None:
    _rewrite(d.it, "junit.xml", (DATA / "junit-ctest-disabled.xml").read_bytes())


@broken("vulnerabilities", "exploitable", "app/vendor/zlib")
def excused_in_another_component(d: Declared) -> None:
    result: dict[str, Any] = {"ruleId": "CVE-2026-1000", "properties": {"security-severity": "9.8"}}
    places = [{"physicalLocation": {"artifactLocation": {"uri": uri}}} for uri in ("dpkg", "app/vendor/zlib")]
    _sarif(d.it, "scan.sarif", *(result | {"locations": [place]} for place in places))
    vex = (DATA / "openvex-subcomponent.json").read_text()
    assert d.it.digest.removeprefix("sha256:") in vex
    _rewrite(d.it, "vex.json", vex.encode())


# -- the artifact --------------------------------------------------------------------------------------------------


@broken("provenance", "missing", "evidence.provenance: found nothing")
def no_provenance(d: Declared) -> None:
    d.it.manifest["evidence"]["provenance"] = []


@broken("provenance", "builder", "somebody's laptop")
def built_on_a_laptop(d: Declared) -> None:
    d.it.sign("slsa.json", "builder", predicates.SLSA_PROVENANCE, slsa("somebody's laptop"))


@broken("provenance", "wrong-digest", "")
def provenance_of_another_artifact(d: Declared) -> None:
    d.it.sign("slsa.json", "builder", predicates.SLSA_PROVENANCE, slsa(), OTHER_DIGEST)


@broken("provenance", "not-allowed", "")
def provenance_signed_by_ci(d: Declared) -> None:
    d.it.sign("slsa.json", "ci", predicates.SLSA_PROVENANCE, slsa())


@broken("artifact-integrity", "missing", "no such image")
def image_not_in_the_registry(d: Declared) -> None:
    _observe(d, artifact={"image": d.it.manifest["artifact"]["image"], "exists": False})


@broken("artifact-integrity", "wrong-digest", OTHER_DIGEST)
def registry_serves_other_bytes(d: Declared) -> None:
    image = d.it.manifest["artifact"]["image"]
    _observe(d, artifact={"image": image, "exists": True, "digest": OTHER_DIGEST})


@broken("artifact-integrity", "unknown", "the registry was not asked")
def registry_not_asked(d: Declared) -> None:
    d.observed = None


def _observe(d: Declared, **observed: object) -> None:
    d.observed = {**(d.observed or {}), **observed}


# -- people --------------------------------------------------------------------------------------------------------


@broken("qa", "not-go", "found no-go")
def qa_says_no(d: Declared) -> None:
    d.it.manifest["qa"]["recommendation"] = "no-go"


@broken("qa", "not-go", "conditional")
def qa_says_go_but_signed_conditional(d: Declared) -> None:
    _qa(d.it, recommendation="conditional")


@broken("qa", "missing", "no recommendation")
def no_word_of_qa(d: Declared) -> None:
    del d.it.manifest["qa"]


@broken("qa", "missing", "without a signed statement")
def unsigned_word_of_qa(d: Declared) -> None:
    del d.it.manifest["qa"]["statement"]


@broken("qa", "stale", "8.0 days old")
def stale_word_of_qa(d: Declared) -> None:
    _qa(d.it, at=_at(d.it, 8))


@broken("qa", "wrong-release", "")
def qa_of_another_version(d: Declared) -> None:
    _qa(d.it, release=d.it.reference() | {"version": "0.9.0"})


@broken("approvals", "missing", "no valid approval as service-owner")
def no_approval(d: Declared) -> None:
    d.it.manifest["approvals"] = []


@broken("approvals", "own-change", "is the author")
def author_approves(d: Declared) -> None:
    d.it.manifest["scope"]["author"] = "Olive"
    d.it.people()


@broken("approvals", "author-unknown", "scope.author: found nothing")
def author_unknown(d: Declared) -> None:
    del d.it.manifest["scope"]["author"]
    d.it.people()


@broken("approvals", "expired", "expired")
def expired_approval(d: Declared) -> None:
    _approve(d.it, expires=_at(d.it, 0.5))


@broken("approvals", "stale", "15.0 days old")
def stale_approval(d: Declared) -> None:
    _approve(d.it, at=_at(d.it, 15))


@broken("approvals", "wrong-release", "")
def approval_carried_over(d: Declared) -> None:
    _approve(d.it, release=d.it.reference() | {"fingerprint": OTHER_DIGEST})


@broken("approvals", "mismatch", "found cto by bob")
def manifest_that_shows_another_approval(d: Declared) -> None:
    d.it.manifest["approvals"][0] |= {"role": "cto", "by": "bob"}


# -- before production ---------------------------------------------------------------------------------------------


@broken("staging", "missing", "no receipt of a rollout in staging")
def never_in_staging(d: Declared) -> None:
    d.it.manifest["evidence"]["statements"].remove("staging.json")


@broken("staging", "failed", "aborted")
def aborted_in_staging(d: Declared) -> None:
    _staged(d.it, outcome="aborted")


@broken("staging", "wrong-digest", "")
def another_artifact_in_staging(d: Declared) -> None:
    _staged(d.it, OTHER_DIGEST)


@broken("staging", "stale", "31.0 days old")
def in_staging_long_ago(d: Declared) -> None:
    _staged(d.it, at=_at(d.it, 31))


@broken("drill", "missing", "no receipt of a rollback drill")
def never_drilled(d: Declared) -> None:
    d.it.manifest["evidence"]["statements"].remove("drill.json")


@broken("drill", "failed", "drill that failed")
def failed_drill(d: Declared) -> None:
    _drilled(d.it, outcome="failed")


@broken("drill", "stale", "91.0 days old")
def drilled_long_ago(d: Declared) -> None:
    _drilled(d.it, at=_at(d.it, 91))


def _other_staging(d: Declared) -> dict[str, Any]:
    import copy

    d.staging = Vouched(d.it.root, copy.deepcopy(d.it.manifest), now=d.it.now)
    return d.staging.manifest


@broken("parity", "undeclared", "workload.replicas: found 3 here, 1 in staging")
def undeclared_difference(d: Declared) -> None:
    _other_staging(d)["workload"]["replicas"] = 1


@broken("parity", "artifact", "staging runs")
def staging_runs_something_else(d: Declared) -> None:
    _other_staging(d)["artifact"]["image"] = f"registry.example/checkout@{OTHER_DIGEST}"


# -- what the release says -----------------------------------------------------------------------------------------


@broken("migrations", "phase", "expand, but the script does")
def contract_declared_as_expand(d: Declared) -> None:
    up = "alter table orders add column coupon text, alter column total set not null"
    _migrates(d.it, up, "alter table orders drop column coupon")
    _previous(d)


@broken("migrations", "in-use", "uses orders")
def contract_of_what_is_in_use(d: Declared) -> None:
    up, down = "alter table orders rename column a to b", "alter table orders rename column b to a"
    _migrates(d.it, up, down, phase="contract")
    _previous(d, uses=["orders"])


@broken("migrations", "unknown", "the previous release is not known")
def contract_before_nobody_knows_what(d: Declared) -> None:
    up, down = "alter table orders rename column a to b", "alter table orders rename column b to a"
    _migrates(d.it, up, down, phase="contract")


@broken("migrations", "empty", "does nothing")
def no_way_down(d: Declared) -> None:
    _migrates(d.it, "alter table orders add column coupon text", "-- nothing to do\n")


@broken("migrations", "unproved", "no receipt for these scripts")
def way_down_unproved(d: Declared) -> None:
    d.it.manifest["evidence"]["statements"].remove("migration.json")


def _previous(d: Declared, uses: list[str] | None = None) -> None:
    """An earlier release in the project that completed in this stack."""
    import copy

    import yaml

    from slipway.release.declared import read_manifest

    before = copy.deepcopy(d.it.manifest)
    before |= {"version": "0.9.0", "migrations": [], "database": {"uses": uses if uses is not None else ["customers"]}}
    before["workload"]["env"] = {"LOG": "debug"}
    path = d.it.root / "0.9.0.yaml"
    path.write_text(yaml.safe_dump(before))
    project = path.parents[2]
    name = str(path.relative_to(project))
    _observe(d, previous=read_manifest(project, name).released.model_dump())


@broken("rollback", "too-slow", "rollback.maxMinutes: found 60; wanted at most 15")
def slow_rollback(d: Declared) -> None:
    d.it.manifest["rollback"]["maxMinutes"] = 60
    d.it.people()


@broken("rollback", "uncompensated", "cache must be emptied first")
def rollback_without_compensation(d: Declared) -> None:
    d.it.manifest["rollback"]["constraints"] = ["cache must be emptied first"]
    d.it.people()


@broken("environment", "unanswered", "environment.dependencies: found nothing")
def dependencies_unanswered(d: Declared) -> None:
    del d.it.manifest["environment"]
    d.it.people()


@broken("environment", "not-ready", "ledger (service) is not ready in prod")
def dependency_not_ready(d: Declared) -> None:
    d.it.manifest["environment"]["dependencies"][0]["ready"] = False
    d.it.people()


@broken("kill-switch", "missing", "a feature of high risk without a flag")
def risky_feature_without_a_flag(d: Declared) -> None:
    d.it.manifest["scope"]["changes"] = [{"id": "PAY-1", "kind": "feature", "risk": "high"}]
    d.it.people()


@broken("watch", "undeclared", "new-cart is no flag of the stack prod")
def watch_that_would_kill_an_unknown_flag(d: Declared) -> None:
    slo = {"name": "slo", "kind": "slo", "objective": "1%"}
    d.it.manifest["watch"] = {"for": "1h", "guardrails": [slo], "onBreach": {"kill": ["new-cart"]}}
    d.it.people()


@broken("hotfix", "follow-up", "in 30.0 days")
def hotfix_with_a_late_follow_up(d: Declared) -> None:
    d.it.manifest["hotfix"] = {"ticket": "INC-7", "reason": "payments fail", "followUpDue": _at(d.it, -30.01)}
    d.it.people()


@broken("strategy", "riskier", "50% first")
def riskier_strategy_without_a_reason(d: Declared) -> None:
    steps = [{"weight": 50, "bake": "1s"}, {"weight": 100, "bake": "1s"}]
    d.it.manifest["strategy"] = {"kind": "canary", "steps": steps}
    d.it.people()


@broken("error-budget", "spent", "0% of the error budget is left")
def feature_with_the_budget_spent(d: Declared) -> None:
    d.it.manifest["scope"]["changes"] = [{"id": "PAY-1", "kind": "feature", "risk": "low"}]
    d.it.people()
    _observe(d, budget={"remaining": 0, "at": d.now.isoformat(), "source": "a test"})


@broken("follow-up", "overdue", "items[0]")
def action_item_that_is_overdue(d: Declared) -> None:
    item = {"id": "r1/cause", "what": "find the cause", "owner": "payments", "due": _ago(d.it, 1).date().isoformat()}
    review = {"apiVersion": "slipway/v1", "kind": "Review", "service": d.it.manifest["service"], "version": "0.9"}
    d.it.write("reviews/0.9.yaml", json.dumps({**review, "rollout": "r1", "items": [item]}).encode())


# -- what the program says of the release --------------------------------------------------------------------------


@broken("manifest", "altered", "sha256: found")
def manifest_changed_after_it_was_read(d: Declared) -> None:
    d.late = lambda path: path.write_text(path.read_text() + "# one more line\n")


@broken("manifest", "malformed", "replicas")
def manifest_made_invalid(d: Declared) -> None:
    d.late = lambda path: path.write_text(path.read_text().replace("replicas: 3", "replicas: many"))


@broken("manifest", "missing", "there is no file")
def manifest_that_is_gone(d: Declared) -> None:
    d.late = Path.unlink


@broken("manifest", "altered", "image: found registry.example/other")
def image_other_than_the_manifest_says(d: Declared) -> None:
    d.props["image"] = f"registry.example/other@{OTHER_DIGEST}"


@broken("manifest", "unknown", "not known yet")
def manifest_unknown_at_preview(d: Declared) -> None:
    d.props["manifest"] = UNKNOWN


@broken("manifest", "malformed", "fingerprint")
def release_without_a_fingerprint(d: Declared) -> None:
    d.props["fingerprint"] = None


@broken("manifest", "outside", "leaves the project")
def manifest_out_of_the_project(d: Declared) -> None:
    d.props["manifest"] = "../elsewhere/1.0.0.yaml"


@broken("enforced", "off", "mode off (we are in a hurry)")
def gates_turned_off(d: Declared) -> None:
    d.props["gates"] = {"mode": "off", "reason": "we are in a hurry"}


@broken("enforced", "another-configuration", "config policies/config/staging.json")
def gates_of_another_stack(d: Declared) -> None:
    d.props["gates"] = {"mode": "enforce", "config": "policies/config/staging.json"}


@broken("enforced", "another-configuration", "config releases/checkout/lax.json")
def gates_from_beside_the_manifests(d: Declared) -> None:
    d.props["gates"] = {"mode": "enforce", "config": "releases/checkout/lax.json"}


# -- the same image is not the same release, and a name is one person's ---------------------------------------------


@broken("staging", "other-revision", "ran in staging")
def configuration_that_was_never_in_staging(d: Declared) -> None:
    d.it.manifest["workload"]["env"] = {"LOG": "debug", "CACHE": "off"}
    d.it.people()


@broken("staging", "unbound", "names no revision")
def receipt_of_the_digest_alone(d: Declared) -> None:
    _staged(d.it, revision=None)


@broken("approvals", "author-unclear", "not printable ASCII")
def approver_in_look_alike_letters(d: Declared) -> None:
    d.it.manifest["scope"]["author"] = "\u043elive"
    d.it.people()


@broken("approvals", "author-unclear", "may be olive")
def approver_by_an_address(d: Declared) -> None:
    d.it.manifest["scope"]["author"] = "olive@example"
    d.it.people()


@broken("artifact-integrity", "unknown", "")
def registry_that_was_not_asked(d: Declared) -> None:
    d.observed = {"settled": False}


# -- what no manifest may declare ------------------------------------------------------------------------------------


def _declare(d: Declared, section: str, **values: Any) -> None:
    d.it.manifest[section] = d.it.manifest.get(section, {}) | values
    d.it.people()
    _staged(d.it)


@broken("guardrails", "lax", "guardrails[0].tolerate: found 10; wanted at most 2")
def guardrail_that_cannot_fail(d: Declared) -> None:
    d.it.manifest["guardrails"][0]["tolerate"] = 10
    d.it.people()


@broken("guardrails", "lax", "guardrails[0].negligible: found 99%")
def guardrail_that_neglects_everything(d: Declared) -> None:
    d.it.manifest["guardrails"][0]["negligible"] = "99%"
    d.it.people()


@broken("guardrails", "lax", "analysis.warmUp: found 1h")
def warm_up_without_end(d: Declared) -> None:
    _declare(d, "analysis", warmUp="1h")


@broken("pod-security", "root", "runAsUser 0")
def pod_as_root(d: Declared) -> None:
    _declare(d, "workload", security={"runAsNonRoot": False, "runAsUser": 0})


@broken("pod-security", "service-account", "slipway-rollout")
def pod_with_the_token_of_the_rollout(d: Declared) -> None:
    _declare(d, "workload", serviceAccount="slipway-rollout")


@broken("pod-security", "secret", "a password in a URL")
def password_in_the_environment(d: Declared) -> None:
    _declare(d, "workload", env={"DATABASE": "postgres://shop:hunter2@db.example/orders"})


@broken("pod-security", "restricted", "workload.pod.hostNetwork: found true")
def pod_in_the_network_of_the_node(d: Declared) -> None:
    _declare(d, "workload", pod={"hostNetwork": True})


@broken("pod-security", "secret", "a password in a URL")
def password_in_a_sidecar(d: Declared) -> None:
    image = f"registry.example/proxy@sha256:{'a' * 64}"
    env = [{"name": "DATABASE", "value": "postgres://shop:hunter2@db.example/orders"}]
    _declare(d, "workload", pod={"containers": [{"name": "proxy", "image": image, "env": env}]})


FALSE_ACCEPTANCES: tuple[str, ...] = (
    "analysis-that-could-not-parse-a-file",
    "scan-that-could-not-parse-a-file",
    "linter-warns-of-a-dropped-table",
    "tests-that-are-disabled-in-an-attribute",
    "excused-in-another-component",
    "manifest-that-shows-another-approval",
)
"""Files of real tools that look clean and are not: each is refused by the command line, the pack and the provider."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from datetime import timedelta
from typing import Any

import pytest

from slipway.release.evidence import receipts
from slipway.release.gating.catalog import RELEASE_GATES, evaluate
from slipway.release.manifest.migrations import Database
from slipway.release.readiness.gate_input import GateInput
from slipway.release.readiness.settings import MigrationSettings, Settings
from tests.manifests import DIGEST, OTHER_DIGEST
from tests.unit.slipway.release.readiness.support import passes, refused
from tests.vouched import NOW, YESTERDAY, Vouched

DROP = "alter table orders drop column total;"


def _script(it: Vouched, up: str, down: str = "alter table orders drop column coupon;", **migration: Any) -> None:
    it.write("migrations/0042.up.sql", up.encode())
    it.write("migrations/0042.down.sql", down.encode())
    it.manifest["migrations"][0] |= migration
    it.people()
    _receipt(it)


def _compensate(it: Vouched, action: str) -> None:
    it.manifest["migrations"][0]["compensation"] = action
    it.manifest["rollback"]["compensations"] = [action]
    it.people()


def _receipt(it: Vouched, **said: Any) -> None:
    scripts = {
        side: hashlib.sha256((it.root / it.manifest["migrations"][0][side]).read_bytes()).hexdigest()
        for side in ("up", "down")
        if side in it.manifest["migrations"][0]
    }
    complete = {
        "at": YESTERDAY.isoformat(),
        "database": "PostgreSQL 17.2",
        "migrations": [{"id": "0042", **scripts}],
        "roundTrip": True,
    }
    it.sign("migration.json", "ci", receipts.MIGRATION, complete | said)


def _previous(gate_input: GateInput, *uses: str, declared: bool = True) -> dict[str, object]:
    database = Database(uses=uses) if declared else None
    return {"previous": gate_input.release.model_copy(update={"version": "0.9.0", "database": database})}


def test_a_release_without_migrations_passes(it: Vouched) -> None:
    it.manifest["migrations"] = []
    it.people()
    it.staged()  # it is rolled out otherwise now, so it is another revision
    passes(it.gate_input())


def test_an_expand_that_contracts_is_refused(it: Vouched) -> None:
    _script(it, "alter table orders add column a text, alter column b set not null", phase="expand")
    findings = refused(it.gate_input(), "migrations", "phase", "in-use")
    assert "set not null orders.b" in next(f for f in findings if f.code == "phase").found


def test_a_contract_waits_until_the_previous_artifact_no_longer_uses_the_object(it: Vouched) -> None:
    _script(it, "alter table orders rename column total to amount", phase="contract")
    (finding,) = refused(it.gate_input(**_previous(it.gate_input(), "orders.total")), "migrations", "in-use")
    assert "0.9.0 uses orders.total" in finding.found
    passes(it.gate_input(**_previous(it.gate_input(), "orders.coupon", "customers")))


def test_a_contract_over_unknown_uses_is_refused(it: Vouched) -> None:
    _script(it, "alter table orders rename column total to amount", phase="contract")
    refused(it.gate_input(**_previous(it.gate_input(), declared=False)), "migrations", "uses-unknown")
    refused(it.gate_input(previous=None), "migrations", "unknown")
    passes(it.gate_input(previous=None, first=True))


def test_code_that_is_not_looked_into_may_use_anything(it: Vouched) -> None:
    _script(it, "do $$ begin execute 'drop table x'; end $$", phase="contract")
    refused(it.gate_input(**_previous(it.gate_input(), "customers")), "migrations", "in-use")
    passes(it.gate_input(**_previous(it.gate_input())))


def test_the_previous_artifact_passing_its_tests_on_the_new_schema_allows_a_contract(it: Vouched) -> None:
    _script(it, "alter table orders alter column total set not null", phase="contract")
    refused(it.gate_input(), "migrations", "in-use")
    _receipt(it, previousArtifact=DIGEST, previousPassed=True)
    passes(it.gate_input())
    _receipt(it, previousArtifact=DIGEST, previousPassed=False)
    refused(it.gate_input(), "migrations", "in-use")
    _receipt(it, previousArtifact=OTHER_DIGEST, previousPassed=True)
    refused(it.gate_input(), "migrations", "in-use")


def test_lost_data_is_not_reversible_whatever_the_down_step_says(it: Vouched) -> None:
    _script(it, DROP, "alter table orders add column total int;", phase="contract")
    free = _previous(it.gate_input(), "customers")
    (finding,) = refused(it.gate_input(**free), "migrations", "loses-data")
    assert finding.turn == "owner"
    _compensate(it, "restore the column from the nightly dump")
    passes(it.gate_input(**free))


@pytest.mark.parametrize(
    ("down", "code"),
    [
        ("-- nothing to do\n", "empty"),
        ("begin; commit;", "empty"),
        ("do $$ begin raise exception 'irreversible'; end $$", "raises"),
        ("drop tabel orders", "malformed"),
    ],
)
def test_a_way_down_that_is_none_is_refused(it: Vouched, down: str, code: str) -> None:
    _script(it, "alter table orders add column coupon text", down)
    refused(it.gate_input(), "migrations", code)
    _compensate(it, "leave the column, nobody reads it")
    passes(it.gate_input())


def test_a_migration_without_a_way_down_is_refused(it: Vouched) -> None:
    gate_input = it.gate_input()
    migration = gate_input.release.migrations[0].model_copy(update={"down": None})
    release = gate_input.release.model_copy(update={"migrations": (migration,)})
    sources = (dataclasses.replace(gate_input.migrations[0], down=None),)
    (finding,) = RELEASE_GATES["migrations"].evaluate(
        dataclasses.replace(gate_input, release=release, migrations=sources)
    )
    assert finding.code == "no-down"


def test_a_round_trip_must_be_proved_for_exactly_these_scripts(it: Vouched) -> None:
    it.manifest["evidence"]["statements"].remove("migration.json")
    refused(it.gate_input(), "migrations", "unproved")
    it.settings = Settings(migrations=MigrationSettings(receipt=False))
    passes(it.gate_input())


def test_a_receipt_of_other_scripts_proves_nothing(it: Vouched) -> None:
    it.write("migrations/0042.up.sql", b"alter table orders add column other text;")
    assert {finding.gate for finding in evaluate(it.gate_input())} == {"migrations", "qa", "approvals"}
    it.people()
    refused(it.gate_input(), "migrations", "unproved")


def test_a_round_trip_that_failed_is_refused(it: Vouched) -> None:
    _receipt(it, roundTrip=False)
    (finding,) = refused(it.gate_input(), "migrations", "unproved")
    assert "PostgreSQL 17.2" in finding.found


def test_scripts_that_cannot_be_read_are_refused(it: Vouched) -> None:
    (it.root / "migrations/0042.up.sql").unlink()
    it.people()
    refused(it.gate_input(), "migrations", "missing")
    it.write("migrations/0042.up.sql", b"\xff\xfe")
    it.people()
    refused(it.gate_input(), "migrations", "malformed")
    refused(it.gate_input(migrations=()), "migrations", "unknown")


def test_scripts_that_do_nothing_are_refused(it: Vouched) -> None:
    _script(it, "-- later")
    refused(it.gate_input(), "migrations", "empty")


def test_a_dialect_that_is_not_classified_needs_receipts(it: Vouched) -> None:
    _script(it, "ALTER TABLE orders ADD coupon VARCHAR2(20)", "ALTER TABLE orders DROP coupon", dialect="other")
    passes(it.gate_input())
    it.manifest["evidence"]["statements"].remove("migration.json")
    it.settings = Settings(migrations=MigrationSettings(receipt=False))
    refused(it.gate_input(), "migrations", "unproved")


def test_a_contract_in_a_dialect_that_is_not_classified_needs_the_previous_tests(it: Vouched) -> None:
    _script(it, "ALTER TABLE orders DROP total", "x", dialect="other", phase="contract")
    _compensate(it, "restore it")
    refused(it.gate_input(), "migrations", "unknown")
    _receipt(it, previousArtifact=DIGEST, previousPassed=True)
    passes(it.gate_input())


def _lint(it: Vouched, *found: tuple[str, str], level: str = "Warning") -> None:
    entries = [{"file": f, "line": 0, "level": level, "message": "m", "rule_name": rule} for f, rule in found]
    it.write("squawk.json", json.dumps(entries).encode())
    it.manifest["evidence"]["migrationLint"] = ["squawk.json"]
    digest = hashlib.sha256((it.root / "squawk.json").read_bytes()).hexdigest()
    files = [{"kind": "migration-lint", "sha256": digest}]
    it.sign("lint.json", "ci", receipts.RESULTS, {"at": YESTERDAY.isoformat(), "files": files})
    it.manifest["evidence"]["statements"].append("lint.json")


def test_errors_of_the_linter_are_refused(it: Vouched) -> None:
    _lint(it, ("a.sql", "r"), level="Error")
    (finding,) = refused(it.gate_input(), "migrations", "lint")
    assert "a.sql:1 r" in finding.found


@pytest.mark.parametrize("rule", ["ban-drop-table", "changing-column-type", "adding-foreign-key-constraint"])
def test_a_rule_that_takes_away_or_locks_is_refused_though_it_is_a_warning(it: Vouched, rule: str) -> None:
    _lint(it, ("migrations/0042.up.sql", rule), ("x.sql", "prefer-text-field"))
    (finding,) = refused(it.gate_input(), "migrations", "lint-rule")
    assert f"{rule} at migrations/0042.up.sql:1" in finding.found
    assert f"squawk-ignore {rule}" in finding.remedy
    it.settings = Settings(migrations=MigrationSettings(allow_lint_rules=(rule,)))
    passes(it.gate_input())


def test_warnings_that_only_advise_pass_unless_they_are_bounded(it: Vouched) -> None:
    _lint(it, ("a.sql", "prefer-text-field"), ("a.sql", "require-lock-timeout"))
    passes(it.gate_input())
    it.settings = Settings(migrations=MigrationSettings(max_lint_warnings=1))
    refused(it.gate_input(), "migrations", "lint-warnings")


def test_a_report_on_migrations_of_a_release_that_lists_none_is_refused(it: Vouched) -> None:
    _lint(it)
    passes(it.gate_input())
    it.manifest["migrations"] = []
    it.people()
    it.staged()
    refused(it.gate_input(), "migrations", "unlisted")


def test_what_a_way_down_takes_away_is_what_the_way_up_has_added(it: Vouched) -> None:
    _lint(it, ("/ci/build/migrations/0042.down.sql", "ban-drop-column"))
    passes(it.gate_input())
    _lint(it, ("migrations/0042.down.sql", "require-concurrent-index-deletion"))
    refused(it.gate_input(), "migrations", "lint-rule")
    _lint(it, ("other/0042.down.sql", "ban-drop-column"))
    refused(it.gate_input(), "migrations", "lint-rule")


def test_what_a_declared_contract_takes_away_is_judged_by_its_script(it: Vouched) -> None:
    _script(it, "alter table orders rename column total to amount", phase="contract")
    _lint(it, ("0042.up.sql", "renaming-column"))
    passes(it.gate_input(**_previous(it.gate_input(), "customers")))
    refused(it.gate_input(**_previous(it.gate_input(), "orders.total")), "migrations", "in-use")


def test_a_file_that_may_be_the_way_up_or_down_is_taken_for_the_way_up(it: Vouched) -> None:
    for side in ("up", "down"):
        it.write(f"{side}/0042.sql", (it.root / f"migrations/0042.{side}.sql").read_bytes())
        it.manifest["migrations"][0][side] = f"{side}/0042.sql"
    it.people()
    _lint(it, ("0042.sql", "ban-drop-column"))
    refused(it.gate_input(), "migrations", "lint-rule")
    _lint(it, ("down/0042.sql", "ban-drop-column"))
    passes(it.gate_input())


def test_a_receipt_that_somebody_else_signed_is_refused(it: Vouched) -> None:
    statement = {
        "at": YESTERDAY.isoformat(),
        "database": "x",
        "migrations": [{"id": "1", "up": "c" * 64}],
        "roundTrip": True,
    }
    it.sign("migration.json", "quinn", receipts.MIGRATION, statement)
    refused(it.gate_input(), "migrations", "not-allowed", "unproved")


def test_a_compensation_does_not_stand_in_for_what_an_unclassified_dialect_does_to_the_previous_artifact(
    it: Vouched,
) -> None:
    _script(it, "DROP TABLE orders", "x", dialect="other", phase="expand")
    _compensate(it, "restore the backup")
    refused(it.gate_input(), "migrations", "unknown")
    _receipt(it, previousArtifact=DIGEST, previousPassed=True)
    passes(it.gate_input())


def test_a_receipt_of_tomorrow_is_refused(it: Vouched) -> None:
    _receipt(it, at=(NOW + timedelta(days=1)).isoformat())
    refused(it.gate_input(), "migrations", "future")


@pytest.mark.parametrize(
    "up",
    [
        "drop schema shop cascade",
        "alter table orders set schema old",
        "create rule r as on insert to orders do nothing",
    ],
)
def test_a_contract_that_may_hit_anything_is_in_use_wherever_something_is_used(it: Vouched, up: str) -> None:
    _script(it, up, phase="contract")
    _compensate(it, "restore the backup")
    refused(it.gate_input(), "migrations", "in-use")
    passes(it.gate_input(**_previous(it.gate_input())))

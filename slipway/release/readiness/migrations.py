"""Gate `migrations`: the schema change fits the artifact that a rollback would bring back, and can be undone.

Expand is additive. Contract takes something away, so it may only come once the previous artifact no longer uses it
(its manifest declares its uses), or once that artifact's own tests passed on the new schema (a receipt).
"""

from __future__ import annotations

from slipway.release.evidence.facts import MigrationFacts
from slipway.release.evidence.migration_files import MigrationSource
from slipway.release.findings import Finding, finding
from slipway.release.manifest.migrations import Migration
from slipway.release.readiness.gate_input import GateInput, dated_ahead, rejected
from slipway.release.readiness.migration_lint import GATE, lint
from slipway.release.sql.isolate import classify_isolated
from slipway.release.sql.model import Operation, Script
from slipway.release.sql.names import overlaps

__all__ = ["GATE", "evaluate"]


def evaluate(gate_input: GateInput) -> list[Finding]:
    """Every migration of the release, its receipts and its lint reports."""
    findings = [rejected(GATE, entry, "development") for entry in gate_input.evidence.rejections("migration")]
    for item, _ in gate_input.evidence.of(MigrationFacts):
        findings += dated_ahead(GATE, item, gate_input, "platform")
    sources = {source.id: source for source in gate_input.migrations}
    for number, migration in enumerate(gate_input.release.migrations):
        field = f"migrations[{number}]"
        source = sources.get(migration.id)
        if source is None:
            findings.append(
                finding(GATE, "unknown", field, "scripts that were not read", "its scripts", "Give the gate access")
            )
            continue
        findings += _one(gate_input, field, migration, source)
    return [*findings, *lint(gate_input)]


def _one(gate_input: GateInput, field: str, migration: Migration, source: MigrationSource) -> list[Finding]:
    unreadable = [
        finding(
            GATE,
            script.code,
            f"{field}.{side}",
            f"{script.path}: {script.detail}",
            "a readable script",
            "Correct the path",
        )
        for side, script in (("up", source.up), ("down", source.down))
        if script is not None and script.code is not None
    ]
    if unreadable:
        return unreadable
    receipt = _receipt(gate_input, source)
    if migration.dialect == "other":
        return _unclassified(gate_input, field, migration, source, receipt)
    up = classify_isolated(source.up.text)
    if up.problem is not None:
        return [
            finding(GATE, "malformed", f"{field}.up", f"{source.up.path}: {up.problem}", "PostgreSQL", "Correct it")
        ]
    return [
        *_phase(field, migration, up),
        *_previous(gate_input, field, up.operations, receipt),
        *_way_back(gate_input, field, migration, source, up, receipt),
    ]


def _phase(field: str, migration: Migration, up: Script) -> list[Finding]:
    """What is declared as expand or data may not contain a contract."""
    if not up.does_something:
        return [
            finding(
                GATE, "empty", f"{field}.up", "a script that changes nothing", "a migration", "Write it or leave it out"
            )
        ]
    breaking = [operation for operation in up.operations if operation.effect == "contract"]
    if migration.phase == "contract" or not breaking:
        return []
    return [
        finding(
            GATE,
            "phase",
            f"{field}.phase",
            f"{migration.phase}, but the script does: {_listed(breaking)}",
            "contract, in a release of its own after the expand was released",
            "Split it: expand now, contract when the previous artifact no longer uses it",
        )
    ]


def _previous(
    gate_input: GateInput, field: str, operations: tuple[Operation, ...], receipt: MigrationFacts | None
) -> list[Finding]:
    """Contracts against what the previous artifact uses."""
    breaking = [operation for operation in operations if operation.effect == "contract"]
    if not breaking or gate_input.first or _previous_passed(gate_input, receipt):
        return []
    previous = gate_input.previous
    if previous is None:
        return [_contract(field, "unknown", f"{_listed(breaking)}; the previous release is not known")]
    if previous.database is None:
        said = f"{_listed(breaking)}; {previous.version} does not declare database.uses"
        return [_contract(field, "uses-unknown", said)]
    return [
        _contract(field, "in-use", f"{operation.what}; {previous.version} uses {used}")
        for operation in breaking
        for used in _uses(operation, previous.database.uses)
    ]


def _uses(operation: Operation, declared: tuple[str, ...]) -> list[str]:
    if operation.opaque and declared:
        return ["whatever it touches, which cannot be told"]
    return [used for used in declared if overlaps(operation.target, used)][:3]


def _previous_passed(gate_input: GateInput, receipt: MigrationFacts | None) -> bool:
    return (
        receipt is not None
        and gate_input.previous is not None
        and receipt.previous_passed is True
        and receipt.previous_artifact == gate_input.previous.artifact.digest
    )


def _way_back(
    gate_input: GateInput,
    field: str,
    migration: Migration,
    source: MigrationSource,
    up: Script,
    receipt: MigrationFacts | None,
) -> list[Finding]:
    """A down step that works and loses nothing, proved by a round trip; or else a named compensating action."""
    if (migration.compensation or "").strip():
        return []
    if source.down is None:
        return [_irreversible(f"{field}.down", "no-down", "no down step and no compensation")]
    down = classify_isolated(source.down.text)
    if down.problem is not None:
        return [_irreversible(f"{field}.down", "malformed", f"{source.down.path}: {down.problem}")]
    if down.raises:
        return [_irreversible(f"{field}.down", "raises", f"{source.down.path} raises an exception")]
    if not down.does_something:
        return [_irreversible(f"{field}.down", "empty", f"{source.down.path} does nothing")]
    losing = [operation for operation in up.operations if operation.loses_data]
    if losing:
        return [_irreversible(f"{field}.up", "loses-data", f"{_listed(losing)}, which no down step brings back")]
    return _proved(gate_input, field, receipt)


def _proved(gate_input: GateInput, field: str, receipt: MigrationFacts | None) -> list[Finding]:
    if not gate_input.settings.migrations.receipt or (receipt is not None and receipt.round_trip):
        return []
    found = "no receipt for these scripts" if receipt is None else f"a round trip on {receipt.database} that failed"
    return [
        finding(
            GATE,
            "unproved",
            field,
            found,
            "a receipt of upgrade, downgrade, upgrade on a real database",
            "Run the round trip, sign its receipt with `slipway attest migration`, list it in evidence.statements",
        )
    ]


def _unclassified(
    gate_input: GateInput, field: str, migration: Migration, source: MigrationSource, receipt: MigrationFacts | None
) -> list[Finding]:
    """A dialect that is not parsed: only receipts tell anything. A compensation stands in for the way down, and not
    for the proof that the previous artifact goes on working."""
    findings: list[Finding] = []
    compensated = bool((migration.compensation or "").strip())
    if not compensated:
        if source.down is None:
            findings.append(_irreversible(f"{field}.down", "no-down", "no down step and no compensation"))
        elif receipt is None or not receipt.round_trip:
            findings += _proved(gate_input, field, receipt) or [
                finding(GATE, "unproved", field, "no receipt", "a receipt: this dialect is not classified", "Prove it")
            ]
    if (
        (migration.phase != "expand" or compensated)
        and not gate_input.first
        and not _previous_passed(gate_input, receipt)
    ):
        findings.append(_contract(field, "unknown", "a dialect that is not classified, and no receipt of the previous"))
    return findings


def _receipt(gate_input: GateInput, source: MigrationSource) -> MigrationFacts | None:
    """The receipt that names exactly these scripts; one that failed counts before one that passed."""
    wanted = (source.id, source.up.sha256, None if source.down is None else source.down.sha256)
    fitting = [
        facts
        for _, facts in gate_input.evidence.of(MigrationFacts)
        if any((run.id, run.up, run.down) == wanted for run in facts.migrations)
    ]
    return min(fitting, key=lambda facts: (facts.round_trip, facts.previous_passed is True), default=None)


def _listed(operations: list[Operation]) -> str:
    more = f" and {len(operations) - 3} more" if len(operations) > 3 else ""
    return "; ".join(operation.what for operation in operations[:3]) + more


def _contract(field: str, code: str, found: str) -> Finding:
    return finding(
        GATE,
        code,
        f"{field}.up",
        found,
        "a contract that the previous artifact does not notice, else a rollback breaks",
        "Release first what no longer uses it, or prove with a receipt that the previous artifact's tests pass",
    )


def _irreversible(field: str, code: str, found: str) -> Finding:
    return finding(
        GATE,
        code,
        field,
        found,
        "a way down that loses no data, or a compensation",
        "Write the down step, or name the compensating action in migrations[].compensation",
        turn="owner" if code == "loses-data" else "development",
    )

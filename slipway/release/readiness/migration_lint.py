"""Part of gate `migrations`: what a linter of the scripts found, by its rules, whatever level it gives them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from slipway.release.evidence.facts import LintDanger, LintFacts, LintHit
from slipway.release.evidence.model import Item
from slipway.release.findings import Finding, finding
from slipway.release.manifest.migrations import Migration
from slipway.release.readiness.gate_input import GateInput

GATE = "migrations"
MOST_RULES = 20

_WHY: dict[LintDanger, str] = {
    "takes-away": "takes away data, or names that the previous artifact may use",
    "locks": "blocks reads or writes while a table is scanned or rewritten",
    "breaks": "makes the script or the writes of clients fail",
}


def lint(gate_input: GateInput) -> list[Finding]:
    """Every report against the migrations that the release lists."""
    return [
        finding for item, facts in gate_input.evidence.of(LintFacts) for finding in _report(gate_input, item, facts)
    ]


def _report(gate_input: GateInput, item: Item, facts: LintFacts) -> Iterator[Finding]:
    limits = gate_input.settings.migrations
    if not gate_input.release.migrations:
        yield finding(
            GATE,
            "unlisted",
            item.field,
            f"{item.path} is a report on migrations, and the release lists none",
            "every migration of the release under migrations, where its scripts are judged",
            "List the migrations, or take the report out when the release has none",
        )
    worst = ", ".join(facts.worst[:3])
    if facts.errors > limits.max_lint_errors:
        said = f"{facts.errors} errors, such as {worst}"
        yield finding(GATE, "lint", item.field, said, f"at most {limits.max_lint_errors}", "Fix them")
    if limits.max_lint_warnings is not None and facts.warnings > limits.max_lint_warnings:
        said = f"{facts.warnings} warnings, such as {worst}"
        yield finding(GATE, "lint-warnings", item.field, said, f"at most {limits.max_lint_warnings}", "Fix them")
    yield from _by_rule(gate_input, item, facts)


def _by_rule(gate_input: GateInput, item: Item, facts: LintFacts) -> Iterator[Finding]:
    allowed = gate_input.settings.migrations.allow_lint_rules
    counting: dict[str, list[LintHit]] = {}
    for hit in facts.hits:
        if hit.rule not in allowed and not _judged_elsewhere(gate_input, hit):
            counting.setdefault(hit.rule, []).append(hit)
    for rule, hits in list(counting.items())[:MOST_RULES]:
        places = ", ".join(f"{hit.file}:{hit.line}" for hit in hits[:3])
        yield finding(
            GATE,
            "lint-rule",
            item.field,
            f"{rule} at {places}{f' and {len(hits) - 3} more' if len(hits) > 3 else ''}: {_WHY[hits[0].danger]}",
            "none",
            f"Rewrite it as the linter says; where it is meant, write `-- squawk-ignore {rule}` above the statement "
            "or name the rule in migrations.allowLintRules of the gates' configuration",
        )
    more = max(0, len(counting) - MOST_RULES) + facts.omitted
    if more:
        yield finding(GATE, "lint-rule", item.field, f"{more} more of the kind", "none", "Lint fewer scripts at a time")


def _judged_elsewhere(gate_input: GateInput, hit: LintHit) -> bool:
    """What a declared contract takes away is judged against the previous artifact, and a way down takes away what the
    way up has added; for both the gate reads the scripts themselves."""
    if hit.danger != "takes-away":
        return False
    listed = [(script, free) for migration in gate_input.release.migrations for script, free in _scripts(migration)]
    fitting = [free for script, free in listed if _same_file(script, hit.file)]
    return bool(fitting) and all(fitting)


def _scripts(migration: Migration) -> Iterator[tuple[str, bool]]:
    """The scripts of a migration, and whether the gate itself judges what they take away."""
    classified = migration.dialect == "postgresql"
    yield migration.up, classified and migration.phase == "contract"
    if migration.down is not None:
        yield migration.down, classified


def _same_file(listed: str, linted: str) -> bool:
    """Whether two relative paths, perhaps from different folders, end alike: the shorter one is all of the longer's
    end."""
    one, other = PurePosixPath(listed).parts, PurePosixPath(linted).parts
    shorter = min(len(one), len(other))
    return shorter > 0 and one[-shorter:] == other[-shorter:]

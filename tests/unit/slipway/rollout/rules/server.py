"""A Prometheus server in memory that loads the rule file which it is told to reload."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from slipway.release.errors import ClusterError, QueryRefused
from slipway.release.slo.delivery import RuleGroupInputs

RULES = (
    {"record": "slo:a", "expr": "sum(increase(a_total[60m]))", "labels": {"slo": "x"}},
    {"alert": "Burning", "expr": "slo:a > 1", "for": "5m", "labels": {"slo": "x"}, "annotations": {"summary": "s"}},
)


def inputs(**changes: object) -> RuleGroupInputs:
    wanted = {"group": "slo-x", "rules": RULES, "url": "http://prometheus.example", "within": 30}
    return RuleGroupInputs.model_validate({**wanted, **changes})


def answered(*rules: dict[str, Any], health: str = "ok") -> list[dict[str, Any]]:
    """Rules as the API shows them once they are loaded."""
    return [_answered(rule, health) for rule in rules]


def _answered(rule: dict[str, Any], health: str) -> dict[str, Any]:
    alerting = "alert" in rule
    shown = {
        "type": "alerting" if alerting else "recording",
        "name": rule.get("alert", rule.get("record")),
        "query": rule["expr"],
        "labels": rule.get("labels"),
        "health": health,
        "lastEvaluation": "2026-11-26T12:00:00Z",
    }
    return {**shown, "duration": 300, "annotations": rule.get("annotations")} if alerting else shown


class MemoryServer:
    """`refuses` are expressions that its version does not know. A reload reads `file`, unless `broken`, another file of
    its own, cannot be read. `evaluates` after so many looks."""

    name = "Prometheus at http://prometheus.example"

    def __init__(self, file: Path | None = None, refuses: frozenset[str] = frozenset()) -> None:
        self.file, self.refuses = file, refuses
        self.broken = False
        self.loaded: list[dict[str, Any]] | None = None
        self.looks = 0
        self.evaluates = 0
        self.reloads = 0

    def rule_groups(self, name: str) -> list[list[Mapping[str, Any]]]:
        self.looks += 1
        if self.loaded is None:
            return []
        return [list(answered(*self.loaded, health="ok" if self.looks > self.evaluates else "unknown"))]

    def check(self, promql: str) -> None:
        if promql in self.refuses:
            raise QueryRefused(f"{self.name} refused: parse error")

    def reload(self) -> None:
        self.reloads += 1
        if self.broken:
            raise ClusterError(f"{self.name} did not reload (HTTP 500): loading rules")
        if self.file is not None:
            there = self.file.exists()
            self.loaded = yaml.safe_load(self.file.read_text())["groups"][0]["rules"] if there else None

    def last_reload_failed(self) -> bool:
        return self.broken

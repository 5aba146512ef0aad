"""Which descriptor a SARIF result or notification is about: by index, guid or id, in driver or extension (3.52).

Everything is indexed once for each run: a hostile log must not make the reader quadratic.
"""

from __future__ import annotations

from typing import Literal

from slipway.release.evidence.errors import EvidenceError
from slipway.release.evidence.sarif_model import (
    Component,
    ComponentReference,
    Invocation,
    Level,
    Notification,
    Override,
    Result,
    Rule,
    RuleReference,
    Run,
)

_LONGEST_ID = 400
_DEEPEST_ID = 8
_ORDER: tuple[Level, ...] = ("none", "note", "warning", "error")


class _Shelf:
    """The descriptors of one tool component: its rules, or its notifications."""

    def __init__(self, component: Component, rules: list[Rule]) -> None:
        self.name = component.name
        self.rules = rules
        self.by_id: dict[str, Rule] = {}
        for rule in rules:
            self.by_id.setdefault(rule.id, rule)


class _Shelves:
    """The descriptors of one kind in one run, and the levels that its invocations set for them."""

    def __init__(self, run: Run, kind: Literal["rules", "notifications"]) -> None:
        self._driver = _Shelf(run.tool.driver, getattr(run.tool.driver, kind))
        self._extensions = [_Shelf(component, getattr(component, kind)) for component in run.tool.extensions]
        self._named: dict[str, _Shelf] = {}
        for component, shelf in zip(run.tool.extensions, self._extensions, strict=True):
            self._named.setdefault(component.name, shelf)
            if component.guid:
                self._named.setdefault(component.guid, shelf)
        self._by_guid = {
            rule.guid.lower(): rule for shelf in (self._driver, *self._extensions) for rule in shelf.rules if rule.guid
        }
        self._overrides = self._read_overrides(run.invocations, f"{kind.removesuffix('s')}_configuration_overrides")

    def override(self, invocation: int, rule: Rule | None) -> Level | None:
        """The level that an invocation set for the descriptor (3.20.5); the worst one for -1, no invocation."""
        return None if rule is None else self._overrides.get((invocation, id(rule)))

    def _read_overrides(self, invocations: list[Invocation], field: str) -> dict[tuple[int, int], Level]:
        found: dict[tuple[int, int], Level] = {}
        for number, invocation in enumerate(invocations):
            overrides: list[Override] = getattr(invocation, field)
            for override in overrides:
                level, reference = override.configuration.level, override.descriptor
                rule = self.find(reference.tool_component, reference.index, reference.guid, reference.id)
                if rule is None or level is None:
                    continue
                found[(number, id(rule))] = level
                found[(-1, id(rule))] = max(level, found.get((-1, id(rule)), level), key=_ORDER.index)
        return found

    def find(self, component: ComponentReference | None, index: int, guid: str | None, name: str | None) -> Rule | None:
        """The descriptor that a reference names, None when the log does not describe it."""
        home = self._component(component)
        if index >= 0:
            if index >= len(home.rules):
                raise EvidenceError("malformed", f"SARIF: there is no rule {index} in {home.name}")
            return home.rules[index]
        if guid and guid.lower() in self._by_guid:
            return self._by_guid[guid.lower()]
        return _by_hierarchical_id(home, name or "")

    def _component(self, reference: ComponentReference | None) -> _Shelf:
        if reference is None:
            return self._driver
        if reference.index >= 0:
            if reference.index >= len(self._extensions):
                raise EvidenceError("malformed", f"SARIF: there is no tool extension {reference.index}")
            return self._extensions[reference.index]
        by_guid = self._named.get(reference.guid or "")
        return by_guid or self._named.get(reference.name or "") or self._driver


class Rules:
    """The rules and the notifications of one run, and the levels that its invocations set for them."""

    def __init__(self, run: Run) -> None:
        self._invocations = len(run.invocations)
        self._rules = _Shelves(run, "rules")
        self._notifications = _Shelves(run, "notifications")

    def of(self, result: Result) -> Rule | None:
        """The rule of a result, or None when the log does not describe it. Raises EvidenceError `malformed`."""
        reference = result.rule or RuleReference()
        index = reference.index if reference.index >= 0 else result.rule_index
        return self._rules.find(reference.tool_component, index, reference.guid, reference.id or result.rule_id)

    def override(self, result: Result) -> Level | None:
        """The level that an invocation set for the rule (3.20.5); the worst one when the result names no invocation."""
        which = result.provenance.invocation_index
        if which >= self._invocations:
            raise EvidenceError("malformed", f"SARIF: there is no invocation {which}")
        return self._rules.override(which, self.of(result))

    def level_of(self, notification: Notification, invocation: int) -> Level:
        """3.58.6: of the notification itself; else of the invocation's override; else its descriptor's default."""
        if notification.level is not None:
            return notification.level
        reference = notification.descriptor or RuleReference()
        found = self._notifications.find(reference.tool_component, reference.index, reference.guid, reference.id)
        default = found.default_configuration.level if found else None
        return self._notifications.override(invocation, found) or default or "warning"


def _by_hierarchical_id(home: _Shelf, name: str) -> Rule | None:
    """`CA1000/1` is a case of the rule `CA1000` (3.27.5)."""
    if len(name) > _LONGEST_ID:
        raise EvidenceError("malformed", f"SARIF: a rule id is longer than {_LONGEST_ID} characters")
    for _ in range(_DEEPEST_ID):
        if name in home.by_id:
            return home.by_id[name]
        name = name.rpartition("/")[0]
    return None

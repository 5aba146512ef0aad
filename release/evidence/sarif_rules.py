"""Which rule a SARIF result is about: by index, by guid or by id, in the driver or in an extension (3.52).

Everything is indexed once for each run: a hostile log must not make the reader quadratic.
"""

from __future__ import annotations

from release.evidence.errors import EvidenceError
from release.evidence.sarif_model import Component, ComponentReference, Level, Result, Rule, RuleReference, Run

_LONGEST_ID = 400
_DEEPEST_ID = 8
_ORDER: tuple[Level, ...] = ("none", "note", "warning", "error")


class _Shelf:
    """The rules of one tool component."""

    def __init__(self, component: Component) -> None:
        self.name = component.name
        self.rules = component.rules
        self.by_id: dict[str, Rule] = {}
        for rule in component.rules:
            self.by_id.setdefault(rule.id, rule)


class Rules:
    """The rules of one run and the levels that its invocations set for them."""

    def __init__(self, run: Run) -> None:
        self._driver = _Shelf(run.tool.driver)
        self._extensions = [_Shelf(component) for component in run.tool.extensions]
        self._named: dict[str, _Shelf] = {}
        for component, shelf in zip(run.tool.extensions, self._extensions, strict=True):
            self._named.setdefault(component.name, shelf)
            if component.guid:
                self._named.setdefault(component.guid, shelf)
        self._by_guid = {
            rule.guid.lower(): rule for shelf in (self._driver, *self._extensions) for rule in shelf.rules if rule.guid
        }
        self._invocations = len(run.invocations)
        self._overrides = self._read_overrides(run)

    def of(self, result: Result) -> Rule | None:
        """The rule of a result, or None when the log does not describe it. Raises EvidenceError `malformed`."""
        reference = result.rule or RuleReference()
        index = reference.index if reference.index >= 0 else result.rule_index
        return self._find(reference.tool_component, index, reference.guid, reference.id or result.rule_id)

    def override(self, result: Result) -> Level | None:
        """The level that an invocation set for the rule (3.20.5); the worst one when the result names no invocation."""
        which = result.provenance.invocation_index
        if which >= self._invocations:
            raise EvidenceError("malformed", f"SARIF: there is no invocation {which}")
        rule = self.of(result)
        return None if rule is None else self._overrides.get((which, id(rule)))

    def _read_overrides(self, run: Run) -> dict[tuple[int, int], Level]:
        found: dict[tuple[int, int], Level] = {}
        for number, invocation in enumerate(run.invocations):
            for override in invocation.rule_configuration_overrides:
                level, reference = override.configuration.level, override.descriptor
                rule = self._find(reference.tool_component, reference.index, reference.guid, reference.id)
                if rule is None or level is None:
                    continue
                found[(number, id(rule))] = level
                found[(-1, id(rule))] = max(level, found.get((-1, id(rule)), level), key=_ORDER.index)
        return found

    def _find(
        self, component: ComponentReference | None, index: int, guid: str | None, name: str | None
    ) -> Rule | None:
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


def _by_hierarchical_id(home: _Shelf, name: str) -> Rule | None:
    """`CA1000/1` is a case of the rule `CA1000` (3.27.5)."""
    if len(name) > _LONGEST_ID:
        raise EvidenceError("malformed", f"SARIF: a rule id is longer than {_LONGEST_ID} characters")
    for _ in range(_DEEPEST_ID):
        if name in home.by_id:
            return home.by_id[name]
        name = name.rpartition("/")[0]
    return None

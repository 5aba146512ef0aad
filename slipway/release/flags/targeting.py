"""A targeting rule in flagd's JSONLogic: what an evaluator would take in silence and fail at, or answer with a variant
that does not exist. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

from slipway.release.manifest.checks import Contradiction, Found
from slipway.release.manifest.document import Location
from slipway.release.manifest.problems import similar

REF = "$ref"
FRACTIONAL = "fractional"
MAX_WEIGHT = 2_147_483_647
"""flagd refuses a larger sum of weights."""
SEM_VER = ("=", "!=", "<", "<=", ">", ">=", "^", "~")
_COMPARE = ("==", "===", "!=", "!==", "<", "<=", ">", ">=", "!", "!!", "in", "starts_with", "ends_with", "sem_ver")
_LISTS = ("all", "none", "some", "missing", "missing_some")
_VALUES = ("var", "if", "or", "and", "+", "-", "*", "/", "%", "min", "max", "cat", "substr")
_SEVERAL = ("merge", "map", "filter", "reduce")
BOOLEAN = frozenset((*_COMPARE, *_LISTS))
"""Operators whose result is no variant's name, but true or false, or a list."""
OPERATORS = BOOLEAN | {*_VALUES, *_SEVERAL, FRACTIONAL}


@dataclass(frozen=True, slots=True)
class Names:
    """What a rule may name."""

    variants: Collection[str]
    evaluators: Collection[str] | None
    """None inside a named rule: these cannot refer to each other."""


def problems_of_rule(rule: object, at: Location, names: Names) -> Found:
    """Everything wrong with a flag's rule: its operators and their arguments, and the variants that it may give."""
    yield from _operators(rule, at, names)
    yield from _results(rule, at, names)


def problems_of_named_rule(rule: object, at: Location) -> Found:
    """The same for a named rule, which may give anything that the rule around it wants."""
    yield from _operators(rule, at, Names((), None))


def is_fractional(rule: object) -> bool:
    """Whether it splits users by shares somewhere."""
    if isinstance(rule, Mapping):
        return FRACTIONAL in rule or any(map(is_fractional, rule.values()))
    return isinstance(rule, list) and any(map(is_fractional, rule))


def _operators(rule: object, at: Location, names: Names) -> Found:
    if isinstance(rule, list):
        for index, item in enumerate(rule):
            yield from _operators(item, (*at, index), names)
        return
    if not isinstance(rule, dict):
        return
    if len(rule) != 1:
        known = ", ".join(rule) or "nothing"
        yield Contradiction(
            at, f"an operation has exactly one operator, not {known}", 'Write one, such as {"==": [{"var": plan}, pro]}'
        )
        return
    ((operator, arguments),) = rule.items()
    here = (*at, operator)
    if operator == REF:
        yield from _reference(arguments, here, names)
        return
    if operator not in OPERATORS:
        yield Contradiction(
            here,
            f"{operator} is no operator of flagd, so that every caller would get the default in its own code",
            similar(operator, sorted(OPERATORS)),
        )
        return
    if (check := _ARGUMENTS.get(operator)) is not None:
        yield from check(arguments, here)
    yield from _operators(arguments, here, names)


def _reference(name: object, at: Location, names: Names) -> Found:
    if names.evaluators is None:
        yield Contradiction(at, "a named rule cannot refer to another one", "Write the rule out")
    elif not isinstance(name, str) or name not in names.evaluators:
        known = ", ".join(sorted(names.evaluators)) or "none"
        yield Contradiction(at, f"{name} is not among the evaluators", f"Add it to evaluators (there: {known})")


def _fractional(arguments: object, at: Location) -> Found:
    items = arguments if isinstance(arguments, list) else []
    first = 1 if items and not isinstance(items[0], list) else 0
    shares = list(enumerate(items))[first:]
    if not shares:
        yield Contradiction(at, "splits into nothing", "List the shares, such as [[on, 25], [off, 75]]")
        return
    weights: list[int] = []
    seen: set[str] = set()
    for index, share in shares:
        here = (*at, index)
        if not isinstance(share, list) or len(share) not in (1, 2):
            yield Contradiction(here, "is no share", "Write [variant, weight], such as [on, 25]")
            continue
        if isinstance(share[0], str) and share[0] in seen:
            yield Contradiction(here, f"{share[0]} has two shares", "Add them up in one")
        seen |= {share[0]} if isinstance(share[0], str) else set()
        weight = share[1] if len(share) == 2 else 1
        if isinstance(weight, bool) or not isinstance(weight, int) or weight < 0:
            yield Contradiction(
                (*here, 1), f"a weight is a whole number from 0, not {weight}", "Write whole parts: [on, 5], [off, 195]"
            )
            continue
        weights.append(weight)
    if len(weights) == len(shares) and not 0 < sum(weights) <= MAX_WEIGHT:
        yield Contradiction(
            at,
            f"the weights add up to {sum(weights)}, so that no user gets a variant",
            f"Write weights whose sum is between 1 and {MAX_WEIGHT}",
        )


def _sem_ver(arguments: object, at: Location) -> Found:
    yield from _count(3)(arguments, at)
    if isinstance(arguments, list) and len(arguments) == 3:
        operator = arguments[1]
        if isinstance(operator, str) and operator not in SEM_VER:
            yield Contradiction((*at, 1), f"{operator} compares no versions", f"Choose one of: {', '.join(SEM_VER)}")


def _count(wanted: int) -> Callable[[object, Location], Found]:
    def check(arguments: object, at: Location) -> Found:
        count = len(arguments) if isinstance(arguments, list) else 1
        if count != wanted:
            yield Contradiction(at, f"takes {wanted} arguments, not {count}", f"List exactly {wanted}")

    return check


def _branches(arguments: object, at: Location) -> Found:
    if not isinstance(arguments, list) or len(arguments) < 2:
        yield Contradiction(at, "has no result", "Write [condition, variant, otherwise]")


_ARGUMENTS: Mapping[str, Callable[[object, Location], Found]] = {
    FRACTIONAL: _fractional,
    "sem_ver": _sem_ver,
    "starts_with": _count(2),
    "ends_with": _count(2),
    "if": _branches,
}


def _results(rule: object, at: Location, names: Names) -> Found:
    """The variants that a rule may give must exist."""
    for place, result in _given(rule, at):
        name = str(result).lower() if isinstance(result, bool) else result
        if result is None or (isinstance(name, str) and name in names.variants):
            continue
        known = ", ".join(names.variants)
        if result is _TRUTH:
            if not {"true", "false"} <= set(names.variants):
                yield Contradiction(
                    place, "gives true or false, which are no variants", f'Wrap it: {{"if": [rule, {known}]}}'
                )
        else:
            yield Contradiction(place, f"{name} is no variant of this flag", f"Give one of: {known}")


_TRUTH = object()
"""Stands for a result that is true or false."""


def _given(rule: object, at: Location) -> Iterator[tuple[Location, object]]:
    """What a rule may give, as far as it can be told without evaluating it, and where that stands."""
    if not isinstance(rule, dict):
        yield at, rule if not isinstance(rule, list) else str(rule)[:40]
        return
    if len(rule) != 1:
        return
    ((operator, arguments),) = rule.items()
    here = (*at, operator)
    if operator in BOOLEAN:
        yield here, _TRUTH
    elif operator in ("if", "or", "and", FRACTIONAL):
        items = arguments if isinstance(arguments, list) else [arguments]
        for place, item in _RESULTS[operator](items):
            yield from _given(item, (*here, *place))


def _of_branches(items: list[object]) -> Iterator[tuple[Location, object]]:
    """Every second item, and the last one where it is the `otherwise`."""
    for index, item in enumerate(items):
        if index % 2 == 1 or (index == len(items) - 1 and len(items) % 2 == 1):
            yield (index,), item


def _of_shares(items: list[object]) -> Iterator[tuple[Location, object]]:
    for index, item in enumerate(items):
        if isinstance(item, list) and item:
            yield (index, 0), item[0]


def _of_all(items: list[object]) -> Iterator[tuple[Location, object]]:
    for index, item in enumerate(items):
        yield (index,), item


_RESULTS: Mapping[str, Callable[[list[object]], Iterator[tuple[Location, object]]]] = {
    "if": _of_branches,
    "or": _of_all,
    "and": _of_all,
    FRACTIONAL: _of_shares,
}

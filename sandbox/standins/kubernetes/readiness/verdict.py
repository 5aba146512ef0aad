"""The words that readiness is spoken of in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

Object = dict[str, Any]
Related = Sequence[Object]
"""What belongs to an object: pods of a workload, endpoint slices of a service, the class of a claim."""


class Needs(Enum):
    """What a rule must see beside the object."""

    NOTHING = auto()
    PODS = auto()
    ENDPOINTS = auto()
    STORAGE_CLASS = auto()


@dataclass(frozen=True)
class Verdict:
    """``waiting_for`` says in a few words what is missing, ``reasons`` what looks wrong; ``failed`` is final."""

    ready: bool
    waiting_for: str = ""
    reasons: tuple[str, ...] = ()
    failed: bool = False


READY = Verdict(ready=True)


def waiting(what: str, reasons: Sequence[str] = ()) -> Verdict:
    return Verdict(ready=False, waiting_for=what, reasons=tuple(reasons))


def failed(what: str, reasons: Sequence[str] = ()) -> Verdict:
    return Verdict(ready=False, waiting_for=what, reasons=tuple(reasons), failed=True)


@dataclass(frozen=True)
class Rule:
    """A pure function from an object and its relatives to a verdict."""

    judge: Callable[[Object, Related], Verdict]
    needs: Needs = Needs.NOTHING


def condition(live: Object, name: str) -> Object | None:
    """The status condition of that type."""
    conditions = (live.get("status") or {}).get("conditions") or []
    return next((each for each in conditions if each.get("type") == name), None)


def is_true(live: Object, name: str) -> bool:
    found = condition(live, name)
    return found is not None and found.get("status") == "True"


def observed(live: Object) -> bool:
    """Whether the status speaks of the specification as it is now."""
    status = live.get("status") or {}
    return int(status.get("observedGeneration") or 0) >= int(live["metadata"].get("generation") or 0)

"""The number of the rule that keeps the target group of one revision in use. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import Field

from slipway.release.manifest.base import FrozenModel
from slipway.release.target import EcsTarget, ListenerArn, Region

WARM_FROM, WARM_RULES = 45001, 5000
"""Priorities of such rules: behind those of services."""
OUTPUT: Final = "priority"


class ListenerPriorityInputs(FrozenModel):
    """A free priority of a listener, for the rule by which the target group of a workload is in use before it has any
    weight. It stays what it is while no other rule has that number."""

    region: Region
    listener: ListenerArn
    workload: Annotated[str, Field(min_length=1, description="Whose rule it is, by the header that it asks for.")]
    kept: Annotated[
        tuple[int, ...],
        Field(description="Numbers of the rules of services and their previews, which need not be there yet."),
    ] = ()

    @classmethod
    def of(cls, workload: str, target: EcsTarget) -> ListenerPriorityInputs:
        """Of a workload behind the listener of a target."""
        kept = sorted(number - below for number in target.rules.values() for below in (0, 1))
        return cls(region=target.region, listener=target.listener, workload=workload, kept=tuple(kept))

    def to_wire(self) -> dict[str, Any]:
        """Plain JSON values with camelCase keys."""
        return self.model_dump(mode="json", by_alias=True)

    def is_free(self, priority: int, rules: Mapping[int, str]) -> bool:
        """Whether the workload may have that number; `rules` as in `choose`."""
        return priority not in self.kept and rules.get(priority, self.workload) == self.workload

    def choose(self, rules: Mapping[int, str], promised: Mapping[int, str]) -> int:
        """The number of the workload's own rule, or the next free one after the number that its name gives. `rules` are
        those of the listener: number -> the workload whose header it asks for, empty for another rule. `promised` are
        numbers that other workloads were given and that no rule has yet. Raises ValueError when none is free."""
        for known in (rules, promised):
            own = [number for number, name in known.items() if name == self.workload and self.is_free(number, rules)]
            if own:
                return min(own)
        first = int(hashlib.sha256(self.workload.encode()).hexdigest()[:8], 16)
        for step in range(WARM_RULES):
            number = WARM_FROM + (first + step) % WARM_RULES
            if number not in rules and number not in promised and number not in self.kept:
                return number
        raise ValueError(f"all of the priorities {WARM_FROM} to {WARM_FROM + WARM_RULES - 1} are taken")

"""What is in force: declared flags, kills and exposures in one. Pure, and the only place where a kill meets a
declaration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from slipway.release.flags.journal import Change, Head, Reached
from slipway.release.flags.model import FeatureFlag


@dataclass(frozen=True, slots=True)
class EffectiveFlag:
    """One flag as every evaluator has to see it."""

    key: str
    flag: FeatureFlag
    killed: Change | None = None
    reached: Reached | None = None
    """None while it is killed, and before its exposure began."""

    @property
    def default(self) -> str:
        """The variant of those whom nothing else gives one."""
        return self.flag.off if self.killed is not None else self.flag.default

    @property
    def state(self) -> str:
        """ENABLED for a killed flag whatever is declared: DISABLED would leave each caller to its own code."""
        return "ENABLED" if self.killed is not None else self.flag.state

    @property
    def targeting(self) -> dict[str, JsonValue] | None:
        """The declared rule; none for a killed flag."""
        return self.flag.targeting if self.killed is None else None

    @property
    def percent(self) -> float:
        """Of the users that have the exposed variant by exposure."""
        return self.reached.percent if self.reached is not None else 0.0

    @property
    def is_off(self) -> bool:
        """Whether every caller gets the off variant."""
        return self.killed is not None or (self.flag.is_off_by_default and self.reached is None)


@dataclass(frozen=True, slots=True)
class EffectiveFlags:
    """All flags of a set as they are in force, by key, with their named rules."""

    flags: Mapping[str, EffectiveFlag]
    evaluators: Mapping[str, JsonValue]


def effective(head: Head) -> EffectiveFlags:
    """A killed flag is off whatever is declared, until a newer resume; an exposure counts where the flag declares one,
    and never beyond that."""
    return EffectiveFlags(
        {key: _one(key, flag, head) for key, flag in head.declared.flags.items()}, head.declared.evaluators
    )


def _one(key: str, flag: FeatureFlag, head: Head) -> EffectiveFlag:
    if (killed := head.killed(key)) is not None:
        return EffectiveFlag(key, flag, killed=killed)
    reached = head.reached.get(key)
    if reached is None or flag.exposed is None or flag.reach <= 0:
        return EffectiveFlag(key, flag)
    return EffectiveFlag(key, flag, reached=reached.model_copy(update={"percent": min(reached.percent, flag.reach)}))

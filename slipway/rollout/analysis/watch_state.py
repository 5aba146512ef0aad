"""What is remembered of a watch between two looks, as the journal holds it, and what there is to say of it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import exp
from typing import Any, NamedTuple

from slipway.release.records.kinds import WatchCount
from slipway.release.units import Percent
from slipway.rollout.analysis.evidence import Evidence

FORMAT = 1


class Standing(StrEnum):
    """Where the watch stands after a look. The last three end it."""

    WATCHING = "watching"
    SILENT = "silent"
    """Some guardrail has just been without data for longer than the grace: people are to be told, the watch goes on."""
    BREACH = "breach"
    HELD = "held"
    """It lasted to its end, with data throughout and no breach."""
    UNSEEN = "unseen"
    """It lasted to its end, but was without data of some guardrail for longer than the grace: no breach was shown, and
    nothing is claimed."""


class Seen(NamedTuple):
    """What was counted of one guardrail: events of either side, and when each side last had some, in seconds since the
    commit."""

    candidate: int = 0
    candidate_bad: int = 0
    baseline: int = 0
    baseline_bad: int = 0
    candidate_at: float = 0.0
    baseline_at: float = 0.0
    sampled: float = 1.0
    """About the share of the clients that is counted by now, on both sides alike."""


@dataclass(frozen=True, slots=True)
class WatchState:
    """Everything that the next look needs: as JSON in the journal, it is what a watcher that takes over goes on with.
    Times are seconds since the commit."""

    evidence: Evidence
    lasts: float
    grace: float
    alpha: float
    """The watch's part of the promised error rate."""
    weight: Percent = 100.0
    """The candidate's share of the traffic, as it last was."""
    at: float = 0.0
    """The end of the last window that was counted."""
    stretch: int = 0
    stretch_began: float = 0.0
    seen: Mapping[str, Seen] = field(default_factory=dict)
    silent: tuple[str, ...] = ()
    """Guardrails without data for longer than the grace, of which people were told."""
    gaps: tuple[str, ...] = ()
    """Guardrails that were so at any time."""
    ended: Standing | None = None
    reason: str = ""
    """Why it ended."""

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values; floats are exact, so that a watch that is resumed decides exactly as an uninterrupted
        one."""
        return {
            "format": FORMAT,
            "evidence": self.evidence.to_json(),
            "lasts": self.lasts,
            "grace": self.grace,
            "alpha": self.alpha,
            "weight": self.weight,
            "at": self.at,
            "stretch": self.stretch,
            "stretchBegan": self.stretch_began,
            "seen": {name: list(seen) for name, seen in self.seen.items()},
            "silent": list(self.silent),
            "gaps": list(self.gaps),
            "ended": None if self.ended is None else self.ended.value,
            "reason": self.reason,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> WatchState:
        """The inverse of `to_json`. Raises ValueError when it is something else, or of another format."""
        if data.get("format") != FORMAT:
            raise ValueError(f"the state of a watch of format {data.get('format')!r} cannot be read, only {FORMAT}")
        try:
            return cls(
                Evidence.from_json(data["evidence"]),
                float(data["lasts"]),
                float(data["grace"]),
                float(data["alpha"]),
                float(data["weight"]),
                float(data["at"]),
                int(data["stretch"]),
                float(data["stretchBegan"]),
                {name: Seen(*numbers) for name, numbers in data["seen"].items()},
                tuple(data["silent"]),
                tuple(data["gaps"]),
                None if data["ended"] is None else Standing(data["ended"]),
                str(data["reason"]),
            )
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"this is not the state of a watch: {error!r}") from error


def summary(state: WatchState) -> str:
    """What was counted since the commit, and the evidence of the stretch, in one line."""
    parts = []
    for rule, one in zip(state.evidence.settings.rules, state.evidence.states, strict=True):
        seen = state.seen.get(rule.name, Seen())
        if rule.nature.counts == "nothing":
            parts.append(f"{rule.name}: not firing" if seen.candidate_at else f"{rule.name}: not seen yet")
            continue
        beside = f" against {seen.baseline_bad:,} of {seen.baseline:,}" if seen.baseline and not rule.absolute else ""
        parts.append(
            f"{rule.name}: {seen.candidate_bad:,} of {seen.candidate:,} {rule.nature.unit}{beside}, "
            f"evidence {exp(min(700.0, one.abort.log)):.3g} of {rule.abort_at:,.0f}"
        )
    return "; ".join([*parts, *sampling(state)])


def sampling(state: WatchState) -> Iterator[str]:
    """Where clients are more than are remembered: of whom the counts and the evidence are."""
    for rule, one in zip(state.evidence.settings.rules, state.evidence.states, strict=True):
        counted, betting = state.seen.get(rule.name, Seen()).sampled, one.betting.share
        if counted < 1.0:
            yield f"{rule.name}: too many clients to count them all, by now about {counted:.2g} of them are counted"
        if betting < 1.0:
            yield f"{rule.name}: so many clients failed that about {betting:.2g} of those that still may are evidence"


def counts_of(state: WatchState) -> tuple[WatchCount, ...]:
    """The same for the record of the watch."""
    found = []
    for rule, one in zip(state.evidence.settings.rules, state.evidence.states, strict=True):
        seen, counts = state.seen.get(rule.name, Seen()), rule.nature.counts != "nothing"
        found.append(
            WatchCount(
                name=rule.name,
                bad=seen.candidate_bad,
                total=seen.candidate,
                baseline_bad=seen.baseline_bad,
                baseline_total=seen.baseline,
                evidence=float(f"{exp(min(700.0, one.abort.log)):.4g}") if counts else None,
                threshold=float(f"{rule.abort_at:.4g}") if counts else None,
                sampled=float(f"{seen.sampled:.2g}") if seen.sampled < 1.0 else None,
                betting=float(f"{one.betting.share:.2g}") if one.betting.share < 1.0 else None,
            )
        )
    return tuple(found)

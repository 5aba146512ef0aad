"""The lines that people read while a rollout runs: weight, counts, evidence, time left. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from slipway.release.rollout_inputs import Backend
from slipway.release.units import Percent, show_seconds, show_share
from slipway.rollout.analysis.types import Decision, GuardrailResult

NAME_AT_LEAST = 4
"""Characters of a service's name that stay when it is shortened."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How a rollout stands after a look: `weight` in percent, `left` seconds, where they are known. `why` says what is
    waited for other than that time, `caveat` what is not claimed."""

    service: str
    step: int
    steps: int
    weight: Percent
    decision: Decision | None
    why: str
    left: float | None = None
    caveat: str = ""

    def line(self) -> str:
        """All of it, what matters first, since a terminal cuts the end: `25%: errors 5 of 4,812 (0.1039%) against 16 of
        14,290 (0.112%), evidence 3.14 of 100, 12s left; checkout step 2/4`."""
        shown, decision = "", self.decision
        if decision is not None and decision.findings:
            shown = f"{'; '.join(_rates(one) for one in decision.findings)}, {_evidence(decision)}"
        parts = ", ".join(part for part in (shown, self._tail()) if part)
        caveat = f" ({self.caveat})" if self.caveat else ""
        return f"{self.weight:.4g}%: {parts}; {self.service} step {self.step}/{self.steps}{caveat}"

    def fitted(self, width: int) -> str:
        """Weight, bad of all on both sides, evidence against threshold and time left in at most `width` characters:
        words are left out first, then numbers and the name are shortened."""
        decision = self.decision
        found = _nearest(decision) if decision is not None else None
        if decision is None or found is None:
            return f"{self.service} {self.weight:.4g}% {self._tail()}"[:width]
        forms = self._forms(found, decision)
        fitting = next((form for form in forms if len(form) <= width), None)
        if fitting is not None:
            return fitting
        essentials = forms[-1].removeprefix(self.service)
        return f"{self.service[: max(NAME_AT_LEAST, width - len(essentials))]}{essentials}"[:width]

    def _forms(self, found: GuardrailResult, decision: Decision) -> tuple[str, ...]:
        """From the longest to the shortest."""
        name, weight, tail = self.service, f"{self.weight:.4g}%", self._tail()
        left = _whole(self.left) if self.left is not None else self.why
        evidence = f"{decision.statistic:.3g}/{decision.threshold:.3g}"
        return (
            f"{name} step {self.step}/{self.steps} {weight}: {_rates(found)}, {_evidence(decision)}, {tail}",
            f"{name} {weight} {found.guardrail} {_counts(found, ' vs ')} evidence {evidence} {tail}",
            f"{name} {weight} {_counts(found, ' vs ')} e {evidence} {left}",
            f"{name} {weight} {_counts(found, ':', _rounded)} e{evidence} {left}",
        )

    def _tail(self) -> str:
        left = f"{_whole(self.left)} left" if self.left is not None else ""
        return ", ".join(part for part in (left, self.why) if part)


def end_line(service: str, candidate: Backend, weight: Percent, how: str, why: str) -> str:
    """The last line of a rollout without a commit; `how` is `aborted` or `interrupted`."""
    step = f" at {weight:.4g}%" if weight else " before any traffic"
    return f"{service} {candidate.label} {how}{step}: {why}"


def lost_line(service: str, candidate: Backend, weight: Percent, why: str) -> str:
    """The last line of a rollout whose process lost the Lease; `weight` is the one that it wrote last."""
    return (
        f"{service} {candidate.label}: this process may not write any more and has stopped at {weight:.4g}% as it "
        f"knew it: {why}; `slipway status {service}` says where the traffic is"
    )


class Reporter(Protocol):
    """Where progress goes: the resource's status line, and lines that stay."""

    def status(self, line: str) -> None:
        """Replace the status line."""
        ...

    def progress(self, progress: Progress) -> None:
        """Replace the status line by how the rollout stands."""
        ...

    def event(self, line: str) -> None:
        """Add a line that stays."""
        ...


def _nearest(decision: Decision) -> GuardrailResult | None:
    """The guardrail that is nearest to a stop, of those that count."""
    counted = [one for one in decision.findings if one.n or one.baseline_total]
    return max(counted, key=lambda one: one.statistic / one.threshold if one.threshold > 0 else 0.0, default=None)


def _whole(seconds: float) -> str:
    return show_seconds(float(round(max(0.0, seconds))))


def _evidence(decision: Decision) -> str:
    return f"evidence {decision.statistic:.3g} of {decision.threshold:.3g}"


def _rates(finding: GuardrailResult) -> str:
    text = f"{finding.guardrail} {_rate(finding.candidate_bad, finding.n)}"
    if finding.baseline_total:
        text += f" against {_rate(finding.baseline_bad, finding.baseline_total)}"
    return text


def _rate(bad: int, total: int) -> str:
    return f"{bad:,} of {total:,} ({show_share(bad / total)})" if total else "no requests"


def _exact(count: int) -> str:
    return f"{count:,}"


def _counts(finding: GuardrailResult, against: str, show: Callable[[int], str] = _exact) -> str:
    text = f"{show(finding.candidate_bad)}/{show(finding.n)}"
    if finding.baseline_total:
        text += f"{against}{show(finding.baseline_bad)}/{show(finding.baseline_total)}"
    return text


def _rounded(count: int) -> str:
    """`14290` -> `14k`: at most four characters below a billion."""
    for size, unit in ((1e6, "M"), (1e3, "k")):
        if count >= size * 0.9995:
            number = count / size
            return f"{number:.1f}{unit}" if number < 9.95 else f"{number:.0f}{unit}"
    return str(count)

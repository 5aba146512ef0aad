"""One readable line for every judgement: statistic, threshold, n, and what could still be seen."""

from __future__ import annotations

from functools import lru_cache

from slipway.release.units import Percent, show_share
from slipway.rollout.analysis import constants as const
from slipway.rollout.analysis.common import highest_common_ratio
from slipway.rollout.analysis.detectable import Detectable
from slipway.rollout.analysis.rules import CompiledGuardrail, highest_ratio, next_weight
from slipway.rollout.analysis.state import Step
from slipway.rollout.analysis.types import Verdict


def number(value: float) -> str:
    """Evidence for people: three digits, no exponent below a million."""
    return f"{value:.3g}" if value < 100 else (f"{value:,.0f}" if value < 1e6 else f"{value:.1e}")


limit = lru_cache(maxsize=256)(number)
"""`number` of a threshold, which is the same at every look."""


def events(rule: CompiledGuardrail, step: Step, alone: bool) -> str:
    """What was seen in this step, such as `3 of 412 bad (0.73%) against 11 of 7,803 (0.14%)`."""
    unit = rule.nature.unit
    text = f"{step.candidate_bad:,} of {step.candidate:,} {unit}{_share(step.candidate_bad, step.candidate)}"
    if alone:
        return text
    return f"{text} against {step.baseline_bad:,} of {step.baseline:,}{_share(step.baseline_bad, step.baseline)}"


def _share(bad: int, total: int) -> str:
    return f" ({show_share(bad / total)})" if total else ""


def duration(seconds: float) -> str:
    """A rough duration: `45s`, `12m`, `1.5h`."""
    if seconds < 120:
        return f"{seconds:.0f}s"
    return f"{seconds / 60:.0f}m" if seconds < 7200 else f"{seconds / 3600:.1f}h"


def detectable(found: Detectable, left: float) -> str:
    """What can still be seen in the time left: a ratio, or a bad share where there is nothing that it could be a
    multiple of."""
    if found.ratio is not None:
        return f"smallest ratio detectable in {duration(left)}: {found.ratio:.3g}x"
    if found.share is not None:
        return f"smallest bad share detectable in {duration(left)}: {show_share(found.share)}"
    return f"no ratio is detectable in the {duration(left)} left at this traffic"


def claim(rule: CompiledGuardrail, weight: Percent, alone: bool, share: float, usual: float | None) -> str:
    """What PASS has shown."""
    if alone or rule.absolute:
        return f"bad share below {show_share(share)} shown"
    highest = highest_ratio(rule, weight)
    if usual is not None:
        highest = highest_common_ratio(highest, rule.tolerate, usual)
    return f"ratio below {highest:.3g} or bad share below {show_share(share)} shown"


def bounded_claim(rule: CompiledGuardrail, weight: Percent, share: float) -> str:
    """What PASS has shown where the harm of going on is bounded."""
    harm = f"{rule.harm:g} requests in {const.REACTION_SECONDS:g}s at {next_weight(rule, weight):.4g}%"
    return f"bad share below {show_share(share)} shown: at most {harm} beyond twice what is usual"


def evidence_line(verdict: Verdict, statistic: float, threshold: float, promote: float, needed: float) -> str:
    """Evidence against its thresholds."""
    if verdict is Verdict.FAIL:
        return f"abort evidence {number(statistic)} >= {limit(threshold)}"
    sign = ">=" if verdict is Verdict.PASS else "of"
    return f"abort evidence {number(statistic)} of {limit(threshold)}, promote {number(promote)} {sign} {limit(needed)}"

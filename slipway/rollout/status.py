"""The lines that people read while a rollout runs: step, weight, counts, evidence and time left. Pure."""

from __future__ import annotations

from slipway.release.units import show_share
from slipway.rollout.analysis.types import Decision, Finding


def status_line(
    service: str, step: int, steps: int, weight: float, decision: Decision | None, why: str, caveat: str = ""
) -> str:
    """One line such as `checkout step 2/4 at 25%: errors 0.10% of 4,812 against 0.11% of 14,290, evidence
    0.3 of 100; 12s left`. `caveat` is what is not claimed of it."""
    shown = "; ".join(_finding(finding) for finding in decision.findings) if decision is not None else ""
    evidence = f", evidence {decision.statistic:.3g} of {decision.threshold:.3g}" if decision is not None else ""
    middle = f": {shown}{evidence}" if shown else ""
    return f"{service} step {step}/{steps} at {weight:.4g}%{middle}; {why}{f' ({caveat})' if caveat else ''}"


def _finding(finding: Finding) -> str:
    text = f"{finding.guardrail} {_bad(finding.candidate_bad, finding.n)}"
    if finding.baseline_total:
        text += f" against {_bad(finding.baseline_bad, finding.baseline_total)}"
    return text


def _bad(bad: int, total: int) -> str:
    return f"{show_share(bad / total)} of {total:,}" if total else "no requests"


def duration(seconds: float) -> str:
    """`7.26` -> `7.3s`, for a finished thing."""
    return f"{seconds:.1f}s"

"""The drill of a kill: turn a flag off on purpose, see it off, and turn it on again."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass

import httpx2

from slipway.release.errors import ClusterError, ReleaseRefused
from slipway.release.flags.effective import EffectiveFlag, effective
from slipway.release.flags.journal import Action, Change, after_change
from slipway.release.units import show_seconds
from slipway.rollout.flags.writer import FlagWriter

WITHIN = 30.0
"""Seconds in which a killed flag must be seen off."""
POLL = 0.1
SEEN_TIMEOUT = 2.0
Seen = Callable[[], str | None]
"""What keeps the flag from being off where it is looked at; None when it is off there."""


@dataclass(frozen=True, slots=True)
class Drilled:
    """How it went: `seconds` until the flag was seen off, and why that failed."""

    seconds: float
    problem: str | None = None

    @property
    def outcome(self) -> str:
        """As the receipt has it."""
        return "completed" if self.problem is None else "failed"


def refusal(flag: EffectiveFlag, *, restart: bool) -> str | None:
    """Why there is nothing to drill, or what it would cost; None when it may be drilled."""
    if flag.killed is not None:
        return (
            f"{flag.key} is killed by {flag.killed.by} ({flag.killed.reason}): a drill would end that with its resume"
        )
    if flag.is_off:
        return f"{flag.key} is off for all users already: drill it where it is on, such as in staging"
    if flag.reached is not None and not restart:
        return (
            f"{flag.percent:g}% have {flag.flag.exposed} by exposure, which begins anew after a kill: drill another "
            "flag, or accept that with --restart-exposure"
        )
    return None


def drill(
    writer: FlagWriter,
    flag: str,
    by: str,
    seen: Seen,
    *,
    within: float | None = None,
    clock: Callable[[], float] = time.monotonic,
    pause: Callable[[float], None] = time.sleep,
) -> Drilled:
    """Kill the flag, wait until `seen` says that it is off, and resume it, whatever happened in between. Raises
    ClusterError when it is not known whether the flag is resumed."""
    began, problem = clock(), None
    kill = _change(writer, flag, "kill", by)
    try:
        writer.change(lambda head: after_change(head, kill))
        problem = _await(seen, WITHIN if within is None else within, began, clock, pause)
    except ClusterError as error:
        problem = str(error)
    seconds = clock() - began
    resume = _change(writer, flag, "resume", by).model_copy(update={"ends": kill.id})
    try:
        writer.change(lambda head: after_change(head, resume))
    except ReleaseRefused:  # the kill never stood, or that of another does
        return Drilled(seconds, problem or f"the kill of {flag} was lifted by another, or another killed it")
    return Drilled(seconds, problem)


def off_in_document(writer: FlagWriter, flag: str) -> Seen:
    """Whether the document that evaluators read has the flag off for all users."""

    def seen() -> str | None:
        document = writer.read_document()
        found = (document.content.get("flags") or {}).get(flag) if document is not None else None
        off = effective(writer.load()).flags[flag].flag.off
        if document is None or not isinstance(found, dict):
            return f"the document has no flag {flag}"
        if not document.is_published:
            return "the document is written, but evaluators do not get it yet"
        if found.get("state") == "ENABLED" and found.get("defaultVariant") == off and "targeting" not in found:
            return None
        return f"the document still has {flag} on"

    return seen


def off_by_ofrep(url: str, flag: str, off: str, transport: httpx2.BaseTransport | None = None) -> Seen:
    """Whether an evaluator that speaks OFREP gives a caller the off variant."""
    client = httpx2.Client(base_url=f"{url.rstrip('/')}/", timeout=SEEN_TIMEOUT, transport=transport)

    def seen() -> str | None:
        context = {"context": {"targetingKey": "slipway-drill"}}
        try:
            answer = client.post(f"ofrep/v1/evaluate/flags/{flag}", json=context)
            variant = answer.json().get("variant") if answer.is_success else None
        except (httpx2.HTTPError, ValueError, AttributeError) as error:
            return f"{url} does not answer as OFREP: {' '.join(str(error).split()) or type(error).__name__}"
        return None if variant == off else f"{url} answers HTTP {answer.status_code} with the variant {variant}"

    return seen


def _change(writer: FlagWriter, flag: str, action: Action, by: str) -> Change:
    return Change(id=uuid.uuid4().hex[:12], flag=flag, action=action, by=by, at=writer.now(), reason="a drill")


def _await(
    seen: Seen, within: float, began: float, clock: Callable[[], float], pause: Callable[[float], None]
) -> str | None:
    while (problem := seen()) is not None:
        if clock() - began > within:
            return f"not seen off within {show_seconds(within)}: {problem}"
        pause(POLL)
    return None

"""What an update of an exposure has to do, decided from the two journals alone. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from slipway.release.flags.attempts import Exposing, ExposureHead
from slipway.release.flags.journal import Change, Head
from slipway.release.flags.words import killed_line
from slipway.release.units import Percent
from slipway.rollout.exposure.wanted import Wanted


@dataclass(frozen=True, slots=True)
class Course:
    """`repair`: a rollout that has not ended is turned back first. `base` is where the exposure is then, `salt` what
    keeps its users, None before the first. `due`: it is to grow, which a kill keeps it from."""

    repair: Exposing | None
    base: Percent
    salt: str | None
    due: bool
    killed: Change | None = None


def course_of(wanted: Wanted, head: Head, exposures: ExposureHead) -> Course:
    """The course of an update that is to reach `wanted`."""
    last = exposures.last
    repair = last if last is not None and last.running else None
    reached = head.reached.get(wanted.flag)
    base, salt = (reached.percent, reached.salt) if reached is not None else (0.0, None)
    if repair is not None and salt == repair.salt:
        base = min(base, repair.base)
        salt = salt if base > 0 else None
    killed = head.killed(wanted.flag)
    return Course(repair, base, salt, killed is None and base < wanted.percent, killed)


def kept_off(killed: Change, now: float) -> str:
    """That a killed flag is not exposed, with the remedy."""
    return (
        f"{killed_line(killed, now)}, and stays off; "
        f"`slipway resume {killed.flag} --reason ...` lifts that, and the next up exposes it from its first step"
    )


def pending_reason(wanted: Wanted, head: Head, exposures: ExposureHead) -> str | None:
    """Why an update is due although the inputs have not changed; None when the world is as declared, or when the flag
    was killed, which stays so."""
    course = course_of(wanted, head, exposures)
    if course.repair is not None:
        return "an exposure was interrupted and is not settled"
    return f"{course.base:.4g}% get {wanted.variant}, not {wanted.percent:.4g}%" if course.due else None

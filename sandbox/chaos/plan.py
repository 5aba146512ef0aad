"""Which trials there are: from a seed and a number, so that a run can be repeated."""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What happens to a rollout in the middle."""

    KILL_CLI = "kill-cli"
    KILL_PROVIDER = "kill-provider"
    KILL_WATCHDOG = "kill-watchdog"
    KILL_ALL = "kill-all"
    SLEEP = "sleep"
    SLEEP_BESIDE_UP = "sleep-beside-second-up"
    RESTART_GATEWAY = "restart-gateway-controller"
    RESTART_DATA_PLANE = "restart-data-plane"
    RESTART_METRICS = "restart-metrics"
    RESTART_API = "restart-api-server"
    API_FAULTS = "api-faults"


KILLS = (Kind.KILL_CLI, Kind.KILL_PROVIDER, Kind.KILL_WATCHDOG, Kind.KILL_ALL)
SLEEPS = (Kind.SLEEP, Kind.SLEEP_BESIDE_UP)
RESTARTS = (Kind.RESTART_GATEWAY, Kind.RESTART_DATA_PLANE, Kind.RESTART_METRICS, Kind.RESTART_API)

SHORT = 20
"""Up to so many trials, sleeps and outages are short, so that all fit into a run of continuous integration."""
IN_FLIGHT = 7.0
"""Seconds from the taking of the Lease within which a strike at any moment lies: about what a rollout takes here, until
it is seen in force."""
SOON = 1.5
"""Seconds after a state of the route or the journal within which a strike at that state lies."""


class Moment(StrEnum):
    """When it happens: at the first sight of something that the `pulumi up` does, after its `delay`."""

    START = "start"
    """The command is started; only for faults of the API, which may be there from the beginning."""
    LEASE = "lease"
    """The Lease is taken."""
    JOIN = "join"
    """The new backend is in the route and has no traffic yet."""
    SPLIT = "split"
    """It has some."""
    COMMIT = "commit"
    """The journal says committed; the engine has not deleted the old workload yet."""


@dataclass(frozen=True)
class Trial:
    """`delay` counts from the moment, in seconds; `seconds` is how long a sleep or an
    outage lasts; with `back` the recovery returns to the version that served before, else it goes forward again.
    `seed` decides what the faults of the API hit."""

    number: int
    kind: Kind
    moment: Moment
    delay: float
    seconds: float
    back: bool
    seed: int

    def __str__(self) -> str:
        when = f"{self.moment} + {self.delay:.1f} s"
        length = f" for {self.seconds:.1f} s" if self.kind not in KILLS and self.kind is not Kind.API_FAULTS else ""
        return f"{self.kind} at {when}{length}"


def trials(seed: int, count: int) -> list[Trial]:
    """Every kind in turn, in an order of its own each time."""
    dice = random.Random(seed)  # noqa: S311 - reproducible chaos
    kinds: list[Kind] = []
    while len(kinds) < count:
        kinds += dice.sample(list(Kind), len(Kind))
    return [_trial(number, kind, dice, short=count <= SHORT) for number, kind in enumerate(kinds[:count])]


def _trial(number: int, kind: Kind, dice: random.Random, *, short: bool) -> Trial:
    moments = [Moment.LEASE, Moment.LEASE, Moment.LEASE, Moment.JOIN, Moment.SPLIT, Moment.COMMIT]
    moment = dice.choice([Moment.START, *moments] if kind is Kind.API_FAULTS else moments)
    late = dice.uniform(0.0, IN_FLIGHT if moment is Moment.LEASE else SOON)
    delay = 0.0 if moment is Moment.START else dice.choice([0.0, late, late])
    return Trial(
        number=number,
        kind=kind,
        moment=moment,
        delay=round(delay, 2),
        seconds=round(_seconds(kind, dice, short=short), 1),
        back=dice.random() < 0.5,
        seed=dice.randrange(2**32),
    )


def _seconds(kind: Kind, dice: random.Random, *, short: bool) -> float:
    if kind is Kind.SLEEP_BESIDE_UP:
        return dice.uniform(24.0, 28.0) if short else dice.uniform(5.0, 60.0)  # the other waits 15 s for the Lease
    if kind is Kind.SLEEP:
        return dice.uniform(5.0, 8.0) if short else dice.uniform(5.0, 60.0)
    return dice.uniform(1.0, 6.0) if short else dice.uniform(1.0, 30.0)

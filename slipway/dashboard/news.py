"""What changed between two looks at a target: one line each, for people, logs and screen readers. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from slipway.dashboard.flight import Flight, exposure_of, flight_of
from slipway.release.findings import plain
from slipway.release.flags.effective import EffectiveFlag, effective
from slipway.release.flags.words import reach_of
from slipway.release.records.watch import WatchEntry, WatchPhase, describe_entry
from slipway.rollout.overview import Seen, TargetView


@dataclass(frozen=True, slots=True)
class Change:
    """`what` is a word for programs: began, step, verdict, paused, resumed, ended, watch,
    problem, away, back, flag. `about`
    is a service or a flag, empty where it is the whole target."""

    at: float
    target: str
    about: str
    what: str
    text: str

    def __str__(self) -> str:
        return f"{self.about}: {self.text}" if self.about else f"{self.target}: {self.text}"


def changes(before: TargetView, after: TargetView, now: float) -> list[Change]:
    """Between two looks at the same target, in the order of the services. What is seen for the first time is no change
    unless a rollout is in flight there."""
    found = [Change(now, after.name, "", what, text) for what, text in _of_target(before, after)]
    for service in after.inspections:
        found += [
            Change(now, after.name, service, what, text) for what, text in _of_service(service, before, after, now)
        ]
    for name in after.exposures:
        old, new = flight_in(before, name, now), flight_in(after, name, now)
        if new is not None:
            same = old if old is not None and old.id == new.id else None
            told = _of_flight(same, new, known=name in before.exposures)
            found += [Change(now, after.name, name, what, text) for what, text in told]
    return found + [Change(now, after.name, key, "flag", text) for key, text in _of_flags(before, after)]


def flight_in(view: TargetView, service: str, now: float) -> Flight | None:
    """The rollout of a service, or the exposure of a flag (`set/flag`), that is in flight or ended a moment ago."""
    exposed = view.exposures.get(service, Seen()).value
    if exposed is not None:
        return exposure_of(exposed, now)
    seen = view.inspections.get(service, Seen()).value
    if seen is None:
        return None
    return flight_of(seen, view.kept(service).rollouts, now)


def flights_in(view: TargetView, now: float) -> list[Flight]:
    """All of them: those that go on first, by name, then those that ended, the last one first."""
    found = [flight_in(view, name, now) for name in (*view.inspections, *view.exposures)]
    return sorted(
        (one for one in found if one is not None), key=lambda one: (not one.running, -(one.ended or 0.0), one.service)
    )


def _of_target(before: TargetView, after: TargetView) -> Iterator[tuple[str, str]]:
    former, problem = before.services.problem, after.services.problem
    if problem and not former:
        yield "away", f"it does not answer: {problem}"
    if former and not problem:
        yield "back", "it answers again"


def _of_service(service: str, before: TargetView, after: TargetView, now: float) -> Iterator[tuple[str, str]]:
    old, new = flight_in(before, service, now), flight_in(after, service, now)
    if new is not None:
        yield from _of_flight(
            old if old is not None and old.id == new.id else None, new, known=service in before.inspections
        )
    yield from _of_watch(_watch(before, service), _watch(after, service))
    former, problem = _problem(before, service), _problem(after, service)
    if problem and problem != former:
        yield "problem", problem
    if former and not problem and after.inspections[service].value is not None:
        yield "back", "as it was released"


def _watch(view: TargetView, service: str) -> WatchEntry | None:
    seen = view.inspections.get(service, Seen()).value
    return seen.head.watch if seen is not None and seen.head is not None else None


def _of_watch(old: WatchEntry | None, new: WatchEntry | None) -> Iterator[tuple[str, str]]:
    if (
        new is None
        or (old is None and not new.unfinished)
        or (old is not None and (old.id, old.phase) == (new.id, new.phase))
    ):
        return
    if new.phase is WatchPhase.OPEN:
        yield "watch", describe_entry(new)
    else:
        yield "watch", f"the watch is {new.phase.value}{f': {plain(new.reason)}' if new.reason else ''}"


def _problem(view: TargetView, service: str) -> str:
    """What is wrong with it while nothing is in flight, or why it cannot be read."""
    found = view.inspections.get(service, Seen())
    if found.problem or found.value is None:
        return found.problem
    in_flight = found.value.head is not None and found.value.head.unfinished
    return "" if in_flight else found.value.problem or ""


def _of_flight(old: Flight | None, new: Flight, *, known: bool) -> Iterator[tuple[str, str]]:
    if old is None and (new.running or known):
        yield (
            "began",
            f"a rollout to {new.version} is in flight" if new.running else f"a rollout to {new.version} began",
        )
    if old is None and not new.running and not known:
        return
    if new.step != (old.step if old is not None else 0):
        at = new.steps[new.step - 1].name if 0 < new.step <= len(new.steps) else f"{new.weight:.4g}%"
        yield "step", f"{at} to {new.version}, step {new.step} of {len(new.steps)}"
    if new.verdict and new.verdict != (old.verdict if old is not None else ""):
        yield "verdict", f"{new.verdict}{f': {plain(new.reason)}' if new.reason else ''}"
    if new.state != (old.state if old is not None else "running"):
        yield _new_state(new)


def _new_state(new: Flight) -> tuple[str, str]:
    if new.state == "paused":
        return "paused", f"paused at {new.weight:.4g}%"
    if new.state == "running":
        return "resumed", "goes on"
    why = f": {plain(new.reason)}" if new.reason else ""
    if new.running:
        return "problem", f"its process is silent: the Lease is {new.by}"
    return "ended", f"{new.version} {new.state}{why}"


def _of_flags(before: TargetView, after: TargetView) -> Iterator[tuple[str, str]]:
    if before.flags.value is None or after.flags.value is None:
        return
    old = {(one.name, key): flag for one in before.flags.value for key, flag in effective(one.head).flags.items()}
    for one in after.flags.value:
        for key, flag in sorted(effective(one.head).flags.items()):
            former = old.get((one.name, key))
            if former is None or _told(former) != _told(flag):
                yield key, _told(flag)


def _told(flag: EffectiveFlag) -> str:
    if flag.killed is not None:
        return f"killed by {plain(flag.killed.by)}: {plain(flag.killed.reason)}"
    return reach_of(flag)

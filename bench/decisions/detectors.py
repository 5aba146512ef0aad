"""The detectors that are compared, each as a function of many recordings at once."""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from bench.decisions import peers
from bench.decisions.production import Recording, single, slipway
from bench.decisions.recordings import Recordings
from bench.decisions.vector import Floats, Setting, abort_times
from slipway.release.errors import InputError, Problem, SlipwayError
from slipway.rollout.analysis.dispersion import estimate


class DetectorError(SlipwayError):
    """A detector from outside failed, or answered what is no answer."""


Detect = Callable[[Recordings], Floats]


@dataclass(frozen=True, slots=True)
class Detector:
    """`tolerate` is the ratio that it promises not to abort; `most` the runs of a cell that it can afford;
    `checked` the runs of each cell that must agree with the production function."""

    name: str
    detect: Detect
    tolerate: float
    most: int = 1_000_000
    checked: int = 0


def is_own(name: str) -> bool:
    """Whether it is a row of the production detector; a detector from outside has a colon in its name."""
    return name.partition("@")[0] == "slipway"


def production(recordings: Recordings, tolerate: float) -> Floats:
    """The abort test of production, computed for many runs at once."""
    return abort_times(recordings, Setting(tolerate, phi=estimate(recordings.history)))


def one_by_one(recordings: Recordings, single_run: Callable[[Recording], float | None]) -> Floats:
    """A detector of single recordings on many of them."""
    times = [single_run(single(recordings, run)) for run in range(len(recordings))]
    return np.array([np.nan if time is None else float(time) for time in times])


def disagreements(recordings: Recordings, times: Floats, tolerate: float, runs: int) -> int:
    """How many of the first `runs` the production function itself decides at another tick."""
    phi = estimate(recordings.history)
    wrong = 0
    for run in range(min(runs, len(recordings))):
        own = slipway(single(recordings, run), tolerate, phi)
        other = None if np.isnan(times[run]) else float(times[run])
        wrong += int(own != other)
    return wrong


def standard(checked: int) -> tuple[Detector, ...]:
    """Slipway and its peers."""
    return (
        Detector("slipway", partial(production, tolerate=1.0), 1.0, checked=checked),
        Detector("slipway@1.1", partial(production, tolerate=1.1), 1.1, checked=checked),
        Detector("beta mixture, two-sided", peers.beta_mixture, 1.0),
        Detector("argo 99%", partial(peers.argo, limit=0.99), 1.0),
        Detector("argo 95%", partial(peers.argo, limit=0.95), 1.0),
        Detector("flagger 99%, 5", partial(peers.flagger, limit=0.99), 1.0),
        Detector("kayenta, every 10 min", peers.kayenta, 1.0, most=200),
    )


def load(name: str) -> Detector:
    """`MODULE:FUNCTION`: a function from one `Recording` to the seconds until its abort, or None. An attribute
    `tolerate` of the function says which ratio it tolerates (1.1 otherwise). Raises InputError."""
    module, _, function = name.partition(":")
    try:
        found = importlib.import_module(module)
        single_run = getattr(found, function) if function else None
    except (Exception, SystemExit) as error:  # the module may do anything when it is imported
        raise _refused(f"{name!r} cannot be loaded: {type(error).__name__}: {error}", "give MODULE:FUNCTION") from error
    if not callable(single_run):
        raise _refused(f"{name!r} is no function", "give MODULE:FUNCTION, a function of one Recording")
    tolerate = getattr(single_run, "tolerate", 1.1)
    if not isinstance(tolerate, (int, float)) or not 1.0 <= tolerate < math.inf:
        raise _refused(f"{name!r} has tolerate = {tolerate!r}", "give it a ratio of 1 or more, or no such attribute")
    return Detector(
        name, partial(one_by_one, single_run=partial(_checked, name, single_run)), float(tolerate), most=100
    )


def _checked(name: str, single_run: Callable[[Recording], object], recording: Recording) -> float | None:
    """What a detector from outside answers. DetectorError when it raises, or answers what is no time of the
    recording: a time before its first tick or after its end would count as quicker, or slower, than any can be."""
    try:
        time = single_run(recording)
    except (Exception, SystemExit) as error:  # what ends a worker process would leave the others waiting for ever
        raise DetectorError(f"the detector {name} raised {type(error).__name__}: {error}") from error
    if time is None:
        return None
    length = recording.tick * len(recording.candidate_total)
    number = isinstance(time, (int, float, np.integer, np.floating)) and not isinstance(time, bool)
    if not number or not recording.tick <= float(time) <= length:  # type: ignore[arg-type]
        wanted = f"seconds from {recording.tick:g} (its first tick) to {length:g} (its end), or None"
        raise DetectorError(f"the detector {name} returned {time!r}; wanted: {wanted}")
    return float(time)  # type: ignore[arg-type]


def _refused(message: str, remedy: str) -> InputError:
    return InputError("bench.decisions", [Problem("--detector", message, remedy)])

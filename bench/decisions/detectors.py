"""The detectors that are compared, each as a function of many recordings at once."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from bench.decisions import peers
from bench.decisions.production import Recording, single, slipway
from bench.decisions.recordings import Recordings
from bench.decisions.vector import Floats, Setting, abort_times
from release.errors import InputError, Problem
from rollout.analysis.dispersion import estimate

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
        single_run: Callable[[Recording], float | None] = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError, ValueError) as error:
        problem = Problem("--detector", f"{name!r} cannot be loaded: {error}", "give MODULE:FUNCTION")
        raise InputError("bench.decisions", [problem]) from error

    detect = partial(one_by_one, single_run=single_run)
    return Detector(name, detect, float(getattr(single_run, "tolerate", 1.1)), most=100)

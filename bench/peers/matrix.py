"""What is compared: systems, settings, faults, and the traffic shares that all of them step through."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

RATE = 50.0
"""Client requests a second, from before the release to its end."""
REPLICAS = 2
USUAL_DELAY_MS = 200
"""How long the serving version takes where the fault is latency; three times that is over the limit below."""
LATENCY_LIMIT_MS = 500
WEIGHTS = (10, 20, 30, 40, 50)
"""Percent of the traffic at each step, then all of it: the steps of Flagger's Gateway API tutorial."""
LATE_SECONDS = 120
NOISE = 0.005
"""Share of errors of both versions where nothing is perfect: half of what Flagger's tutorial allows."""

Begin = Literal["first-response", "first-failure", "never"]


@dataclass(frozen=True)
class Fault:
    """What the released version does wrong. `env` is set on the candidate, `usual` on both versions; `begins` says
    which response of the candidate is the first faulty one."""

    name: str
    begins: Begin
    env: Mapping[str, str] = field(default_factory=dict)
    usual: Mapping[str, str] = field(default_factory=dict)

    @property
    def slow(self) -> bool:
        """Whether every response of the candidate counts as failed, because it comes too late."""
        return self.begins == "first-response"

    @property
    def noisy(self) -> bool:
        """Whether the serving version fails at times, too."""
        return "SAMPLE_ERROR_RATIO" in self.usual


@dataclass(frozen=True)
class Setting:
    """How a system is set up: seconds between its looks, and seconds at each of the weights."""

    name: str
    interval: int
    hold: int


@dataclass(frozen=True)
class Cell:
    """One combination; `runs` of it are wanted."""

    system: str
    setting: Setting
    fault: Fault
    runs: int

    @property
    def name(self) -> str:
        return f"{self.system}-{self.setting.name}-{self.fault.name}"


def _errors(percent: int) -> Fault:
    return Fault(f"errors-{percent}", "first-failure", {"SAMPLE_ERROR_RATIO": str(percent / 100)})


FAULTS = (
    _errors(1),
    _errors(5),
    _errors(20),
    _errors(100),
    Fault(
        "latency-3x",
        "first-response",
        {"SAMPLE_DELAY_MS": str(3 * USUAL_DELAY_MS)},
        {"SAMPLE_DELAY_MS": str(USUAL_DELAY_MS)},
    ),
    Fault(
        "late-20",
        "first-failure",
        {
            "SAMPLE_ERROR_RATIO": "0.2",
            "SAMPLE_FAULT_AFTER_SECONDS": str(LATE_SECONDS),
            "SAMPLE_FAULT_AFTER": "first-request",
        },
    ),
    replace(_errors(5), name="noisy-5", usual={"SAMPLE_ERROR_RATIO": str(NOISE)}),
    Fault("healthy", "never"),
    Fault("noisy-healthy", "never", usual={"SAMPLE_ERROR_RATIO": str(NOISE)}),
)
HEALTHY = frozenset(fault.name for fault in FAULTS if fault.begins == "never")
SETTINGS = (Setting("documented", interval=60, hold=60), Setting("aggressive", interval=10, hold=10))
PROXIES = "slipway-proxies"
"""Slipway that reads the data plane itself, for a Prometheus that scrapes too seldom."""
OURS = ("slipway", PROXIES)
SYSTEMS = (*OURS, "argo-rollouts", "flagger")
RUNS = 5
RUNS_OF_HEALTHY = 3
QUICK = ("errors-20", "healthy")


def cells(*, runs: int = RUNS, quick: bool = False, scrape: int | None = None) -> Iterator[Cell]:
    """Every cell, the systems in turn so that an interrupted benchmark has something of each. `quick`: one fault and
    one healthy release of each system at its documented settings. `scrape`: with a Prometheus that scrapes every so
    many seconds, and Slipway by the proxies beside it; at the documented settings only, as the aggressive ones look
    at ten seconds, in which there would be no two samples."""
    systems = [system for system in SYSTEMS if scrape is not None or system != PROXIES]
    for setting in SETTINGS[:1] if quick or scrape is not None else SETTINGS:
        for fault in FAULTS:
            if not quick or fault.name in QUICK:
                for system in systems:
                    yield Cell(system, setting, fault, 1 if quick else _runs(fault, runs))


def _runs(fault: Fault, runs: int) -> int:
    """A release without any error takes long and always the same; how often a healthy one is aborted is a question for
    bench.decisions, and seen a little in those with noise."""
    return min(runs, RUNS_OF_HEALTHY) if fault.begins == "never" and not fault.noisy else runs

"""How decisions are made: the promised error rates and the times of the analysis."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from slipway.release.manifest.base import FrozenModel
from slipway.release.manifest.guardrails import Policy
from slipway.release.units import Seconds, Share


class ExpectedTraffic(FrozenModel):
    """What the service usually gets, for the foresight in the plan: requests a second and its bad share."""

    rate: Annotated[float, Field(gt=0)]
    bad_share: Share = 0.001


class Analysis(FrozenModel):
    """Settings of the sequential analysis; the defaults are those of the decision record."""

    false_abort: Annotated[Share, Field(gt=0, lt=0.5)] = 0.01
    """Alpha: the chance of ever aborting a release whose ratio is at most what is tolerated."""
    false_promote: Annotated[Share, Field(gt=0, lt=0.5)] = 0.05
    """Beta: the chance of leaving a step although the candidate is worse than that step allows."""
    tick: Annotated[Seconds, Field(ge=0.5, le=60)] = 2.0
    dwell: Seconds = 30.0
    """No step is shorter, whatever its bake time."""
    harm: Annotated[float, Field(ge=0)] = 10.0
    """A step before the last one beside a baseline may be left once it is shown that no fault is left which would
    fail more requests than this within 5 s at the next weight, beyond twice the usual share; 0: every step must show
    the ratio that it may be left with. The last one must in any case."""
    warm_up: Seconds = 0.0
    """After the candidate's first traffic only gross faults (ratio above 20) abort."""
    horizon: Annotated[Seconds, Field(gt=0)] = 3600.0
    """The longest a step may stay undecided; then `on_inconclusive: hold` becomes an abort as well."""
    on_inconclusive: Policy = "hold"
    on_error: Policy = "abort"
    error_grace: Seconds = 60.0
    """How long the metrics source may fail before `on_error` applies."""
    expected: ExpectedTraffic | None = None

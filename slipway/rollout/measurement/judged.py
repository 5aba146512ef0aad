"""What is measured and judged: a release at a gateway, or a variant of a flag."""

from __future__ import annotations

from typing import Protocol

from slipway.release.manifest.analysis import Analysis
from slipway.release.manifest.guardrails import Guardrail
from slipway.release.manifest.plan import Kind, PlannedStep
from slipway.release.rollout_inputs import Backend


class Judged(Protocol):
    """A candidate, by which guardrails it is judged, and the plan of its steps."""

    @property
    def guardrails(self) -> tuple[Guardrail, ...]:
        """At least one."""
        ...

    @property
    def analysis(self) -> Analysis:
        """The promised error rates and times."""
        ...

    @property
    def candidate(self) -> Backend:
        """The side that is judged against the baseline."""
        ...

    def plan(self, kind: Kind) -> tuple[PlannedStep, ...]:
        """The steps of a rollout of this kind."""
        ...

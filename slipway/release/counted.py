"""What of a release the stack's source of metrics does not count."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from slipway.release.errors import Problem
from slipway.release.manifest.guardrails import ErrorRatio, Guardrail
from slipway.release.rollout_inputs import MetricsSource
from slipway.release.target import EcsTarget, Target
from slipway.release.watch_inputs import WatchInputs


def uncounted(
    metrics: MetricsSource, target: Target, guardrails: Sequence[Guardrail], watch: WatchInputs | None
) -> Iterator[Problem]:
    """Problems with places in the manifest, or in the stack's settings; none for a Prometheus, which is asked what the
    guardrails say."""
    if metrics.kind != "cloudwatch":
        return
    if not isinstance(target, EcsTarget):
        message = "is cloudwatch, which counts at a load balancer of AWS, and the target has none"
        yield Problem("metrics.kind", message, "Write kind: prometheus")
    places = (("guardrails", guardrails), ("watch.guardrails", () if watch is None else watch.guardrails))
    for place, found in places:
        for number, one in enumerate(found):
            if not isinstance(one, ErrorRatio):
                message = f"{one.name} is of kind {one.kind}, and CloudWatch counts error-ratio alone"
                yield Problem(f"{place}[{number}]", message, "Leave it out, or read the metrics from prometheus")

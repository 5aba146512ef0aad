"""What of a release the stack's source of metrics does not count."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from slipway.release.data_planes import CUSTOM, profile_name
from slipway.release.errors import Problem
from slipway.release.manifest.guardrails import ErrorRatio, Guardrail
from slipway.release.rollout_inputs import MetricsSource
from slipway.release.target import KubernetesTarget, LambdaTarget, Target
from slipway.release.watch_inputs import WatchInputs


def uncounted(
    metrics: MetricsSource, target: Target, guardrails: Sequence[Guardrail], watch: WatchInputs | None
) -> Iterator[Problem]:
    """Problems with places in the manifest, or in the stack's settings; none for a Prometheus, which is asked what the
    guardrails say."""
    if metrics.kind != "cloudwatch":
        yield from _at_no_proxy(metrics, target)
        return
    if isinstance(target, KubernetesTarget):
        message = "is cloudwatch, which counts at AWS, and the target is a cluster of Kubernetes"
        yield Problem("metrics.kind", message, "Write kind: prometheus")
    places = (("guardrails", guardrails), ("watch.guardrails", () if watch is None else watch.guardrails))
    for place, found in places:
        for number, one in enumerate(found):
            if not isinstance(one, ErrorRatio):
                message = f"{one.name} is of kind {one.kind}, and CloudWatch counts error-ratio alone"
                yield Problem(f"{place}[{number}]", message, "Leave it out, or read the metrics from prometheus")


def _at_no_proxy(metrics: MetricsSource, target: Target) -> Iterator[Problem]:
    """Before a function there is no proxy whose counters a profile of ours names."""
    profile = profile_name(metrics.profile)
    if isinstance(target, LambdaTarget) and (metrics.kind != "prometheus" or profile != CUSTOM):
        message = f"{metrics.kind} with the profile {profile} counts at a proxy, and there is none before a function"
        remedy = "Write {kind: cloudwatch}, or kind: prometheus with a profile of the function's own counters"
        yield Problem("metrics.kind", message, remedy)

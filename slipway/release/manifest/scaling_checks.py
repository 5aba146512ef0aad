"""What scales a workload, and how many pods there are: what of it contradicts itself or the rest of the manifest."""

from __future__ import annotations

from collections.abc import Iterator

from slipway.release.manifest.autoscaling import Autoscaling
from slipway.release.manifest.document import Location
from slipway.release.manifest.strategy import Rolling, Strategy
from slipway.release.manifest.workload import Workload

Found = Iterator[tuple[Location, str, str]]
"""Place, message and remedy of each problem."""
HERE: Location = ("workload", "autoscaling")


def problems_of_scaling(workload: Workload) -> Found:
    """The number of pods is declared once: by `replicas`, or by an autoscaler that can work."""
    scaling = workload.autoscaling
    if scaling is None:
        scaled = workload.external is not None and workload.external.autoscaler is not None
        if workload.replicas is None and not scaled:
            yield ("workload",), "replicas is missing", "Write replicas: 3, or autoscaling: {min: 2, max: 10, ...}"
        return
    if workload.replicas is not None:
        yield (
            ("workload", "replicas"),
            "is given beside autoscaling, and two writers would undo each other",
            "Leave out replicas; autoscaling.min is the least number of pods",
        )
    yield from _of_form(scaling)
    if scaling.least > scaling.most:
        field = "min" if scaling.keda is None else "keda.minReplicaCount"
        yield (
            (*HERE, *field.split(".")),
            f"{scaling.least} is more than the maximum, {scaling.most}",
            f"Write a minimum of at most {scaling.most}, or a larger maximum",
        )
    yield from _of_requests(workload, scaling)


def problems_of_batches(workload: Workload, strategy: Strategy) -> Found:
    """Rolling has one owner of the replicas of both versions, an autoscaler is another."""
    if workload.autoscaling is not None and isinstance(strategy, Rolling):
        yield (
            ("strategy", "kind"),
            "rolling takes replicas from the old version as it adds some to the new one, which the autoscaler of "
            "each version would undo",
            "Choose canary or blue-green, or declare workload.replicas instead of workload.autoscaling",
        )


def _of_form(scaling: Autoscaling) -> Found:
    own = {
        "min": scaling.minimum is not None,
        "max": scaling.maximum is not None,
        "metrics": bool(scaling.metrics),
        "behavior": scaling.behavior is not None,
    }
    if scaling.keda is not None:
        given = [field for field, there in own.items() if there]
        if given:
            remedy = "Write all of it under keda, or leave out keda"
            yield (*HERE, "keda"), f"is given beside {', '.join(given)}: one autoscaler scales a workload", remedy
        return
    missing = [field for field, there in own.items() if not there and field != "behavior"]
    if missing:
        yield (
            HERE,
            f"{', '.join(missing)} is missing",
            "Write autoscaling: {min: 2, max: 10, metrics: [{type: Resource, resource: {name: cpu, "
            "target: {type: Utilization, averageUtilization: 70}}}]}, or autoscaling: {keda: {...}}",
        )


def _of_requests(workload: Workload, scaling: Autoscaling) -> Found:
    """Utilization is a share of what the container requests: without a request nothing is ever scaled."""
    for index, metric in enumerate(scaling.metrics):
        name = metric.source.get("name")
        relative = metric.source["target"].get("type") == "Utilization"
        if metric.type == "Resource" and relative and name not in workload.resources.requests:
            yield (
                (*HERE, "metrics", index),
                f"the utilization of {name} is a share of workload.resources.requests.{name}, which is missing",
                f"Add resources: {{requests: {{{name}: ...}}}}, or aim at an AverageValue",
            )

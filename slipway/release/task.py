"""The task of one revision on ECS, and what leads requests to it, as the APIs of AWS spell them. Pure.

Limits: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html and the reference of
CreateTargetGroup.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

from slipway.release.errors import Problem
from slipway.release.manifest.workload import Workload, amount_of
from slipway.release.pod import whole_seconds
from slipway.release.target import EcsTarget, Target

PREVIEW_HEADER = "x-slipway-revision"
"""Leads a request to the workload that it names (`checkout-692bc0159b84f4b4566b`), whatever the weights are."""
UNIT = 1024
"""CPU units of one processor; also MiB of a GiB."""
SIZES = (
    (256, (512, 1024, 2048)),
    (512, tuple(range(1024, 4097, 1024))),
    (1024, tuple(range(2048, 8193, 1024))),
    (2048, tuple(range(4096, 16385, 1024))),
    (4096, tuple(range(8192, 30721, 1024))),
)
"""CPU units of a task on Fargate -> the MiB that it may have."""
LONGEST_STOP = 120
"""Seconds between SIGTERM and SIGKILL at most."""
LONGEST_DELAY = 3600
CHECK_EVERY, CHECK_WITHIN = (5, 300), (2, 120)
"""Seconds between two checks of a target, and until one has failed."""
FAILURES = (2, 10)
Json = dict[str, Any]


def refused_task(target: Target, workload: Workload) -> Iterator[Problem]:
    """What of a workload a task on ECS cannot have, with its place in the manifest."""
    if not isinstance(target, EcsTarget):
        return
    unknown = {
        "files": (workload.files, "there are no ConfigMaps on ECS", "Bring the files in the image or by env"),
        "secretEnv": (
            workload.secret_env,
            "names Secrets of Kubernetes",
            "Let the service read its secrets by its role",
        ),
        "serviceAccount": (workload.service_account, "is of Kubernetes", "Write releases:ecs.taskRole"),
        "pod": (workload.pod, "is a part of a pod", "Leave it out"),
        "podMetadata": (workload.pod_metadata.model_dump(exclude_defaults=True), "is of pods", "Leave it out"),
        "service": (workload.service.model_dump(exclude_defaults=True), "is a Service of Kubernetes", "Leave it out"),
        "external": (workload.external, "is a Deployment of Kubernetes", "Leave it out: the task is Slipway's own"),
        "autoscaling": (workload.autoscaling, "is for Kubernetes", "Write workload.replicas instead"),
        "probes.liveness": (
            workload.probes.liveness,
            "ECS replaces a task that fails probes.readiness",
            "Leave it out",
        ),
        "probes.startup": (workload.probes.startup, "is for Kubernetes", "Leave it out: readyWithin bounds the start"),
    }
    for name, (value, message, remedy) in unknown.items():
        if value:
            yield Problem(f"workload.{name}", message, remedy)
    if size_of(workload) is None:
        largest = f"{SIZES[-1][0] // UNIT} processors with {SIZES[-1][1][-1] // UNIT}Gi"
        yield Problem("workload.resources", "fits no task of Fargate", f"Ask for at most {largest}")
    stop = workload.drain.grace - workload.drain.before_stop
    if stop > LONGEST_STOP:
        remedy = f"Let grace be at most {LONGEST_STOP} s longer than beforeStop"
        yield Problem(
            "workload.drain.grace", f"leaves {stop:g} s to stop, and ECS waits {LONGEST_STOP} s at most", remedy
        )


def size_of(workload: Workload) -> tuple[int, int] | None:
    """CPU units and MiB of the smallest task of Fargate that has what is asked for; None where none has."""
    asked = {**workload.resources.requests, **workload.resources.limits}
    cpu = math.ceil(amount_of(asked.get("cpu", "0")) * UNIT)
    memory = math.ceil(amount_of(asked.get("memory", "0")) / UNIT / UNIT)
    for units, sizes in SIZES:
        fitting = [size for size in sizes if size >= memory]
        if units >= cpu and fitting:
            return units, fitting[0]
    return None


def containers(service: str, image: str, workload: Workload) -> str:
    """The container definitions, as the text that Pulumi's provider takes. The container is named after the service."""
    stop = whole_seconds(workload.drain.grace - workload.drain.before_stop)
    container: Json = {
        "name": service,
        "image": image,
        "essential": True,
        "portMappings": [{"containerPort": workload.port, "protocol": "tcp"}],
        "environment": [{"name": name, "value": value} for name, value in sorted(workload.env.items())],
        "stopTimeout": max(2, stop),
    }
    optional: Json = {
        "entryPoint": list(workload.command),
        "command": list(workload.args),
        "dockerLabels": dict(sorted(workload.annotations.items())),
    }
    container |= {name: value for name, value in optional.items() if value}
    if workload.security.run_as_user is not None:
        container["user"] = str(workload.security.run_as_user)
    return json.dumps([container], sort_keys=True)


def health_check(workload: Workload) -> Json:
    """How the load balancer asks a task whether it is ready: as `probes.readiness` says, within its limits."""
    probe = workload.probes.readiness
    interval = _within(probe.period, CHECK_EVERY)
    return {
        "path": probe.path,
        "interval": interval,
        "timeout": min(_within(probe.timeout, CHECK_WITHIN), interval - 1),
        "healthyThreshold": FAILURES[0],
        "unhealthyThreshold": _within(probe.failures, FAILURES),
        "matcher": "200-399",
    }


def deregistration_delay(workload: Workload) -> int:
    """Seconds that requests in flight have before a task is told to stop."""
    return min(whole_seconds(workload.drain.grace), LONGEST_DELAY)


def _within(value: float, bounds: tuple[int, int]) -> int:
    least, most = bounds
    return min(most, max(least, math.ceil(value)))

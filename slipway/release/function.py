"""The function of one revision on Lambda, as Pulumi's provider spells it, and what a function cannot have. Pure.

Limits: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from slipway.release.errors import Problem
from slipway.release.manifest.route import Route
from slipway.release.manifest.strategy import BlueGreen, Canary, MirrorStep, Rolling
from slipway.release.manifest.workload import Workload, amount_of
from slipway.release.target import LambdaTarget, Target

MEMORY = (128, 10240)
"""MiB."""
PROCESSOR = 1769
"""MiB of memory with which a function has one processor."""
LONGEST_NAME = 64
FINEST = 0.01
"""Percent."""
LWA_PORT, LWA_PATH = "AWS_LWA_PORT", "AWS_LWA_READINESS_CHECK_PATH"
"""Told to the Lambda Web Adapter, by which an image that answers HTTP is a function too; others do not read them."""


def refused_function(target: Target, workload: Workload) -> Iterator[Problem]:
    """What of a workload a function cannot have, with its place in the manifest. Its replicas say nothing here: Lambda
    runs as many as there are requests."""
    if not isinstance(target, LambdaTarget):
        return
    alone, leave = "is for Kubernetes", "Leave it out"
    unknown: dict[str, tuple[object, str, str]] = {
        "autoscaling": (workload.autoscaling, "Lambda runs as many as there are requests", "Write replicas: 1"),
        "external": (workload.external, "is a Deployment of Kubernetes", "Leave it out: the function is Slipway's own"),
        "files": (workload.files, "there are no ConfigMaps on Lambda", "Bring the files in the image or by env"),
        "secretEnv": (workload.secret_env, "names Secrets of Kubernetes", "Let the service read them by its role"),
        "serviceAccount": (workload.service_account, alone, "Write releases:lambda.role"),
        "annotations": (workload.annotations, "are of pods", leave),
        "pod": (workload.pod, "is a part of a pod", leave),
        "podMetadata": (workload.pod_metadata.model_dump(exclude_defaults=True), "is of pods", leave),
        "service": (workload.service.model_dump(exclude_defaults=True), "is a Service of Kubernetes", leave),
        "probes.liveness": (workload.probes.liveness, alone, leave),
        "probes.startup": (workload.probes.startup, alone, leave),
        "security.runAsUser": (workload.security.run_as_user is not None, "Lambda chooses the user", leave),
        "appProtocol": (workload.app_protocol != "http", "is not asked by Lambda", "Write http"),
    }
    for name, (value, message, remedy) in unknown.items():
        if value:
            yield Problem(f"workload.{name}", message, remedy)
    if memory_of(workload) > MEMORY[1]:
        most = f"{MEMORY[1]}Mi, with which a function has {MEMORY[1] / PROCESSOR:.1f} processors"
        yield Problem("workload.resources", "fits no function", f"Ask for at most {most}")


def refused_alias(
    target: LambdaTarget, service: str, route: Route, strategy: Canary | BlueGreen | Rolling
) -> Iterator[Problem]:
    """What of a service its alias cannot do, with the place in its manifest or in the stack's settings."""
    if service not in target.aliases:
        remedy = f"Write releases:target.aliases.{service}: live, or FUNCTION:live, which users invoke"
        yield Problem("target.aliases", f"has none for {service}", remedy)
    if len(target.function_of(service)) > LONGEST_NAME:
        message = f"is longer than the {LONGEST_NAME} characters of a function's name"
        remedy = f"Name the function in releases:target.aliases.{service}, as FUNCTION:live"
        yield Problem("service", message, remedy)
    names = ("gateway", "matches", "timeout", "affinity", "rules")
    given = {name: getattr(route, name) for name in names}
    for name, value in given.items():
        if value:
            yield Problem(f"route.{name}", "an alias of Lambda has weights alone", "Leave it out")
    if isinstance(strategy, Rolling):
        message = "rolling replaces replicas, which a function has not"
        yield Problem("strategy.kind", message, "Write canary or blue-green")
    for number, step in enumerate(strategy.steps if isinstance(strategy, Canary) else ()):
        if isinstance(step, MirrorStep):
            message = "an alias of Lambda cannot copy requests"
            yield Problem(f"strategy.steps[{number}].mirror", message, "Leave the mirror step out")
        elif step.weight < FINEST:
            message = f"is finer than the {FINEST:g}% of an alias"
            yield Problem(f"strategy.steps[{number}].weight", message, f"Write {FINEST:g} or more")
        elif 100 - FINEST < step.weight < 100:
            message = f"leaves less than the {FINEST:g}% of an alias to what serves"
            yield Problem(f"strategy.steps[{number}].weight", message, f"Write at most {100 - FINEST:g}, or 100")


def memory_of(workload: Workload) -> int:
    """MiB with which a function has the memory and the processors that are asked for."""
    asked = {**workload.resources.requests, **workload.resources.limits}
    memory = math.ceil(amount_of(asked.get("memory", "0")) / 1024 / 1024)
    return max(MEMORY[0], memory, math.ceil(amount_of(asked.get("cpu", "0")) * PROCESSOR))


def environment_of(workload: Workload) -> dict[str, str]:
    """The variables of the function; those of the manifest win."""
    adapter = {LWA_PORT: str(workload.port), LWA_PATH: workload.probes.readiness.path}
    return dict(sorted({**adapter, **workload.env}.items()))


def image_config(workload: Workload) -> dict[str, Any] | None:
    """Entry point and command, where the image's own are not meant."""
    given = {"entryPoints": list(workload.command), "commands": list(workload.args)}
    return {name: value for name, value in given.items() if value} or None

"""The local AWS: ministack, moto with a data plane of its own, and an ECS whose tasks are pods."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from sandbox import probes
from sandbox.aws import ACCOUNT, REGION
from sandbox.aws.elb.envoy import FILES, bootstrap
from sandbox.context import Context
from sandbox.parts import metrics
from sandbox.parts.part import Part
from sandbox.paths import PROJECT, StatePaths
from sandbox.state import link_atomically, write_atomically
from sandbox.toolchain.catalog import locked
from sandbox.toolchain.packages import interpreter

REST_PORT, ELB_PORT, ECS_PORT = 4566, 4567, 4568
STATS_PORT, FUNCTIONS_PORT = 8004, 8005
"""Where the counters of load balancers and of functions are read."""
URLS_PORT = 8006
"""Where the URLs of functions answer, by their host names."""
ADMIN_SOCKET = "/run/alb-envoy.sock"
NAMES = ("aws-rest", "alb-envoy", "aws-elb", "aws-ecs")
"""Every part of it, in the order of starting."""


def parts(context: Context, packages: Path) -> list[Part]:
    """`packages` is the folder of the emulators' packages."""
    folder = context.paths.data / "aws"
    folder.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        if not (file := folder / f"{name}.json").exists():  # Envoy does not start without them
            write_atomically(file, json.dumps({"resources": []}))
    return [
        _rest(context, packages, folder),
        _envoy(context, folder),
        _elb(context, packages, folder),
        _ecs(context, packages),
    ]


def variables(node: str, paths: StatePaths) -> dict[str, str]:
    """What points any SDK of AWS at it. The keys are good for nothing else."""
    return {
        "AWS_ENDPOINT_URL": f"http://{node}:{REST_PORT}",
        "AWS_ENDPOINT_URL_ECS": f"http://{node}:{ECS_PORT}",
        "AWS_ENDPOINT_URL_EC2": f"http://{node}:{ELB_PORT}",
        "AWS_ENDPOINT_URL_ELASTIC_LOAD_BALANCING_V2": f"http://{node}:{ELB_PORT}",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "sandbox",
        "AWS_SECRET_ACCESS_KEY": "sandbox",
        "AWS_EC2_METADATA_DISABLED": "true",
        "SLIPWAY_FUNCTION_URLS": f"http://{node}:{URLS_PORT}",
        "SLIPWAY_AWS_SETTINGS": str(paths.data / "aws" / "settings.json"),
    }


def _python(context: Context, name: str, module: str, arguments: Sequence[str]) -> list[str]:
    """A part is known by its program, so each has a name of its own for the interpreter."""
    program = context.paths.root / "bin" / name
    program.parent.mkdir(parents=True, exist_ok=True)
    link_atomically(program, interpreter())
    return [str(program), "-S", "-P", "-m", module, *arguments]


def _environment(packages: Path, **others: str) -> Mapping[str, str]:
    path = os.pathsep.join([str(packages), str(PROJECT)])
    return {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", "AWS_EC2_METADATA_DISABLED": "true", **others}


def _rest(context: Context, packages: Path, folder: Path) -> Part:
    """ministack: everything that no other part here does. Its functions run on the sandbox's node."""
    (folder / "tmp").mkdir(exist_ok=True)
    pki = context.pki
    arguments = [str(REST_PORT), str(FUNCTIONS_PORT), str(URLS_PORT), str(folder)]
    arguments += [context.api_url, str(pki.ca), str(pki.folder / "admin.token")]
    target = {"targets": [f"127.0.0.1:{FUNCTIONS_PORT}"], "labels": {"pod": "functions"}}
    return Part(
        name="aws-rest",
        argv=_python(context, "aws-rest", "sandbox.aws.rest", arguments),
        files={metrics.data_planes(context) / "functions.json": json.dumps([target])},
        environment=_environment(
            packages,
            GATEWAY_PORT=str(REST_PORT),
            BIND_HOST="0.0.0.0",  # noqa: S104 - of the sandbox's own namespace
            MINISTACK_ACCOUNT_ID=ACCOUNT,
            MINISTACK_REGION=REGION,
            LOG_LEVEL="WARNING",
            TMPDIR=str(folder / "tmp"),
        ),
        ready=partial(probes.http_ok, context.url(REST_PORT, "/_ministack/health")),
        niceness=-10,  # users of functions ask it
        version=locked("aws", "ministack"),
        listens=context.url(REST_PORT),
    )


def _elb(context: Context, packages: Path, folder: Path) -> Part:
    arguments = [str(ELB_PORT), str(folder), f"http://127.0.0.1:{STATS_PORT}", f"http://127.0.0.1:{REST_PORT}"]
    return Part(
        name="aws-elb",
        argv=_python(context, "aws-elb", "sandbox.aws.elb", arguments),
        environment=_environment(packages),
        ready=partial(probes.http_ok, context.url(ELB_PORT, "/moto-api/")),
        version=locked("aws", "moto"),
        listens=context.url(ELB_PORT),
    )


def _ecs(context: Context, packages: Path) -> Part:
    pki = context.pki
    arguments = [str(ECS_PORT), context.api_url, str(pki.ca), str(pki.folder / "admin.token")]
    return Part(
        name="aws-ecs",
        argv=_python(context, "aws-ecs", "sandbox.aws.ecs", [*arguments, f"http://127.0.0.1:{ELB_PORT}"]),
        environment=_environment(packages),
        ready=partial(probes.http_ok, context.url(ECS_PORT)),
        version="ours",
        listens=context.url(ECS_PORT),
    )


def _envoy(context: Context, folder: Path) -> Part:
    """The data plane of the load balancers. It keeps what it has while the others are away."""
    program = context.paths.root / "bin" / "alb-envoy"
    program.parent.mkdir(parents=True, exist_ok=True)
    link_atomically(program, context.tools.envoy)
    config = context.paths.config / "alb-envoy.json"
    target = {"targets": [f"127.0.0.1:{STATS_PORT}"], "labels": {"pod": "envoy-alb"}}
    return Part(
        name="alb-envoy",
        argv=[
            str(program),
            *("--config-path", str(config)),
            *("--concurrency", "2"),
            *("--log-level", "warning"),
            "--disable-hot-restart",
        ],
        files={
            config: json.dumps(bootstrap(str(folder), STATS_PORT, ADMIN_SOCKET), indent=1),
            metrics.data_planes(context) / "alb.json": json.dumps([target]),
        },
        ready=partial(probes.http_ok, context.url(STATS_PORT, "/ready")),
        niceness=-10,
        version=context.tools.version("envoy"),
        listens=context.url(STATS_PORT),
    )

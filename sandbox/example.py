"""`slipway sandbox example`: the example of this repository as a project of its own, on the sandbox.

What differs from the committed files is what has to: image digests (the sample service is built on this machine), the
addresses of registry, Prometheus and gateway, a registry that is asked, and the times and traffic of a stack without
users. Where the sandbox has a local AWS, the example on ECS is a stack too, on a ground that is made for it.
"""

from __future__ import annotations

import json
import re
import secrets
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from sandbox.errors import SandboxError
from sandbox.paths import PROJECT
from sandbox.progress import Reporter
from sandbox.sample.binaries import binaries
from sandbox.sample.images import Faults, publish
from slipway.cli.example_signing import KEYS, ON_ECS, RELEASES, STAGING, TRUST, sign_example
from slipway.cli.program_files import program_files
from slipway.release.manifest.load import load

if TYPE_CHECKING:
    from sandbox.stage.ecs import Ground

TEAM = "payments"
"""The folder of the registry."""
ECS_STACK = "ecs"
GATES_ON_ECS = "policies/config/ecs.json"
HAS_AWS = "SLIPWAY_AWS_SETTINGS"
"""The variable that a sandbox with a local AWS has."""
PROBE = {"rate": 50, "path": "/"}
"""Traffic of our own in both stacks: the sandbox has no users."""
HURRIED = (
    (r"\bbake: \w+", "bake: 15s"),
    (r"\bdwell: \w+", "dwell: 5s"),
    (r"\bhorizon: \w+", "horizon: 5m"),
    (r"\brate: \d+", f"rate: {PROBE['rate']}"),
    (r"(?m)^  kind: canary$", "  kind: canary\n  reason: a sandbox without users, for a quick trial"),
)
"""Pattern -> replacement in manifests: minutes of watching become seconds, and the plan expects the probe's traffic."""
NAMESPACES = {"staging": "shop-staging", "prod": "shop"}
SECRET = ("checkout-database", "url=postgres://checkout@database.shop/checkout")


def write_example(folder: Path, environment: Mapping[str, str], report: Reporter) -> None:
    """Write the project, push its images, make its namespaces and stacks, and sign its evidence.

    Raises SandboxError when the folder is in use or a command fails, InputError when the evidence cannot be signed.
    """
    if folder.exists() and any(folder.iterdir()):
        raise SandboxError("example", f"{folder} is there already", "name another folder, or remove it")
    images: dict[str, str] = {}
    with report.step("pushing the images of the example"):
        for releases in (RELEASES, ON_ECS):
            images |= _publish(environment["SLIPWAY_REGISTRY"], releases, report)
    ground = None
    if HAS_AWS in environment:
        from sandbox.stage.ecs import make_ground  # with boto3, which nothing else here needs

        with report.step("a cluster, a load balancer and a table of the local AWS"):
            ground = make_ground(f"example-{secrets.token_hex(3)}", environment)
    with report.step(f"writing {folder}"):
        write_files(folder, images, environment, ground)
        sign_example(folder, datetime.now(UTC))
    with report.step("namespaces and stacks"):
        for stack, namespace in NAMESPACES.items():
            _prepare_namespace(folder, namespace, environment)
            _select(folder, stack, environment)
        if ground is not None:
            _select(folder, ECS_STACK, environment)


def _publish(registry: str, releases: str, report: Reporter) -> dict[str, str]:
    """Image in a committed manifest of a service -> the sample service in the sandbox's registry."""
    named = {}
    for path in sorted((PROJECT / releases).glob("*.yaml")):
        if not path.name.endswith(STAGING):
            release = load(path)
            named[release.version] = release.artifact.image
    repository = f"{TEAM}/{Path(releases).name}"
    pushed = publish(registry, binaries(report).sample, {version: Faults() for version in named}, repository)
    return {named[version]: image for version, image in pushed.items()}


def write_files(
    folder: Path, images: Mapping[str, str], environment: Mapping[str, str], ground: Ground | None = None
) -> None:
    """Everything but what is signed. `images`: image in a committed manifest -> image in the sandbox's registry. The
    example on ECS stays behind without a `ground`: nothing of the sandbox's cluster is in it."""
    for name, text in program_files(folder).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    left = (KEYS, TRUST, *(() if ground is not None else (ON_ECS, GATES_ON_ECS)))
    made = shutil.ignore_patterns("signed", *(Path(name).name for name in left))
    shutil.copytree(PROJECT / "releases", folder / "releases", ignore=made)
    shutil.copytree(PROJECT / "policies" / "config", folder / "policies" / "config", ignore=made)
    for stack in NAMESPACES:
        _stack_file(folder, stack, environment)
    if ground is not None:
        _ecs_stack_file(folder, ground)
    digests = {before.rpartition(":")[2]: after.rpartition(":")[2] for before, after in images.items()}
    for path in (folder / RELEASES).rglob("vex.json"):
        _rewrite(path, digests, ())
    for releases in (RELEASES, ON_ECS):
        for path in (folder / releases).glob("*.yaml"):
            _rewrite(path, images, HURRIED)
    for path in (folder / "policies" / "config").glob("*.json"):
        _ask_registry(path, environment["SLIPWAY_REGISTRY"])


def _stack_file(folder: Path, stack: str, environment: Mapping[str, str]) -> None:
    content = yaml.safe_load((PROJECT / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8"))
    content["config"]["releases:metrics"]["url"] = environment["SLIPWAY_PROMETHEUS_URL"]
    content["config"] |= {"releases:gatewayUrl": environment["SLIPWAY_GATEWAY_URL"], "releases:probe": PROBE}
    (folder / f"Pulumi.{stack}.yaml").write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


def _ecs_stack_file(folder: Path, ground: Ground) -> None:
    """What stands in the committed file of an account is that of the ground; priorities and metrics are as they are."""
    content = yaml.safe_load((PROJECT / f"Pulumi.{ECS_STACK}.yaml").read_text(encoding="utf-8"))
    config = content["config"]
    for key, values in ground.config().items():
        config[key] |= values
    config |= {"releases:gatewayUrl": ground.url, "releases:probe": PROBE}
    (folder / f"Pulumi.{ECS_STACK}.yaml").write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


def _rewrite(path: Path, texts: Mapping[str, str], patterns: Iterable[tuple[str, str]]) -> None:
    text = path.read_text(encoding="utf-8")
    for before, after in texts.items():
        text = text.replace(before, after)
    for pattern, after in patterns:
        text = re.sub(pattern, after, text)
    path.write_text(text, encoding="utf-8")


def _ask_registry(path: Path, registry: str) -> None:
    """The sandbox's registry can be asked, without TLS; the one that the committed files name does not exist."""
    content = json.loads(path.read_text(encoding="utf-8"))
    content["artifact-integrity"] = {"registry": True, "registries": [registry], "plainHttp": [registry]}
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _prepare_namespace(folder: Path, namespace: str, environment: Mapping[str, str]) -> None:
    """With the Secret that the workload reads."""
    if _run(["kubectl", "get", "namespace", namespace], folder, environment).returncode != 0:
        _checked(["kubectl", "create", "namespace", namespace], folder, environment)
    name, literal = SECRET
    if _run(["kubectl", "-n", namespace, "get", "secret", name], folder, environment).returncode != 0:
        create = ["kubectl", "-n", namespace, "create", "secret", "generic", name, f"--from-literal={literal}"]
        _checked(create, folder, environment)


def _select(folder: Path, stack: str, environment: Mapping[str, str]) -> None:
    _checked(["pulumi", "stack", "select", "--create", "--stack", stack, "--non-interactive"], folder, environment)


def _run(command: list[str], folder: Path, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def _checked(command: list[str], folder: Path, environment: Mapping[str, str]) -> None:
    done = _run(command, folder, environment)
    if done.returncode != 0:
        output = (done.stdout + done.stderr).splitlines()
        raise SandboxError(" ".join(command[:2]), "it failed", "see its output", output[-12:])

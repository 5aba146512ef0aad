"""``slipway sandbox``: bring the local world up, look at it, find it, end it."""

from __future__ import annotations

import functools
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec

import click
from click.core import ParameterSource

from sandbox import environment as variables
from sandbox import external, status, world
from sandbox.errors import SandboxError
from sandbox.paths import state_paths
from sandbox.progress import reporter

P = ParamSpec("P")
MEBIBYTE = 1024 * 1024


def _explained(command: Callable[P, None]) -> Callable[P, None]:
    """Turn a sandbox's error into its lines on stderr and exit code 1."""

    @functools.wraps(command)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except SandboxError as error:
            click.echo(f"error: {error.render()}", err=True)
            sys.exit(1)

    return wrapper


def _refuse_unused(*names: str) -> None:
    """Of options that only matter with --external, one that was typed without it is a mistake."""
    context = click.get_current_context()
    for name in names:
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"--{name.replace('_', '-')} goes with --external only")


@click.group()
def sandbox() -> None:
    """The local world: a real Kubernetes node, gateway, metrics and registry on this machine."""


@sandbox.command()
@click.option("--external", "use_external", is_flag=True, help="Use the cluster that KUBECONFIG names instead.")
@click.option("--prometheus-url", envvar="SLIPWAY_PROMETHEUS_URL", help="With --external: its Prometheus.")
@click.option("--gateway-url", envvar="SLIPWAY_GATEWAY_URL", help="With --external: where its Gateway is reached.")
@click.option(
    "--real-provider", is_flag=True, help="Pulumi's own Kubernetes provider, downloaded or built, not the stand-in."
)
@click.option("--logs", is_flag=True, help="A server of logs too: VictoriaLogs, built from its Go module.")
@click.option("--aws", is_flag=True, help="A local AWS too: ECS, load balancers, CloudWatch, DynamoDB and more.")
@click.option(
    "--gateway",
    type=click.Choice(world.GATEWAYS),
    help="The controller of the gateway: Contour when left out, else the one that the sandbox has.",
)
@click.option("--quiet", is_flag=True, help="No progress.")
@_explained
def up(
    *,
    use_external: bool,
    prometheus_url: str | None,
    gateway_url: str | None,
    real_provider: bool,
    logs: bool,
    aws: bool,
    gateway: world.Gateway | None,
    quiet: bool,
) -> None:
    """Bring the sandbox up, or complete one that is partly up."""
    if not use_external:
        _refuse_unused("prometheus_url", "gateway_url")
    elif real_provider:
        raise click.UsageError("--real-provider goes without --external: there your own Pulumi installs its plugins")
    elif logs:
        raise click.UsageError("--logs goes without --external: there your own server of logs is used")
    elif aws:
        raise click.UsageError("--aws goes without --external: the local AWS runs its tasks on the sandbox's own node")
    elif gateway:
        raise click.UsageError("--gateway goes without --external: there your own gateway is used")
    report = reporter(quiet=quiet)
    if use_external:
        external.adopt(state_paths(), prometheus_url, gateway_url)
        report.note('the sandbox is your own cluster now; eval "$(slipway sandbox env)" points your shell at it')
        return
    started = time.monotonic()
    world.up(report, real_provider=real_provider, logs=logs, aws=aws, gateway=gateway)
    report.note(f"sandbox ready after {time.monotonic() - started:.1f} s")
    report.note('eval "$(slipway sandbox env)" points your shell at it')


@sandbox.command()
@click.option("--keep-data", is_flag=True, help="Keep the cluster's objects, images, metrics and stacks for later.")
@click.option("--quiet", is_flag=True, help="No progress.")
@_explained
def down(*, keep_data: bool, quiet: bool) -> None:
    """End the sandbox: no process, mount, namespace or network device stays. Logs do."""
    world.down(reporter(quiet=quiet), keep_data=keep_data)


@sandbox.command(name="status")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
@_explained
def show_status(*, as_json: bool) -> None:
    """Say what runs, where, in which version. Exit code 1 unless everything is ready."""
    found = status.inspect(state_paths())
    if as_json:
        click.echo(json.dumps(found.as_json(), indent=2))
    else:
        _print_status(found)
    sys.exit(0 if found.ready else 1)


@sandbox.command()
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
@_explained
def env(*, as_json: bool) -> None:
    """Print the variables that point a shell at the sandbox."""
    found = world.environment()
    click.echo(json.dumps(found, indent=2) if as_json else variables.exports(found))


@sandbox.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default="out/example")
@click.option("--quiet", is_flag=True, help="No progress.")
@_explained
def example(*, folder: Path, quiet: bool) -> None:
    """Write the example as a project in FOLDER (out/example) whose stacks staging and prod live on the sandbox; and
    ecs, where it has a local AWS."""
    from sandbox.example import write_example

    report = reporter(quiet=quiet)
    write_example(folder, {**os.environ, **world.environment()}, report)
    report.note(f"{folder} is ready; now: cd {folder} && slipway gates --stack staging")


def _print_status(found: status.Status) -> None:
    for part in found.parts:
        age = "" if part.seconds is None else f"{part.seconds:.0f} s"
        row = f"{part.name:24}{part.state:9}{part.version:22}{part.pid or '':>8}{age:>9}"
        click.echo(f"{row}{part.memory / MEBIBYTE:7.0f} MiB  {part.listens}")
    for name, place in found.tools.items():
        click.echo(f"{name:32}{place}")
    if found.gateway:
        click.echo(f"{'gateway':32}{found.gateway}")
    if found.parts:
        click.echo(f"{found.pods} pods, {found.memory / MEBIBYTE:.0f} MiB in all; logs in {found.state_folder}/logs")
    for problem in found.problems:
        click.echo(f"problem: {problem}", err=True)
    click.echo(f"{found.kind} sandbox: {'ready' if found.ready else 'not ready'}")

"""`slipway gates`: the gates of a stack over a manifest, without the engine."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from slipway.cli.options import with_json

if TYPE_CHECKING:
    from slipway.release.gating.configuration import Configuration
    from slipway.release.gating.judge import Judgement
    from slipway.release.target import Target

FORMATS = ("text", "json", "junit", "sarif", "github")


@click.command()
@click.option("-s", "--stack", required=True, help="The stack that it shall go to.")
@click.option(
    "-m", "--manifest", "manifests", multiple=True, type=click.Path(path_type=Path),
    help="A manifest; again for more. All that the stack's file names when left out.",
)  # fmt: skip
@click.option(
    "-C", "--cwd", "folder", type=click.Path(exists=True, file_okay=False, path_type=Path), default=".",
    help="The project's folder.",
)  # fmt: skip
@click.option("--config", type=click.Path(path_type=Path), help="Instead of policies/config/STACK.json.")
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", show_default=True)
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Write there instead of to stdout.")
@click.option(
    "--ask", type=click.Choice(["nothing", "registry", "cluster"]), default="registry", show_default=True,
    help="Whom to ask: the registry and Prometheus, or the cluster as well, which knows the previous release. With "
    "nothing, what the configuration requires of them (artifact-integrity.registry, error-budget) is refused.",
)  # fmt: skip
@with_json
def gates(
    *,
    stack: str,
    manifests: tuple[Path, ...],
    folder: Path,
    config: Path | None,
    form: str,
    output: Path | None,
    ask: str,
    as_json: bool,
) -> None:
    """Judge releases as the policy pack would, by their manifests and evidence.

    Every problem is listed at once, with what was found, what is wanted and whose turn it is. Exit code 0 only if
    nothing mandatory failed. Rules on resources (probes, limits, alarms, ...) need `pulumi preview`.
    """
    if as_json and form not in ("text", "json"):
        raise click.UsageError(f"give either --json or --format {form}")
    stack = stack.rpartition("/")[2]  # of organization/project/stack, as files and resources are named by it
    if not stack:
        raise click.UsageError("--stack names no stack")
    from slipway.cli import gates_view
    from slipway.cli.gates_ci import junit, sarif
    from slipway.cli.target import path_in_project
    from slipway.release.project_files import project_file

    project = project_file(folder).parent
    configuration = _configuration(project, stack, config)
    paths = [path_in_project(project, folder, path) for path in manifests] or _declared(project, stack)
    judged = [(path, _judge(project, stack, path, configuration, ask)) for path in paths]
    renderers = {
        "text": gates_view.as_text,
        "json": gates_view.as_json,
        "junit": junit,
        "sarif": sarif,
        "github": gates_view.github,
    }
    text = renderers["json" if as_json else form](project, stack, judged)
    if output is None:
        click.echo(text)
    else:
        _write(output, text)
        click.echo(gates_view.as_text(project, stack, judged), err=True)
    sys.exit(1 if any(judgement.refusing for _, judgement in judged) else 0)


def _configuration(project: Path, stack: str, config: Path | None) -> Configuration:
    from slipway.release.gating import configuration

    if config is not None:
        return configuration.load(config)
    return configuration.load_below(project, f"policies/config/{stack}.json")


def _declared(project: Path, stack: str) -> list[str]:
    from slipway.release.errors import InputError, Problem
    from slipway.release.project_files import SERVICES, config_of, services_of, stack_file

    file = stack_file(project, stack)
    services = services_of(config_of(file), file)
    named = {service: entry.get("manifest") for service, entry in sorted(services.items())}
    problems = [
        Problem(f"{SERVICES}.{service}.manifest", "is missing or no path", "Name the manifest of the release")
        for service, path in named.items()
        if not isinstance(path, str) or not path
    ]
    problems += [
        Problem(f"{SERVICES}.{service}.manifest", f"{path} is a release of {other}", f"Name a manifest of {service}")
        for service, path in named.items()
        if isinstance(path, str) and (other := _service_of(project, path)) not in (None, service)
    ]
    if not named:  # judging nothing must not look like passing
        problems = [Problem(SERVICES, "names no service", "Name a service with its manifest, or give --manifest")]
    if problems:
        raise InputError(file.name, problems)
    return [str(path) for path in named.values()]


def _service_of(project: Path, path: str) -> str | None:
    """The service of a manifest, where it can be read."""
    from slipway.release.gating.gate_input import manifest_problems

    read, _ = manifest_problems(project, path)
    return None if read is None else read.release.service


def _write(output: Path, text: str) -> None:
    from slipway.release.errors import InputError, Problem

    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(text if text.endswith("\n") else f"{text}\n")
    except OSError as error:
        problem = Problem("output", f"cannot be written: {error.strerror}", "Choose another place")
        raise InputError(str(output), [problem]) from None


def _judge(project: Path, stack: str, path: str, configuration: Configuration, ask: str) -> Judgement:
    from slipway.release.gating.gate_input import manifest_problems
    from slipway.release.gating.judge import judge, urn_of
    from slipway.release.project_files import project_name
    from slipway.release.release_inputs import Observed
    from slipway.rollout.gate_inputs.observe import observe_undeclared

    read, _ = manifest_problems(project, path)
    service = read.release.service if read is not None else "unknown"
    observed = Observed()
    if read is not None and ask != "nothing":
        target = _target(project, stack, service) if ask == "cluster" else None
        observed = observe_undeclared(read, target, configuration)
    urn = urn_of(stack, project_name(project), service)
    return judge(project, stack, urn, path, configuration, observed, datetime.now(UTC))


def _target(project: Path, stack: str, service: str) -> Target:
    from slipway.release.errors import EngineError
    from slipway.release.project_files import config_of, place_of_service, stack_file, targets_of

    file = stack_file(project, stack)
    config = config_of(file)
    try:
        return targets_of(config, file)[place_of_service(config, file, service)]
    except EngineError as error:
        raise EngineError(f"{error}; name one, or leave out --ask cluster") from None

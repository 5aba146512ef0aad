"""`slipway watch SERVICE`: watches what was released last from this host."""

from __future__ import annotations

import shutil
import sys
import threading
from pathlib import Path

import click

from slipway.cli.options import show, with_json, with_namespace, with_stack


class _Lines:
    """A live line on a terminal, and lines that stay; with `as_json` everything goes to stderr."""

    def __init__(self, *, err: bool) -> None:
        self._err = err
        self._live = (sys.stderr if err else sys.stdout).isatty()
        self._width = 0

    def status(self, line: str) -> None:
        """Replace the live line; a file or a pipe gets none."""
        if self._live:
            shown = line[: shutil.get_terminal_size().columns - 1]
            click.echo(f"\r{shown.ljust(self._width)}", nl=False, err=self._err)
            self._width = len(shown)

    def event(self, line: str) -> None:
        """A line that stays."""
        if self._live and self._width:
            click.echo(f"\r{' ' * self._width}\r", nl=False, err=self._err)
            self._width = 0
        click.echo(line, err=self._err)


@click.command()
@click.argument("service")
@with_namespace
@with_stack
@click.option(
    "--host-metrics",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of node_exporter's textfile collector; releases:slos.hostMetrics of the stack when left out.",
)
@with_json
def watch(
    service: str, namespace: str | None, stack: str | None, folder: Path, host_metrics: Path | None, as_json: bool
) -> None:
    """Watch the release of SERVICE that took all the traffic last, until its watch has ended.

    For stacks without releases:run, whose watch runs in no Job. A breach puts the traffic back to the warm standby,
    quarantines the revision, kills the flags that the manifest names and tells the owner. A watch that was interrupted
    goes on where it was when the command is run again. With --host-metrics an alarm tells when no process watches. Exit
    code 1 after a breach, or without data.
    """
    from slipway.cli.target import find_target, only_stack
    from slipway.release.records.watch import WatchPhase
    from slipway.rollout.process.signals import signals_to
    from slipway.rollout.watching.start import watch_on_host

    cancelled, lines = threading.Event(), _Lines(err=as_json)
    stack = stack if stack is not None or namespace is not None else only_stack(folder)
    target, metrics = find_target(folder, stack, namespace, service), host_metrics
    if metrics is None and namespace is None:
        metrics = _declared_folder(folder, stack)
    with signals_to(lambda _number: cancelled.set()):
        ended = watch_on_host(service, target, lines, cancelled, metrics)
    if ended is None:
        lines.event(f"{service}: interrupted; the watch is open, and no process watches: run the command again")
        sys.exit(130)
    held = ended.phase in (WatchPhase.PASSED, WatchPhase.SUPERSEDED)
    if as_json:
        show({"ok": held, **ended.model_dump(mode="json", by_alias=True, exclude_none=True)})
    sys.exit(0 if held else 1)


def _declared_folder(folder: Path, stack: str | None) -> Path | None:
    """Where the stack says that its signs of life are read. Raises EngineError."""
    from slipway.cli.target import configuration
    from slipway.release.project_files import host_metrics_of

    found = host_metrics_of(*configuration(folder, stack))
    return None if found is None else Path(found)

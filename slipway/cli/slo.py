"""`slipway slo`: read files of objectives and alarms, and render them for Prometheus and Alertmanager."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slipway.cli.options import show, with_folder, with_json

if TYPE_CHECKING:
    from slipway.release.slo.reading import Alerting

FILES = click.argument("files", nargs=-1, required=True)


@click.group()
def slo() -> None:
    """Objectives and alarms, without a cluster. FILES are paths below the project's folder."""


@slo.command()
@FILES
@with_folder
@with_json
def check(files: tuple[str, ...], folder: Path, as_json: bool) -> None:
    """Say what is declared, or everything that is wrong with it."""
    from slipway.release.slo.reading import owned_of
    from slipway.release.slo.rules import budget_query

    found = _read(folder, files)
    if as_json:
        budgets = {each.name: budget_query(each) for each in found.slos if each.events.kind == "prometheus"}
        show({"ok": True, "budgets": budgets, "alarms": [alarm._asdict() for alarm in owned_of(found)]})
        return
    for each in found.slos:
        click.echo(f"{each.name}: {each.objective * 100:.6g}% of {each.service}'s events in {each.period_text}")
        if each.events.kind == "prometheus":
            click.echo(f"  budget: {budget_query(each)}")
    for owned in owned_of(found):
        click.echo(f"{owned.severity} to {owned.owner}: {owned.alarm}")


@slo.command()
@FILES
@with_folder
@click.option("--rules", type=click.Path(path_type=Path), help="Write the rule file here; it is printed otherwise.")
@click.option("--alertmanager", type=click.Path(path_type=Path), help="Write Alertmanager's configuration here.")
def render(files: tuple[str, ...], folder: Path, rules: Path | None, alertmanager: Path | None) -> None:
    """Write the rule file of Prometheus, and the configuration of Alertmanager."""
    from slipway.release.slo.alertmanager import configuration
    from slipway.release.slo.rules import rule_file

    found = _read(folder, files)
    content = rule_file(found.groups)
    if rules is None:
        click.echo(_text(content), nl=False)
    else:
        rules.write_text(_text(content), encoding="utf-8")
    if alertmanager is not None:
        if found.routing is None:
            raise click.UsageError("no routing is declared in these files, so there is nothing for --alertmanager")
        alertmanager.write_text(_text(configuration(found.routing)), encoding="utf-8")


def _read(folder: Path, files: tuple[str, ...]) -> Alerting:
    from slipway.release.slo.reading import read_alerting

    return read_alerting(folder, files)


def _text(content: dict[str, Any]) -> str:
    import yaml

    return yaml.safe_dump(content, sort_keys=False, width=1000, allow_unicode=True)

"""`python -m bench.decisions`: how soon and how rightly releases are aborted, against others. Seeds are fixed."""

from __future__ import annotations

import os
import time
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress

from bench.decisions import plots, report
from bench.decisions.detectors import load, standard
from bench.decisions.run import FULL, QUICK, everything
from slipway.release.errors import SlipwayError


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--detector", "names", multiple=True, metavar="MODULE:FUNCTION", help="Score this function as well.")
@click.option("--only", is_flag=True, help="Score nothing but what --detector names.")
@click.option("--quick", is_flag=True, help="A few runs a cell, to see that it works; the figures mean little.")
@click.option(
    "--processes", type=click.IntRange(1), default=os.cpu_count() or 1, show_default=True,
    help="Cells that run at once.",
)  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path), default=Path("out/bench"), show_default=True)
def main(names: tuple[str, ...], only: bool, quick: bool, processes: int, out: Path) -> None:
    """Score detectors on simulated releases: the table, OUT/decisions.json (with details beside it) and two plots."""
    if only and not names:
        raise click.UsageError("--only scores what --detector names: give at least one")
    try:
        _score(names, only, quick, processes, out)
    except SlipwayError as error:
        raise click.ClickException(str(error)) from None


def _score(names: tuple[str, ...], only: bool, quick: bool, processes: int, out: Path) -> None:
    began = time.monotonic()
    console = Console(width=max(120, Console().width))
    plan = QUICK if quick else FULL
    chosen = (*(() if only else standard(2 if quick else 5)), *(load(name) for name in names))
    with Progress(console=console) as bar:
        task = bar.add_task("cells", total=None)
        results = everything(
            chosen, plan, processes, lambda done, total, _: bar.update(task, completed=done, total=total)
        )
    rows = {detector.name: results.row(detector.name) for detector in chosen}
    data = report.to_json(results, rows)
    more = report.details(results, rows, plan, time.monotonic() - began)
    report.write(data, out / "decisions.json")
    report.write(more, out / "decisions-details.json")
    plots.draw(results, rows, out)
    report.show(data, more, console)


if __name__ == "__main__":
    main()

"""`python -m bench.decisions.one_cell`: the false-abort rate of one healthy cell, from as many runs as one likes."""

from __future__ import annotations

from functools import partial

import click

from bench.decisions.cells import GOOD, Cell, gates, grid
from bench.decisions.detectors import Detector, production
from bench.decisions.run import fresh


def healthy() -> dict[str, Cell]:
    """Every healthy cell of the benchmark by its name."""
    cells = [*grid(GOOD), *(cell for own in gates().values() for cell in own)]
    return {cell.name: cell for cell in cells}


@click.command()
@click.argument("name")
@click.option("--tolerate", type=click.FloatRange(1, 10), default=1.0, show_default=True, help="The tolerated ratio.")
@click.option("--runs", type=click.IntRange(1), default=100_000, show_default=True)
def main(name: str, tolerate: float, runs: int) -> None:
    """NAME is a cell's name as in decisions-details.json, such as `0.001 100/s 0.2 x1.1`. The runs are those that a
    second look at the cell takes, and more of the same."""
    cells = healthy()
    if name not in cells:
        raise click.BadParameter(f"no healthy cell has it; such as {', '.join(list(cells)[:3])}", param_hint="NAME")
    found = fresh(Detector("slipway", partial(production, tolerate=tolerate), tolerate), cells[name], runs)
    click.echo(f"{found.aborted} of {found.runs} aborted: {found.rate:.3%}, at least {found.lower():.3%} (99%)")


if __name__ == "__main__":
    main()

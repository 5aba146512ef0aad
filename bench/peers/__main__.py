"""`python -m bench.peers`: real releases with Slipway, Argo Rollouts and Flagger, side by side on the sandbox.

Goes on where an earlier one stopped: what was measured lies in OUT/peers/runs.jsonl; `--fresh` begins anew.
"""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import click

from bench.own_prometheus import proxy_address, scraping
from bench.peers import controllers, leftovers, plots, report
from bench.peers.api import Api
from bench.peers.matrix import RUNS, SYSTEMS, Cell, cells
from bench.peers.one import run
from bench.peers.report import PROMISE, SELDOM_SCRAPED
from bench.peers.schedule import Schedule
from bench.peers.store import Store
from bench.peers.systems.base import Surroundings
from bench.peers.waiting import Patience
from sandbox import world
from sandbox.progress import PlainReporter
from sandbox.sample.binaries import binaries
from sandbox.sample.images import Faults, publish


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--quick", is_flag=True, help="One fault and one healthy release of each system, once.")
@click.option(
    "--runs", default=RUNS, show_default=True, help="Runs of each cell; three where one takes over 10 minutes."
)
@click.option("--most", default=12, show_default=True, help="Runs at the same time, as long as the machine has room.")
@click.option("--only", "only", multiple=True, metavar="TEXT", help="Only cells whose name contains this.")
@click.option(
    "--scrape", type=click.IntRange(1, 60), metavar="SECONDS", help="With a Prometheus that scrapes so seldom, for all."
)
@click.option("--fresh", is_flag=True, help="Forget what was measured before.")
@click.option("--report", "report_only", is_flag=True, help="Measure nothing: table and plots of what there is.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("out/bench"), show_default=True)
def main(
    quick: bool,
    runs: int,
    most: int,
    only: tuple[str, ...],
    scrape: int | None,
    fresh: bool,
    report_only: bool,
    out: Path,
) -> None:
    """Measure what is missing; then the table, OUT/peers.json (with --scrape 15 OUT/peers-15s.json) and two plots."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # both interrupt, also where a shell ignores SIGINT
    name = "peers" if scrape is None else f"peers-{scrape}s"
    folder = (out / (f"{name}-quick" if quick else name)).resolve()
    file = folder / "runs.jsonl"
    if fresh and not report_only:
        file.unlink(missing_ok=True)
    store = Store(file)
    done = True
    try:
        if not report_only:
            chosen = _chosen(list(cells(runs=runs, quick=quick, scrape=scrape)), only)
            done = _measure(store, folder, most, chosen, scrape)
    finally:
        _publish(store, out, name, PROMISE if scrape is None else SELDOM_SCRAPED)
    if not done:
        raise click.ClickException("some runs could not be done: see above; the same command tries them again")


def _chosen(every: Sequence[Cell], only: Sequence[str]) -> list[Cell]:
    chosen = [one for one in every if not only or any(text in one.name for text in only)]
    if not chosen:
        raise click.UsageError(f"--only: no cell has {' or '.join(only)} in its name; systems: {', '.join(SYSTEMS)}")
    return chosen


def _measure(store: Store, folder: Path, most: int, chosen: Sequence[Cell], scrape: int | None) -> bool:
    context = world.up(PlainReporter())
    variables = world.environment()
    with _prometheus(variables, scrape, folder) as url:
        return _run(store, folder, most, chosen, Api(context), {**variables, "SLIPWAY_PROMETHEUS_URL": url})


def _prometheus(variables: Mapping[str, str], scrape: int | None, folder: Path) -> AbstractContextManager[str]:
    """The URL of the sandbox's, or of one that scrapes as seldom as is wanted."""
    if scrape is None:
        return nullcontext(variables["SLIPWAY_PROMETHEUS_URL"])
    return scraping(proxy_address(variables), scrape, folder / "prometheus")


def _run(store: Store, folder: Path, most: int, chosen: Sequence[Cell], api: Api, variables: Mapping[str, str]) -> bool:
    reporter = PlainReporter()
    image = publish(variables["SLIPWAY_REGISTRY"], binaries(reporter).sample, {"v1": Faults()})["v1"]
    patience = Patience()
    around = Surroundings(api, image, variables, folder, patience)
    with controllers.running(api, variables, folder / "controllers", reporter):
        leftovers.remove_runs(api, folder.parent, variables, _say)
        return Schedule(store, lambda cell, number: run(cell, number, around, _say), _say, most, patience).do(chosen)


def _publish(store: Store, out: Path, name: str, promise: report.Promise) -> None:
    found = report.rows(store.runs)
    if not found:
        return
    (out / f"{name}.json").write_text(json.dumps(report.as_json(found), indent=2) + "\n")
    print(report.table(found))
    for problem in report.kept(found, promise):
        print(f"not what was promised: {problem}")
    for file in plots.draw(found, out, name):
        print(file)


def _say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


if __name__ == "__main__":
    main()

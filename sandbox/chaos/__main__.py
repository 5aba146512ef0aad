"""`python -m sandbox.chaos`: seeded trials in a row; the verdict and every row in out/chaos/summary.json."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from sandbox import world
from sandbox.chaos import outages, report, trial
from sandbox.chaos.plan import Kind, Trial, trials
from sandbox.chaos.processes import VARIABLE
from sandbox.chaos.report import Row
from sandbox.chaos.subject import Subject
from sandbox.context import Context
from sandbox.errors import SandboxError
from sandbox.paths import PROJECT
from sandbox.progress import reporter
from sandbox.sample.binaries import binaries
from sandbox.sample.images import Faults, publish
from sandbox.sample.load import Load, LoadOptions
from sandbox.stage.project import Stage

OUT = PROJECT / "out" / "chaos"
SEED = 20261126
RATE = 200.0
LONGEST = 4 * 3600.0


def main() -> int:
    """Exit code 0 when nothing was stuck, no traffic went wrong and no request failed by a strike."""
    options = argparse.ArgumentParser(prog="python -m sandbox.chaos", description=__doc__)
    options.add_argument("--trials", type=int, default=20)
    options.add_argument("--seed", type=int, default=SEED)
    options.add_argument("--kind", action="append", choices=list(map(str, Kind)), help="only trials of this kind")
    options.add_argument("--keep", action="store_true", help="leave the logs of every command in out/chaos")
    chosen = options.parse_args()
    planned = [one for one in trials(chosen.seed, chosen.trials) if not chosen.kind or one.kind in chosen.kind]
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    try:
        rows = _run(planned, chosen.seed, keep=chosen.keep)
    except SandboxError as error:
        sys.stderr.write(error.render() + "\n")
        return 1
    return _end(rows, chosen.seed)


def _run(planned: list[Trial], seed: int, *, keep: bool) -> list[Row]:
    context = world.up(reporter())
    variables = world.environment()
    os.environ[VARIABLE] = variables["KUBECONFIG"]
    images = publish(variables["SLIPWAY_REGISTRY"], binaries().sample, {name: Faults() for name in trial.IMAGES})
    folder = OUT if keep else Path(tempfile.mkdtemp(prefix="slipway-chaos-"))
    (folder / "backend").mkdir()
    own = {**variables, "PULUMI_BACKEND_URL": f"file://{folder / 'backend'}"}
    stage = Stage(folder / "project", "chaos", f"slipway-chaos-{os.getpid()}", own)
    stage.create()
    subject = Subject(stage, images, Path(variables["KUBECONFIG"]), folder)
    try:
        return _under_load(planned, subject, context, variables, seed)
    finally:
        outages.start()
        for checkout in (subject.first, subject.second):
            checkout.end()
        stage.destroy()
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


def _under_load(
    planned: list[Trial], subject: Subject, context: Context, variables: Mapping[str, str], seed: int
) -> list[Row]:
    subject.declare("v1-first", "v1")
    first = subject.up("first")
    if first.await_end() != 0:
        raise SandboxError("chaos", "the first release failed", "see its output", first.log.read_text().splitlines())
    options = LoadOptions(duration=LONGEST, netns=Path(variables["SLIPWAY_NETNS"]))
    rows: list[Row] = []
    with Load(variables["SLIPWAY_GATEWAY_LOOPBACK_URL"], subject.host, RATE, OUT / "load.jsonl", options) as load:
        for one in planned:
            rows.append(trial.run(subject, context, load, one))
            _say(rows[-1].line(len(planned)), *(f"    {note}" for note in rows[-1].notes))
            report.write(rows, seed, OUT / "summary.json")
            if not rows[-1].clean:
                _keep_logs(subject, one)
    return rows


def _keep_logs(subject: Subject, one: Trial) -> None:
    for log in subject.folder.glob(f"{one.number}-*.log"):
        if log.parent != OUT:
            shutil.copy(log, OUT / log.name)


def _say(*lines: str) -> None:
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def _end(rows: list[Row], seed: int) -> int:
    bad = [row for row in rows if not row.clean]
    sums = {
        "stuck": sum(bool(row.stuck) for row in rows),
        "wrong traffic": sum(bool(row.wrong_traffic) for row in rows),
        "client failures": sum(row.client_failures for row in rows),
    }
    told = ", ".join(f"{count} {name}" for name, count in sums.items())
    _say(f"{len(rows)} trials with seed {seed} in {sum(row.seconds for row in rows):.0f} s: {told}")
    _say(f"{OUT.relative_to(PROJECT)}/summary.json" + (", logs of the bad ones beside it" if bad else ""))
    return 1 if bad else 0


if __name__ == "__main__":
    raise SystemExit(main())

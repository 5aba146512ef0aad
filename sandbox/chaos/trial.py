"""One trial: a release, a strike in the middle, the recovery, the verdict."""

from __future__ import annotations

import time

from sandbox.chaos.plan import Kind, Trial
from sandbox.chaos.report import Row
from sandbox.chaos.strikes import Strike
from sandbox.chaos.subject import LAST_ANSWERS, Subject, Up, answers_since, await_true
from sandbox.context import Context
from sandbox.sample.load import Load
from sandbox.sample.records import Counts
from slipway.release.errors import ClusterError

IMAGES = ("v1", "v2", "v3", "v4", "v5")
ANSWERS_WITHIN = 10.0


def run(subject: Subject, context: Context, load: Load, trial: Trial) -> Row:
    """Release the next version, strike, recover with `pulumi up`, and look at what serves."""
    row = Row(trial)
    began = time.monotonic()
    sent = load.snapshot().sent
    before = subject.serving()
    image = IMAGES[(trial.number + 1) % len(IMAGES)]
    subject.declare(f"{image}-{trial.number}", image)
    strike = Strike(subject, context, trial, row)
    strike.run()
    if trial.back and before is not None and row.first_up != 0:
        subject.back_to(before)
    if row.first_up != 0 or trial.kind is Kind.SLEEP_BESIDE_UP:
        _recover(subject, row)
    judge(subject, load, row)
    counts = load.snapshot()
    row.requests = counts.sent - sent
    count_failures(counts, began, strike.away, row)
    row.seconds = round(time.monotonic() - began, 1)
    return row


def _recover(subject: Subject, row: Row) -> None:
    """What a user does: clear the engine's lock, and `up` again. Beside a second checkout the state may be that of the
    sleeper, which names what the other has deleted: then with a refresh."""
    subject.stage.run("cancel", "--yes")
    refresh = ["--refresh"] if row.trial.kind is Kind.SLEEP_BESIDE_UP else []
    up = subject.up(f"{row.trial.number}-recovery", None, None, *refresh)
    row.recovery = up.await_end()
    if row.recovery != 0:
        row.stuck = row.stuck or _why(up)
        subject.first.end()


def _why(up: Up) -> str:
    return f"the up afterwards failed: {up.last_words()}"


def judge(subject: Subject, load: Load, row: Row) -> None:
    """Journal, route, workload and the client's own answers must agree on who serves."""
    try:
        if not await_true(subject.settled, 5.0):
            row.stuck = row.stuck or "a rollout is unfinished or the traffic is split"
        row.wrong_traffic = wrong_traffic(subject)
    except ClusterError as error:
        row.stuck = row.stuck or str(error)
        return
    _judge_answers(subject, load, row)


def wrong_traffic(subject: Subject) -> str:
    """What is wrong with the route, by the journal and by the workloads that there are."""
    head, shares = subject.head(), subject.shares()
    if head is None or head.serving is None:
        return "the journal names no serving version"
    backend = head.serving.backend
    to = {name: share for name, share in shares.items() if share > 0}
    if to != {backend.entry: 100.0}:
        return f"the journal says {backend.entry} serves, the route says {to}"
    ready = subject.readiness()
    if ready is None or ready.endpoints_ready == 0:
        return f"{backend.entry} has all the traffic and no ready endpoint"
    return ""


def _judge_answers(subject: Subject, load: Load, row: Row) -> None:
    """The client must be answered by the version that the journal says serves, and by no other."""
    began = time.monotonic()
    if not await_true(lambda: sum(answers_since(load, began).values()) >= LAST_ANSWERS, ANSWERS_WITHIN):
        row.wrong_traffic = row.wrong_traffic or "the client got no answers at the end"
        return
    serving = str(subject.serving())
    wanted = serving.rpartition("-")[0] or serving
    others = {version: n for version, n in answers_since(load, began).items() if version != wanted}
    if others:
        row.wrong_traffic = row.wrong_traffic or f"{wanted} serves by the journal, the client was answered by {others}"


def count_failures(counts: Counts, began: float, away: tuple[float, float] | None, row: Row) -> None:
    """Failed requests of this trial; those while the data plane itself was away are counted apart."""
    failed = [one for one in counts.failures if one.at >= began]
    apart = [one for one in failed if away is not None and one.sent < away[1] and one.at >= away[0]]
    row.restart_failures = len(apart)
    row.client_failures = len(failed) - len(apart)
    mine = [one for one in failed if one not in apart]
    row.notes += [f"failed at {one.at - began:.2f} s: {one.version} {one.status} {one.detail}" for one in mine[:5]]

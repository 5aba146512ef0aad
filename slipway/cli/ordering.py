"""Carries out what the dashboard's page orders, as the commands of the same names do."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from slipway.cli.ending import end_rollout, serving_line
from slipway.cli.flag_changes import change_flag
from slipway.cli.flag_sets import find_flag
from slipway.cli.intent import give
from slipway.dashboard.acting import Order
from slipway.release.errors import ReleaseRefused
from slipway.release.flags.words import killed_line
from slipway.release.target import Target
from slipway.rollout.assemble import connect_adapters
from slipway.rollout.inspection import head_of

LONGEST = 60.0
"""Seconds that an abort may take where no process runs the rollout any more."""


def performer(targets: Sequence[Target]) -> Callable[[Order], str]:
    """What carries an order out and says what became of it. It raises ReleaseRefused and ClusterError."""

    def perform(order: Order) -> str:
        if not 0 <= order.target < len(targets):
            raise ReleaseRefused("there is no such target on the page")
        where = targets[order.target]
        if order.action in ("kill", "resume-flag"):
            return _change_flag(where, order)
        return _abort(where, order) if order.action == "abort" else _tell(where, order)

    return perform


def _tell(where: Target, order: Order) -> str:
    if order.action not in ("pause", "resume", "promote"):
        raise ReleaseRefused(f"a rollout does not know {order.action}")
    intent = give(connect_adapters(order.about, where), order.about, order.action, order.reason)
    return f"{order.about}: told rollout {intent.rollout_id} to {order.action}"


def _abort(where: Target, order: Order) -> str:
    adapters = connect_adapters(order.about, where)
    ended = end_rollout(adapters, order.about, order.reason, LONGEST, lambda line: None, wait=False)
    if ended.intent is not None:
        return f"{order.about}: told rollout {ended.attempt.id} to abort"
    return f"{order.about}: the traffic is back, {serving_line(head_of(adapters, order.about))}"


def _change_flag(where: Target, order: Order) -> str:
    found = find_flag(where, order.about, None)
    if order.action == "kill":
        change, _ = change_flag(found, order.about, "kill", order.reason)
        return killed_line(change, found.writer.now())
    change_flag(found, order.about, "resume", order.reason)
    return f"{order.about} is resumed"

"""An operator's word to the rollout in flight: what `pause`, `resume` and `promote` have in common."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import click

from slipway.cli.options import show, to_a_rollout
from slipway.release.errors import ClusterError, ReleaseRefused
from slipway.release.records.journal import Attempt, Head, Outcome
from slipway.release.target import Target
from slipway.rollout.adapters import Adapters
from slipway.rollout.platforms.base import Action, Intent
from slipway.rollout.process.operator import operator

POLL = 0.3
DONE = {
    "abort": "aborts, the traffic goes back",
    "pause": "holds at its step",
    "resume": "goes on",
    "promote": "ends its step early",
}
Scope = Literal["step", "all"]


def intent_command(action: Action, text: str) -> click.Command:
    """The command of one action."""

    def of_all(command: Callable[..., None]) -> Callable[..., None]:
        what = "All steps that are left, not only this one. A candidate that fails is still left."
        return click.option("--all", "every", is_flag=True, help=what)(command) if action == "promote" else command

    @click.command(name=action, help=text)
    @of_all
    @to_a_rollout("Until the rollout has obeyed.")
    def command(  # noqa: PLR0913 - one parameter an option
        *,
        service: str,
        reason: str,
        wait: bool,
        timeout: float,
        namespace: str | None,
        stack: str | None,
        folder: Path,
        as_json: bool,
        every: bool = False,
    ) -> None:
        from slipway.cli.target import find_target

        where = find_target(folder, stack, namespace, service)
        tell_rollout(where, service, action, reason, wait=wait, timeout=timeout, as_json=as_json, every=every)

    return command


def tell_rollout(
    where: Target,
    service: str,
    action: Action,
    reason: str,
    *,
    wait: bool,
    timeout: float,
    as_json: bool,
    every: bool = False,
) -> None:
    """Tell the rollout in flight something, and say whether it has heard. Raises ReleaseRefused and ClusterError."""
    from slipway.rollout.assemble import connect_adapters

    adapters = connect_adapters(service, where)
    scope: Scope = "all" if every else "step"
    intent = give(adapters, service, action, reason, scope)
    outcome = await_obeyed(adapters, service, intent, timeout) if wait else None
    if as_json:
        told = {"rollout": intent.rollout_id, "intent": intent.id, "acknowledged": wait, "outcome": outcome}
        scoped = {"scope": scope} if action == "promote" else {}
        show({"ok": True, "service": service, "namespace": where.scope, "action": action, **scoped, **told})
        return
    does = "ends its steps early" if every else DONE[action]
    heard = f"the rollout {does}" if wait else f"told rollout {intent.rollout_id} to {action}"
    click.echo(f"{service}: {heard}" + (f" ({outcome})" if outcome not in (None, "running") else ""))


def give(adapters: Adapters, service: str, action: Action, reason: str, scope: Scope = "step") -> Intent:
    """Write the intent for the rollout in flight. Raises ReleaseRefused when there is none that could obey."""
    from slipway.rollout.inspection import head_of
    from slipway.rollout.safety.holder import watch_lease

    head = head_of(adapters, service)
    attempt = in_flight(head, service)
    holding = watch_lease(adapters.lease)
    if not holding.alive:
        raise ReleaseRefused(
            f"{service}: rollout {attempt.id} began, but no process runs it any more (its Lease is {holding}); "
            f"`slipway abort {service}` puts the traffic back, and so does the next `pulumi up`"
        )
    return write(adapters, action, reason, attempt, scope)


def write(adapters: Adapters, action: Action, reason: str, attempt: Attempt, scope: Scope = "step") -> Intent:
    """Write the intent for this rollout."""
    intent = Intent(uuid.uuid4().hex, action, operator(), time.time(), reason, attempt.id, scope)
    adapters.intents.write(intent)
    return intent


def in_flight(head: Head | None, service: str) -> Attempt:
    """The attempt that is running. Raises ReleaseRefused when there is none."""
    if head is not None and head.attempt is not None and head.unfinished:
        return head.attempt
    serving = head.serving.backend if head is not None and head.serving is not None else None
    what = f"{serving.label} serves" if serving is not None else "nothing was released here yet"
    raise ReleaseRefused(f"{service}: no rollout is in flight, {what}")


def await_obeyed(
    adapters: Adapters, service: str, intent: Intent, timeout: float, pause: Callable[[float], None] = time.sleep
) -> str:
    """Wait until the journal says that the intent was obeyed; returns the rollout's outcome by then, `running` while
    it goes on. Raises ClusterError when that does not happen in time, ReleaseRefused when it ended before."""
    from slipway.rollout.inspection import head_of

    end = time.monotonic() + timeout
    while True:
        head = head_of(adapters, service)
        attempt = head.attempt if head is not None else None
        if attempt is None or attempt.id != intent.rollout_id:
            raise ReleaseRefused(f"{service}: rollout {intent.rollout_id} ended before it heard of the {intent.action}")
        heard = attempt.acknowledged == intent.id
        ended = attempt.outcome is not Outcome.RUNNING
        if heard and (ended or intent.action != "abort"):
            return attempt.outcome.value
        if ended:
            how = f"was {attempt.outcome.value} before it heard of the {intent.action}"
            raise ReleaseRefused(f"{service}: rollout {intent.rollout_id} {how}")
        if time.monotonic() > end:
            remedy = f"`slipway status {service}` says whether a process runs it"
            raise ClusterError(f"{service}: rollout {intent.rollout_id} has not obeyed in {timeout:g}s; {remedy}")
        pause(POLL)

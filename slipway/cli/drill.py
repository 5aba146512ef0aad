"""`slipway drill`: procedures carried out on purpose, with a receipt that the gates ask for."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import click

from slipway.cli.attest_io import Making, exists_already, makes_statement, read_key
from slipway.cli.entry_command import ask
from slipway.cli.flag_sets import with_set
from slipway.cli.options import Command, with_folder, with_namespace
from slipway.release.errors import EngineError, ReleaseRefused

if TYPE_CHECKING:
    from slipway.cli.engine import Engine
    from slipway.cli.rehearsal import Rehearsal, Rehearsed
    from slipway.release.records.kinds import DrillEvent
    from slipway.rollout.traffic.probe import Probe


@click.group()
def drill() -> None:
    """Carry out a procedure on purpose, and sign a receipt of it."""


def _with_stack(command: Command) -> Command:
    """`--stack`, staging unless it is named, and `--cwd`, passed as `folder`."""
    text = "The stack in which it is drilled."
    return click.option("-s", "--stack", default="staging", show_default=True, help=text)(with_folder(command))


def _rehearses(command: Callable[..., None]) -> Callable[..., None]:
    """What drills with the engine have in common."""
    yes = click.option("-y", "--yes", is_flag=True, help="Do not ask.")
    unwatched = click.option("--no-probe", is_flag=True, help="Without the stack's probe: lost requests are not seen.")
    return yes(unwatched(_with_stack(makes_statement(command))))


@drill.command()
@click.argument("flag")
@with_set
@with_namespace
@_with_stack
@click.option("--ofrep", help="URL of an evaluator with OFREP, which has to give the off variant.")
@click.option("--restart-exposure", is_flag=True, help="Accept that the flag's exposure begins anew.")
@makes_statement
def kill(
    it: Making,
    *,
    flag: str,
    flag_set: str | None,
    namespace: str | None,
    stack: str,
    folder: Path,
    ofrep: str | None,
    restart_exposure: bool,
) -> None:
    """Kill FLAG, see it off, resume it, and sign how long that took.

    It is seen in the document that evaluators read, or with --ofrep at an evaluator itself. The receipt goes among the
    statements of the release whose feature the flag guards; a drill that failed gives one too, and exit code 1.
    """
    from slipway.cli.flag_sets import find_flag
    from slipway.cli.target import find_target
    from slipway.release.evidence import propose, receipts
    from slipway.release.flags.effective import effective
    from slipway.rollout.flags import drill as drills
    from slipway.rollout.process.operator import operator

    if it.key is not None:
        read_key(it.key)  # a receipt that cannot be signed is no reason to kill anything
    found = find_flag(find_target(folder, stack, namespace), flag, flag_set)
    state = effective(found.head).flags[flag]
    if (why := drills.refusal(state, restart=restart_exposure)) is not None:
        raise ReleaseRefused(why)
    seen = drills.off_in_document(found.writer, flag)
    if ofrep is not None:
        seen = drills.off_by_ofrep(ofrep, flag, state.flag.off)
    done = drills.drill(found.writer, flag, operator(), seen)
    receipt = propose.kill_drill(it.release, it.at, flag, stack, done.outcome, round(done.seconds, 3))
    it.write(receipts.DRILL, receipt)
    _put_on_record(it, folder, stack, namespace, _event(it, receipt, done.problem))
    if done.problem is not None:
        raise EngineError(f"the drill of {flag} failed: {done.problem}; the flag is resumed, the receipt says failed")


@drill.command()
@_rehearses
def rollback(it: Making, *, yes: bool, no_probe: bool, stack: str, folder: Path) -> None:
    """Roll the manifest's service back as `slipway rollback` does, then forth again, and sign how long the way back
    took.

    Nothing of the stack's file changes when both ways succeed. With `releases:probe` and `releases:gatewayUrl` in the
    stack's file a probe sends requests all the time: one that fails makes the drill fail. A drill that failed gives a
    receipt too, and exit code 1. The receipt goes among the statements of the service's next release.
    """

    def rehearse(rehearsal: Rehearsal) -> Rehearsed:
        from slipway.cli.entry_plan import Plan, Stack
        from slipway.cli.rollback_plan import plan

        engine, service = rehearsal.engine, it.release.service

        def planned(to: str | None = None) -> Plan:
            with ThreadPoolExecutor(max_workers=1) as pool:
                history = pool.submit(engine.history)
                return plan(service, engine, history, Stack.read(folder, engine.stack, service), to)

        back = planned()
        _agree(yes, f"Roll {service} back to {back.destination.release.version} in {stack}, and forth again?")
        return rehearsal.rollback(back, planned)

    _rehearse(it, "rollback", folder, stack, rehearse, probed=not no_probe)


@drill.command()
@_rehearses
def deploy(it: Making, *, yes: bool, no_probe: bool, stack: str, folder: Path) -> None:
    """Release the manifest as `slipway release` does, and sign how long that took.

    The release stays where it succeeds. The probe is that of `slipway drill rollback`.
    """

    def rehearse(rehearsal: Rehearsal) -> Rehearsed:
        from slipway.cli.entry_plan import Stack
        from slipway.cli.forward_plan import plan, read_declared

        engine, service = rehearsal.engine, it.release.service
        declared = read_declared(engine.project, service, it.path_in(engine.project))
        with ThreadPoolExecutor(max_workers=1) as pool:
            history = pool.submit(engine.history)
            planned = plan(engine, history, Stack.read(folder, engine.stack, service, new=True), declared)
        _agree(yes, f"Release {declared.release.version} of {service} to {stack}?")
        return rehearsal.deploy(planned)

    _rehearse(it, "deploy", folder, stack, rehearse, probed=not no_probe)


def _rehearse(
    it: Making,
    procedure: str,
    folder: Path,
    stack: str,
    rehearse: Callable[[Rehearsal], Rehearsed],
    *,
    probed: bool,
) -> None:
    """Carry it out, sign the receipt, put it on record. Raises SlipwayError where it failed, after the receipt."""
    from slipway.cli.engine import Engine
    from slipway.cli.rehearsal import Rehearsal
    from slipway.release.evidence import propose, receipts
    from slipway.rollout.process.drilling import DRILL

    if it.key is not None:
        read_key(it.key)  # a receipt that cannot be signed or written is no reason to move anything
    if it.out.exists():
        raise exists_already(it.out)
    engine = Engine(folder, stack, {DRILL: procedure})
    probe = _probe_of(engine, it) if probed else None
    done = rehearse(Rehearsal(engine, probe, lambda line: click.echo(line, err=True)))
    receipt = propose.drill(it.release, it.at, procedure, stack, done.outcome, done.seconds)
    if done.requests is not None and done.failed_requests is not None:
        receipt = propose.probed(receipt, done.requests, done.failed_requests)
    it.write(receipts.DRILL, receipt)
    _put_on_record(it, folder, stack, None, _event(it, receipt, done.problem))
    if done.problem is not None:
        raise EngineError(f"the drill of {procedure} failed: {done.problem}; the receipt says failed")


def _probe_of(engine: Engine, it: Making) -> Probe | None:
    """The stack's own probe, sent to the host of the manifest; None where the stack's file names none."""
    from slipway.release.project_files import config_at, config_of, probe_of, stack_file
    from slipway.rollout.traffic.probe import Probe

    path = stack_file(engine.project, engine.stack)
    found = probe_of(config_at(config_of(path), path, it.release.service), path)
    if found is None:
        click.echo(
            "no releases:probe with releases:gatewayUrl in the stack's file: lost requests are not seen", err=True
        )
        return None
    return Probe(found[0], found[1], it.release.route)


def _agree(yes: bool, question: str) -> None:
    if not yes:
        ask(question, "not drilled, and nothing was moved")


def _event(it: Making, receipt: dict[str, object], problem: str | None) -> DrillEvent:
    from slipway.release.records.kinds import DrillEvent

    return DrillEvent.model_validate(
        {
            "procedure": receipt["procedure"],
            "outcome": receipt["outcome"],
            "seconds": receipt["seconds"],
            "flag": receipt.get("flag"),
            "requests": receipt.get("requests"),
            "failed_requests": receipt.get("failedRequests"),
            "problem": problem or "",
            "receipt": str(it.out),
            "sha256": it.sha256(),
        },
        by_name=True,
    )


def _put_on_record(it: Making, folder: Path, stack: str, namespace: str | None, event: DrillEvent) -> None:
    """In the chain of the service. That it could not be written is told, and fails nothing: the receipt stands."""
    from slipway.cli.chains import find_place
    from slipway.cli.drill_record import record_drill
    from slipway.release.errors import SlipwayError

    try:
        record_drill(find_place(folder, stack, namespace), it.release, event)
    except SlipwayError as error:
        click.echo(f"the drill is not on record: {error}", err=True)

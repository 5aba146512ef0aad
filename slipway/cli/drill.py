"""`slipway drill`: procedures carried out on purpose, with a receipt that the gates ask for."""

from __future__ import annotations

from pathlib import Path

import click

from slipway.cli.attest_io import Making, makes_statement, read_key
from slipway.cli.flag_sets import with_set
from slipway.cli.options import with_namespace
from slipway.release.errors import EngineError, ReleaseRefused


@click.group()
def drill() -> None:
    """Carry out a procedure on purpose, and sign a receipt of it."""


@drill.command()
@click.argument("flag")
@with_set
@with_namespace
@click.option("-s", "--stack", default="staging", show_default=True, help="The stack whose flag it is.")
@click.option("-C", "--cwd", "folder", type=click.Path(exists=True, file_okay=False, path_type=Path), default=".")
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
    if done.problem is not None:
        raise EngineError(f"the drill of {flag} failed: {done.problem}; the flag is resumed, the receipt says failed")

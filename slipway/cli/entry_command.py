"""What `slipway release` and `slipway rollback` have in common: show the plan, ask, carry it out, say how it ended."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from slipway.cli.options import JSON, show
from slipway.release.errors import ReleaseRefused

if TYPE_CHECKING:
    from collections.abc import Callable

    from slipway.cli.engine import Engine
    from slipway.cli.entry_plan import Plan
    from slipway.cli.entry_run import Outcome


@dataclass(frozen=True, slots=True)
class Wish:
    """What the operator said: whether they agreed already, and to what they are asked to agree otherwise."""

    agreed: bool
    question: str
    plan_only: bool
    previews: bool
    """Whether the engine plans first."""
    whole_stack: bool
    reason: str


def perform(ctx: click.Context, engine: Engine, planned: Plan, wish: Wish, elapsed: Callable[[], float]) -> None:
    """Write the draft, preview, ask, update. Raises SlipwayError where nothing was begun."""
    from slipway.cli.entry_run import EntryRun
    from slipway.cli.entry_view import as_text, changes_json, plan_json

    as_json = bool(ctx.meta.get(JSON))
    with planned.file.draft() as draft, planned.file.draft("alone") as alone:
        run = EntryRun(engine, planned, wish.whole_stack)
        run.write(draft, alone)
        changes = run.preview() if wish.previews else None
        told: dict[str, Any] = plan_json(planned, changes)
        if not as_json:
            click.echo(as_text(planned, changes))
        if wish.plan_only:
            if as_json:
                show({"ok": True, "planned": True, **told})
            return
        if not wish.agreed:
            ask(wish.question, f"{planned.service}: nothing was written")
        done = run.carry_out(draft, wish.reason, lambda line: click.echo(line, err=as_json))
    _tell(ctx, done, told | changes_json(planned.service, done.changes), round(elapsed(), 2))


def ask(question: str, refused: str) -> None:
    """Raises ReleaseRefused with `refused` for a no, and UsageError where no terminal can be asked."""
    if not sys.stdin.isatty():
        raise click.UsageError("cannot ask for confirmation here: add --yes, or --plan to see what would be done")
    if not click.confirm(question, err=True):
        raise ReleaseRefused(refused)


def _tell(ctx: click.Context, done: Outcome, told: dict[str, Any], seconds: float) -> None:
    if ctx.meta.get(JSON):
        how: dict[str, Any] = {"error": done.error} if done.error is not None else {}
        show(
            {"ok": done.error is None, "planned": False, **told, "seconds": seconds, "configuration": done.file, **how}
        )
    if done.error is not None:
        click.echo(f"error: {done.error}", err=True)
        ctx.exit(1)
    if not ctx.meta.get(JSON):
        click.echo(f"{done.summary}, after {seconds:.1f}s")

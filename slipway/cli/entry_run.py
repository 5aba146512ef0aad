"""Carries a planned change of a service's entry out, a release or a rollback: a draft of the stack's file, a preview
with it where one is read, then one update.

The file says what the engine is to do before it does it, so a crash at any instant leaves a stack whose next
`pulumi up` finishes the change. It is put back, byte for byte, where nothing moved.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from slipway.cli.changes import Change, Owners, all_errors, changes, first_error, others
from slipway.cli.engine import WHOLE, Engine, Scope
from slipway.cli.engine_records import Run
from slipway.cli.entry_plan import Plan
from slipway.cli.entry_text import with_entry
from slipway.cli.process import OnLine
from slipway.release.errors import ClusterError, EngineError, ReleaseRefused
from slipway.release.migrations.databases import KEY as DATABASES
from slipway.release.project_files import SERVICES, content_of
from slipway.release.tokens import token
from slipway.rollout.inspection import head_of


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it ended: `error` is one line, None after a success; `file` is what became of the stack's file, `changes`
    what the update did."""

    summary: str
    file: str
    error: str | None = None
    changes: tuple[Change, ...] = ()


class EntryRun:
    """One change from its preview to its end."""

    def __init__(self, engine: Engine, plan: Plan, whole_stack: bool) -> None:
        """With `whole_stack` all that the stack declares is updated, not the service alone."""
        self._engine = engine
        self._plan = plan
        self._allowed = whole_stack
        self._scope = WHOLE

    def write(self, draft: Path, alone: Path) -> None:
        """Put the entry into the draft, and into `alone` what the engine is told: the draft with every other service
        as it serves. Raises EngineError when the draft then does not say just that."""
        plan = self._plan
        self._write_entry(draft)
        check_draft(draft, plan)
        if self._allowed:
            self._scope = Scope(draft)
            return
        alone.write_text(json.dumps(configuration_alone(draft, plan)))
        self._scope = Scope(alone, targets_of(plan))

    def _write_entry(self, draft: Path) -> None:
        """In the text where that can be done, which takes no process; else by the engine."""
        plan, entry = self._plan, self._plan.destination.entry
        text = with_entry(draft.read_bytes().decode(), plan.file.path.name, plan.service, plan.before, entry)
        if text is None:
            self._engine.write_entry(draft, plan.service, plan.before, entry)
        else:
            draft.write_bytes(text.encode())

    def preview(self) -> tuple[Change, ...]:
        """Let the engine plan. Raises ReleaseRefused when that cannot be planned or would change anything else."""
        plan = self._plan
        run = self._engine.preview(self._scope)
        if run.error is not None:
            raise ReleaseRefused(f"{plan.service}: the update cannot be planned: {self._why(run)}{self._whose(run)}")
        found = changes(run.steps)
        foreign = others(found, plan.service)
        if foreign and not self._allowed:
            listed = "; ".join(map(str, foreign[:5])) + (f"; and {len(foreign) - 5} more" if len(foreign) > 5 else "")
            raise ReleaseRefused(
                f"{plan.service}: the update would also change what is not part of it: {listed}. "
                "Release or roll that back first, or add --allow-other-changes"
            )
        return found

    def carry_out(self, draft: Path, reason: str, on_line: OnLine) -> Outcome:
        """Put the draft in place and run the update."""
        plan = self._plan
        file = plan.file
        file.replace_by(draft)
        scope = WHOLE if self._allowed else self._scope
        try:
            run = self._engine.up(self._message(reason), scope, on_line)
        except EngineError:
            # It could not begin, so nothing moved.
            file.put_back()
            raise
        except KeyboardInterrupt:  # outside of the engine's own time, which forwards it; what moved is looked at
            run = Run(error="interrupted")
        return replace(self._undo_schema(self._after(run), on_line), changes=changes(run.steps))

    def _undo_schema(self, done: Outcome, on_line: OnLine) -> Outcome:
        """Only after everything else succeeded: the traffic is back, and the engine has deleted what is left."""
        plan = self._plan
        if done.error is not None or not plan.schema.steps:
            return done
        try:
            plan.schema.carry_out(plan.where, plan.adapters.workloads, on_line, plan.adapters.pause)
        except ClusterError as error:
            remedy = f"`slipway migrations {plan.service}` shows what is applied, and undoes it with --undo"
            return replace(done, error=f"{done.summary}; but the database is not as it was: {error}; {remedy}")
        ids = ", ".join(undo.migration.id for undo in plan.schema.steps)
        return replace(done, summary=f"{done.summary}; migration {ids} undone")

    # -- afterwards ----------------------------------------------------------------------------------------

    def _after(self, run: Run) -> Outcome:
        plan, name = self._plan, self._plan.file.path.name
        target = plan.destination.release
        label = f"{target.version} ({target.revision})"
        kept = f"{name} names {plan.destination.entry['manifest']}"
        try:
            head = head_of(plan.adapters, plan.service)
        except ClusterError as error:
            why = run.error or "the update succeeded, but the cluster cannot be asked"
            return Outcome("", kept, f"{plan.service}: {why}; where the traffic is could not be read: {error}; {kept}")
        serving = head.serving.backend if head is not None and head.serving is not None else None
        settled = head is not None and not head.unfinished
        arrived = settled and serving is not None and serving.revision == target.revision
        if run.error is None and arrived:
            return Outcome(f"{plan.service}: {label} serves; {kept}, commit it", kept)
        if arrived and plan.destination.moves_traffic:
            why = run.error or ""
            remedy = "`pulumi up` does what is left"
            return Outcome(
                "", kept, f"{plan.service}: {label} serves, but the update failed after that: {why}; {remedy}"
            )
        if run.error is not None and (head is None or (settled and serving is None)):
            return Outcome("", *self._put_back(f"{plan.service}: {run.error}{self._whose(run)}; no release serves"))
        if settled and serving is not None:
            where = f"all traffic is on {serving.label}"
            why = (
                f"{run.error}{self._whose(run)}"
                if run.error
                else "the update succeeded, but its Rollout did not commit"
            )
            return Outcome("", *self._put_back(why if where in why else f"{plan.service}: {why}; {where}"))
        remedy = f"{kept}, so that `pulumi up` goes on; `slipway recover` says what is left behind"
        return Outcome("", kept, f"{plan.service}: {run.error or 'no rollout was recorded'}; {remedy}")

    def _put_back(self, told: str) -> tuple[str, str]:
        """What became of the file, and `told` with it."""
        name = self._plan.file.path.name
        state = f"{name} is as it was" if self._plan.file.put_back() else f"{name} was edited meanwhile and stays so"
        return state, f"{told}; {state}"

    def _message(self, reason: str) -> str:
        plan, to = self._plan, self._plan.destination
        left = f"{to.leaves.version} -> " if to.leaves is not None and to.moves_traffic else ""
        said = f": {reason}" if reason else ""
        return f"slipway {plan.command} {plan.service}: {left}{to.release.version}{said}"

    def _why(self, run: Run) -> str:
        """All that a preview says against a release, such as every gate that refuses it; one line for a way back, which
        the gates do not judge anew."""
        found = all_errors(run.diagnostics)
        if self._plan.command == "rollback" or len(found) < 2:
            return str(run.error)
        return f"{len(found)} problems\n" + "\n".join(f"  - {line}" for line in found)

    def _whose(self, run: Run) -> str:
        """When another service's release stands in the way, the way out."""
        found = first_error(run.diagnostics)
        owner = Owners(run.steps).of(found.urn) if found is not None else None
        if owner is None or owner == self._plan.service:
            return ""
        return f". That is {owner}, which an update would change too: `slipway rollback {owner}` first"


def targets_of(plan: Plan) -> tuple[str, ...]:
    """What the engine may touch, as patterns of URNs: the service's own resources and its workloads of every revision,
    by name and below a type of this package, so that nothing else is among them that is called the same."""
    names = (plan.service, *(f"{plan.service}-{one}" for one in plan.revisions))
    return tuple(f"**{token('**')}::{name}" for name in names)


def configuration_alone(draft: Path, plan: Plan) -> dict[str, Any]:
    """The stack's configuration with every other service as it serves, and without those of which nothing serves."""
    content = content_of(draft.read_bytes(), draft)
    services, databases = content["config"][SERVICES], content["config"].get(DATABASES) or {}
    for service, entry in plan.beside.items():
        if entry is None:
            del services[service]
            databases.pop(service, None)  # one of no service is refused as misspelt
        else:
            services[service] = dict(entry)
    return content


def check_draft(draft: Path, plan: Plan) -> None:
    """The draft must say exactly what was meant: the service's entry, and nothing else changed."""
    before, after = (content_of(text, draft)["config"] for text in (plan.file.before, draft.read_bytes()))
    before.setdefault(SERVICES, {})[plan.service] = plan.destination.entry
    if before != after:
        raise EngineError(f"{plan.file.path.name}: the entry of {plan.service} could not be written; edit it by hand")

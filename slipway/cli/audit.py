"""`slipway audit`: records, journal and the stack's history held against each other."""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from slipway.cli.options import show, with_json, with_namespace, with_stack
from slipway.cli.times import Moment

if TYPE_CHECKING:
    from slipway.cli.chains import Chain, FlagSet, Place
    from slipway.cli.past import Past
    from slipway.release.records.audit import AuditFinding, Window
    from slipway.release.records.chain import Anchor, Anchors


@click.command()
@click.argument("service", required=False)
@click.option("--from", "since", type=Moment(), default=None, help="Such as 2026-11-01 or 30d; all if left out.")
@click.option("--to", "until", type=Moment(), default=None, help="Now when left out.")
@click.option(
    "--signed", type=click.Path(exists=True, dir_okay=False, path_type=Path), multiple=True,
    help="A signed record (slipway show --statement record), verified by the stack's trust roots; again for more.",
)  # fmt: skip
@click.option(
    "--acknowledge", "reason", metavar="REASON", default=None,
    help="Write what is known to be cut off, or written anew, into the stack's file.",
)  # fmt: skip
@click.option("--cluster-only", is_flag=True, help="Without Pulumi: against the journal, and anchors of --signed.")
@with_namespace
@with_stack
@with_json
def audit(  # noqa: PLR0913 - one parameter an option
    *,
    service: str | None,
    since: datetime | None,
    until: datetime | None,
    signed: tuple[Path, ...],
    reason: str | None,
    cluster_only: bool,
    namespace: str | None,
    stack: str | None,
    folder: Path,
    as_json: bool,
) -> None:
    """Is every release on record, and every record true? Of SERVICE, or of all services and sets of flags.

    Finds an altered, dropped or exchanged record, a chain that was cut or written anew, a commit of the journal or an
    update of the stack without a record, and a record without either. Exit code 1 when anything is missing, altered or
    cannot be compared. What is cut off stays missing, so an audit names it for good, unless a person acknowledges it.
    """
    from slipway.cli.anchored import acknowledge
    from slipway.cli.chains import find_place
    from slipway.cli.past import Past, read_past
    from slipway.cli.signed_records import signed_anchors
    from slipway.release.records.audit import Window
    from slipway.release.records.kinds import flag_chain

    place = find_place(folder, stack, namespace)
    if place.stack is None and (signed or not cluster_only):
        raise click.UsageError("with --namespace there is no stack to compare with: add --cluster-only, no --signed")
    past = Past(None, why="--cluster-only") if cluster_only else read_past(folder, place.stack)
    anchors = signed_anchors(place, signed)
    end = until.timestamp() if until is not None else time.time()
    window = Window(since.timestamp() if since is not None else 0.0, end)
    chains, sets = place.chains(service), place.flag_sets() if service is None else []
    if reason is not None:
        texts = {**{one.service: one.texts for one in chains}, **{flag_chain(one.name): one.texts for one in sets}}
        new = acknowledge(
            place, folder, ((name, of, _anchors(name, past, anchors)) for name, of in texts.items()), reason
        )
        place = replace(place, acknowledged=(*place.acknowledged, *new))
    found = {
        chain.service: [_told(one, cluster_only=cluster_only) for one in _audited(place, chain, past, window, anchors)]
        for chain in chains
    }
    flags = {
        one.name: [
            _told(finding, cluster_only=cluster_only) for finding in _flags_audited(place, one, past, window, anchors)
        ]
        for one in sets
    }
    failed = any(finding.kind != "note" for findings in (*found.values(), *flags.values()) for finding in findings)
    if as_json:
        show({"ok": not failed, "services": _listed(found), "flags": _listed(flags)})
    else:
        named = {f"flags {name}": findings for name, findings in flags.items()}
        click.echo("\n".join(_lines(found | named)))
    sys.exit(1 if failed else 0)


def _audited(place: Place, chain: Chain, past: Past, window: Window, anchors: Anchors) -> list[AuditFinding]:
    from slipway.release.records.audit import Sources, audit
    from slipway.rollout.assemble import connect_adapters
    from slipway.rollout.inspection import head_of

    updates = [one.of(chain.service) for one in past.updates] if past.updates is not None else None
    head = head_of(connect_adapters(chain.service, place.target_of(chain.service)), chain.service)
    sources = Sources(
        head, updates, _anchors(chain.service, past, anchors), past.whole, past.why, place.known(chain.service)
    )
    return audit(chain.texts, sources, window)


def _flags_audited(place: Place, of: FlagSet, past: Past, window: Window, anchors: Anchors) -> list[AuditFinding]:
    from slipway.release.records.flag_audit import audit_flags
    from slipway.release.records.kinds import flag_chain

    chain = flag_chain(of.name)
    return audit_flags(of.texts, of.head, window, _anchors(chain, past, anchors), place.known(chain))


def _anchors(chain: str, past: Past, signed: Anchors) -> tuple[tuple[str, Anchor], ...]:
    """What is kept of this chain in the stack's state and in signed records."""
    return (*past.anchors.get(chain, ()), *signed.get(chain, ()))


def _told(finding: AuditFinding, *, cluster_only: bool) -> AuditFinding:
    """What was not to be compared fails nothing."""
    return replace(finding, kind="note") if cluster_only and finding.kind == "unknown" else finding


def _listed(found: dict[str, list[AuditFinding]]) -> dict[str, list[dict[str, str]]]:
    return {name: [{"kind": one.kind, "what": one.what} for one in findings] for name, findings in found.items()}


def _lines(found: dict[str, list[AuditFinding]]) -> list[str]:
    if not found:
        return ["no service was released yet"]
    lines = []
    for service, findings in found.items():
        bad = sum(one.kind != "note" for one in findings)
        lines.append(f"{service}: {'records, journal and history agree' if not bad else f'{bad} finding(s)'}")
        lines += [f"  {one.kind:8} {one.what}" for one in findings]
    return lines

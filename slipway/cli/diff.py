"""`slipway diff A B`: what two recorded releases differ in."""

from __future__ import annotations

from pathlib import Path

import click

from slipway.cli.options import show, with_json, with_namespace, with_service, with_stack


@click.command()
@click.argument("release")
@click.argument("other")
@with_service
@with_namespace
@with_stack
@with_json
def diff(
    *,
    release: str,
    other: str,
    service: str | None,
    namespace: str | None,
    stack: str | None,
    folder: Path,
    as_json: bool,
) -> None:
    """What is different in OTHER: artifact, configuration, migrations, evidence, policies and flags.

    Of flags it tells which the changes name, and what was changed of the stack's sets from the end of the one release
    to that of the other. Both are named as for `slipway show`. Values of the container's environment are not told, only
    that they differ.
    """
    from slipway.cli.chains import find_place, find_release
    from slipway.release.findings import plain
    from slipway.release.records.chain import lines_of
    from slipway.release.records.compare import compare, compare_flags
    from slipway.release.records.find import find_record

    place = find_place(folder, stack, namespace)
    chain, before = find_release(place, service, release)
    after = find_record(chain.records, other)
    changes = compare(before, after)
    for found in place.flag_sets():
        changes += compare_flags(found.name, lines_of(found.texts), before, after)
    names = [f"{one.record.subject.version} (#{one.anchor.seq})" for one in (before, after)]
    if as_json:
        listed = [change.model_dump(mode="json") for change in changes]
        show({"service": chain.service, "before": before.anchor.seq, "after": after.anchor.seq, "changes": listed})
        return
    if not changes:
        click.echo(f"{chain.service}: {names[0]} and {names[1]} are the same")
        return
    click.echo(f"{chain.service}: {names[0]} -> {names[1]}")
    for change in changes:
        click.echo(f"  {change.part:14}{change.path}: {plain(change.before)} -> {plain(change.after)}")

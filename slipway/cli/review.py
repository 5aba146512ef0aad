"""`slipway review RELEASE`: its action items as a file in the project."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from slipway.cli.options import show, with_json, with_service, with_stack

if TYPE_CHECKING:
    from slipway.release.review.model import Review


@click.command()
@click.argument("release")
@click.option("--apply", "applies", is_flag=True, help="Carry out the changes that open items describe.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask before --apply writes.")
@with_service
@with_stack
@with_json
def review(
    *, release: str, applies: bool, yes: bool, service: str | None, stack: str | None, folder: Path, as_json: bool
) -> None:
    """Write the action items of RELEASE into reviews/VERSION.yaml beside its manifest, for people to go on with.

    A file that is there keeps what it says and gets what is missing. An item is done when it says by whom, when and
    how. The gate follow-up refuses the next release of the service while one is overdue.

    An item may say what it comes to in a file: `change: {file, set, to}`, for gate settings, flags, or the manifest of
    the next release. --apply shows these changes as a diff, writes them with the item as their reason, and the item is
    done.
    """
    from slipway.cli.chains import find_place, find_release
    from slipway.release.errors import ReleaseRefused
    from slipway.release.report.build import report_of
    from slipway.release.review.files import review_path
    from slipway.release.review.model import Review

    place = find_place(folder, stack, None)
    chain, found = find_release(place, service, release)
    subject = found.record.subject
    if place.project is None or not subject.manifest:
        raise ReleaseRefused(f"{chain.service} {subject.version}: the record names no manifest to put a review beside")
    path = review_path(subject.manifest, subject.version)
    empty = Review(
        api_version="slipway/v1",
        kind="Review",
        service=chain.service,
        version=subject.version,
        rollout=found.event.rollout,
        items=(),
    )
    before = _existing(place.project, path) or empty
    after = before.with_items(report_of(found, chain.records, chain.lines).actions)
    if after != before or not (place.project / path).exists():
        _write(place.project, path, len(before.items), after)
    changed: list[str] = []
    if applies:
        from slipway.cli.review_apply import apply_changes

        released = {one.record.subject.manifest for one in chain.records}
        after, changed = apply_changes(place.project, path, after, released, yes=yes, as_json=as_json)
    if as_json:
        show(
            {
                "file": path,
                "changed": changed,
                "items": [item.model_dump(mode="json", by_alias=True) for item in after.items],
            }
        )
        return
    click.echo(f"{path}: {len(after.items)} item(s), {len(after.items) - len(before.items)} new")
    for item in after.items:
        state = "done" if item.done is not None else f"due {item.due.isoformat()}"
        click.echo(f"  {state:14}{item.what} ({item.owner})")


def _existing(project: Path, path: str) -> Review | None:
    """Raises InputError for one that cannot be read: it is not written over."""
    from slipway.release.review.files import read_review

    return read_review(project, path) if (project / path).exists() else None


def _write(project: Path, path: str, known: int, content: Review) -> None:
    """A new file, or the items from number `known` on into the text of the one that is there, which stays as people
    wrote it."""
    from slipway.release.editing import APPEND, edited
    from slipway.release.errors import InputError, Problem
    from slipway.release.manifest.document import document_text

    values = content.model_dump(mode="json", by_alias=True, exclude_none=True)
    whole = project / path
    try:
        if whole.exists():
            text = whole.read_text()
            for item in values["items"][known:]:
                text = edited(text, path, ("items", APPEND), item)
        else:
            whole.parent.mkdir(parents=True, exist_ok=True)
            text = document_text(values)
        whole.write_text(text)
    except OSError as error:
        problem = Problem("file", f"cannot be written: {error.strerror}", "Make its folder writable")
        raise InputError(path, [problem]) from None

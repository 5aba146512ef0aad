"""`slipway review --apply`: shows the changes of a review's open items, and writes them."""

from __future__ import annotations

import os
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path

import click
from pydantic import JsonValue

from slipway.cli.entry_command import ask
from slipway.release.editing import edited
from slipway.release.errors import InputError, Problem
from slipway.release.review.applying import patches_of
from slipway.release.review.files import read_review
from slipway.release.review.model import Done, Review
from slipway.rollout.process.operator import operator


def apply_changes(
    project: Path, path: str, review: Review, released: Collection[str], *, yes: bool, as_json: bool
) -> tuple[Review, list[str]]:
    """The review afterwards, and the files that were changed. Raises InputError before anything is written, and what
    `ask` raises. Interrupted, it goes on when it is called again."""
    patches = [patch for patch in patches_of(project, review, released) if patch.diff]
    for patch in patches:
        click.echo(patch.diff, err=as_json, nl=False)
    if not any(item.change is not None and item.done is None for item in review.items):
        click.echo("no open item describes a change", err=True)
        return review, []
    if patches and not yes:
        ask(f"Write {', '.join(patch.path for patch in patches)}?", "nothing was written")
    for patch in patches:
        _replace(project, patch.path, patch.before, patch.after)
    _mark_done(project, path, review)
    return read_review(project, path), [patch.path for patch in patches]


def _mark_done(project: Path, path: str, review: Review) -> None:
    """In the text of the review, so that what people wrote beside the items stays."""
    before = text = (project / path).read_text()
    for number, item in enumerate(review.items):
        if item.change is None or item.done is not None:
            continue
        how = f"`slipway review --apply` set {item.change.set} in {item.change.file}"
        done = Done(by=operator(), at=datetime.now(UTC).date(), how=how)
        content: JsonValue = done.model_dump(mode="json", by_alias=True)
        text = edited(text, path, ("items", number, "done"), content)
    _replace(project, path, before, text)


def _replace(project: Path, path: str, before: str, after: str) -> None:
    """At once, and only what was read."""
    whole = project / path
    draft = whole.with_name(f".{whole.name}.{os.getpid()}")
    try:
        if whole.read_text() != before:
            raise InputError(path, [Problem("file", "was edited in between", "Run the command again")])
        draft.write_text(after)
        draft.chmod(whole.stat().st_mode & 0o777)
        draft.replace(whole)
    except OSError as error:
        raise InputError(path, [Problem("file", f"cannot be written: {error.strerror}", "Make it writable")]) from None
    finally:
        draft.unlink(missing_ok=True)

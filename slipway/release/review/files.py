"""Reads the reviews of a service: `reviews/*.yaml` beside its manifests. The only reader of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pydantic import ValidationError

from slipway.release.document_files import read_document_below
from slipway.release.errors import InputError
from slipway.release.evidence.errors import EvidenceError
from slipway.release.evidence.files import is_folder, list_below
from slipway.release.manifest.problems import problems_of
from slipway.release.review.model import OpenItem, Review

FOLDER = "reviews"
REMEDY = "Write it with `slipway review RELEASE`"
REMEDIES = {
    "items": "Write what, owner and due of each item; `slipway review RELEASE` writes them",
    "items.done": "Write {by: who, at: 2026-11-28, how: what was done}, or leave it out while it is open",
}


@dataclass(frozen=True, slots=True)
class Reviews:
    """Open items of all reviews of a service, and why files cannot be read, one line each."""

    open_items: tuple[OpenItem, ...] = ()
    problems: tuple[str, ...] = ()


def review_path(manifest: str, version: str) -> str:
    """Where the review of a release lies in the project: in the folder `reviews` beside its manifest."""
    return str(PurePosixPath(manifest).parent / FOLDER / f"{version}.yaml")


def read_review(project: Path, path: str) -> Review:
    """One review. Raises InputError with every problem."""
    document = read_document_below(project, path, REMEDY)
    try:
        return Review.model_validate(document.data, by_alias=True, by_name=False)
    except ValidationError as error:
        raise InputError(path, problems_of(error, Review, document, REMEDIES)) from None


def reviews_beside(project: Path, manifest: str, service: str) -> Reviews:
    """What the reviews of a service still ask for. Reads below the project; never raises for what is there."""
    folder = str(PurePosixPath(manifest).parent / FOLDER)
    found: list[OpenItem] = []
    problems: list[str] = []
    try:
        paths = list_below(project, f"{folder}/*.yaml") if is_folder(project, folder) else []
    except EvidenceError as error:
        return Reviews(problems=(f"{folder}: {error.detail}",))
    for path in paths:
        try:
            review = read_review(project, path)
        except InputError as error:
            problems.append(f"{path}: {error.problems[0]}")
            continue
        if review.service == service:
            items = enumerate(review.items)
            found += [OpenItem(place=f"{path}: items[{n}]", item=item) for n, item in items if item.done is None]
    return Reviews(tuple(found), tuple(problems))

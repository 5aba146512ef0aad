"""Reads documents that Slipway keeps in a cluster or a folder, and that an older or a newer one may have written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from slipway.release.errors import JournalUnreadable

M = TypeVar("M", bound=BaseModel)


def parse_stored(model: type[M], document: Mapping[str, Any], known: int, name: str) -> M:
    """The document as `model`. `known` is the newest format that is read, `name` the document's in a sentence.

    The format is read first, and fields that are not known are left out. Raises JournalUnreadable for what a newer
    Slipway wrote, and for what is damaged.
    """
    written = document.get("format")
    if isinstance(written, int) and written > known:
        raise JournalUnreadable(f"{name} has format {written}, this Slipway reads {known}: update Slipway")
    try:
        return model.model_validate(dict(document), by_alias=True, extra="ignore")
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise JournalUnreadable(f"{name} is damaged at {place}: {first['msg']}") from None

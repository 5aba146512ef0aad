"""A service's entry in the text of a stack's file, changed where every other character stays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slipway.release.editing import edited
from slipway.release.errors import InputError
from slipway.release.project_files import SERVICES


def with_entry(
    text: str, subject: str, service: str, before: Mapping[str, Any], after: Mapping[str, Any]
) -> str | None:
    """The text with the entry `after` in place of `before`; None where a value goes, or cannot be changed with
    certainty. `subject` is the file's name, which says whether it is JSON."""
    if not before.keys() <= after.keys():
        return None
    try:
        for item, value in after.items():
            if before.get(item) != value:
                text = edited(text, subject, ("config", SERVICES, service, item), value)
    except InputError:
        return None
    return text

"""The reference of the manifest in the documentation, against the models."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from slipway.release.manifest.release import Release
from slipway.settings import Configuration

PAGE = (Path(__file__).parents[5] / "docs" / "manifest.md").read_text()
TEXT = re.sub(r"^```.*?^```", "", PAGE, flags=re.DOTALL | re.MULTILINE)
"""Without its examples."""
NAMES = {name for code in re.findall(r"`([^`]+)`", TEXT) for name in re.findall(r"^[A-Za-z][A-Za-z0-9]*", code)}


def models(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from models(inner)


def fields(model: type[BaseModel], seen: set[type[BaseModel]]) -> Iterator[tuple[str, str, FieldInfo]]:
    if model in seen:
        return
    seen.add(model)
    for name, info in model.model_fields.items():
        yield model.__name__, info.alias or name, info
        for inner in models(info.annotation):
            yield from fields(inner, seen)


FIELDS = [*fields(Release, set()), *fields(Configuration, set())]


@pytest.mark.parametrize(("model", "name"), sorted({(model, name) for model, name, _ in FIELDS}))
def test_every_field_stands_in_the_reference(model: str, name: str) -> None:
    assert len(FIELDS) > 100
    assert name in NAMES, model


def test_the_reference_names_no_field_that_is_none() -> None:
    cells = [line.split("|")[2] for line in TEXT.splitlines() if line.startswith("| `")]
    code = re.compile(r"`([A-Za-z][A-Za-z0-9]*)(?:: [^`]*)?`")
    named = {name for cell in cells for name in code.findall(cell)}
    known = {name for _, name, _ in FIELDS}
    assert {name for name in named if name not in known} <= {"repository", "error"}
    assert len(named) > 60


@pytest.mark.parametrize(("name", "shown"), re.findall(r"`([a-z][A-Za-z]+): ([a-z0-9.%]+)`", TEXT))
def test_the_defaults_that_are_shown_are_those_of_the_code(name: str, shown: str) -> None:
    """`bake: 5m` may be the default of one of several fields of that name."""
    from slipway.release.units import seconds, share

    defaults = [info.default for _, field, info in FIELDS if field == name and not info.is_required()]
    readings: list[object] = [shown, shown == "true"]
    for read in (seconds, share, float):
        try:
            readings.append(read(shown))
        except ValueError:
            continue
    assert any(default in readings for default in defaults), defaults

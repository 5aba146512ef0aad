"""A file -> a `Release`, or every problem with it at once."""

from __future__ import annotations

import math
import os
from typing import Any

from pydantic import BaseModel, ValidationError, create_model
from pydantic.fields import FieldInfo

from slipway.release.document_files import read_named
from slipway.release.errors import InputError, Problem
from slipway.release.manifest.base import FrozenModel
from slipway.release.manifest.checks import contradictions, weights_out_of_order
from slipway.release.manifest.document import Document, read_document, show_location
from slipway.release.manifest.problems import problems_of, similar
from slipway.release.manifest.release import Release
from slipway.release.manifest.remedies import REMEDIES


def load(path: str | os.PathLike[str], subject: str | None = None) -> Release:
    """Read and validate one manifest. Raises InputError with every problem, also when there is no such file.
    `subject` is how messages call the file; its path when left out."""
    document = read_named(path, "Correct the path, or write the manifest", subject)
    return _release(document, subject or os.fspath(path))


def parse(text: str | bytes, subject: str) -> Release:
    """Validate the text of one manifest. Raises InputError with every problem."""
    return _release(read_document(text, subject), subject)


def _release(document: Document, subject: str) -> Release:
    if not isinstance(document.data, dict):
        problem = Problem(
            "file", "must be a mapping that begins with apiVersion: slipway/v1", REMEDIES["apiVersion"], 1
        )
        raise InputError(subject, [*document.problems, problem])
    problems = [*document.problems, *_unknown(document.data, document)]
    wrong_weights = list(weights_out_of_order(document.data.get("strategy")))
    valid: dict[str, object] = {}
    for name, section in _SECTIONS.items():
        try:
            valid[name] = getattr(_validated(section, document.data), name)
        except ValidationError as error:
            found = problems_of(error, section, document, REMEDIES)
            problems += [problem for problem in found if not (wrong_weights and problem.path == "strategy.steps")]
    problems += [
        Problem(show_location(each.at), each.message, each.remedy, document.line(each.at))
        for each in (*wrong_weights, *contradictions(valid))
    ]
    if problems:
        raise InputError(subject, sorted(problems, key=_by_line))
    return Release.model_validate(document.data, by_alias=True, by_name=False)


def _section(name: str, info: FieldInfo) -> type[BaseModel]:
    """A model of this one field, so that each section is judged whatever the others hold."""
    fields: dict[str, Any] = {name: (info.annotation, info)}
    return create_model(f"Release.{name}", __base__=FrozenModel, **fields)


_SECTIONS = {name: _section(name, info) for name, info in Release.model_fields.items()}
_ALIASES = [info.alias or name for name, info in Release.model_fields.items()]


def _validated(section: type[BaseModel], data: dict[str, object]) -> BaseModel:
    (alias,) = (info.alias for info in section.model_fields.values())
    mine = {alias: data[alias]} if alias in data else {}
    return section.model_validate(mine, by_alias=True, by_name=False)


def _unknown(data: dict[str, object], document: Document) -> list[Problem]:
    return [
        Problem(show_location((key,)), "is not a known section", similar(key, _ALIASES), document.line((key,)))
        for key in data
        if key not in _ALIASES
    ]


def _by_line(problem: Problem) -> float:
    """What is missing altogether comes last."""
    return math.inf if problem.line is None else problem.line

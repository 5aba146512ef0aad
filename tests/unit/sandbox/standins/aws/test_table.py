"""Every input of every type is mapped or refused by name: the SDK says which inputs there are."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import Any

import pytest
from botocore.session import get_session  # type: ignore[import-untyped]
from pulumi._types import input_type_py_to_pulumi_names

from sandbox.standins.aws.entry import Call, Entry
from sandbox.standins.aws.table import ENTRIES


def inputs_of(entry: Entry) -> set[str]:
    module, _, name = entry.args.partition(":")
    found = getattr(importlib.import_module(f"pulumi_aws.{module}"), name)
    return set(input_type_py_to_pulumi_names(found).values())


INPUTS = {name: inputs_of(entry) for name, entry in ENTRIES.items()}
"""The SDK's modules are loaded by the first look at them, which must not be within anything that may cut that short."""


def known_to(entry: Entry) -> list[str]:
    found = [*{field.pulumi.partition(".")[0] for field in entry.fields}, *entry.refused.split()]
    found += [*entry.ignored.split(), *(entry.attributes.names if entry.attributes else ())]
    return found + (["tags"] if entry.tags else [])


@pytest.mark.parametrize("name", ENTRIES)
def test_every_input_is_mapped_or_refused_by_name(name: str) -> None:
    assert sorted(known_to(ENTRIES[name])) == sorted(INPUTS[name])


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=list(ENTRIES))
def test_what_replaces_is_an_input_that_is_mapped(entry: Entry) -> None:
    mapped = {field.pulumi.partition(".")[0] for field in entry.fields}
    named = {*entry.replaces.split(), *entry.unique.split(), *entry.unread.split()} - {"*"}
    assert named <= mapped


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=list(ENTRIES))
def test_every_call_is_one_of_the_service(entry: Entry) -> None:
    calls: list[Call] = [entry.create, entry.read, entry.delete, *entry.update]
    if entry.tags:
        calls += [entry.tags.read, entry.tags.add, entry.tags.remove]
    if entry.attributes:
        calls += [entry.attributes.read, entry.attributes.write]
    model: Any = get_session().get_service_model(entry.service)
    shapes = {name.lower(): model.operation_model(name).input_shape for name in model.operation_names}
    for call in calls:
        shape = shapes[call.method.replace("_", "")]
        assert set(call.given) <= set(shape.members), call


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=list(ENTRIES))
def test_every_input_is_taken_by_a_call_that_makes_it(entry: Entry) -> None:
    model: Any = get_session().get_service_model(entry.service)
    shapes = {name.lower(): model.operation_model(name).input_shape for name in model.operation_names}
    taken: set[str] = set()
    for call in (entry.create, *entry.update):
        taken |= set(shapes[call.method.replace("_", "")].members)
    assert {field.api.partition(".")[0] for field in entry.fields} <= taken


def test_the_page_of_the_sandbox_has_each_type_and_what_is_not_read_back() -> None:
    page = (Path(__file__).parents[5] / "docs" / "sandbox.md").read_text()
    rows = re.findall(r"^\| `(\w+)\.(\w+)` \| (.*) \|$", page, flags=re.MULTILINE)
    found = {(module, kind): set(re.findall(r"`(\w+)`", rest)) for module, kind, rest in rows}
    wanted = {
        (entry.type.split(":")[1].partition("/")[0], entry.type.rpartition(":")[2]): set(entry.unread.split())
        for entry in ENTRIES.values()
    }
    assert found == wanted
    assert f"[{len(ENTRIES)} types]" in page

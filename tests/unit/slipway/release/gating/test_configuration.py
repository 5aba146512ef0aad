from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.release.errors import InputError
from slipway.release.gating.catalog import CATALOG, UNCONDITIONAL
from slipway.release.gating.configuration import Configuration, load, load_below, parse
from slipway.release.manifest.document import Document
from slipway.release.readiness.settings import Settings

HERE = Path(__file__).parent


def read(content: object, folder: Path = HERE) -> Configuration:
    return parse(Document(data=content), folder, "test")


def thresholds(found: Settings) -> dict[str, Any]:
    """The values of all thresholds, without what a configuration has besides."""
    wanted = Settings().model_dump()
    given = found.model_dump()
    return {
        name: {key: given[name][key] for key in part} if isinstance(part, dict) else given[name]
        for name, part in wanted.items()
    }


def test_nothing_configured_is_strict_and_trusts_nobody() -> None:
    found = read({})
    assert thresholds(found.settings) == Settings().model_dump()
    assert found.trust.principals == ()
    assert {found.section(name).level for name in CATALOG} == {"mandatory"}
    assert thresholds(Configuration().settings) == Settings().model_dump()


def test_every_setting_reaches_the_gates() -> None:
    window = {"name": "x", "start": "2026-01-01T00:00:00Z", "end": "2026-01-02T00:00:00Z"}
    content = {
        "evidence": {"maxAge": "1d"},
        "artifact-integrity": {"immutableTags": True, "plainHttp": ["localhost:5000"]},
        "kill-switch": {"risk": "low"},
        "freeze": {"windows": [window]},
        "error-budget": {"required": True, "url": "http://p.example", "query": "q"},
    }
    found = read(content)
    limits = found.settings
    assert limits.evidence.max_age == 86400
    assert limits.artifact_integrity.immutable_tags
    assert limits.kill_switch.risk == "low"
    assert [freeze.name for freeze in limits.freeze.windows] == ["x"]
    assert limits.error_budget.required
    assert (found.budget.url, found.plain_http) == ("http://p.example", ("localhost:5000",))


def test_numbers_that_came_through_the_engine_as_floats_are_the_same() -> None:
    assert read({"tests": {"minCases": 5.0}}).settings.tests.min_cases == 5


def test_levels_are_given_alone_or_beside_settings_or_for_all() -> None:
    found = read({"all": "advisory", "drill": "disabled", "qa": {"enforcementLevel": "mandatory", "required": False}})
    assert (found.section("drill").level, found.section("qa").level) == ("disabled", "mandatory")
    assert found.section("tests").level == "advisory"
    assert {found.section(name).level for name in UNCONDITIONAL} == {"mandatory"}


def test_a_file_that_is_not_there_or_is_no_mapping_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        load(tmp_path / "prod.json")
    for text in ("[]", "7", "", "{", '{"a": 1} {"b": 2}'):
        (tmp_path / "prod.json").write_text(text)
        with pytest.raises(InputError):
            load(tmp_path / "prod.json")


def test_a_trust_file_lies_beside_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "prod.json").write_text('{"evidence": {"trust": "trust.yaml"}}')
    (tmp_path / "trust.yaml").write_text("builders: [one]\n")
    assert load(tmp_path / "prod.json").trust.builders == ("one",)


def test_a_key_twice_is_refused_and_not_the_last_one_taken(tmp_path: Path) -> None:
    (tmp_path / "prod.json").write_text('{"drill": "mandatory", "drill": "disabled"}')
    with pytest.raises(InputError, match="twice"):
        load(tmp_path / "prod.json")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
SECTIONS = st.dictionaries(st.sampled_from([*CATALOG, "all", "odd"]), VALUES, max_size=4)
FIELDS = st.sampled_from(["enforcementLevel", "exemptions", "trust", "maxAge", "required", "windows", "roles", "url"])
INNER = st.dictionaries(st.sampled_from(list(CATALOG)), st.dictionaries(FIELDS, VALUES, max_size=3), max_size=3)


@settings(max_examples=150)
@given(SECTIONS | INNER)
def test_whatever_is_configured_is_taken_or_refused_with_reasons_and_never_lowers_what_others_lean_on(
    content: dict[str, Any],
) -> None:
    try:
        found = read(content)
    except InputError as error:
        assert error.problems
        assert all(problem.path and problem.message and problem.remedy for problem in error.problems)
        return
    assert "odd" not in content
    assert {found.section(name).level for name in UNCONDITIONAL} == {"mandatory"}
    assert isinstance(found.settings, Settings)


def test_json_is_read_with_lines(tmp_path: Path) -> None:
    (tmp_path / "prod.json").write_text(json.dumps({"tests": {"minPassRate": 2}}, indent=1))
    with pytest.raises(InputError) as error:
        load(tmp_path / "prod.json")
    (problem,) = error.value.problems
    assert (problem.path, problem.line) == ("tests.minPassRate", 3)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ({"evidence": {"required": ["provenance"]}}, "required"),
        ({"error-budget": {"url": "http://p.example"}}, "url and query go together"),
        ({"error-budget": {"query": "q"}}, "url and query go together"),
        (
            {"freeze": {"windows": [{"name": "x", "start": "2026-12-02T00:00:00Z", "end": "2026-12-01T00:00:00Z"}]}},
            "ends before it starts",
        ),
    ],
    ids=str,
)
def test_a_setting_that_would_do_nothing_is_refused(content: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        read(content)


def test_an_error_budget_that_is_asked_for_must_be_known_unless_it_is_said_that_it_need_not() -> None:
    asked = {"url": "http://p.example", "query": "q"}
    assert read({"error-budget": asked}).settings.error_budget.required
    assert not read({"error-budget": asked | {"required": False}}).settings.error_budget.required
    assert not read({}).settings.error_budget.required


def test_settings_that_contradict_each_other_are_named_by_their_gate() -> None:
    with pytest.raises(InputError) as refused:
        read({"error-budget": {"query": "q"}})
    (problem,) = refused.value.problems
    assert problem.path == "error-budget"


def test_a_configuration_and_its_trust_roots_are_never_read_through_a_link(tmp_path: Path) -> None:
    folder, outside = tmp_path / "project" / "policies" / "config", tmp_path / "lax.json"
    folder.mkdir(parents=True)
    outside.write_text('{"evidence": {"trust": "trust.yaml"}}')
    (folder / "prod.json").symlink_to(outside)
    with pytest.raises(InputError, match="passes through a symbolic link"):
        load_below(tmp_path / "project", "policies/config/prod.json")
    (folder / "prod.json").unlink()
    (folder / "prod.json").write_text(outside.read_text())
    (tmp_path / "trust.yaml").write_text("principals: []\n")
    (folder / "trust.yaml").symlink_to(tmp_path / "trust.yaml")
    with pytest.raises(InputError, match=r"trust.yaml: file: cannot be read: .*passes through a symbolic link"):
        load_below(tmp_path / "project", "policies/config/prod.json")
    (folder / "trust.yaml").unlink()
    (folder / "trust.yaml").write_text("principals: []\n")
    assert load_below(tmp_path / "project", "policies/config/prod.json").trust.principals == ()
    with pytest.raises(InputError, match="leaves the project"):
        load_below(tmp_path / "project", "../lax.json")

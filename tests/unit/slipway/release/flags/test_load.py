from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.release.errors import InputError, Problem
from slipway.release.flags import load
from tests.flags import BATCH, FLAGS, GUARDRAIL, NEW_CART, PAY, THEME, declared, text


def problems(content: str) -> dict[str, Problem]:
    """What is wrong with a file of flags, by place."""
    with pytest.raises(InputError) as refused:
        load.parse(content, "flags.yaml")
    return {problem.path: problem for problem in refused.value.problems}


def of(base: dict[str, Any], **changes: object) -> dict[str, Problem]:
    """What is wrong with one flag `f` that differs from `base`; the places are within the flag."""
    flag = {key: value for key, value in {**base, **changes}.items() if value is not None}
    return {path.removeprefix("flags.f."): problem for path, problem in problems(text({"f": flag})).items()}


def test_a_flag_of_each_kind_is_read() -> None:
    found = declared()
    assert list(found.flags) == list(FLAGS)
    assert found.flags["new-cart"].exposed == "on"
    assert found.flags["new-cart"].reach == 25
    assert found.flags["new-cart"].is_guarded
    assert not found.flags["batch"].is_guarded
    assert found.flags["pay"].expires is None


def test_on_and_off_are_names_and_no_truth_values() -> None:
    plain = """
apiVersion: slipway/v1
kind: Flags
flags:
  pay: {kind: kill-switch, owner: a, default: off, variants: {on: true, off: false}}
"""
    assert load.parse(plain, "flags.yaml").flags["pay"].variants == {"on": True, "off": False}


def test_every_problem_is_told_at_once_with_its_line() -> None:
    content = """apiVersion: slipway/v1
kind: Flags
flags:
  first:
    kind: release
    default: on
  second:
    kind: kill-switch
    owner: a
    default: on
    state: DISABLED
  third:
    kind: ops
    owner: a
    expires: 2027-01-01
    default: maybe
    targeting: {iff: [true, on]}
"""
    found = problems(content)
    assert [(problem.line, path) for path, problem in found.items()] == [
        (4, "flags.first.owner"),
        (11, "flags.second.state"),
        (16, "flags.third.default"),
        (17, "flags.third.targeting.iff"),
    ]
    assert all(problem.remedy for problem in found.values())


@pytest.mark.parametrize("field", ["kind", "owner", "default"])
def test_what_every_flag_needs_is_asked_for(field: str) -> None:
    found = of(NEW_CART, **{field: None})
    assert list(found) == [field]
    assert found[field].message == "is missing"


@pytest.mark.parametrize("base", [NEW_CART, THEME, BATCH], ids=["release", "experiment", "ops"])
def test_all_but_kill_switches_expire(base: dict[str, Any]) -> None:
    assert "is missing for a flag of kind" in of(base, expires=None)["expires"].message


@pytest.mark.parametrize("field", ["default", "off"])
def test_a_default_or_off_that_names_no_variant_is_refused(field: str) -> None:
    assert "Name one of: on, off" in of(BATCH, **{field: "onn"})[field].remedy


def test_a_release_flag_defaults_to_the_old_behaviour() -> None:
    assert "callers without a targeting key" in of(NEW_CART, default="on")["default"].message


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("state", "DISABLED"),
        ("targeting", {"if": [True, "on"]}),
        ("exposure", {"steps": [{"percent": 5}]}),
        ("expires", "2027-01-01"),
    ],
)
def test_a_kill_switch_reaches_everybody_at_any_time(field: str, value: object) -> None:
    assert list(of(PAY, **{field: value})) == [field]


@pytest.mark.parametrize(
    ("variants", "at"),
    [
        ({"on": True, "off": "no"}, "variants.off"),
        ({"on": 1, "off": True}, "variants.off"),
        ({"on": [1], "off": [2]}, "variants.on"),
    ],
)
def test_variants_are_of_one_type_that_a_caller_can_ask_for(variants: dict[str, object], at: str) -> None:
    assert at in of(BATCH, variants=variants)


def test_variants_may_be_numbers_of_either_sort() -> None:
    found = declared({"f": {**BATCH, "variants": {"on": 1, "off": 0.5}}}).flags["f"]
    assert found.variants == {"on": 1, "off": 0.5}


def test_an_exposure_grows() -> None:
    steps = [{"percent": 5}, {"percent": 5}, {"percent": 100}]
    assert list(of(NEW_CART, exposure={"steps": steps})) == ["exposure.steps[1].percent"]


@pytest.mark.parametrize("percent", [0, 101, -1, 0.001])
def test_the_percentage_of_a_step_is_between_0_and_100_in_hundredths(percent: float) -> None:
    assert list(of(BATCH, exposure={"steps": [{"percent": percent}]})) == ["exposure.steps[0].percent"]


@pytest.mark.parametrize("hundredths", [1, 7, 29, 57, 115, 5001, 9999])
def test_hundredths_of_a_percent_are_exact_enough(hundredths: int) -> None:
    flag = declared({"f": {**BATCH, "exposure": {"steps": [{"percent": hundredths / 100}]}}}).flags["f"]
    assert flag.reach == hundredths / 100


def test_several_steps_need_guardrails() -> None:
    assert "nothing would judge them" in of(NEW_CART, guardrails=None)["exposure.steps"].message


def test_guardrails_need_an_exposure_and_names_of_their_own() -> None:
    assert list(of(NEW_CART, exposure=None)) == ["guardrails"]
    assert list(of(NEW_CART, guardrails=[GUARDRAIL, GUARDRAIL])) == ["guardrails[1].name"]


def test_an_exposure_names_its_variant_where_there_are_several() -> None:
    step = {"steps": [{"percent": 5}]}
    assert "exposure.variant" in of(THEME, targeting=None, exposure=step)
    assert "exposure.variant" in of(BATCH, exposure={**step, "variant": "off"})
    assert "exposure.variant" in of(BATCH, exposure={**step, "variant": "onn"})


def test_shares_are_given_by_the_exposure_or_by_targeting_not_by_both() -> None:
    assert list(of(NEW_CART, targeting={"fractional": [["on", 1], ["off", 1]]})) == ["targeting"]


def test_a_key_is_one_that_every_target_takes() -> None:
    assert list(problems(text({"New_Cart": NEW_CART}))) == ["flags.New_Cart"]


def test_a_file_says_its_flags_be_it_none() -> None:
    assert declared({}).flags == {}
    assert list(problems("{apiVersion: slipway/v1, kind: Flags}")) == ["flags"]
    assert list(problems("{apiVersion: slipway/v1, kind: Flags, flags: []}")) == ["flags"]
    assert "file" in problems("[]")
    assert list(problems(text(falgs={}))) == ["falgs"]


def test_named_rules_are_found_where_they_are_used() -> None:
    staff = {"ends_with": [{"var": "email"}, "@example.com"]}
    flag = {**BATCH, "targeting": {"if": [{"$ref": "staff"}, "on"]}}
    assert declared({"f": flag}, evaluators={"staff": staff}).evaluators == {"staff": staff}
    assert 'flags.f.targeting.if[0]."$ref"' in problems(text({"f": flag}))
    nested = {"staff": staff, "other": {"!": [{"$ref": "staff"}]}}
    assert list(problems(text(evaluators=nested))) == ['evaluators.other."!"[0]."$ref"']


def write(folder: Path, name: str, content: str) -> str:
    (folder / name).write_text(content)
    return name


def test_the_files_of_a_stack_are_joined(tmp_path: Path) -> None:
    first, second = write(tmp_path, "a.yaml", text({"a": PAY})), write(tmp_path, "b.yaml", text({"b": PAY}))
    assert list(load.read_flags(tmp_path, [first, second]).flags) == ["a", "b"]


def test_a_key_in_two_files_is_refused_where_it_is_the_second_time(tmp_path: Path) -> None:
    first, second = write(tmp_path, "a.yaml", text({"a": PAY})), write(tmp_path, "b.yaml", text({"a": PAY}))
    with pytest.raises(InputError) as refused:
        load.read_flags(tmp_path, [first, second])
    (problem,) = refused.value.problems
    assert (problem.path, problem.message) == ("b.yaml: flags.a", "is in a.yaml too")


def test_the_problems_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    first = write(tmp_path, "a.yaml", text({"a": {**PAY, "owner": 3}}))
    second = write(tmp_path, "b.yaml", text({"b": {**PAY, "default": "x"}}))
    with pytest.raises(InputError) as refused:
        load.read_flags(tmp_path, [first, "nowhere.yaml", "../out.yaml", second])
    found = [problem.path for problem in refused.value.problems]
    assert found == ["nowhere.yaml", "../out.yaml", "a.yaml: flags.a.owner", "b.yaml: flags.b.default"]


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["if", "fractional", "$ref", "var", "sem_ver", "on", "steps", "percent", "x"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=200)
@given(st.sampled_from([*NEW_CART, "targeting", "variants", "off", "state", "flags", "evaluators"]), anything)
def test_whatever_stands_there_is_read_or_listed(field: str, value: object) -> None:
    sections = {field: value} if field in ("flags", "evaluators") else {"flags": {"f": {**NEW_CART, field: value}}}
    content = yaml.safe_dump({"apiVersion": "slipway/v1", "kind": "Flags", "flags": {}, **sections})
    try:
        load.parse(content, "flags.yaml")
    except InputError as error:
        assert error.problems

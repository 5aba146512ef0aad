"""The pack without the engine: its configuration, its dispatch, its schemas, and what it cannot judge."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pulumi_policy import EnforcementLevel, PolicyConfigSchema
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, unknown_checking_proxy

from policies.gates import RULES
from policies.pack import Pack, project_above
from policies.rule import ReleaseRule, Resource, ResourceRule, StackRule, Surroundings
from policies.schema import schema_of
from policies.server import _initial
from slipway.release.errors import InputError
from slipway.release.gating.catalog import CATALOG, RELEASE_GATES, UNCONDITIONAL, WITHOUT_EXEMPTION
from slipway.release.gating.configuration import load
from slipway.release.tokens import RELEASE, RULE_GROUP
from tests.policies.releases.scene import Scene, keep_stacks_in

ROOT = Path(__file__).parents[2]
FILES = {path.stem for path in (ROOT / "policies" / "gates").glob("*.py")} - {"__init__"}


def pack(tmp_path: Path, configuration: Mapping[str, Any] | None = None) -> Pack:
    """A pack in a folder of its own with this configuration for `prod`."""
    (tmp_path / "policies" / "config").mkdir(parents=True, exist_ok=True)
    if configuration is not None:
        (tmp_path / "policies" / "config" / "prod.json").write_text(json.dumps(configuration))
    return Pack(tmp_path, tmp_path / "policies")


def test_every_gate_of_the_catalogue_is_a_rule_of_the_pack() -> None:
    assert list(RULES) == list(CATALOG)
    assert [rule.gate for rule in RULES.values()] == list(CATALOG.values())
    assert {name for name, rule in RULES.items() if isinstance(rule, ReleaseRule)} == set(RELEASE_GATES)


def test_every_file_of_a_rule_is_named_by_its_gate() -> None:
    assert {name.replace("-", "_") for name in CATALOG if name not in RELEASE_GATES} == FILES


def test_every_rule_says_what_it_is_for() -> None:
    rows = {
        f"{letter}{n}"
        for letter, most in (("W", 7), ("B", 5), ("A", 3), ("I", 2), ("Q", 1))
        for n in range(1, most + 1)
    }
    for gate in CATALOG.values():
        assert set(gate.rows) <= rows
        assert gate.rows
        assert gate.title
        assert gate.remedy
        assert gate.url == f"docs/gates.md#{gate.name}"


def test_what_others_lean_on_can_be_neither_lowered_nor_exempted() -> None:
    assert {"manifest", "evidence", "artifact-integrity", "images"} == UNCONDITIONAL
    assert UNCONDITIONAL < WITHOUT_EXEMPTION
    for name, gate in CATALOG.items():
        properties = schema_of(name, gate.settings).properties
        assert ("exemptions" in properties) == (name not in WITHOUT_EXEMPTION)


def test_a_schema_is_written_out_and_takes_durations_as_people_write_them() -> None:
    for name, gate in CATALOG.items():
        found = schema_of(name, gate.settings)
        assert isinstance(found, PolicyConfigSchema)
        assert "$ref" not in json.dumps(found.properties)
        assert all("default" not in content for content in found.properties.values()), "it would hide what is set"
    assert schema_of("evidence", CATALOG["evidence"].settings).properties["maxAge"]["type"] == ["number", "string"]


@pytest.mark.parametrize("stack", ["staging", "prod"])
def test_the_configurations_of_this_project_are_sound(stack: str, tmp_path: Path) -> None:
    path = Path(shutil.copy(ROOT / "policies" / "config" / f"{stack}.json", tmp_path))
    (tmp_path / "trust.example.yaml").write_text("principals: []\n")  # made by `slipway example`
    found = load(path)
    assert all(found.section(name).level == "mandatory" for name in UNCONDITIONAL)


@pytest.mark.parametrize(
    ("configuration", "path", "shown"),
    [
        ({"coverge": {}}, "coverge", "Did you mean coverage?"),
        ({"coverage": {"minLine": 0.9}}, "coverage.minLine", "Did you mean minLines?"),
        ({"probes": {"livenes": True}}, "probes.livenes", "Did you mean liveness?"),
        ({"evidence": "disabled"}, "evidence", "must be mandatory"),
        ({"evidence": {"enforcementLevel": "advisory"}}, "evidence", "must be mandatory"),
        ({"images": "advisory"}, "images", "must be mandatory"),
        ({"artifact-integrity": {"exemptions": []}}, "artifact-integrity.exemptions", "not a known field"),
        ({"drill": "loud"}, "drill", "no enforcement level"),
        ({"drill": "remediate"}, "drill", "no enforcement level"),
        ({"evidence": {"trust": "../trust.yaml"}}, "../trust.yaml: file", "leaves the folder"),
        ({"evidence": {"trust": "gone.yaml"}}, "gone.yaml: file", "cannot be read"),
        ({"evidence": {"trust": {"principles": []}}}, "evidence.trust: principles", "Did you mean principals?"),
        ({"freeze": {"windows": [{"name": "x", "start": "soon"}]}}, "freeze.windows[0].start", "datetime"),
    ],
    ids=str,
)
def test_a_slip_in_the_configuration_is_named(
    tmp_path: Path, configuration: Mapping[str, Any], path: str, shown: str
) -> None:
    with pytest.raises(InputError) as error:
        pack(tmp_path, configuration).configured_for("prod")
    found = {problem.path: str(problem) for problem in error.value.problems}
    assert path in found
    assert shown in found[path]


def test_all_slips_are_listed_at_once(tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        pack(tmp_path, {"coverge": {}, "drill": "loud", "tests": {"minCases": 0}}).configured_for("prod")
    assert {problem.path for problem in error.value.problems} == {"coverge", "drill", "tests.minCases"}


def test_a_section_without_a_level_is_mandatory_and_not_the_zero_of_the_protocol() -> None:
    found = _initial({"tests": {"minCases": 5}, "drill": "advisory", "qa": {"enforcementLevel": "disabled"}})
    assert found["tests"]["enforcementLevel"] is EnforcementLevel.MANDATORY
    assert found["drill"] is EnforcementLevel.ADVISORY
    assert found["qa"]["enforcementLevel"] is EnforcementLevel.DISABLED
    assert _initial({"all": "advisory", "tests": {}})["tests"]["enforcementLevel"] is EnforcementLevel.ADVISORY


def test_the_project_is_found_above_the_pack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SLIPWAY_PROJECT", raising=False)
    (tmp_path / "Pulumi.yaml").write_text("name: x")
    (tmp_path / "a" / "policies").mkdir(parents=True)
    assert project_above(tmp_path / "a" / "policies") == tmp_path
    monkeypatch.setenv("SLIPWAY_PROJECT", "/elsewhere")
    assert project_above(tmp_path / "a" / "policies") == Path("/elsewhere")


def test_the_manifests_of_a_stack_are_found_where_the_project_keeps_its_stacks(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.service("checkout")
    scene.write()
    keep_stacks_in(tmp_path, "stacks")
    made = Pack(tmp_path, tmp_path / "policies")
    made.configured_for("prod")
    assert list(made.manifests()) == ["releases/checkout/1.0.0.yaml"]
    made.configured_for("gone")
    assert made.manifests() == {}


ODD: tuple[dict[str, Any], ...] = (
    {},
    {"spec": 7},
    {"spec": {"template": []}},
    {"spec": {"template": {"spec": {"containers": [None]}}}},
)


@pytest.mark.parametrize("name", ["images", "probes", "in-place"])
@pytest.mark.parametrize("odd", ODD, ids=str)
def test_a_workload_of_an_odd_shape_is_refused_and_crashes_nothing(
    tmp_path: Path, name: str, odd: dict[str, Any]
) -> None:
    rule = RULES[name]
    assert isinstance(rule, ResourceRule)
    kind = "kubernetes:apps/v1:Deployment"
    resource = Resource(kind, "x", f"urn:pulumi:prod::p::{kind}::x", unknown_checking_proxy(dict(odd)))
    assert list(pack(tmp_path).of_resource(rule, resource))


@pytest.mark.parametrize("name", [name for name in CATALOG if name not in RELEASE_GATES])
@pytest.mark.parametrize("odd", ODD, ids=str)
def test_no_rule_crashes_on_a_resource_of_an_odd_shape(tmp_path: Path, name: str, odd: dict[str, Any]) -> None:
    rule = RULES[name]
    made = pack(tmp_path)
    for kind in rule.types:
        resource = Resource(kind, "x", f"urn:pulumi:prod::p::{kind}::x", unknown_checking_proxy(dict(odd)))
        said = (
            list(made.of_resource(rule, resource))
            if isinstance(rule, ResourceRule)
            else [line for line, _ in made.of_stack(rule, [resource])]
            if isinstance(rule, StackRule)
            else []
        )
        assert all(f"<{name}/" in line for line in said)


@pytest.mark.parametrize("name", ["images", "probes", "limits", "in-place", "alarms", "weights", "gated", "enforced"])
def test_properties_that_are_unknown_at_preview_are_refused(tmp_path: Path, name: str) -> None:
    rule = RULES[name]
    assert isinstance(rule, ResourceRule)
    made = pack(tmp_path)
    keys = (
        "spec",
        "metadata",
        "tags",
        "gates",
        "service",
        "containerDefinitions",
        "imageUri",
        "actions",
        "routingConfig",
    )
    for kind in rule.types:
        props = dict.fromkeys(keys, UNKNOWN_STRING_VALUE)
        resource = Resource(kind, "x", f"urn:pulumi:prod::p::{kind}::x", unknown_checking_proxy(props))
        lines = list(made.of_resource(rule, resource))
        assert lines, f"{name} lets an unknown {kind} pass"


def test_an_expression_that_only_the_update_knows_is_judged_by_the_update(tmp_path: Path) -> None:
    rule, made = RULES["alarm-route"], pack(tmp_path)
    assert isinstance(rule, ResourceRule)

    def said(*expressions: str) -> list[str]:
        props = {"rules": [{"record": "a:b", "expr": each} for each in expressions]}
        resource = Resource(RULE_GROUP, "x", f"urn:pulumi:prod::p::{RULE_GROUP}::x", unknown_checking_proxy(props))
        return list(made.of_resource(rule, resource))

    assert said(UNKNOWN_STRING_VALUE, "vector(1)") == []
    assert len(said(UNKNOWN_STRING_VALUE, "sum(")) == 1


def test_a_release_that_is_unknown_or_malformed_is_refused_by_the_rule_that_none_can_lower(tmp_path: Path) -> None:
    made = pack(tmp_path)
    for props in ({}, {"manifest": UNKNOWN_STRING_VALUE}, {"manifest": 7}, {"manifest": "x.yaml", "extra": 1}):
        resource = Resource(RELEASE, "x", f"urn:pulumi:prod::p::{RELEASE}::x", unknown_checking_proxy(dict(props)))
        judgement = made.judgement(resource)
        said = {
            rule.gate.name
            for rule in RULES.values()
            if isinstance(rule, ReleaseRule) and list(made.messages(rule, resource, judgement))
        }
        assert said == {"manifest"}


def test_a_rule_reads_the_types_that_it_names_and_no_others() -> None:
    readers = {kind for rule in RULES.values() for kind in rule.types}
    for free in ("kubernetes:core/v1:Namespace", "kubernetes:core/v1:Secret", "kubernetes:core/v1:ServiceAccount"):
        assert free not in readers
    assert Surroundings().manifests == {}

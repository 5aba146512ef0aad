from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.release.errors import InputError, Problem
from slipway.release.manifest.document import MAX_BYTES
from slipway.release.manifest.load import load, parse
from slipway.release.manifest.release import Release
from slipway.release.manifest.remedies import REMEDIES
from tests.manifests import ABSENT, COMPLETE, DIGEST, STRATEGIES, manifest, release, text

ROOT = Path(__file__).parents[5]


def problems(content: str | bytes) -> dict[str, Problem]:
    """What is wrong with a manifest, by place."""
    with pytest.raises(InputError) as refused:
        parse(content, "test.yaml")
    return {problem.path: problem for problem in refused.value.problems}


def test_a_complete_manifest_is_read() -> None:
    loaded = release()
    assert loaded.service == "checkout"
    assert [step.bake for step in loaded.strategy.steps] == [120.0, 600.0]  # type: ignore[union-attr]


def test_the_shipped_manifests_are_valid() -> None:
    paths = sorted((ROOT / "releases" / "checkout").glob("*.yaml"))
    assert len(paths) >= 2
    for path in paths:
        assert load(path).version == path.stem.removesuffix(".staging")


def test_a_missing_file_is_a_problem_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.yaml.*\n.*cannot be read: No such file"):
        load(tmp_path / "nowhere.yaml")


def test_a_folder_is_no_manifest(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        load(tmp_path)


@pytest.mark.parametrize("section", [name for name, value in COMPLETE.items() if value is not None])
def test_a_missing_section_is_named_with_what_to_write(section: str) -> None:
    found = problems(text(**{section: ABSENT}))
    assert list(found) == [section]
    assert found[section].message == "is missing"
    assert found[section].remedy == REMEDIES[section]


def test_an_empty_manifest_lists_every_section_that_is_needed() -> None:
    needed = {info.alias or name for name, info in Release.model_fields.items() if info.is_required()}
    assert set(problems("kind: Release")) == needed - {"kind"}


def test_every_section_has_a_remedy_of_its_own() -> None:
    aliases = {info.alias or name for name, info in Release.model_fields.items()}
    assert aliases <= set(REMEDIES)


def test_problems_of_all_sections_are_listed_at_once() -> None:
    found = problems(
        text(
            artifact={"image": "registry.example/checkout:latest"},
            strategy={"kind": "canary", "steps": [{"weight": 50, "bake": "1m"}, {"weight": 25, "bake": "5x"}]},
            workload__replicas=0,
            rollback=ABSENT,
            guardrails=[{"name": "errors", "kind": "error-ratio"}, {"name": "errors", "kind": "error-ratio"}],
            colour="blue",
        )
    )
    assert set(found) == {
        "artifact.image",
        "strategy.steps[1].bake",
        "strategy.steps[1].weight",
        "workload.replicas",
        "rollback",
        "guardrails[1].name",
        "colour",
    }


def test_a_tag_instead_of_a_digest_is_refused() -> None:
    found = problems(text(artifact__image="registry.example/checkout:1.2"))
    assert "digest" in found["artifact.image"].message


def test_a_tag_beside_the_digest_is_refused() -> None:
    image = COMPLETE["artifact"]["image"].replace("@", ":1.2@")
    assert "leave the tag out" in problems(text(artifact__image=image))["artifact.image"].message


@pytest.mark.parametrize(
    ("changes", "place", "found"),
    [
        ({"kind": "Rel"}, "kind", "'Rel'"),
        ({"workload__replicas": 0}, "workload.replicas", "0"),
        ({"workload__readyWithin": "0s"}, "workload.readyWithin", "'0s'"),
        ({"analysis": {"onError": "ignore"}}, "analysis.onError", "'ignore'"),
        ({"rollback__constraints": [{"a": "b"}]}, "rollback.constraints[0]", "a mapping"),
        ({"route__gateway": {"namespace": "edge", "name": ""}}, "route.gateway.name", "''"),
        ({"owner__team": None}, "owner.team", "nothing"),
    ],
)
def test_a_value_that_is_refused_is_shown(changes: dict[str, object], place: str, found: str) -> None:
    assert problems(text(**changes))[place].message.endswith(f"(found {found})")


def test_a_value_is_shown_once_and_not_when_it_is_long() -> None:
    bake = problems(text(strategy={"kind": "canary", "steps": [{"weight": 100, "bake": "5x"}]}))
    assert bake["strategy.steps[0].bake"].message.count("5x") == 1
    assert "found" not in problems(text(service="x" * 200))["service"].message


@pytest.mark.parametrize(
    ("requests", "limits", "fits"),
    [
        ({"memory": "128Mi"}, {"memory": "1Mi"}, False),
        ({"memory": "1025Ki"}, {"memory": "1Mi"}, False),
        ({"memory": "1000Ki"}, {"memory": "1Mi"}, True),
        ({"memory": "1M"}, {"memory": "1Mi"}, True),
        ({"memory": "1Gi"}, {"memory": "1G"}, False),
        ({"cpu": "1500m"}, {"cpu": "1"}, False),
        ({"cpu": 0.5}, {"cpu": "500m"}, True),
        ({"memory": "1T"}, {"cpu": "1m"}, True),
    ],
)
def test_what_a_pod_asks_for_must_fit_its_limits(
    requests: dict[str, object], limits: dict[str, object], fits: bool
) -> None:
    """Kubernetes refuses such a pod, but only when the Deployment is there already."""
    content = text(workload__resources={"requests": requests, "limits": limits})
    if fits:
        parse(content, "test.yaml")
    else:
        assert "is more than limits." in problems(content)["workload.resources"].message


@pytest.mark.parametrize("name", ["memry", "CPU", "/gpu"])
def test_a_resource_that_kubernetes_does_not_know_is_refused(name: str) -> None:
    found = problems(text(workload__resources={"limits": {name: "1"}}))
    (problem,) = found.values()
    assert name in problem.message
    parse(text(workload__resources={"limits": {"nvidia.example/gpu": "1"}}), "test.yaml")


@pytest.mark.parametrize(
    ("section", "field", "meant"),
    [
        ("workload", "ready_within", "readyWithin"),
        ("workload", "replica", "replicas"),
        ("route", "hostname", "hostnames"),
        ("rollback", "constrains", "constraints"),
    ],
)
def test_an_unknown_field_comes_with_a_suggestion(section: str, field: str, meant: str) -> None:
    found = problems(text(**{f"{section}__{field}": 1}))
    assert found[f"{section}.{field}"].remedy == f"Did you mean {meant}?"


def test_an_unknown_field_inside_a_choice_is_named_by_its_place_in_the_file() -> None:
    step = {"weight": 100, "bake": "1m", "wieght": 3}
    assert problems(text(strategy={"kind": "canary", "steps": [step]}))["strategy.steps[0].wieght"].remedy == (
        "Did you mean weight?"
    )


def test_a_misspelled_section_is_both_unknown_and_missing() -> None:
    found = problems(text(owner=ABSENT, ownr=COMPLETE["owner"]))
    assert found["ownr"].remedy == "Did you mean owner?"
    assert found["owner"].message == "is missing"


def test_an_unknown_kind_lists_the_known_ones() -> None:
    found = problems(text(strategy={"kind": "yolo"}))
    assert found["strategy.kind"].remedy == "Choose one of: canary, blue-green, rolling, auto"


def test_a_guardrail_without_a_kind_is_told_where() -> None:
    assert "guardrails[0].kind" in problems(text(guardrails=[{"name": "errors"}]))


def test_problems_carry_the_line_in_the_file() -> None:
    content = text(workload__port="http")
    line = content.splitlines().index("  port: http") + 1
    problem = problems(content)["workload.port"]
    assert problem.line == line
    assert f"workload.port (line {line}): " in str(problem)


def test_each_wrong_weight_is_named_by_its_step() -> None:
    steps = [{"weight": weight, "bake": "1m"} for weight in (5, 50, 50, 20)]
    found = problems(text(strategy={"kind": "canary", "steps": steps}))
    assert set(found) == {"strategy.steps[2].weight", "strategy.steps[3].weight"}


def test_the_last_weight_must_be_everything() -> None:
    steps = [{"weight": 5, "bake": "1m"}, {"weight": 50, "bake": "1m"}]
    found = problems(text(strategy={"kind": "canary", "steps": steps}))
    assert "must be weight 100" in found["strategy.steps[1].weight"].message


@pytest.mark.parametrize("value", [1.10, True, 42])
def test_a_version_that_yaml_does_not_read_as_text_must_be_quoted(value: object) -> None:
    assert problems(text(version=value))["version"].remedy == "Quote it"


def test_words_that_older_yaml_turns_into_other_things_stay_text() -> None:
    content = text(workload__env=ABSENT) + "\n"
    content = content.replace("workload:\n", "workload:\n  env: {A: no, B: on, C: 1:30, D: 2026-11-23}\n")
    assert parse(content, "test.yaml").workload.env == {"A": "no", "B": "on", "C": "1:30", "D": "2026-11-23"}


def test_true_is_not_the_number_one() -> None:
    assert "workload.replicas" in problems(text(workload__replicas=True))


@pytest.mark.parametrize("bake", ["5x", "-1s", "", "1m 30s", True, [], float("nan")])
def test_a_bad_duration_is_refused_by_its_place(bake: object) -> None:
    found = problems(text(strategy={"kind": "canary", "steps": [{"weight": 100, "bake": bake}]}))
    assert set(found) == {"strategy.steps[0].bake"}


def test_a_key_that_is_there_twice_is_refused() -> None:
    found = problems(text() + "service: other\n")
    assert found["service"].message == "is there twice"


def test_a_naive_time_is_refused() -> None:
    qa = {"recommendation": "go", "by": "qa", "at": "2026-11-22T10:00:00"}
    assert "qa.at" in problems(text(qa=qa))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "empty"),
        ("# nothing\n", "empty"),
        ("a: 1\n---\nb: 2\n", "several documents"),
        ("- a\n", "must be a mapping"),
        ("{", "not readable as YAML"),
        ("a: &x [*x]\n", "expand to more than"),
        (b"\xff\xfe\x00", "not UTF-8"),
        ("[" * 100_000, "levels"),
        ("a: !!python/object/apply:os.system [id]\n", "tag"),
        (b"#" * (MAX_BYTES + 1), "bytes"),
        ("a: " + "9" * 10_000, "cannot be read as int"),
        ('a: "\\ud800"', "half a character"),
        ("? [a, b]\n: 1\n", "is not text"),
        ("a: \x01", "not readable as YAML"),
    ],
)
def test_what_is_no_manifest_is_refused_with_its_reason(content: str | bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse(content, "test.yaml")


def test_aliases_cannot_expand_without_end() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    with pytest.raises(InputError, match="expand to more than"):
        parse("\n".join(lines), "bomb.yaml")


def test_an_alias_that_is_used_reasonably_is_fine() -> None:
    content = text(workload__probes={"readiness": {"path": "/ready"}})
    content = content.replace("readiness:\n", "readiness: &probe\n").replace(
        "      path: /ready\n", "      path: /ready\n    liveness: *probe\n"
    )
    probes = parse(content, "test.yaml").workload.probes
    assert probes.liveness == probes.readiness


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4)
)


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """The complete manifest with any value anywhere."""
    content = manifest(strategy=draw(st.sampled_from(sorted(STRATEGIES.values(), key=str))))
    target: dict[str, object] = content
    key = draw(st.sampled_from(sorted(target)))
    while isinstance(target[key], dict) and draw(st.booleans()):
        target = target[key]  # type: ignore[assignment]
        key = draw(st.sampled_from(sorted(target)))
    target[key] = draw(values)
    return str(yaml.safe_dump(content, allow_unicode=draw(st.booleans())))


@settings(max_examples=300)
@given(damaged() | st.text() | st.binary() | values.map(lambda value: str(yaml.safe_dump(value))))
def test_anything_either_loads_or_is_refused_with_reasons(content: str | bytes) -> None:
    try:
        loaded = parse(content, "fuzz.yaml")
    except InputError as refused:
        assert refused.problems
        for problem in refused.problems:
            assert problem.path
            assert problem.message
            assert problem.remedy
    else:
        assert loaded.model_validate(loaded.model_dump(mode="json", by_alias=True)) == loaded


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"artifact__image": f"registry.example/../../x@{DIGEST}"}, "artifact.image"),
        ({"artifact__image": f"registry.example//checkout@{DIGEST}"}, "artifact.image"),
        ({"artifact__image": f"registry.example:port/checkout@{DIGEST}"}, "artifact.image"),
        ({"owner__oncall": "javascript:alert(document.cookie)"}, "owner.oncall"),
        ({"owner__runbook": "data:text/html,x"}, "owner.runbook"),
        ({"owner__team": "payments\r\nX-Header: y"}, "owner.team"),
        ({"route__matches": [{"headers": [{"name": "x", "value": "a\r\nb: c"}]}]}, "route.matches[0].headers[0].value"),
        ({"route__matches": [{"path": "/a b"}]}, "route.matches[0].path"),
        ({"workload__probes": {"readiness": {"path": "/ready\n"}}}, "workload.probes.readiness.path"),
        (
            {"guardrails": [{"name": "a", "kind": "alert", "alert": "X", "labels": {'a="b"} or up{x': "1"}}]},
            "guardrails[0].labels",
        ),
        (
            {"guardrails": [{"name": "a", "kind": "alert", "alert": "X", "labels": {"alertstate": "pending"}}]},
            "guardrails[0].labels",
        ),
    ],
    ids=str,
)
def test_text_that_would_mean_something_else_to_who_reads_it_next_is_refused(
    changes: dict[str, object], place: str
) -> None:
    assert any(path.startswith(place) for path in problems(text(**changes)))


@pytest.mark.parametrize(
    "name",
    ["checkout", "localhost:5000/checkout", "a.b-c.example/team/check_out", "10.213.0.1:5000/x/y__z", "r.example/a--b"],
)
def test_names_that_registries_know_are_taken(name: str) -> None:
    assert parse(text(artifact__image=f"{name}@{DIGEST}"), "x").artifact.digest == DIGEST

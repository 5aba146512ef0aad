from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.release.errors import InputError
from slipway.release.manifest.load import parse
from slipway.release.revision import is_revision, revision_of, workload_name
from tests.manifests import OTHER_DIGEST, STRATEGIES, release, text

BASE = revision_of(release())

WORKLOAD_CHANGES: list[dict[str, object]] = [
    {"artifact__image": f"registry.example/checkout@{OTHER_DIGEST}"},
    {"artifact__image": "mirror.example/checkout@sha256:" + "a" * 64},
    {"workload__port": 8081},
    {"workload__replicas": 4},
    {"workload__command": ["/app"]},
    {"workload__args": ["--verbose"]},
    {"workload__env": {"LOG": "debug"}},
    {"workload__env": {}},
    {"workload__secretEnv": {"TOKEN": {"secret": "s", "key": "k"}}},
    {"workload__files": {"/etc/app.toml": "a = 1"}},
    {"workload__resources": {"limits": {"memory": "64Mi"}}},
    {"workload__probes": {"readiness": {"path": "/health"}}},
    {"workload__drain": {"beforeStop": "6s"}},
    {"workload__security": {"runAsUser": 1000}},
    {"workload__serviceAccount": "checkout"},
    {"workload__maxUnavailable": "25%"},
    {"workload__appProtocol": "h2c"},
    {"workload__readyWithin": "3m"},
    {"strategy": STRATEGIES["rolling"]},
]


@pytest.mark.parametrize("change", WORKLOAD_CHANGES, ids=str)
def test_any_change_of_artifact_or_workload_is_another_revision(change: dict[str, object]) -> None:
    assert revision_of(release(**change)) != BASE


@pytest.mark.parametrize(
    "change",
    [
        {"version": "2.0.0"},
        {"strategy": STRATEGIES["blue-green"]},
        {"route__timeout": "5s"},
        {"guardrails": [{"name": "other", "kind": "error-ratio"}]},
        {"owner__team": "platform"},
        {"workload__readyWithin": "120s"},
        {"workload__maxUnavailable": 1},
    ],
    ids=str,
)
def test_what_the_pods_do_not_see_is_no_other_revision(change: dict[str, object]) -> None:
    assert revision_of(release(**change)) == BASE


def test_a_revision_is_long_enough_that_no_second_manifest_is_found_for_it() -> None:
    assert re.fullmatch(r"[0-9a-f]{20}", BASE)


def test_the_name_of_a_workload_is_a_dns_label_with_the_longest_name_of_a_service() -> None:
    longest = "c" * 40
    assert release(service=longest).service == longest
    with pytest.raises(InputError):
        release(service=longest + "c")
    assert len(workload_name(longest, BASE)) <= 63


def test_revisions_of_this_and_of_an_earlier_version_are_known_by_their_form() -> None:
    assert is_revision(BASE)
    assert is_revision("3f9a2c1b")
    assert not any(is_revision(text) for text in ("", "3f9a2c1", "3f9a2c1g", BASE.upper(), BASE + "0", "canary"))


def test_the_order_of_keys_does_not_matter() -> None:
    one = text(workload__env={"A": "1", "B": "2"}, workload__resources={"limits": {"cpu": "1", "memory": "1Gi"}})
    lines = one.splitlines()
    a, b = lines.index("    A: '1'"), lines.index("    B: '2'")
    lines[a], lines[b] = lines[b], lines[a]
    cpu = next(index for index, line in enumerate(lines) if line.strip().startswith("cpu:"))
    lines[cpu], lines[cpu + 1] = lines[cpu + 1], lines[cpu]
    assert revision_of(parse("\n".join(lines), "a")) == revision_of(parse(one, "b"))


def test_a_quantity_written_as_a_number_is_the_same_as_its_text() -> None:
    number, words = ({"workload__resources": {"limits": {"cpu": cpu}}} for cpu in (2, "2"))
    assert revision_of(release(**number)) == revision_of(release(**words))


environments = st.dictionaries(st.from_regex(r"[A-Z_][A-Z0-9_]{0,5}", fullmatch=True), st.text(max_size=8), max_size=4)


@given(environments, environments)
def test_two_environments_share_a_revision_only_when_they_are_equal(one: dict[str, str], other: dict[str, str]) -> None:
    base = release()
    first, second = (
        base.model_copy(update={"workload": base.workload.model_copy(update={"env": env})}) for env in (one, other)
    )
    assert (revision_of(first) == revision_of(second)) == (one == other)

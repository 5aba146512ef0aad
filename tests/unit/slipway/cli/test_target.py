"""Which target a command is about."""

from __future__ import annotations

from pathlib import Path

import pytest

from slipway.cli.target import find_target, find_targets
from slipway.release.errors import EngineError
from slipway.release.target import KubernetesTarget


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", str(tmp_path))  # No Pulumi: these commands work without it.
    (tmp_path / "Pulumi.yaml").write_text("name: releases\n")
    (tmp_path / "Pulumi.prod.yaml").write_text("config:\n  releases:namespace: shop\n")
    return tmp_path


def test_the_one_that_is_named_wins_and_needs_no_project(tmp_path: Path) -> None:
    assert find_target(tmp_path, None, "mine") == KubernetesTarget(namespace="mine")


def test_a_stack_names_it(project: Path) -> None:
    (project / "Pulumi.dev.yaml").write_text("config:\n  releases:namespace: dev\n")
    assert find_target(project, "dev", None) == KubernetesTarget(namespace="dev")


def test_the_only_stack_names_it(project: Path) -> None:
    assert find_target(project, None, None) == KubernetesTarget(namespace="shop")


def test_of_several_stacks_none_is_guessed(project: Path) -> None:
    (project / "Pulumi.dev.yaml").write_text("config:\n  releases:namespace: dev\n")
    with pytest.raises(EngineError, match=r"--namespace, or the stack with --stack \(here are dev, prod\)"):
        find_target(project, None, None)


def test_a_stack_without_a_namespace_is_named(project: Path) -> None:
    (project / "Pulumi.prod.yaml").write_text("config: {}\n")
    with pytest.raises(EngineError, match=r"Pulumi\.prod\.yaml has neither releases:namespace nor releases:target"):
        find_target(project, "prod", None)


def test_a_stack_names_a_cluster_with_its_context(project: Path) -> None:
    text = "config:\n  releases:target: {name: eu, context: eu-prod, namespace: shop}\n"
    (project / "Pulumi.prod.yaml").write_text(text)
    assert find_target(project, None, None) == KubernetesTarget(name="eu", context="eu-prod", namespace="shop")


def test_a_target_that_is_none_is_named_with_its_field(project: Path) -> None:
    (project / "Pulumi.prod.yaml").write_text("config:\n  releases:target: {name: EU, namespace: shop}\n")
    with pytest.raises(EngineError, match=r"Pulumi\.prod\.yaml: releases:target\.name: String should match"):
        find_target(project, None, None)


PLACES = """config:
  releases:namespace: shop
  releases:services: {checkout: {manifest: 1.yaml}, cart: {manifest: 2.yaml, place: eu}}
  releases:places: {eu: {target: {name: eu, namespace: carts}}}
"""
OWN, EU = KubernetesTarget(namespace="shop"), KubernetesTarget(name="eu", namespace="carts")


def test_a_service_names_the_place_where_it_runs(project: Path) -> None:
    (project / "Pulumi.prod.yaml").write_text(PLACES)
    assert [find_target(project, None, None, service) for service in ("checkout", "cart", None)] == [OWN, EU, OWN]
    assert find_target(project, None, "mine", "cart") == KubernetesTarget(namespace="mine")
    assert find_targets(project, None, None) == [OWN, EU]
    assert find_targets(project, None, "mine") == [KubernetesTarget(namespace="mine")]


def test_a_service_that_no_file_names_is_where_its_journal_lies(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "Pulumi.prod.yaml").write_text(PLACES)
    journals = {OWN: ["checkout"], EU: ["cart", "gone"]}
    monkeypatch.setattr("slipway.rollout.assemble.services_in", lambda target: journals[target])
    assert find_target(project, None, None, "gone") == EU
    assert find_target(project, None, None, "new") == OWN

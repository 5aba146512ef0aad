"""Commands about a service go to the place where it runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from slipway.cli.main import cli
from slipway.release.errors import ClusterError
from slipway.release.target import KubernetesTarget, Target

PLACES = """config:
  releases:namespace: shop
  releases:services: {cart: {manifest: 1.yaml, place: eu}}
  releases:places: {eu: {target: {name: eu, namespace: carts}}}
"""


@pytest.mark.parametrize(
    "words",
    [
        ("abort", "cart"),
        ("pause", "cart"),
        ("promote", "cart"),
        ("resume", "cart"),
        ("forget", "cart", "--yes"),
        ("hand-over", "cart", "--to", "releases/next", "--reason", "moved"),
        ("release-route", "cart"),
        ("status", "cart"),
    ],
)
def test_a_command_about_a_service_goes_to_its_place(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Target] = []

    def connect(service: str, target: Target) -> None:
        asked.append(target)
        raise ClusterError("this far")

    monkeypatch.setattr("slipway.rollout.assemble.connect_adapters", connect)
    monkeypatch.setattr("slipway.cli.flag_changes.is_killed", lambda *_: False)
    (tmp_path / "Pulumi.yaml").write_text("name: releases\n")
    (tmp_path / "Pulumi.prod.yaml").write_text(PLACES)
    done = CliRunner().invoke(cli, [*words, "--cwd", str(tmp_path)])
    assert isinstance(done.exception, ClusterError) or "this far" in done.output, done.output
    assert asked == [KubernetesTarget(name="eu", namespace="carts")]

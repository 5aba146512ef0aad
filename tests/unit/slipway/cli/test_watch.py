"""`slipway watch`: what it prints, how it ends and where it gives signs of life, with the watcher replaced."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from slipway.cli.main import cli
from slipway.release.records.watch import WatchEntry, WatchPhase
from slipway.release.target import KubernetesTarget
from slipway.rollout.watching import start
from tests.unit.slipway.rollout.examples import backend


def run(
    monkeypatch: pytest.MonkeyPatch, phase: WatchPhase | None, *options: str, asked: list[Any] | None = None
) -> Any:
    ended = None
    if phase is not None:
        ended = WatchEntry(
            id="r1-watch", phase=phase, backend=backend(), manifest="releases/1.yaml", opened=1.0, seconds=60.0
        )

    def watched(*arguments: Any) -> WatchEntry | None:
        if asked is not None:
            asked.extend([arguments[1], arguments[-1]])
        return ended

    monkeypatch.setattr(start, "watch_on_host", watched)
    return CliRunner().invoke(cli, ["watch", "checkout", *(options or ("--namespace", "shop")), "--json"])


@pytest.mark.parametrize(
    ("phase", "code"),
    [
        (WatchPhase.PASSED, 0),
        (WatchPhase.SUPERSEDED, 0),
        (WatchPhase.UNSEEN, 1),
        (WatchPhase.ROLLED_BACK, 1),
        (WatchPhase.ESCALATED, 1),
    ],
)
def test_only_a_watch_that_held_ends_with_success(
    monkeypatch: pytest.MonkeyPatch, phase: WatchPhase, code: int
) -> None:
    done = run(monkeypatch, phase)
    assert done.exit_code == code
    said = json.loads(done.stdout)
    assert (said["ok"], said["phase"]) == (code == 0, phase.value)


def test_an_interrupted_watch_says_that_no_process_watches(monkeypatch: pytest.MonkeyPatch) -> None:
    done = run(monkeypatch, None)
    assert done.exit_code == 130
    assert "run the command again" in done.output


def test_its_signs_of_life_are_where_the_stack_says_or_the_option(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))  # no Pulumi is asked
    (tmp_path / "Pulumi.yaml").write_text("name: releases\n")
    slos = {"files": ["a.yaml"], "target": {"kind": "prometheus-rule"}, "hostMetrics": "/var/lib/textfiles"}
    config = {"releases:namespace": "shop", "releases:slos": slos}
    (tmp_path / "Pulumi.prod.yaml").write_text(json.dumps({"config": config}))
    here, shop = ("--cwd", str(tmp_path)), KubernetesTarget(namespace="shop")
    for options, folder in (
        (here, Path("/var/lib/textfiles")),
        ((*here, "--host-metrics", "/elsewhere"), Path("/elsewhere")),
        (("--namespace", "shop"), None),
    ):
        asked: list[Any] = []
        run(monkeypatch, WatchPhase.PASSED, *options, asked=asked)
        assert asked == [shop, folder]

"""`slipway watch`: what it prints and how it ends, with the watcher replaced."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner

from slipway.cli.main import cli
from slipway.release.records.watch import WatchEntry, WatchPhase
from slipway.rollout.watching import start
from tests.unit.slipway.rollout.examples import backend


class Watcher:
    """Ends as it is told to."""

    def __init__(self, phase: WatchPhase | None) -> None:
        self._phase = phase

    def run(self) -> WatchEntry | None:
        if self._phase is None:
            return None
        return WatchEntry(
            id="r1-watch", phase=self._phase, backend=backend(), manifest="releases/1.yaml", opened=1.0, seconds=60.0
        )


def run(monkeypatch: pytest.MonkeyPatch, phase: WatchPhase | None) -> Any:
    monkeypatch.setattr(start, "watch_on_host", lambda *_: (None, Watcher(phase)))
    return CliRunner().invoke(cli, ["watch", "checkout", "--namespace", "shop", "--json"])


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

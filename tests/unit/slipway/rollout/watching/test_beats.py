"""The file by which a host says that it watches."""

from __future__ import annotations

from pathlib import Path

import pytest

from slipway.release.records.watch import WatchPhase
from slipway.release.slo.watch_alarm import BEAT, UNTIL
from slipway.release.target import KubernetesTarget
from slipway.rollout.watching.beats import HostBeats
from tests.unit.slipway.rollout.watching.watched import Watched

SHOP = KubernetesTarget(name="eu", namespace="shop")


@pytest.fixture
def service() -> Watched:
    released = Watched()
    released.release()
    return released


def beats(folder: Path, said: list[str] | None = None) -> HostBeats:
    return HostBeats(folder, SHOP, "checkout", (said if said is not None else []).append)


def test_a_sign_of_life_is_a_whole_file_that_others_may_read(service: Watched, tmp_path: Path) -> None:
    beats(tmp_path)(service.watch, 1234.5)
    (file,) = tmp_path.iterdir()
    assert file.name == "slipway-watch.eu.shop.checkout.prom"
    assert file.stat().st_mode & 0o777 == 0o644
    labels = 'service="checkout",revision="bbbbbbbb",target="kubernetes/eu/shop"'
    assert f"{BEAT}{{{labels}}} 1234.5" in file.read_text().splitlines()
    assert f"{UNTIL}{{{labels}}} {service.watch.until!r}" in file.read_text().splitlines()


def test_nothing_is_left_of_a_watch_that_lasted_to_its_end(service: Watched, tmp_path: Path) -> None:
    seen: list[bool] = []
    service.world.clock.at(service.watch.opened - 1000.0 + 300.0, lambda: seen.append(any(tmp_path.iterdir())))
    ended = service.watcher(beat=beats(tmp_path)).run()
    assert ended is not None
    assert ended.phase is WatchPhase.PASSED
    assert seen == [True]
    assert list(tmp_path.iterdir()) == []


def test_of_a_watch_that_ended_before_its_time_the_file_says_when(service: Watched, tmp_path: Path) -> None:
    service.fail_from(60.0)
    ended = service.watcher(beat=beats(tmp_path)).run()
    assert ended is not None
    assert ended.phase is WatchPhase.ROLLED_BACK
    (file,) = tmp_path.iterdir()
    (until,) = (line.split()[-1] for line in file.read_text().splitlines() if line.startswith(UNTIL))
    assert float(until) == ended.ended


def test_who_ends_before_the_watch_takes_its_own_file_along_and_no_other(service: Watched, tmp_path: Path) -> None:
    mine, waits = beats(tmp_path), beats(tmp_path)
    mine(service.watch, 1.0)
    waits.withdraw()
    assert len(list(tmp_path.iterdir())) == 1, "it never watched"
    mine.withdraw()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_told_once_and_the_watch_goes_on(service: Watched, tmp_path: Path) -> None:
    said: list[str] = []
    mine = beats(tmp_path / "missing", said)
    ended = service.watcher(beat=mine).run()
    assert ended is not None
    assert ended.phase is WatchPhase.PASSED
    (line,) = said
    assert line.startswith(f"checkout: no sign of life in {tmp_path}/missing: No such file or directory; ")
    assert "releases:slos.hostMetrics" in line

"""An API server that is away for a while ends neither a rollout in a Job nor the following of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.chaos import outages
from sandbox.sample.load import Load
from tests.integration.releases.service import failures
from tests.integration.runner.releases import SLOW, Releases

pytestmark = pytest.mark.alone


def test_an_api_server_that_is_away_for_less_than_the_grace_ends_nothing(
    releases: Releases, load: Load, tmp_path: Path
) -> None:
    version, process = releases.started(SLOW, load, tmp_path / "log")
    with outages.frozen(outages.API_SERVER):
        asked = load.snapshot().sent
        load.await_counts(lambda seen: seen.sent - asked > 200 * 14, 60, "14 s of traffic")
    assert process.wait(120) == 0, (tmp_path / "log").read_text()
    releases.serving = version
    assert releases.service.serving() == version
    assert len(releases.service.head().recorded) == 2, "it was not begun anew"
    assert failures(load) == []

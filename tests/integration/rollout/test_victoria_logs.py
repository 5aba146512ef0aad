"""The reader of logs against a real VictoriaLogs: requests are counted, errors come masked, windows are closed."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from sandbox import toolchain
from sandbox.progress import SilentReporter
from sandbox.toolchain.catalog import victoria_logs
from slipway.release.errors import ClusterError
from slipway.release.manifest.guardrails import Logs
from slipway.rollout.metrics.draft import Draft
from slipway.rollout.metrics.logs import WindowSources
from slipway.rollout.metrics.readers import ReadRequest
from slipway.rollout.metrics.victoria_logs import VictoriaLogs
from tests.integration.rollout.own_victoria_logs import OwnVictoriaLogs
from tests.integration.rollout.stage import eventually
from tests.unit.slipway.rollout.examples import backend

NEW, OLD = backend("bbbbbbbb"), backend("aaaaaaaa")
LOGS = Logs(name="logs", kind="logs", requests='{app="checkout",revision="{revision}"}', errors="level:=error")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnVictoriaLogs]:
    binary = toolchain.build_module(victoria_logs(), SilentReporter()) / "bin" / "victoria-logs"
    with OwnVictoriaLogs(binary, tmp_path_factory.mktemp("logs")) as own:
        yield own


def line(at: float, revision: str, trace: str, text: str, level: str = "info") -> dict[str, object]:
    stamp = datetime.fromtimestamp(at, UTC).isoformat()
    return {"_time": stamp, "app": "checkout", "revision": revision, "trace_id": trace, "level": level, "_msg": text}


def test_requests_errors_and_signatures_are_counted_within_the_window_and_no_others(server: OwnVictoriaLogs) -> None:
    start, dice, lines = time.time() - 60.0, random.Random(7), []  # noqa: S311
    for number in range(200):
        revision, trace = ("bbbbbbbb" if number % 4 == 0 else "aaaaaaaa"), f"t{number}"
        at = start + 9.0 * number / 200
        lines += [line(at, revision, trace, "request served")] * 2
        if number % 40 == 0:  # five requests of the candidate
            for _ in range(3):  # which log it thrice each
                address = f"10.1.{dice.randrange(250)}.{dice.randrange(250)}:{dice.randrange(2000, 9000)}"
                lines.append(line(at, revision, trace, f"cannot reach {address} after {number} ms", "error"))
        if number % 50 == 1:  # four of the baseline
            lines.append(line(at, revision, trace, f"order {dice.randrange(10**6)} is unknown", "error"))
    lines += [line(start - 1.0, "bbbbbbbb", "before", "cannot come", "error")]
    lines += [line(start + 10.0, "bbbbbbbb", "after", "cannot come", "error")]
    server.insert(lines)
    reader = VictoriaLogs(server.url)
    eventually(lambda: reader.count(LOGS, NEW, start, start + 10.0).total, lambda total: total == 50)
    own, other = (reader.count(LOGS, side, start, start + 10.0) for side in (NEW, OLD))
    assert (own.total, own.bad) == (50, 5)
    assert (other.total, other.bad) == (150, 4)
    (text,) = own.signatures
    assert own.signatures[text] == 5
    assert text.startswith("cannot reach <")
    assert not any(char.isdigit() for char in text.replace("IP4", ""))
    assert other.signatures == {"order <N> is unknown": 4}


def test_windows_that_follow_each_other_count_every_line_once(server: OwnVictoriaLogs) -> None:
    class Clock:
        now = time.time() - 300.0

        def __call__(self) -> float:
            return self.now

    clock = Clock()
    begin = clock.now - 5.0
    server.insert([line(begin + 1.0 + 0.1 * n, "bbbbbbbb", f"w{n}", "served") for n in range(250)])
    reader = VictoriaLogs(server.url)
    eventually(lambda: reader.count(LOGS, NEW, begin, begin + 30.0).total, lambda total: total == 250)
    sources, seen = WindowSources(reader, 5.0, clock), 0
    for _ in range(12):
        draft = Draft()
        sources.read_all([LOGS], ReadRequest(NEW, OLD), draft)
        assert draft.errors == {}
        window = draft.readings["logs"].logs
        seen += window.candidate.total if window is not None else 0
        clock.now += 3.0
    assert seen == 250


def test_a_query_that_it_cannot_parse_is_an_error_with_its_reason(server: OwnVictoriaLogs) -> None:
    broken = LOGS.model_copy(update={"errors": "level:=("})
    with pytest.raises(ClusterError, match=r"VictoriaLogs at .* refused: cannot parse"):
        VictoriaLogs(server.url).count(broken, NEW, 0.0, 5.0)

"""The drill of a kill, without a cluster: what is written, what is seen, and that the flag is on again."""

from __future__ import annotations

import httpx2
import pytest

from slipway.release.errors import ClusterError
from slipway.release.flags.declaring import after_declaration
from slipway.release.flags.effective import effective
from slipway.release.flags.journal import after_change, after_exposure
from slipway.rollout.flags.drill import Seen, drill, off_by_ofrep, off_in_document, refusal
from slipway.rollout.flags.writer import FlagWriter
from slipway.rollout.platforms.memory import MemoryDocumentStore
from tests.flags import BY, FLAGS, declaration, kill


class Clock:
    """Seconds that pass while somebody waits."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> float:
        return self.seconds

    def wait(self, seconds: float) -> None:
        self.seconds += seconds


@pytest.fixture
def writer() -> FlagWriter:
    made = FlagWriter("flags", MemoryDocumentStore(), {"config-map": MemoryDocumentStore()}, "config-map")
    made.change(lambda head: after_declaration(head, declaration(FLAGS), BY), declares=True)
    return made


def carried_out(writer: FlagWriter, seen: Seen) -> tuple[str, float]:
    clock = Clock()
    done = drill(writer, "pay", "kim", seen, within=5.0, clock=clock.now, pause=clock.wait)
    return done.problem or "", done.seconds


def test_the_flag_is_killed_seen_off_and_on_again(writer: FlagWriter) -> None:
    before = writer.read_document()
    assert carried_out(writer, off_in_document(writer, "pay")) == ("", 0.0)
    head = writer.load()
    assert [record.what for record in head.records[-2:]] == ["kill", "resume"]
    assert head.records[-1].reason == "a drill"
    after = writer.read_document()
    assert before is not None
    assert after is not None
    assert after.content == before.content


def test_a_flag_that_is_never_seen_off_failed_the_drill_and_is_resumed(writer: FlagWriter) -> None:
    problem, seconds = carried_out(writer, lambda: "still on")
    assert problem == "not seen off within 5s: still on"
    assert seconds > 5.0
    assert writer.load().killed("pay") is None


def test_a_cluster_that_fails_while_it_is_looked_at_leaves_no_kill(writer: FlagWriter) -> None:
    def away() -> str | None:
        raise ClusterError("the API server is away")

    assert carried_out(writer, away)[0] == "the API server is away"
    assert writer.load().killed("pay") is None


def test_there_is_nothing_to_drill_where_the_flag_is_off_or_killed(writer: FlagWriter) -> None:
    def why(flag: str, *, restart: bool = False) -> str | None:
        return refusal(effective(writer.load()).flags[flag], restart=restart)

    assert why("pay") is None
    assert "off for all users already" in str(why("new-cart"))
    writer.change(lambda head: after_exposure(head, "new-cart", 5.0, "s", BY))
    assert "--restart-exposure" in str(why("new-cart"))
    assert why("new-cart", restart=True) is None
    writer.change(lambda head: after_change(head, kill("pay")))
    assert "killed by guard" in str(why("pay"))


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (httpx2.Response(200, json={"variant": "off"}), None),
        (httpx2.Response(200, json={"variant": "on"}), "with the variant on"),
        (httpx2.Response(404, json={"errorCode": "FLAG_NOT_FOUND"}), "HTTP 404"),
        (httpx2.Response(200, text="<html>"), "does not answer as OFREP"),
        (httpx2.ConnectError("refused"), "does not answer as OFREP: refused"),
    ],
    ids=["off", "on", "not found", "no JSON", "away"],
)
def test_an_evaluator_is_asked_as_a_caller_would(answer: httpx2.Response | Exception, words: str | None) -> None:
    asked: list[httpx2.Request] = []

    def respond(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        if isinstance(answer, Exception):
            raise answer
        return answer

    found = off_by_ofrep("http://flags.example:8016", "pay", "off", httpx2.MockTransport(respond))()
    assert asked[0].url.path == "/ofrep/v1/evaluate/flags/pay"
    if words is None:
        assert found is None
    else:
        assert words in str(found)

"""Which flags are still evaluated, asked of a server that answers as it is told."""

from __future__ import annotations

import httpx2
import pytest

from slipway.release.flags.use import FlagUse
from slipway.rollout.gate_inputs.flag_use import unused
from tests.unit.slipway.rollout.metrics.server import Server, result

USE = FlagUse(url="http://prometheus.example:9090", query='sum(increase(evaluations_total{key="{flag}"}[{within}]))')


def counted(value: str) -> httpx2.Response:
    return result({"metric": {}, "value": [1.0, value]})


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (counted("12.5"), None),
        (counted("0"), "no evaluation within 30 days"),
        (counted("NaN"), "no evaluation within 30 days"),
        (result(), "no evaluation within 30 days"),
        (httpx2.ConnectError("refused"), "cannot be reached"),
    ],
    ids=["some", "none", "not a number", "no series", "no answer"],
)
def test_only_a_counted_evaluation_is_a_use(answer: httpx2.Response | Exception, why: str | None) -> None:
    server = Server()
    server.on('key="pay"', answer)
    found = unused(USE, ["pay"], server.transport)
    assert (found == {}) if why is None else why in found["pay"]


def test_each_flag_is_asked_for_by_itself() -> None:
    server = Server()
    server.on('key="pay"', counted("3"))
    server.on('key="old"', result())
    assert list(unused(USE, ["pay", "old"], server.transport)) == ["old"]
    assert unused(USE, [], server.transport) == {}

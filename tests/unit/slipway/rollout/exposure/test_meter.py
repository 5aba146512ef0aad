"""What is read of a flag's variants, against a server that answers as it is told."""

from __future__ import annotations

from typing import Any

import pytest

from slipway.release.errors import ClusterError
from slipway.release.manifest.guardrails import Custom
from slipway.rollout.exposure.meter import VariantMeter
from slipway.rollout.exposure.sides import filled, side_of
from slipway.rollout.metrics.prometheus_api import Prometheus
from tests.unit.slipway.rollout.metrics.server import Server, result

ON, OFF = side_of("new-cart", "on"), side_of("new-cart", "off")
ERRORS = filled(
    Custom(name="errors", kind="custom", good='good{f="{flag}",v="{variant}"}', total='all{f="{flag}",v="{variant}"}'),
    "new-cart",
)


def part(name: str, value: float, **labels: str) -> dict[str, Any]:
    return {"metric": {"slipway_part": name, "pod": "p", **labels}, "value": [100.0, str(value)]}


BOTH = (
    part("candidate_total", 50),
    part("candidate_good", 40),
    part("baseline_total", 950),
    part("baseline_good", 949),
)


@pytest.fixture
def server() -> Server:
    return Server()


def meter(server: Server, evaluations: str | None = None) -> VariantMeter:
    return VariantMeter(Prometheus("http://prometheus.example", None, server.transport), evaluations)


def test_the_queries_name_the_flag_and_either_variant(server: Server) -> None:
    server.on("query", result(*BOTH))
    meter(server).snapshot([ERRORS], ON, OFF)
    asked = server.asked[0].url.params["query"]
    assert 'all{f="new-cart",v="on"}' in asked
    assert 'good{f="new-cart",v="off"}' in asked


def test_both_variants_are_counted_and_the_totals_say_who_gets_which(server: Server) -> None:
    server.on("query", result(*BOTH))
    found = meter(server).snapshot([ERRORS], ON, OFF)
    reading = found.readings["errors"]
    assert [one.bad for one in reading.candidate.values()] == [10]
    assert [one.bad for one in reading.baseline.values()] == [1]
    totals = {variant: [one.total for one in series.values()] for variant, series in found.traffic.items()}
    assert totals == {"on": [50], "off": [950]}
    assert found.traffic_error is None


def test_evaluations_say_who_gets_which_where_they_are_counted(server: Server) -> None:
    server.on("query", result(*BOTH))
    server.on("impressions", result(part("candidate_total", 7), part("baseline_total", 93)))
    found = meter(server, 'impressions{v="{revision}"}').snapshot([ERRORS], ON, OFF)
    assert {name: [one.total for one in series.values()] for name, series in found.traffic.items()} == {
        "on": [7],
        "off": [93],
    }


def test_evaluations_that_cannot_be_read_blind_the_look(server: Server) -> None:
    server.on("query", result(*BOTH))
    server.on("impressions", result())
    found = meter(server, 'impressions{v="{revision}"}').snapshot([ERRORS], ON, OFF)
    assert found.traffic_error is not None
    assert found.traffic_error.startswith("evaluations: ")


def test_an_off_variant_without_series_is_an_error_of_its_guardrail(server: Server) -> None:
    server.on("query", result(part("candidate_total", 50), part("candidate_good", 40)))
    assert "no series of the baseline" in meter(server).snapshot([ERRORS], ON, OFF).errors["errors"]


def test_evaluations_of_one_variant_alone_are_zero_for_the_other(server: Server) -> None:
    server.on("impressions", result(part("baseline_total", 93)))
    found = meter(server, 'impressions{v="{revision}"}').evaluated([ON, OFF])
    assert found["on"] == {}
    assert [one.total for one in found["off"].values()] == [93.0]


def test_evaluated_without_a_query_counts_nothing(server: Server) -> None:
    assert meter(server).evaluated([ON, OFF]) == {}
    assert server.asked == []


def test_no_series_at_all_is_said(server: Server) -> None:
    server.on("impressions", result())
    with pytest.raises(ClusterError, match="no series for either side"):
        meter(server, 'impressions{v="{revision}"}').evaluated([ON, OFF])

"""What objectives, alarms and their routing declare in CloudWatch."""

from __future__ import annotations

from typing import Any

import pulumi

from components.alerting import declare_alerting
from policies.gates.alarms import evaluate
from policies.rule import Resource, Surroundings
from slipway.release.gating.settings import AlarmSettings
from slipway.release.slo.delivery import SloSetting
from slipway.release.slo.reading import Alerting
from slipway.release.tokens import ALARM, ALARM_ROUTING, SLO
from tests.components.recorder import Record, declare
from tests.unit.slipway.release.slo.test_cloudwatch import in_cloudwatch, queue

METRIC, COMPOSITE = "aws:cloudwatch/metricAlarm:MetricAlarm", "aws:cloudwatch/compositeAlarm:CompositeAlarm"
TOPIC = "aws:sns/topic:Topic"
PAGES = "arn:aws:sns:eu-central-1:123456789012:oncall"
ALERTING = Alerting.model_validate(
    {
        "slos": [in_cloudwatch()],
        "alarms": [queue(above=300)],
        "routing": {
            "fallback": "team-checkout",
            "owners": {
                "team-checkout": {
                    "page": {"kind": "sns", "topic": PAGES},
                    "ticket": {"kind": "sns", "topic": "checkout-tickets"},
                },
                "team-search": {"page": {"kind": "sns", "topic": "search-pages"}},
            },
        },
    }
)
SETTING = SloSetting.model_validate({"files": ["alerting.yaml"], "target": {"kind": "cloudwatch"}})
exported: dict[str, Any] = {}


def declared() -> Record:
    def program() -> None:
        exported.update(declare_alerting(ALERTING, SETTING, None, "", pulumi.ResourceOptions()))

    return declare(program, {TOPIC: {"arn": "arn:made"}})


def test_each_owner_is_told_by_the_topic_of_the_severity() -> None:
    record = declared()
    page, ticket = (
        record.one(COMPOSITE, f"releases-test-checkout-availability-SloBurnRate{kind}") for kind in ("Page", "Ticket")
    )
    absent = record.one(METRIC, "releases-test-checkout-availability-SloNoData")
    own = record.one(METRIC, "releases-test-CheckoutQueueStuck")
    for one, topic in ((page, PAGES), (absent, PAGES), (ticket, "arn:made"), (own, "arn:made")):
        assert (one.properties["alarmActions"], one.properties["okActions"]) == ([topic], [topic])
        assert one.properties["tags"]["owner"] == "team-checkout"


def test_only_topics_that_are_used_and_have_no_arn_are_declared() -> None:
    assert [one.name for one in declared().all(TOPIC)] == ["checkout-tickets"]


def test_a_composite_alarm_comes_after_its_parts_which_tell_nobody() -> None:
    record = declared()
    page = record.one(COMPOSITE, "releases-test-checkout-availability-SloBurnRatePage")
    parts = [one for one in record.all(METRIC) if one.properties["tags"].get("part-of") == page.name]
    assert len(parts) == 4
    assert {one.urn for one in parts} <= page.depends_on
    assert not any("alarmActions" in one.properties for one in parts)


def test_the_components_are_those_of_prometheus() -> None:
    kinds = {one.type for one in declared()}
    assert kinds == {SLO, ALARM, ALARM_ROUTING, METRIC, COMPOSITE, TOPIC}


def test_what_is_exported_names_the_alarms_that_tell_somebody() -> None:
    declared()
    names = exported["checkout-availability"]["alerts"]
    assert [name.rpartition("-")[2] for name in names] == ["SloBurnRatePage", "SloBurnRateTicket", "SloNoData"]


def test_the_gate_finds_nothing_that_is_missing() -> None:
    for one in (*declared().all(METRIC), *declared().all(COMPOSITE)):
        found = evaluate(Resource(one.type, one.name, one.urn, one.properties), AlarmSettings(), Surroundings())
        assert found == [], one.name

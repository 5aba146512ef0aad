"""What the rules of an objective say of a service, by promtool's own evaluation of every minute.

The objective is 99.9% over 30 days. Traffic is written as stretches: events a minute, and for how many minutes.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from slipway.release.slo.rules import NO_DATA, PAGE, TICKET, budget_query, rule_file, slo_group
from tests.unit.slipway.release.slo.examples import slo

Stretches = Sequence[tuple[int, int]]
ALARMS = (PAGE, TICKET, NO_DATA)
SLO = slo()


@dataclass(frozen=True)
class Story:
    """Good and bad events, and what is wanted: the first and last minute in which each alarm fires, and the budget that
    is left at the end. `bad` None is a counter without any series."""

    name: str
    minutes: int
    good: Stretches
    bad: Stretches | None
    budget: float
    fires: dict[str, tuple[int, int]] = field(default_factory=dict)


STORIES = (
    Story(
        "an outage of 5 minutes",
        240,
        [(600, 120), (0, 5), (600, 115)],
        [(0, 120), (600, 5), (0, 115)],
        budget=-20.1,
        fires={PAGE: (121, 154), TICKET: (121, 239)},
    ),
    Story(
        "2% of failures for 65 minutes",
        300,
        [(600, 120), (588, 65), (600, 115)],
        [(0, 120), (12, 65), (0, 115)],
        budget=-3.38,
        fires={PAGE: (164, 205), TICKET: (129, 299)},
    ),
    Story(
        "0.5% of failures for 10 hours",
        840,
        [(600, 120), (597, 600), (600, 120)],
        [(0, 120), (3, 600), (0, 120)],
        budget=-2.58,
        fires={TICKET: (153, 839)},
    ),
    Story("exactly at the budget for 14 hours", 840, [(999, 840)], [(1, 840)], budget=0.0),
    Story(
        "one failure at one request a minute",
        480,
        [(1, 240), (0, 1), (1, 239)],
        [(0, 240), (1, 1), (0, 239)],
        budget=-1.1,
    ),
    Story(
        "five failures in a row at one request a minute",
        480,
        [(1, 240), (0, 5), (1, 235)],
        [(0, 240), (1, 5), (0, 235)],
        budget=-9.48,
        fires={PAGE: (243, 274)},
    ),
    Story("no traffic for 20 minutes", 240, [(600, 120), (0, 20), (600, 100)], [(0, 240)], budget=1.0),
    Story("no traffic at all", 240, [(0, 240)], [(0, 240)], budget=1.0),
    Story("no failure yet, so no series of failures", 240, [(600, 240)], None, budget=1.0),
    Story(
        "all series are gone",
        240,
        [(600, 119)],
        [(0, 119)],
        budget=1.0,
        fires={NO_DATA: (134, 239)},
    ),
)
"""Of the last one the last sample is that of minute 119."""


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_who_is_told_and_when(story: Story, packages: Path, tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump(rule_file([slo_group(SLO)])))
    (tmp_path / "test.yaml").write_text(yaml.safe_dump(_document(story)))
    promtool = packages / "usr" / "bin" / "promtool"
    done = subprocess.run(
        [promtool, "test", "rules", tmp_path / "test.yaml"], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _document(story: Story) -> dict[str, Any]:
    test = {
        "interval": "1m",
        "input_series": list(_series(story)),
        "alert_rule_test": [_look(alarm, minute, story) for alarm in ALARMS for minute in _minutes(alarm, story)],
        "promql_expr_test": [_budget(story)],
    }
    return {"rule_files": ["rules.yaml"], "evaluation_interval": "1m", "tests": [test]}


def _series(story: Story) -> list[dict[str, str]]:
    found = [("200", story.good), *([("503", story.bad)] if story.bad is not None else [])]
    return [
        {"series": f'http_requests_total{{service="checkout",code="{code}"}}', "values": _values(stretches)}
        for code, stretches in found
    ]


def _values(stretches: Stretches) -> str:
    """A counter as promtool writes it, from 0 on."""
    text, value = "0", 0
    for rate, minutes in stretches:
        text += f" {value + rate}+{rate}x{minutes - 1}"
        value += rate * minutes
    return text


def _minutes(alarm: str, story: Story) -> list[int]:
    """The edges of what is wanted, and every tenth minute."""
    edges = story.fires.get(alarm)
    near = {edge + by for edge in edges or () for by in (-1, 0, 1)}
    return sorted(minute for minute in {*range(0, story.minutes, 10), *near} if 0 <= minute < story.minutes)


def _look(alarm: str, minute: int, story: Story) -> dict[str, Any]:
    edges = story.fires.get(alarm)
    rule = next(dict(rule) for rule in slo_group(SLO).rules if rule.get("alert") == alarm)
    firing = edges is not None and edges[0] <= minute <= edges[1]
    wanted = [{"exp_labels": rule["labels"], "exp_annotations": rule["annotations"]}] if firing else []
    return {"eval_time": f"{minute}m", "alertname": alarm, "exp_alerts": wanted}


def _budget(story: Story) -> dict[str, Any]:
    """Prometheus itself says whether the budget is within a hundredth of what is wanted: NaN would not be."""
    labels = f'{{service="checkout", slo="{SLO.name}"}}'
    close = f"abs({budget_query(SLO)} - {story.budget}) < bool 0.01"
    return {"expr": close, "eval_time": f"{story.minutes - 1}m", "exp_samples": [{"labels": labels, "value": 1}]}

"""When the alarm fires for a watch without a process, by promtool's own evaluation of every fifteen seconds.

The watch is declared for an hour from the commit on; its process is read every fifteen seconds. Times are minutes.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from slipway.release.revision import revision_of
from slipway.release.slo.rules import RuleGroup, rule_file
from slipway.release.slo.watch_alarm import BEAT, UNTIL, WATCH_GONE, Opened, watch_group
from tests.manifests import release

WATCHED = release(watch={"for": "1h", "guardrails": [{"name": "slo", "kind": "slo", "objective": "1%"}]})
STEP, END = 15, 3600
OPENED, NOT_OPENED = watch_group(WATCHED, opened=Opened(0, END)), watch_group(WATCHED)
DAYS = 3 * 24 * 60


@dataclass(frozen=True)
class Story:
    """`alive` is when the process was there, from and until; `ended` when the watch ended before its time, which the
    process says until it goes. `fires` is the first and the last minute at which the alarm is wanted."""

    name: str
    alive: tuple[tuple[int, int], ...]
    ended: int | None = None
    fires: tuple[int, int] | None = None
    minutes: int = 180
    group: RuleGroup = OPENED


STORIES = (
    Story("it lasts to its end", ((0, 61),)),
    Story("no process ever begins", (), fires=(5, 59)),
    Story("the process begins late", ((10, 61),), fires=(5, 9)),
    Story("the commit opened none, as after a rollback to a release with a watch", (), group=NOT_OPENED),
    Story("it was seen, and until when is not known otherwise", ((0, 20),), fires=(25, 59), group=NOT_OPENED),
    Story(
        "a revision is tried again without a process, two minutes after its earlier watch began",
        ((0, 2),),
        ended=1,
        fires=(7, 59),
        group=watch_group(WATCHED, opened=Opened(120, END)),
    ),
    Story("the process is gone for two minutes", ((0, 20), (22, 61))),
    # A series whose target is gone is stale at once; the alarm waits for five minutes, and ends with the watch.
    Story("the process is gone for good", ((0, 20),), fires=(25, 59)),
    Story("the process is gone for a while", ((0, 20), (40, 61)), fires=(25, 39)),
    Story("a breach ends it", ((0, 22),), ended=20),
    Story("it is over for days", ((0, 61),), minutes=DAYS),
)


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_who_is_told_that_nothing_watches_and_when(story: Story, packages: Path, tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump(rule_file([story.group])))
    (tmp_path / "test.yaml").write_text(yaml.safe_dump(_document(story)))
    promtool = packages / "usr" / "bin" / "promtool"
    done = subprocess.run(
        [promtool, "test", "rules", tmp_path / "test.yaml"], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _document(story: Story) -> dict[str, Any]:
    labels = f'{{service="checkout",revision="{revision_of(WATCHED)}"}}'
    steps = range(0, story.minutes * 60 + 1, STEP)
    alive = [any(60 * begin <= at < 60 * end for begin, end in story.alive) for at in steps]
    ended = END if story.ended is None else 60 * story.ended
    until = [ended if at >= ended else END for at in steps]
    beats = [min(at, ended) for at in steps]
    test = {
        "interval": f"{STEP}s",
        "input_series": [
            {"series": f"{name}{labels}", "values": " ".join(_values(values, alive))}
            for name, values in ((UNTIL, until), (BEAT, beats))
        ],
        "alert_rule_test": [_look(minute, story) for minute in _minutes(story)],
    }
    return {"rule_files": ["rules.yaml"], "evaluation_interval": f"{STEP}s", "tests": [test]}


def _values(values: list[int], alive: list[bool]) -> Iterator[str]:
    """As promtool writes them; a series whose target is gone is stale."""
    before = False
    for value, there in zip(values, alive, strict=True):
        yield str(value) if there else "stale" if before else "_"
        before = there


def _minutes(story: Story) -> list[int]:
    near = {edge + by for edge in story.fires or () for by in (-1, 0, 1)}
    step = 10 if story.minutes < DAYS else 360
    return sorted(minute for minute in {*range(0, story.minutes, step), *near} if 0 <= minute < story.minutes)


def _look(minute: int, story: Story) -> dict[str, Any]:
    rule = dict(story.group.rules[-1])
    firing = story.fires is not None and story.fires[0] <= minute <= story.fires[1]
    wanted = [{"exp_labels": rule["labels"], "exp_annotations": rule["annotations"]}] if firing else []
    return {"eval_time": f"{minute}m", "alertname": WATCH_GONE, "exp_alerts": wanted}

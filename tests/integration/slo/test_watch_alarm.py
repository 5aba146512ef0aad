"""When the alarm fires for a watch without a process: by promtool's own evaluation of every fifteen seconds, and once
by a real Prometheus that reads a host's signs of life from a real node_exporter.

The watch is declared for an hour from the commit on; its process is read every fifteen seconds. Times are minutes.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from slipway.release.records.watch import WatchEntry, WatchPhase
from slipway.release.revision import revision_of
from slipway.release.slo.rules import RuleGroup, rule_file
from slipway.release.slo.watch_alarm import (
    BEAT,
    LAST_UNTIL,
    NONE,
    UNTIL,
    WATCH_GONE,
    Opened,
    selector,
    watch_group,
    watch_labels,
)
from slipway.release.target import KubernetesTarget, Target
from slipway.rollout.metrics.prometheus_api import Prometheus
from slipway.rollout.watching.beats import HostBeats
from tests.integration.rollout.own_prometheus import OwnPrometheus
from tests.integration.rollout.stage import eventually
from tests.integration.slo.own_node_exporter import OwnNodeExporter
from tests.manifests import release
from tests.unit.slipway.rollout.examples import backend

WATCHED = release(watch={"for": "1h", "guardrails": [{"name": "slo", "kind": "slo", "objective": "1%"}]})
SHOP, STAGING = (KubernetesTarget(namespace=name) for name in ("shop", "staging"))
STEP, END = 15, 3600
OPENED, UNSAID = watch_group(WATCHED, SHOP, opened=Opened(0, END)), watch_group(WATCHED, SHOP)
NONE_OPENED = watch_group(WATCHED, SHOP, opened=NONE)
DAYS = 3 * 24 * 60


@dataclass(frozen=True)
class Story:
    """`alive` is when the process was there, from and until; `ended` when the watch ended before its time, which the
    process says until it goes. On a host its file `stays` as it was then, and so does that of a host that watched
    `before`, from and until. The same revision is watched in another place from and until `elsewhere`. `fires` is the
    first and the last minute at which the alarm is wanted."""

    name: str
    alive: tuple[tuple[int, int], ...]
    ended: int | None = None
    stays: bool = False
    before: tuple[int, int] | None = None
    elsewhere: tuple[int, int] | None = None
    fires: tuple[int, int] | None = None
    minutes: int = 180
    group: RuleGroup = OPENED


STORIES = (
    Story("it lasts to its end", ((0, 61),)),
    Story("no process ever begins", (), fires=(5, 59)),
    Story("the process begins late", ((10, 61),), fires=(5, 9)),
    Story("the commit opened none, as after a rollback to a release with a watch", (), group=NONE_OPENED),
    Story("it was seen, and until when is not known otherwise", ((0, 20),), fires=(25, 59), group=UNSAID),
    Story(
        "a revision is tried again without a process, two minutes after its earlier watch began",
        ((0, 2),),
        ended=1,
        fires=(7, 59),
        group=watch_group(WATCHED, SHOP, opened=Opened(120, END)),
    ),
    Story("the process is gone for two minutes", ((0, 20), (22, 61))),
    # A series whose target is gone is stale at once; the alarm waits for five minutes, and ends with the watch.
    Story("the process is gone for good", ((0, 20),), fires=(25, 59)),
    Story("the process is gone for good, and another place has one", ((0, 20),), elsewhere=(0, 61), fires=(25, 59)),
    Story("no process ever begins, and another place has one", (), elsewhere=(0, 61), fires=(5, 59)),
    Story("the process is gone for a while", ((0, 20), (40, 61)), fires=(25, 39)),
    Story("a breach ends it", ((0, 22),), ended=20),
    Story("it is over for days", ((0, 61),), minutes=DAYS),
    # The last sign of life grows old for a minute first.
    Story("on a host it is killed", ((0, 20),), stays=True, fires=(26, 59)),
    Story("on a host it is killed, and begun again", ((0, 20), (24, 61)), stays=True),
    Story("on a host a breach ends it", ((0, 21),), ended=20, stays=True),
    Story("another host goes on, and a breach ends it there", ((22, 31),), ended=30, stays=True, before=(0, 20)),
    Story(
        "it is tried again, for longer, without a process, after the host of its earlier watch was lost",
        (),
        before=(0, 1),
        fires=(7, 89),
        group=watch_group(WATCHED, SHOP, opened=Opened(120, 90 * 60)),
    ),
    Story(
        "a rollback opened none, though the host of an earlier watch was lost", (), before=(0, 20), group=NONE_OPENED
    ),
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


def test_a_host_whose_sign_of_life_grows_old_is_told_and_one_that_watches_again_is_not(
    packages: Path, node_exporter: Path, tmp_path: Path
) -> None:
    said: list[str] = []
    watch = WatchEntry(
        id="r1-watch",
        backend=backend(revision_of(WATCHED)),
        manifest="releases/1.yaml",
        opened=time.time(),
        seconds=3600,
    )
    elsewhere, here = (HostBeats(tmp_path, place, "checkout", said.append) for place in (STAGING, SHOP))
    rules = [dict(rule) for rule in watch_group(WATCHED, SHOP, 1.0).rules]
    with (
        OwnNodeExporter(node_exporter, tmp_path) as exporter,
        OwnPrometheus(packages / "usr" / "bin" / "prometheus", tmp_path, [exporter], rules) as own,
    ):
        server = Prometheus(own.url)
        alarm = partial(server.query, f'ALERTS{{alertname="{WATCH_GONE}",alertstate="firing"}}')
        here(watch, time.time())
        eventually(partial(server.query, f"{LAST_UNTIL} > time()"), bool)
        assert alarm() == []
        here(watch, time.time() - 120)
        eventually(alarm, bool)
        here(watch, time.time())
        eventually(alarm, lambda found: found == [])
        elsewhere(watch, time.time())
        assert exporter.shown().count(f"\n{BEAT}{{") == 2, "the same release in two places is two series"
        here(watch.ended_as(WatchPhase.PASSED, "", watch.until), watch.until)
        elsewhere.withdraw()
        eventually(partial(server.query, BEAT), lambda found: found == [])
    assert (said, list(tmp_path.glob("*.prom*"))) == ([], [])


def _document(story: Story) -> dict[str, Any]:
    steps = range(0, story.minutes * 60 + 1, STEP)
    ended = END if story.ended is None else 60 * story.ended
    series = _series("here", steps, story.alive, ended, story.stays)
    if story.before is not None:
        series += _series("before", steps, (story.before,), END, stays=True)
    if story.elsewhere is not None:
        series += _series("elsewhere", steps, (story.elsewhere,), END, stays=False, place=STAGING)
    test = {
        "interval": f"{STEP}s",
        "input_series": series,
        "alert_rule_test": [_look(minute, story) for minute in _minutes(story)],
    }
    return {"rule_files": ["rules.yaml"], "evaluation_interval": f"{STEP}s", "tests": [test]}


def _series(
    instance: str,
    steps: range,
    alive: tuple[tuple[int, int], ...],
    ended: int,
    stays: bool,
    place: Target = SHOP,
) -> list[dict[str, str]]:
    """What is read of one process."""
    labels = selector({**watch_labels("checkout", revision_of(WATCHED), place), "instance": instance})
    there = [any(60 * begin <= at < 60 * end for begin, end in alive) for at in steps]
    values = {
        UNTIL: [ended if at >= ended else END for at in steps],
        BEAT: [min(at, ended) for at in steps],
    }
    return [{"series": f"{name}{labels}", "values": " ".join(_shown(of, there, stays))} for name, of in values.items()]


def _shown(values: list[int], there: list[bool], stays: bool) -> Iterator[str]:
    """As promtool writes them; a series whose target is gone is stale, one in a file is what it was."""
    last: int | None = None
    for value, is_there in zip(values, there, strict=True):
        if is_there:
            last = value
            yield str(value)
        elif last is None or stays:
            yield "_" if last is None else str(last)
        else:
            last = None
            yield "stale"


def _minutes(story: Story) -> list[int]:
    near = {edge + by for edge in story.fires or () for by in (-1, 0, 1)}
    step = 10 if story.minutes < DAYS else 360
    return sorted(minute for minute in {*range(0, story.minutes, step), *near} if 0 <= minute < story.minutes)


def _look(minute: int, story: Story) -> dict[str, Any]:
    rule = dict(story.group.rules[-1])
    firing = story.fires is not None and story.fires[0] <= minute <= story.fires[1]
    wanted = [{"exp_labels": rule["labels"], "exp_annotations": rule["annotations"]}] if firing else []
    return {"eval_time": f"{minute}m", "alertname": WATCH_GONE, "exp_alerts": wanted}

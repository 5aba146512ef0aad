"""Files of objectives, alarms and routing: everything that is wrong at once, each with its line and remedy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from slipway.release.errors import InputError, Problem
from slipway.release.slo.reading import read_alerting
from slipway.release.slo.rules import rule_file
from tests.unit.slipway.release.slo.examples import EXAMPLE, ROOT, document


def problems(folder: Path, *files: dict[str, Any]) -> list[Problem]:
    paths = [f"{number}.yaml" for number in range(len(files))]
    for path, content in zip(paths, files, strict=True):
        (folder / path).write_text(yaml.safe_dump(content, sort_keys=False))
    try:
        read_alerting(folder, paths)
    except InputError as error:
        return list(error.problems)
    return []


def test_the_example_is_read() -> None:
    found = read_alerting(ROOT, [EXAMPLE])
    assert [slo.name for slo in found.slos] == ["checkout-availability", "checkout-latency"]
    assert found.slos[1].period_text == "30d"
    assert len(rule_file(found.groups)["groups"]) == 3


def _set(path: str, value: object) -> Callable[[dict[str, Any]], None]:
    def change(content: dict[str, Any]) -> None:
        *before, last = path.split(".")
        place: Any = content
        for step in before:
            place = place[int(step) if step.isdecimal() else step]
        if value is None:
            del place[last]
        else:
            place[last] = value

    return change


@pytest.mark.parametrize(
    ("change", "place", "message", "remedy"),
    [
        (_set("slos.0.events.total", "rate(x)"), "slos[0].events.total", "expected type matrix", "events:"),
        (_set("slos.0.events.good", "x_total"), "slos[0].events.bad", "exactly one of good and bad", "events:"),
        (_set("slos.0.events.bad", None), "slos[0].events.bad", "exactly one of good and bad", "events:"),
        (_set("slos.0.objective", "80%"), "slos[0].objective", "above 83.3%", "objective: 99.9%"),
        (_set("slos.0.objective", "100%"), "slos[0].objective", "below 100%", "objective: 99.9%"),
        (_set("slos.0.period", "36h"), "slos[0].period", "whole days", "period: 30d"),
        (_set("slos.0.dashboard", None), "slos[0].dashboard", "is missing", "dashboard: https"),
        (_set("slos.0.minBad", {"2h": 3}), "slos[0].minBad.2h", "not a known field", "1h"),
        (_set("alarms.0.when.expression", "rate(x) > 1"), "alarms[0].when.expression", "expected type", "when:"),
        (_set("alarms.0.severity", "page"), "alarms[0].dashboard", "a page needs one", "dashboard: https"),
        (_set("alarms.0.summary", "{{ .Labels }}"), "alarms[0].summary", "only {{ $value }}", "summary:"),
        (_set("alarms.0.owner", "team-typo"), "alarms[0].owner", "team-typo has no route", "team-typo.ticket"),
        (_set("slos.0.owner", "team-platform"), "slos[0].owner", "no receiver for a ticket", "team-platform.ticket"),
        (_set("routing.fallback", "team-typo"), "routing.fallback", "one of the owners", "fallback:"),
        (_set("slos.1.name", "checkout-availability"), "slos[1]", "declared already", "Keep one"),
    ],
)
def test_one_mistake_is_one_problem(
    tmp_path: Path, change: Callable[[dict[str, Any]], None], place: str, message: str, remedy: str
) -> None:
    content = document()
    change(content)
    (found,) = problems(tmp_path, content)
    assert (found.path, message in found.message, remedy in found.remedy) == (f"0.yaml: {place}", True, True), found
    assert found.line is not None


def test_all_problems_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    first, second = document(), document()
    first["slos"][0]["objective"] = "1"
    first["alarms"][0]["when"]["expression"] = "sum(x"
    second["apiVersion"] = "slipway/v2"
    places = [found.path for found in problems(tmp_path, first, second)]
    assert places == ["0.yaml: slos[0].objective", "0.yaml: alarms[0].when.expression", "1.yaml: apiVersion"]


def test_the_routing_may_be_in_a_file_of_its_own_and_there_is_one(tmp_path: Path) -> None:
    first, second = document(), document()
    routes = first.pop("routing")
    second = {"apiVersion": "slipway/v1", "kind": "Alerting", "routing": routes}
    assert problems(tmp_path, first, second) == []
    (found,) = problems(tmp_path, first, second, second)
    assert found.path == "2.yaml: routing"
    assert all("no routing is declared" in one.message for one in problems(tmp_path, first))


def test_a_file_outside_of_the_project_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_alerting(tmp_path, ["../alerting.yaml"])

"""Custom guardrails: good and total events from the user's own queries of cumulative counters."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence

from slipway.release.errors import ClusterError
from slipway.release.manifest.guardrails import Custom
from slipway.release.rollout_inputs import Backend
from slipway.rollout.metrics.base import Reading, Series
from slipway.rollout.metrics.draft import Draft
from slipway.rollout.metrics.prometheus_answer import Json
from slipway.rollout.metrics.prometheus_api import Prometheus

PART = "slipway_part"
_SIDES = ("candidate", "baseline")


def read(api: Prometheus, guardrail: Custom, sides: Sequence[Backend], draft: Draft) -> None:
    """Counters of both sides. An emitter is one set of labels.

    A source that answers with old values answers with values that do not grow: no events, which is no pass.
    """
    try:
        at, reading = _reading(api.query(query(guardrail, sides)), sides)
        if len(sides) > 1 and not reading.baseline and guardrail.objective is None:
            raise ClusterError(
                "the query total gave no series of the baseline, so there is nothing to compare the candidate with; "
                "check it, count in a release before the one that is judged by it, or declare an objective"
            )
    except ClusterError as error:
        draft.fail([guardrail.name], error)
    else:
        draft.seen(at)
        draft.readings[guardrail.name] = reading


def _reading(result: Iterable[Json], sides: Sequence[Backend]) -> tuple[float, Reading]:
    values: dict[str, dict[str, float]] = {}
    at = 0.0
    for series in result:
        labels = {key: value for key, value in series["metric"].items() if key != "__name__"}
        part = labels.pop(PART, "")
        at, value = float(series["value"][0]), float(series["value"][1])
        if not math.isfinite(value) or value < 0:
            raise ClusterError(f"the query {part.replace('_', ' ')} gave {value}, which is no count")
        values.setdefault(part, {})[json.dumps(labels, sort_keys=True)] = value
    if not values:
        raise ClusterError("the queries gave no series for either side; check them, and that the metrics exist")
    found = [_side(values, side) for side, _ in zip(_SIDES, sides, strict=False)]
    return at, Reading(found[0], found[1] if len(found) > 1 else {})


def query(guardrail: Custom, sides: Sequence[Backend]) -> str:
    """All parts in one query, each marked by a label: a query sees whole scrapes only, two could see one between
    them, and then good events without their total."""
    parts = []
    for side, backend in zip(_SIDES, sides, strict=False):
        for what, text in (("total", guardrail.total), ("good", guardrail.good)):
            parts.append(f'label_replace({fill(text, backend)},"{PART}","{side}_{what}","","")')
    return " or ".join(parts)


def fill(text: str, backend: Backend) -> str:
    """`{revision}` and `{service}` (the Service of that revision) in a query; other braces are PromQL's own."""
    return text.replace("{revision}", backend.revision).replace("{service}", backend.entry)


def _side(values: Mapping[str, Mapping[str, float]], side: str) -> dict[str, Series]:
    total = values.get(f"{side}_total", {})
    good = values.get(f"{side}_good", {})
    if not good.keys() <= total.keys():
        raise ClusterError(
            "the queries good and total give different labels; aggregate both alike, such as sum by (pod) (...)"
        )
    return {emitter: series_of(count, good.get(emitter, 0.0)) for emitter, count in total.items()}


def series_of(total: float, good: float) -> Series:
    """The counters of one emitter."""
    return Series(total, max(0.0, total - good), {}, good)

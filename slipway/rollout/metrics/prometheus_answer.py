"""What an HTTP API like that of Prometheus answered, looked at once: what leaves here has the documented shape.

A proxy, an older server or a broken store may answer HTTP 200 with anything. Every reader of metrics relies on this
module: labels are text, values are numbers, and a partial answer is refused. Raises ClusterError, never anything else.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from slipway.release.errors import ClusterError, QueryRefused

Json = Mapping[str, Any]
NUMERIC = (str, float, int)
"""JSON types that hold numbers, by name: a truth value is an `int` to isinstance."""


def data_of(answer: object, name: str) -> Json:
    """The data of a successful and whole answer of the server `name`."""
    if not isinstance(answer, dict) or answer.get("status") != "success":
        said = answer.get("error") if isinstance(answer, dict) else None
        kind = answer.get("errorType") if isinstance(answer, dict) else None
        error = QueryRefused if kind == "bad_data" else ClusterError
        raise error(f"{name} refused: {_line(said or answer)}")
    # A partial answer (a store that is away) carries a warning; remarks on style are none.
    warnings = answer.get("warnings") or []
    texts = [_line(one) for one in (warnings if isinstance(warnings, list) else [warnings])]
    serious = [text for text in texts if not text.startswith("PromQL info")]
    if serious:
        raise ClusterError(f"{name} gave a partial answer: {serious[0]}")
    data = answer.get("data")
    if answer.get("isPartial") or (isinstance(data, dict) and data.get("isPartial")):
        raise ClusterError(f"{name} gave a partial answer: isPartial is set, so a store behind it is away")
    if not isinstance(data, dict):
        raise ClusterError(f"{name} answered without data; check that metrics.url is its root")
    return data


def instant_series(data: Json, name: str) -> list[Json]:
    """The series of an instant query: `metric`, labels as text, and `value`, a pair of Unix seconds and a number."""
    found = _series(data, name)
    for one in found:
        _check_labels(one, name)
        _sample(one.get("value"), name)
    return found


def one_number(data: Json, name: str) -> tuple[float, float]:
    """Time and value of a scalar, or of the only series of a vector."""
    if data.get("resultType") == "scalar":
        return _sample(data.get("result"), name)
    found = _series(data, name)
    if len(found) != 1:
        raise ClusterError(f"{name}: the answer holds {len(found)} series where one number was asked for")
    return _sample(found[0].get("value"), name)


def range_series(data: Json, name: str) -> list[Json]:
    """The series of a range selector: `metric`, and `values`, pairs in the order of time."""
    found = _series(data, name)
    for one in found:
        _check_labels(one, name)
        _check_samples(one.get("values"), name)
    return found


def rule_groups(data: Json, name: str, server: str) -> list[list[Json]]:
    """The rules of each group of this name in an answer about rules; there is one for each file that holds it."""
    groups = [group for group in _dicts(data.get("groups"), "groups", server) if group.get("name") == name]
    return [_dicts(group.get("rules"), "rules", server) for group in groups]


def alerting_rules(data: Json, names: Sequence[str], server: str) -> list[Json]:
    """The rules of these names in an answer about rules."""
    # Older servers do not know the filter by name.
    rules = [
        rule
        for group in _dicts(data.get("groups"), "groups", server)
        for rule in _dicts(group.get("rules"), "rules", server)
    ]
    return [rule for rule in rules if rule.get("name") in names]


def _series(data: Json, name: str) -> list[Json]:
    result = data.get("result")
    if not isinstance(result, list) or not all(isinstance(one, dict) for one in result):
        raise _no_series(name, _line(result))
    return result


def _check_labels(series: Json, name: str) -> None:
    labels = series.get("metric")
    if not isinstance(labels, dict) or not all(isinstance(value, str) for value in labels.values()):
        raise _no_series(name, f"labels are {_line(labels)}")


def _check_samples(values: object, name: str) -> None:
    if not isinstance(values, list):
        raise _no_series(name, f"the values of a range are {_line(values)}")
    times = [_sample(one, name)[0] for one in values]
    if any(after <= before for before, after in pairwise(times)):
        raise _no_series(name, "values are not in the order of time")


def _sample(value: object, name: str) -> tuple[float, float]:
    """A pair of time and value. The value may be NaN or infinite, which is for the reader to refuse."""
    if isinstance(value, list) and len(value) == 2:
        at, number = _number(value[0]), _number(value[1])
        if at is not None and math.isfinite(at) and number is not None:
            return at, number
    raise _no_series(name, f"a time and a number are {_line(value)}")


def _number(value: object) -> float | None:
    if type(value) not in NUMERIC:
        return None
    try:
        return float(value)  # type: ignore[arg-type]
    except (ValueError, OverflowError):
        return None


def _dicts(value: object, what: str, name: str) -> list[Json]:
    """A list of objects; null is an empty one."""
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise ClusterError(f"{name}: {what} is no list of objects, but {_line(value)}")
    return value


def _no_series(name: str, why: str) -> ClusterError:
    return ClusterError(f"{name}: the answer to a query holds no list of series ({why})")


def _line(value: object) -> str:
    """Any piece of an answer as the beginning of one line."""
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return " ".join(text.split())[:200]

"""Alert guardrails: whether an alert fires, and whether anybody evaluates it at all."""

from __future__ import annotations

import json
from collections.abc import Sequence

from slipway.release.errors import ClusterError
from slipway.release.manifest.guardrails import AlertFiring
from slipway.rollout.metrics.base import Reading
from slipway.rollout.metrics.draft import Draft
from slipway.rollout.metrics.prometheus_answer import Json
from slipway.rollout.metrics.prometheus_api import Prometheus


def read(api: Prometheus, guardrails: Sequence[AlertFiring], draft: Draft) -> None:
    """One query for all alerts. An alert that does not fire must at least exist and be in health: silence of a
    rule that no server evaluates is no data, and no data is no pass."""
    try:
        found = api.query(" or ".join([*map(selector, guardrails), "vector(time())"]))
        firing = {guardrail.name for guardrail in guardrails if any(_is_of(guardrail, series) for series in found)}
        silent = sorted({guardrail.alert for guardrail in guardrails if guardrail.name not in firing})
        rules = api.alert_rules(silent) if silent else []
        if not found:
            raise ClusterError(f"{api.name}: the answer does not hold the time that the query asks for")
    except ClusterError as error:
        draft.fail([guardrail.name for guardrail in guardrails], error)
        return
    draft.seen(float(found[-1]["value"][0]))
    for guardrail in guardrails:
        problem = None if guardrail.name in firing else _rule_problem(guardrail, rules)
        if problem is not None:
            draft.fail([guardrail.name], f"{api.name}: {problem}")
        else:
            draft.readings[guardrail.name] = Reading({}, {}, guardrail.name in firing)


def selector(guardrail: AlertFiring) -> str:
    """The series that Prometheus writes while the alert fires."""
    labels = {"alertname": guardrail.alert, "alertstate": "firing", **guardrail.labels}
    return "ALERTS{" + ",".join(f"{name}={json.dumps(value)}" for name, value in labels.items()) + "}"


def _is_of(guardrail: AlertFiring, series: Json) -> bool:
    wanted = {"alertname": guardrail.alert, **guardrail.labels}
    return all(series["metric"].get(name) == value for name, value in wanted.items())


def _rule_problem(guardrail: AlertFiring, rules: Sequence[Json]) -> str | None:
    alert = guardrail.alert
    found = [rule for rule in rules if rule.get("name") == alert]
    if not found:
        return f"there is no alerting rule {alert}; check the name in the guardrail"
    mine = [rule for rule in found if _may_be_of(guardrail, rule)]
    if not mine:
        return f"no alerting rule {alert} has the labels of the guardrail; check them"
    sick = [rule for rule in mine if rule.get("health") != "ok"]
    if sick:
        why = sick[0].get("lastError") or f"health is {sick[0].get('health')}"
        return f"the alerting rule {alert} is not evaluated: {why}"
    return None


def _may_be_of(guardrail: AlertFiring, rule: Json) -> bool:
    """Every objective brings alarms of the same names: those of others say nothing. A label that the rule does not set
    comes from the series."""
    labels = rule.get("labels")
    own = labels if isinstance(labels, dict) else {}
    return all(own.get(name, value) == value for name, value in guardrail.labels.items())

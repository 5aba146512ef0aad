"""The rules of a listener, as they are now."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

from slipway.release.task import PREVIEW_HEADER
from slipway.rollout.platforms.aws.requests import AwsRequests

DEFAULT = "default"
"""In place of the priority of the rule that every listener has."""
Json = dict[str, Any]


class ListenerRulesApi(Protocol):
    """What is used of boto3's client for `elbv2`; it takes the parameters of the API and gives its answer."""

    def describe_rules(self, **asked: object) -> Json:
        """One page of the rules of a listener."""
        ...


def listed_rules(client: ListenerRulesApi, requests: AwsRequests, listener: str) -> Iterator[tuple[int, Json]]:
    """Every rule of a listener but its default one, with its priority; read in pages. Raises ClusterError."""
    asked: dict[str, object] = {"ListenerArn": listener}
    while True:
        page = requests.ask(f"rules of {listener}", lambda: client.describe_rules(**asked))
        yield from ((int(one["Priority"]), one) for one in page["Rules"] if one["Priority"] != DEFAULT)
        if not page.get("NextMarker"):
            return
        asked["Marker"] = page["NextMarker"]


def workloads_by_priority(client: ListenerRulesApi, requests: AwsRequests, listener: str) -> dict[int, str]:
    """Priority -> the workload whose header the rule asks for; empty for another rule. Raises ClusterError."""
    return {number: _workload_of(rule) for number, rule in listed_rules(client, requests, listener)}


def _workload_of(rule: Json) -> str:
    for condition in rule["Conditions"]:
        header = condition.get("HttpHeaderConfig") or {}
        if str(header.get("HttpHeaderName", "")).lower() == PREVIEW_HEADER and header.get("Values"):
            return str(header["Values"][0])
    return ""

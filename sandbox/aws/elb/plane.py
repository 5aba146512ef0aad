"""Writes Envoy's configuration when anything has changed, and reads its counters."""

from __future__ import annotations

import json
import sys
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.aws.elb import envoy
from sandbox.aws.elb.health import Health
from sandbox.aws.elb.view import Listener, View

WITHIN = 2.0
Json = dict[str, Any]


@dataclass
class Plane:
    """The data plane in one folder. Rules take effect `propagation` seconds after they were told to the API."""

    folder: Path
    health: Health
    _written: dict[str, str] = field(default_factory=dict)
    _routes: dict[str, list[tuple[float, str]]] = field(default_factory=dict)
    """By file: what the rules were, each with the time from which it holds, by the steady clock."""

    def write(self, view: View, propagation: float) -> None:
        """Replace each file that has changed, in one rename and in the order in which Envoy must have them: nothing
        may name what it has not heard of."""
        groups = [view.groups[arn] for arn in sorted(view.groups)]
        targets = [envoy.endpoints(group, self.health.there(group.arn)) for group in groups]
        names = [envoy.targets_of(group) for group in groups]
        texts = {name: _document([one]) for name, one in zip(names, targets, strict=True)}
        texts["cds"] = _document(envoy.clusters(groups, str(self.folder)))
        for listener in view.listeners:
            texts[envoy.routes_of(listener.port)] = self._due(listener, view, propagation)
        texts["lds"] = _document(envoy.listeners(view, str(self.folder)))
        for name, text in texts.items():
            if text != self._written.get(name):
                draft = self.folder / f".{name}.json"
                draft.write_text(text, encoding="utf-8")
                draft.rename(self.folder / f"{name}.json")
                self._written[name] = text
        for name in [one for one in self._written if one not in texts]:
            (self.folder / f"{name}.json").unlink(missing_ok=True)
            del self._written[name]
            self._routes.pop(name, None)

    def _due(self, listener: Listener, view: View, propagation: float) -> str:
        """The routes of a listener that hold now."""
        now = time.monotonic()
        known = self._routes.setdefault(envoy.routes_of(listener.port), [])
        try:
            newest = _document([envoy.routes(listener, view)])
        except (ValueError, KeyError) as error:  # of one rule: the listener stays as it is
            sys.stderr.write(f"elb: {error}\n")
            newest = known[-1][1] if known else _document([])
        if not known or known[-1][1] != newest:
            known.append((now + (propagation if known else 0.0), newest))
        while len(known) > 1 and known[1][0] <= now:
            known.pop(0)
        return known[0][1]


def _document(resources: list[Json]) -> str:
    return json.dumps({"resources": resources}, sort_keys=True)


def in_flight(stats: str) -> Mapping[tuple[str, str], int]:
    """Requests that Envoy has under way, by cluster and `address:port`; nothing while it does not answer."""
    try:
        found = fetch(f"{stats}/clusters?format=json")
    except (OSError, ValueError):
        return {}
    active: dict[tuple[str, str], int] = {}
    for cluster in found.get("cluster_statuses") or []:
        for host in cluster.get("host_statuses") or []:
            place = host["address"].get("socket_address")
            counts = {one["name"]: int(one.get("value") or 0) for one in host.get("stats") or []}
            if place:
                active[(cluster["name"], f"{place['address']}:{place['port_value']}")] = counts.get("rq_active", 0)
    return active


def counters(stats: str) -> dict[str, int]:
    """Envoy's counters of answers by their dotted names. Raises OSError while it does not answer."""
    try:
        found = fetch(f"{stats}/stats?format=json&filter=%5Ecluster%5C..*upstream_rq_(completed%7C%5B2345%5Dxx)%24")
    except ValueError as error:
        raise OSError(f"{stats} did not answer with JSON") from error
    return {one["name"]: int(one["value"]) for one in found.get("stats") or [] if "value" in one}


def fetch(url: str) -> Json:
    """A GET of JSON."""
    with urllib.request.urlopen(url, timeout=WITHIN) as answer:  # noqa: S310 - the sandbox's own Envoy
        found: Json = json.load(answer)
        return found

"""Listeners, rules and targets -> the configuration of an Envoy. Pure.

Each listener of a load balancer is one of Envoy's on the same port, each target group a cluster of the same name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from sandbox.aws.elb.view import Group, Listener, Rule, View, weights

Json = dict[str, Any]
TYPE = "type.googleapis.com/envoy"
FILES = ("cds", "lds")
"""Those that Envoy does not start without."""
IDLE = "60s"
"""An Application Load Balancer ends what is silent for so long."""
HEALTH = {"healthy": "HEALTHY", "draining": "DRAINING"}
STATS_FLUSH = "1s"


def bootstrap(folder: str, stats_port: int, admin: str) -> Json:
    """What Envoy starts with: where the rest is, and where its counters are read."""
    manager = {
        "stat_prefix": "stats",
        "route_config": {
            "virtual_hosts": [
                {
                    "name": "stats",
                    "domains": ["*"],
                    "routes": [{"match": {"prefix": prefix}, "route": {"cluster": "admin"}} for prefix in OPEN],
                }
            ]
        },
        "http_filters": [_router()],
    }
    stats = {"name": "stats", "address": _address("0.0.0.0", stats_port), "filter_chains": [_chain(manager)]}  # noqa: S104
    endpoint = {"endpoint": {"address": {"pipe": {"path": admin}}}}
    cluster = {
        "name": "admin",
        "type": "STATIC",
        "connect_timeout": "1s",
        "load_assignment": {"cluster_name": "admin", "endpoints": [{"lb_endpoints": [endpoint]}]},
    }
    return {
        "node": {"id": "alb", "cluster": "slipway-aws"},
        "admin": {"address": {"pipe": {"path": admin}}},
        "stats_flush_interval": STATS_FLUSH,
        "static_resources": {"listeners": [stats], "clusters": [cluster]},
        "dynamic_resources": {
            "lds_config": _file(folder, "lds"),
            "cds_config": _file(folder, "cds"),
        },
    }


OPEN = ("/ready", "/stats", "/clusters")
"""What of Envoy's administration is served beside its counters."""


def endpoints(group: Group, states: Mapping[tuple[str, int], str]) -> Json:
    """The targets of a group by their states. The healthy get requests; where none is, all that failed do, as on AWS.
    Envoy takes one assignment a file."""
    open_to_all = "healthy" not in states.values()
    listed = []
    for (address, port), state in sorted(states.items()):
        health = "HEALTHY" if open_to_all and state == "unhealthy" else HEALTH.get(state, "UNHEALTHY")
        listed.append({"endpoint": {"address": _address(address, port)}, "health_status": health})
    assignment = {"cluster_name": group.name, "endpoints": [{"lb_endpoints": listed}]}
    return _typed("config.endpoint.v3.ClusterLoadAssignment", assignment)


def targets_of(group: Group) -> str:
    """The name of the file with the targets of a group."""
    return f"eds-{group.name}"


def clusters(groups: Iterable[Group], folder: str) -> list[Json]:
    """One a target group."""
    return [_typed("config.cluster.v3.Cluster", _cluster(group, folder)) for group in groups]


def _cluster(group: Group, folder: str) -> Json:
    limits = {"max_connections": 8192, "max_pending_requests": 8192, "max_requests": 8192, "max_retries": 64}
    return {
        "name": group.name,
        "type": "EDS",
        "eds_cluster_config": {"eds_config": _file(folder, targets_of(group))},
        "connect_timeout": "2s",
        "common_lb_config": {"healthy_panic_threshold": {"value": 0}},
        "circuit_breakers": {"thresholds": [limits]},
    }


def listeners(view: View, folder: str) -> list[Json]:
    """One a listener; its routes are in a file of their own, so that a weight drains no connection."""
    found = []
    for one in view.listeners:
        manager = {
            "stat_prefix": f"alb_{one.port}",
            "rds": {"route_config_name": str(one.port), "config_source": _file(folder, routes_of(one.port))},
            "http_filters": [_router()],
            "stream_idle_timeout": IDLE,
            "use_remote_address": True,
        }
        place = _address("0.0.0.0", one.port)  # noqa: S104 - of the sandbox's own namespace
        made = {"name": str(one.port), "address": place, "filter_chains": [_chain(manager)]}
        found.append(_typed("config.listener.v3.Listener", made))
    return found


def routes(listener: Listener, view: View) -> Json:
    """The rules of a listener in the order of their priorities. Envoy takes those of one listener a file."""
    host = {"name": "all", "domains": ["*"], "routes": [_route(rule, view) for rule in listener.rules]}
    config = {"name": str(listener.port), "virtual_hosts": [host]}
    return _typed("config.route.v3.RouteConfiguration", config)


def routes_of(port: int) -> str:
    """The name of the file with the routes of a listener."""
    return f"rds-{port}"


def _route(rule: Rule, view: View) -> Json:
    name = "default" if rule.priority is None else str(rule.priority)
    return {"name": name, "match": match(rule.conditions), **_action(rule, view)}


def match(conditions: Iterable[Mapping[str, Any]]) -> Json:
    """A route's match: all conditions, each by any of its values. Raises ValueError for a field that is not known."""
    found: Json = {"prefix": "/"}
    headers: list[Json] = []
    for one in conditions:
        field = one["Field"]
        if field == "path-pattern":
            found = {"safe_regex": {"regex": _any(_values(one, "PathPatternConfig"))}}
        elif field == "host-header":
            regex = f"(?i)(?:{_any(_values(one, 'HostHeaderConfig'))})(?::[0-9]+)?"
            headers.append(_header(":authority", regex))
        elif field == "http-header":
            name = one["HttpHeaderConfig"]["HttpHeaderName"]
            headers.append(_header(name, f"(?i)(?:{_any(_values(one, 'HttpHeaderConfig'))})"))
        elif field == "http-request-method":
            headers.append(_header(":method", _any(_values(one, "HttpRequestMethodConfig"))))
        else:
            raise ValueError(f"the sandbox's load balancer knows no condition by {field}")
    return found | ({"headers": headers} if headers else {})


def _values(condition: Mapping[str, Any], config: str) -> list[str]:
    return list((condition.get(config) or {}).get("Values") or condition.get("Values") or [])


def _any(patterns: Iterable[str]) -> str:
    """A regular expression for patterns in which `*` stands for any text and `?` for one character."""
    return "|".join(re.escape(one).replace(r"\*", ".*").replace(r"\?", ".") for one in patterns)


def _header(name: str, regex: str) -> Json:
    return {"name": name, "string_match": {"safe_regex": {"regex": regex}}}


def _action(rule: Rule, view: View) -> Json:
    action = rule.actions[-1] if rule.actions else {}
    if action.get("Type") == "fixed-response":
        config = action["FixedResponseConfig"]
        body = {"inline_string": str(config.get("MessageBody") or "")}
        return {"direct_response": {"status": int(config["StatusCode"]), "body": body}}
    shares = {view.groups[arn].name: weight for arn, weight in weights(action).items() if arn in view.groups}
    if not sum(shares.values()):
        return {"direct_response": {"status": 503}}
    weighted = [{"name": name, "weight": weight} for name, weight in sorted(shares.items())]
    return {"route": {"weighted_clusters": {"clusters": weighted}, "timeout": IDLE}}


def _router() -> Json:
    router = {"@type": f"{TYPE}.extensions.filters.http.router.v3.Router"}
    return {"name": "envoy.filters.http.router", "typed_config": router}


def _chain(manager: Json) -> Json:
    kind = f"{TYPE}.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
    return {"filters": [{"name": "envoy.http_connection_manager", "typed_config": {"@type": kind, **manager}}]}


def _address(host: str, port: int) -> Json:
    return {"socket_address": {"address": host, "port_value": port}}


def _file(folder: str, name: str) -> Json:
    return {"path_config_source": {"path": f"{folder}/{name}.json"}, "resource_api_version": "V3"}


def _typed(kind: str, content: Json) -> Json:
    return {"@type": f"{TYPE}.{kind}", **content}

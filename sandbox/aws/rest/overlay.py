"""Puts real containers, weights of aliases and counts of versions into ministack's Lambda.

Its functions are no public interface: `check` says at the start whether what is replaced here is still there.
"""

from __future__ import annotations

import contextvars
import inspect
import random
import threading
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

from ministack.core.responses import error_response_json  # type: ignore[import-not-found]
from ministack.services import lambda_svc  # type: ignore[import-not-found]

from sandbox.aws.rest import adapter, alias, versions
from sandbox.aws.rest.counts import Counters, Way
from sandbox.aws.rest.urls import Led

MODULE: Any = lambda_svc
REPLACED = {
    "_create_alias": ("func_name", "data"),
    "_update_alias": ("func_name", "alias_name", "data"),
    "_create_function": ("data",),
    "_update_code": ("name", "data"),
    "_publish_version": ("name", "data"),
    "_invoke": ("name", "event", "headers", "path_qualifier", "query_params"),
    "_execute_function_dispatch": ("func", "config", "event", "request_id", "started"),
    "_execute_function_docker": ("func", "event", "request_id"),
    "_schedule_state_transition": ("func_name", "delay"),
    "handle_function_url_request": (
        *("url_id", "method", "path", "headers", "body", "query_params", "resolved", "source_ip"),
    ),
}
"""Function -> its parameters."""
USED = ("_functions", "_qualifier_from_path_or_query", "resolve_function_url")
Json = dict[str, Any]
Answer = tuple[int, Json, bytes]
_led_by: contextvars.ContextVar[str] = contextvars.ContextVar("alias", default="")


def check() -> None:
    """Raises RuntimeError, with what is missing, when ministack is not the one that this was written for."""
    missing = [name for name in USED if not hasattr(MODULE, name)]
    for name, wanted in REPLACED.items():
        found = getattr(MODULE, name, None)
        if found is None or tuple(inspect.signature(found).parameters) != wanted:
            missing.append(f"{name}({', '.join(wanted)})")
    if missing:
        raise RuntimeError(f"this ministack has no {', '.join(missing)}: the overlay of Lambda needs another")


def install(runs: versions.Versions, counters: Counters) -> None:
    """Replace functions of ministack, in this process for good."""
    check()
    MODULE._create_alias = _checked(MODULE._create_alias)
    MODULE._update_alias = _checked(MODULE._update_alias)
    for name in ("_create_function", "_update_code", "_publish_version"):
        setattr(MODULE, name, _pending_at_first(getattr(MODULE, name)))
    MODULE._invoke = _weighted(MODULE._invoke)
    MODULE.handle_function_url_request = _elsewhere
    MODULE._execute_function_dispatch = _counted(MODULE._execute_function_dispatch, counters)
    MODULE._execute_function_docker = lambda func, event, request_id: runs.invoke(func["config"], event)
    MODULE._schedule_state_transition = _settled_later


def published() -> Iterator[Json]:
    """The configurations of all versions that are images."""
    for _, function in MODULE._functions.all_items():
        for version in list(function["versions"].values()):
            if version["config"].get("ImageUri"):
                yield version["config"]


def _checked(original: Callable[..., Answer]) -> Callable[..., Answer]:
    """An alias that Lambda refuses is not written."""

    @wraps(original)
    def write(func_name: str, *rest: Any) -> Answer:  # noqa: ANN401
        function = MODULE._functions.get(func_name)
        before = function["aliases"].get(rest[0], {}) if function and len(rest) > 1 else {}
        said = alias.problem({**before, **rest[-1]}, function["versions"]) if function else ""
        if said:
            missing = said.startswith("Function not found")
            code = "ResourceNotFoundException" if missing else "InvalidParameterValueException"
            refused: Answer = error_response_json(code, said, 404 if missing else 400)
            return refused
        return original(func_name, *rest)

    return write


def _pending_at_first(original: Callable[..., Answer]) -> Callable[..., Answer]:
    """A version that is an image is active once its container answers, and not before."""

    @wraps(original)
    def publish(*given: Any) -> Answer:  # noqa: ANN401
        known = {id(config) for config in published()}
        answer = original(*given)
        for config in published():
            if id(config) not in known:
                config.update(versions.PENDING)
        return answer

    return publish


def _settled_later(func_name: str, delay: float) -> None:
    """As ministack does it, but for versions that are images."""

    def settle() -> None:
        function = MODULE._functions.get(func_name) or {"versions": {}}
        found = [function.get("config", {}), *(one["config"] for one in list(function["versions"].values()))]
        for config in found:
            image = config.get("ImageUri") and config["Version"] != alias.LATEST
            if config.get("State") == "Pending" and not image:
                config.update(versions.ACTIVE)

    timer = threading.Timer(delay, contextvars.copy_context().run, (settle,))
    timer.daemon = True
    timer.start()


def _drawn(func_name: str, qualifier: str | None) -> str | None:
    """The version of a request; what was asked for where that is no alias."""
    function = MODULE._functions.get(func_name)
    found = function["aliases"].get(qualifier) if function and qualifier else None
    _led_by.set(str(qualifier) if found else "")
    return alias.version_for(found, random.random()) if found else qualifier  # noqa: S311 - a share of requests


def _weighted(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def invoke(
        name: str, event: Json, headers: Json, path_qualifier: str | None = None, query_params: Json | None = None
    ) -> Answer:
        asked = MODULE._qualifier_from_path_or_query(path_qualifier, query_params)
        answer: Answer = await original(name, event, headers, _drawn(name, asked), query_params)
        return answer

    return invoke


async def _elsewhere(*_: object, **__: object) -> Answer:
    """The URLs of functions have a server of their own: see sandbox.aws.rest.urls."""
    refused: Answer = error_response_json("MisdirectedRequest", "function URLs answer at SLIPWAY_FUNCTION_URLS", 421)
    return refused


def led_by_url(runs: versions.Versions, host: str) -> Led | None:
    """Where a request to the host name of a function's URL goes."""
    found = MODULE.resolve_function_url(host.partition(".")[0])
    function = MODULE._functions.get_scoped(*found[:3]) if found is not None else None
    if function is None:
        return None
    known = function["aliases"].get(found[3])
    number = alias.version_for(known, random.random()) if known else found[3]  # noqa: S311 - a share of requests
    config: Json = function["versions"].get(number, function)["config"]
    address = runs.address_of(config)
    place = adapter.place_of(adapter.variables(config), address) if address is not None else None
    return Led(_way(config, str(found[3]) if known else ""), config, place)


def _way(config: Json, led_by: str) -> Way:
    description = str(config.get("Description") or "").split()
    name = str(config["FunctionName"])
    return Way(name, led_by, str(config["Version"]), "-".join([name, *description[-1:]]))


def _counted(original: Callable[..., Json], counters: Counters) -> Callable[..., Json]:
    @wraps(original)
    def run(func: Json, config: Json, event: Json, request_id: str, started: float) -> Json:
        way = _way(config, _led_by.get())
        counters.begin(way)
        failed = True
        try:
            result = original(func, config, event, request_id, started)
            failed = bool(result.get("error"))
            return result
        finally:
            counters.end(way, failed=failed)

    return run

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

from sandbox.aws.rest import alias, versions
from sandbox.aws.rest.counts import Counters, Way

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
    MODULE.handle_function_url_request = _weighted_url(MODULE.handle_function_url_request)
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


def _weighted_url(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def serve(url_id: str, *rest: Any, resolved: Any = None, source_ip: str | None = None) -> Answer:  # noqa: ANN401
        found = resolved or MODULE.resolve_function_url(url_id)
        if found is not None:
            account, region, name, qualifier, config = found
            found = (account, region, name, _drawn(name, qualifier), config)
        answer: Answer = await original(url_id, *rest, resolved=found, source_ip=source_ip)
        return answer

    return serve


def _counted(original: Callable[..., Json], counters: Counters) -> Callable[..., Json]:
    @wraps(original)
    def run(func: Json, config: Json, event: Json, request_id: str, started: float) -> Json:
        description = str(config.get("Description") or "").split()
        name, version = str(config["FunctionName"]), str(config["Version"])
        way = Way(name, _led_by.get(), version, "-".join([name, *description[-1:]]))
        counters.begin(way)
        failed = True
        try:
            result = original(func, config, event, request_id, started)
            failed = bool(result.get("error"))
            return result
        finally:
            counters.end(way, failed=failed)

    return run

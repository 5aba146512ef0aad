"""The command and environment of a program run: what Pulumi's runner script expects."""

from __future__ import annotations

import json
from collections.abc import Mapping

from pulumi.runtime.proto import language_pb2

ALREADY_EXPLAINED = 32
"""The runner's exit code when it has shown the error itself (``pulumi-language-python-exec``)."""


def arguments(request: language_pb2.RunRequest, runner: str, engine: str) -> list[str]:
    """The arguments after the interpreter."""
    named = {
        "monitor": request.monitor_address,
        "engine": engine,
        "project": request.project,
        "root_directory": request.info.root_directory,
        "stack": request.stack,
        "pwd": request.pwd,
        "dry_run": "true" if request.dryRun else "false",
        "parallel": str(request.parallel),
        "organization": request.organization,
    }
    command = ["-u", runner]
    for name, value in named.items():
        if value:
            command += [f"--{name}", value]
    return [*command, request.info.entry_point or ".", *request.args]


def environment(request: language_pb2.RunRequest, base: Mapping[str, str]) -> dict[str, str]:
    """``base`` with the stack's configuration (never in the arguments: it holds secrets in plain text)."""
    result = dict(base)
    result["PULUMI_CONFIG"] = json.dumps(dict(request.config))
    result["PULUMI_CONFIG_SECRET_KEYS"] = json.dumps(list(request.configSecretKeys))
    return result


def outcome(code: int, *, cancelled: bool) -> language_pb2.RunResponse:
    """What the engine is told about an exit code (negative: ended by that signal)."""
    if code == 0:
        return language_pb2.RunResponse()
    if code == ALREADY_EXPLAINED:
        return language_pb2.RunResponse(bail=True)
    if cancelled:
        return language_pb2.RunResponse(error="the program was cancelled")
    if code < 0:
        return language_pb2.RunResponse(error=f"program was ended by signal {-code}")
    return language_pb2.RunResponse(error=f"program exited with non-zero exit code: {code}")

"""The real evaluator of flagd, in a process of its own: its protobuf is not the one of this project."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.toolchain import ensure_openfeature
from sandbox.toolchain.packages import isolated_python

PROGRAM = """
import json, sys
from openfeature.contrib.tools.flagd.core import FlagdCore
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import OpenFeatureError
asked = json.load(sys.stdin)
core = FlagdCore()
core.set_flags(json.dumps(asked["document"]))
def evaluate(context):
    key = context.pop("targetingKey", None)
    try:
        found = core.resolve_boolean_value(asked["flag"], None, EvaluationContext(key, context))
    except OpenFeatureError as error:
        return [None, None, error.error_code.value]
    return [found.variant, found.value, str(found.reason)]
json.dump([evaluate(context) for context in asked["contexts"]], sys.stdout)
"""


@dataclass(frozen=True)
class Evaluation:
    """What a client gets. `variant` is None where it falls back on the default in its own code; `reason` says why."""

    variant: str | None
    value: Any
    reason: str


def evaluate(document: Mapping[str, Any], flag: str, contexts: Iterable[Mapping[str, Any]]) -> list[Evaluation]:
    """Evaluate a boolean flag of a flagd document for each context, whose `targetingKey` may be absent."""
    command, variables = isolated_python(ensure_openfeature())
    asked = {"document": document, "flag": flag, "contexts": list(contexts)}
    done = subprocess.run(
        [*command, "-c", PROGRAM],
        input=json.dumps(asked),
        env=os.environ | dict(variables),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [Evaluation(*one) for one in json.loads(done.stdout)]


def users(number: int) -> list[dict[str, str]]:
    """Contexts of so many users, always the same ones."""
    return [{"targetingKey": f"user-{n}"} for n in range(number)]

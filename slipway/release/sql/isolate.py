"""Classifies a script in a process of its own.

The parser is PostgreSQL's, in C, and recurses without a limit of its own: an expression of 200,000 terms ends the
process that parses it with a segmentation fault. That must be the end of a child and not of the gate.
"""

from __future__ import annotations

import subprocess
import sys
from functools import lru_cache

from pydantic import ValidationError

from slipway.release.sql.model import Script

_TIMEOUT = 30.0


@lru_cache(maxsize=128)
def classify_isolated(text: str) -> Script:
    """The operations of a script; `problem` when it cannot be parsed within the limits. Never raises."""
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "slipway.release.sql.worker"],  # -P: no module of the folder that is judged
            input=text.encode(),
            capture_output=True,
            timeout=_TIMEOUT,
            check=False,
        )
    except (subprocess.TimeoutExpired, OSError, ValueError) as error:
        return Script(problem=f"the parser did not answer: {type(error).__name__}")
    if done.returncode != 0:
        return Script(problem=f"the parser ended with {done.returncode}: the script is too large or too deeply nested")
    try:
        return Script.model_validate_json(done.stdout)
    except ValidationError:
        return Script(problem="the parser gave no answer")

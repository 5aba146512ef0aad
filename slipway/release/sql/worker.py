"""`python -m slipway.release.sql.worker`: SQL on standard input, a classified script as JSON on standard output."""

from __future__ import annotations

import resource
import sys

from slipway.release.sql.classify import classify
from slipway.release.sql.model import Script

_MEMORY = 1 << 30
_SECONDS = 20


def main() -> None:
    """Limits itself first: the text may be hostile, and the parser is C code that recurses."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        script = classify(sys.stdin.buffer.read().decode("utf-8"))
    except ImportError as error:
        script = Script(problem=f"the parser cannot be loaded ({error}); install the packages of requirements.lock")
    sys.stdout.write(script.model_dump_json())


if __name__ == "__main__":
    main()

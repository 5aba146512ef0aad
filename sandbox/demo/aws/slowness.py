"""How slow the sandbox's load balancers are, for the time of a block."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sandbox.state import write_atomically


@contextmanager
def slowness(variables: Mapping[str, str], *, propagation: float, lateness: float) -> Iterator[None]:
    """Seconds from a change of a rule to its effect, and from the end of a minute to its metrics."""
    file = Path(variables["SLIPWAY_AWS_SETTINGS"])
    before = file.read_text(encoding="utf-8") if file.exists() else None
    write_atomically(file, json.dumps({"propagation": propagation, "lateness": lateness}))
    try:
        yield
    finally:
        if before is None:
            file.unlink(missing_ok=True)
        else:
            write_atomically(file, before)

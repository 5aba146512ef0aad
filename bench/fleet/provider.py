"""`python -m bench.fleet.provider OUT`: the provider as the engine starts it, which notes when each rollout looks.

It prints its port and serves until its standard input ends; then OUT holds candidate -> times of its looks, in seconds.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from pathlib import Path
from typing import Any

from slipway.plugin import serve
from slipway.plugin.provider import SlipwayProvider
from slipway.plugin.run_memory import RunMemory
from slipway.rollout.measurement.measure import Measure


def main(out: Path) -> None:
    """Serve."""
    looks: dict[str, list[float]] = {}
    look = Measure.look

    def recorded(self: Measure, now: float, weight: float, mirror: float = 0.0) -> dict[str, Any] | None:
        looks.setdefault(self._wanted.candidate.entry, []).append(time.monotonic())
        return look(self, now, weight, mirror)

    Measure.look = recorded  # type: ignore[method-assign]
    RunMemory.refusal_reason = lambda self, stack, wanted: None  # type: ignore[method-assign]  # no gates here
    server, port = serve.start_server(SlipwayProvider(None))
    print(port, flush=True)
    serve.keep_collections_short()
    ended = threading.Thread(target=sys.stdin.read)
    ended.start()
    ended.join()
    server.stop(0).wait()
    out.write_text(json.dumps(looks))


if __name__ == "__main__":
    main(Path(sys.argv[1]))

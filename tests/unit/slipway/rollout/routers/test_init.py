from __future__ import annotations

import subprocess
import sys


def test_what_is_pure_does_not_load_a_client_of_the_api_server() -> None:
    pure = "slipway.rollout.update_plan, slipway.rollout.metrics.counters"
    code = f"import sys, {pure}; print([m for m in sys.modules if 'lightkube' in m])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"

"""The image of Slipway in the sandbox: it has what a rollout imports, and nothing of the engine."""

from __future__ import annotations

import subprocess
import sys

from sandbox.slipway_image import WANTED, closure

PROBE = """
import sys
before = set(sys.modules)  # what the interpreter loads by itself, such as the hook of an older setuptools
import slipway.rollout.in_cluster.running
from importlib.metadata import packages_distributions
named = packages_distributions()
loaded = {name.partition(".")[0] for name in set(sys.modules) - before}
print(*sorted({distribution for one in loaded for distribution in named.get(one, [])}))
"""


def test_everything_that_a_rollout_imports_is_in_it() -> None:
    done = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, text=True, check=True)
    imported = {name.lower().replace("_", "-") for name in done.stdout.split()}
    assert imported - {"slipway"} <= set(closure(WANTED))
    assert "lightkube" in imported


def test_the_engine_and_the_gates_stay_outside() -> None:
    assert not {"pulumi", "grpcio", "pulumi-kubernetes", "sigstore"} & set(closure(WANTED))

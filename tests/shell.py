"""Commands of a page or a recipe, run as a reader would paste them."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path


def run_script(
    script: str, folder: Path, environment: Mapping[str, str], limit: float = 300.0
) -> subprocess.CompletedProcess[str]:
    """Run the lines by bash, up to the first that fails, for so many seconds at most. Nothing can be asked; `stdout` is
    all that was said."""
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=limit,
        check=False,
    )

"""`python slipway/plugin/ <engine address>`: how Pulumi starts the plugin."""

from __future__ import annotations

import sys
from pathlib import Path

# Python puts the folder of a program first on its path. There the plugin's modules would hide libraries of the same
# name, so the checkout takes its place, behind what is installed.
if sys.path[:1] == [str(Path(__file__).parent)]:
    del sys.path[0]
    sys.path.append(str(Path(__file__).resolve().parents[2]))

from slipway.plugin.serve import main

if __name__ == "__main__":
    raise SystemExit(main(sys.argv))

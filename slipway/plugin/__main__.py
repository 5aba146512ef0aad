"""`python slipway/plugin/ <engine address>`: how Pulumi starts the plugin."""

from __future__ import annotations

import sys

from slipway.plugin.serve import main

if __name__ == "__main__":
    raise SystemExit(main(sys.argv))

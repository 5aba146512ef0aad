"""`slipway promote SERVICE`."""

from __future__ import annotations

from slipway.cli.intent import intent_command

promote = intent_command(
    "promote",
    "End the current step of the rollout in flight early, whatever its bake time, or with --all every step that is "
    "left. A failing candidate still is left.",
)

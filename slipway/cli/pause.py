"""`slipway pause SERVICE`."""

from __future__ import annotations

from slipway.cli.intent import intent_command

pause = intent_command(
    "pause", "Hold the rollout in flight at its step. It is still watched: a bad candidate is left at once."
)

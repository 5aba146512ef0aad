"""`slipway resume SERVICE`."""

from __future__ import annotations

from slipway.cli.intent import intent_command

resume = intent_command("resume", "Let a paused rollout go on.")

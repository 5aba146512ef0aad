"""`slipway resume SERVICE`."""

from __future__ import annotations

from cli.intent import intent_command

resume = intent_command("resume", "Let a paused rollout go on.")

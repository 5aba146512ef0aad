"""`slipway abort SERVICE`."""

from __future__ import annotations

from cli.intent import intent_command

abort = intent_command("abort", "End the rollout in flight: the traffic goes back, and its revision is quarantined.")

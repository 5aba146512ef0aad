"""One attempt of a rollout, carried out: observe, decide by the controller, act, write the journal, turn back."""

from __future__ import annotations

from slipway.rollout.executor.loop import Executor
from slipway.rollout.executor.replicas import with_old_replicas

__all__ = ["Executor", "with_old_replicas"]

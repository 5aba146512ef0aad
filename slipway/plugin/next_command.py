"""The last line of a release that was refused or aborted: the command that comes next."""

from __future__ import annotations

from slipway.release.errors import NEXT, LeaseHeld, LeaseLost, ReleaseRefused, RolloutAborted, SlipwayError
from slipway.release.rollout_inputs import RolloutInputs


def next_command(failed: SlipwayError, wanted: RolloutInputs, stack: str) -> str:
    """What to run after this end of a rollout in `stack` (its name alone)."""
    up = f"`pulumi up --stack {stack}`"
    status = f"`slipway status {wanted.service} --stack {stack}`"
    if isinstance(failed, RolloutAborted) and failed.quarantined:
        again = (
            f"release another revision, or say in {wanted.manifest}, under retry.reason, why this one is tried again"
        )
        return f"{NEXT}{again}; then {up}"
    if isinstance(failed, ReleaseRefused | LeaseHeld | LeaseLost):
        return f"{NEXT}{status} shows what serves, what is in flight and what is refused"
    return f"{NEXT}{status} shows how it stands, {up} tries again"


def judge_again(stack: str) -> str:
    """After the gates refused a release."""
    return f"{NEXT}mend what is listed; `slipway gates --stack {stack}` judges it again without an update"

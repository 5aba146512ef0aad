"""Whether the flags of a stack fit its target. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from slipway.release.errors import Problem
from slipway.release.flags.flag_set_inputs import FlagsSetting
from slipway.release.flags.model import DeclaredFlags
from slipway.release.target import EcsTarget, Target

AT = "flags"
STRATEGY = "slipway-at-once"
"""AppConfig's deployment strategy of flags."""
AT_ONCE = {"growthFactor": 100, "deploymentDurationInMinutes": 0, "finalBakeTimeInMinutes": 0}
"""What it says: all clients at once, and nothing afterwards."""


def unfit_flags(setting: FlagsSetting | None, flags: DeclaredFlags | None, target: Target) -> Iterator[Problem]:
    """What of a stack's flags its target does not have."""
    if setting is None:
        return
    if not isinstance(target, EcsTarget):
        if setting.document == "app-config":
            yield Problem(f"{AT}.document", "app-config is for a target of AWS", "Choose config-map or feature-flag")
        return
    if setting.document != "app-config":
        yield Problem(f"{AT}.document", f"{setting.document} is an object of Kubernetes", "Write document: app-config")
    if target.app_config is None:
        remedy = "Write appConfig: {application: shop, environment: prod}"
        yield Problem("target.appConfig", "is missing: there the flags are deployed", remedy)
    for key, flag in sorted(flags.flags.items()) if flags is not None else ():
        if flag.is_guarded:
            message = f"{key}: an exposure that guardrails judge step by step needs Kubernetes so far"
            yield Problem(AT, message, "Leave its guardrails out: then the exposure is set at once")

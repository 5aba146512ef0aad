"""What an alias of Lambda may say, and which version it leads a request to. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

LATEST = "$LATEST"
Alias = Mapping[str, Any]


def weights(alias: Alias) -> dict[str, float]:
    """The versions beside the main one, with their shares as fractions."""
    found = (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    return {str(number): float(share) for number, share in found.items()}


def version_for(alias: Alias, drawn: float) -> str:
    """The version of a request, by a number that was drawn evenly from 0 to 1."""
    for number, share in weights(alias).items():
        if drawn < share:
            return number
        drawn -= share
    return str(alias["FunctionVersion"])


def problem(alias: Alias, versions: Collection[str]) -> str:
    """Why Lambda refuses an alias; empty when it does not."""
    main, others = str(alias.get("FunctionVersion") or LATEST), weights(alias)
    missing = [number for number in (main, *others) if number != LATEST and number not in versions]
    if missing:
        return f"Function not found: version {missing[0]}"
    if len(others) > 1:
        return "An alias can have at most one additional version"
    if others and LATEST in (main, *others):
        return f"{LATEST} is not supported for an alias pointing to more than 1 version"
    if main in others:
        return "The additional version has to be another than FunctionVersion"
    if any(not 0.0 <= share <= 1.0 for share in others.values()):
        return "Weights of additional versions have to be between 0.0 and 1.0"
    return ""

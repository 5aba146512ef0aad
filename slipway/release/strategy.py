"""From the declared strategy to the one that is carried out; the only place that knows `auto`."""

from __future__ import annotations

from slipway.release.manifest.release import Release
from slipway.release.manifest.strategy import Auto, BlueGreen, Canary, Rolling
from slipway.release.risk import recommend

Chosen = Canary | BlueGreen | Rolling


def resolve(release: Release) -> Release:
    """The same release with `strategy.kind: auto` replaced by the recommendation of `slipway.release.risk`, which
    depends on the manifest alone, so that preview, up and a later rollback agree."""
    if not isinstance(release.strategy, Auto):
        return release
    recommended = recommend(release).strategy
    reason = release.strategy.reason
    return release.model_copy(update={"strategy": recommended.model_copy(update={"reason": reason})})


def chosen(release: Release) -> Chosen:
    """The strategy of a release that is carried out."""
    strategy = resolve(release).strategy
    assert not isinstance(strategy, Auto)  # noqa: S101
    return strategy

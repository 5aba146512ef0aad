"""From the declared strategy to the one that is carried out; the only place that knows `auto`."""

from __future__ import annotations

from release.errors import InputError, Problem
from release.manifest.release import Release
from release.manifest.strategy import Auto, BlueGreen, Canary, Rolling

Chosen = Canary | BlueGreen | Rolling


def resolve(release: Release) -> Release:
    """The same release with `strategy.kind: auto` replaced by a recommendation, from the manifest alone, so that
    preview, up and a later rollback agree. Raises InputError while there is nobody who recommends."""
    if not isinstance(release.strategy, Auto):
        return release
    problem = Problem(
        "strategy.kind",
        "auto cannot be resolved, there is no recommendation for this release",
        "Choose canary, blue-green or rolling, such as "
        "{kind: canary, steps: [{weight: 5, bake: 2m}, {weight: 100, bake: 10m}]}",
    )
    raise InputError(f"{release.service} {release.version}", [problem])


def chosen(release: Release) -> Chosen:
    """The strategy of a release that was resolved. Raises InputError when it was not."""
    strategy = resolve(release).strategy
    assert not isinstance(strategy, Auto)  # noqa: S101
    return strategy

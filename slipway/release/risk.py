"""How risky is a release, and which strategy fits: a transparent score from the manifest and from the service's past.

The score is a sum of points, 0 and up. A weight is the author's estimate of how much more often, or how much worse, a
release of that kind fails than the smallest one (1 point is about a fifth more expected damage); each carries the
assumption that it rests on, so that a team with data of its own can argue with it. The bands: below 5 low, below 12
medium, else high.

The past (aborted releases, error budget) counts where it is known, which is where a release is judged before it is
committed. What `strategy: auto` carries out depends on the manifest alone, so that preview, `up` and a later rollback
agree; where the past asks for more care than that, the gate does.
"""

from __future__ import annotations

from collections.abc import Iterator

from slipway.release.findings import Text
from slipway.release.manifest.base import FrozenModel
from slipway.release.manifest.release import Release
from slipway.release.manifest.scope import Level
from slipway.release.manifest.strategy import BlueGreen, Canary, Rolling, Strategy
from slipway.release.risk_strategy import Kind, choose, exposure, show_exposure

LOW_BELOW = 5.0
HIGH_FROM = 12.0

LINES_PER_POINT = 100
"""Assumption: the chance of a defect grows with the size of the change; defect density is roughly constant per line."""
MOST_SIZE_POINTS = 6.0
"""Assumption: beyond some 600 lines review has stopped working already, more lines add little."""
SIZE_UNKNOWN = 3.0
"""Assumption: a release whose size is not stated is like one of 300 lines."""
MANY_CHANGES = 1.0
"""For each tracked change beyond the first: they interact, and a fault takes longer to attribute."""
MOST_CHANGE_POINTS = 4.0

KIND_POINTS = {
    "fix": 0.5,
    "configuration": 1.0,
    "refactor": 1.0,
    "feature": 1.5,
    "dependency": 1.5,
    "hotfix": 2.0,
    "infrastructure": 2.5,
    "migration": 2.5,
}
"""Assumptions: a fix is small and understood; configuration skips most tests; dependencies change code that was
not reviewed here; a hotfix is written in a hurry; infrastructure and migrations are the hardest to try out before."""
RISK_FACTOR = {"low": 0.5, "medium": 1.0, "high": 2.0}
"""Assumption: the team's own estimate is worth a factor of two each way."""
FLAGGED = 0.5
"""Assumption: what a flag can switch off does half the damage."""

PHASE_POINTS = {"expand": 1.0, "data": 3.0, "contract": 5.0}
"""Assumptions: additive schema changes are mostly locks; moved data cannot be unmoved quickly; a contract breaks the
previous version, and so the way back."""
NO_WAY_DOWN = 3.0
"""For a migration without a down step: the rollback is a manual procedure."""

REACH_POINTS = {"internal": 0.0, "some-users": 1.0, "all-users": 2.0}
"""Assumption: twice the people who notice is about as bad as twice the errors."""
DEPENDENT_POINTS = 0.5
"""For each service that calls this one: its users are hit too, up to `MOST_DEPENDENT_POINTS`."""
MOST_DEPENDENT_POINTS = 3.0
DEPENDENCY_POINTS = 0.25
"""For each dependency on the environment: one more thing that can be different there."""
MOST_DEPENDENCY_POINTS = 2.0
CONSTRAINT_POINTS = 2.0
"""For each declared constraint of the rollback: time to recover is what turns a fault into an outage."""
MOST_CONSTRAINT_POINTS = 4.0
SLOW_ROLLBACK = 2.0
"""For a rollback that may take longer than 15 minutes."""
SLOW_ROLLBACK_MINUTES = 15.0

MANY_ABORTED = 0.15
"""Assumption: where more than about one release in seven is aborted, the next one is less sure as well."""
FEW_RELEASES = 5
"""Of fewer, a share says nothing."""
ABORTED_POINTS = 2.0
BUDGET_POINTS = {0.25: 3.0, 0.5: 1.5}
"""Points for an error budget of which less than this share is left. Assumption: the same fault costs more where
its users have been failed already."""


class Factor(FrozenModel):
    """One line of the score."""

    name: Text
    points: float
    found: Text
    why: Text


class Recommendation(FrozenModel):
    """A strategy that is ready to be used, and why it."""

    kind: Kind
    level: Level
    score: float
    strategy: Canary | BlueGreen | Rolling
    factors: tuple[Factor, ...]
    reasons: tuple[Text, ...]

    def describe(self) -> str:
        """One line for preview: `risk medium (7.5): canary, because ...`."""
        return f"risk {self.level} ({self.score:g}): {self.kind}, because {'; '.join(self.reasons)}"


class History(FrozenModel):
    """What is known of the service's past."""

    releases: int | None = None
    """Revisions that were released here before; None when that was not asked."""
    aborted: int = 0
    budget_remaining: float | None = None
    """Share of the error budget that is left."""


UNKNOWN = History()


def recommend(release: Release, past: History | None = None) -> Recommendation:
    """The recommendation for a release, by its manifest and by what is known of the past."""
    factors = (*_factors(release), *_past(past or UNKNOWN))
    score = round(sum(factor.points for factor in factors), 2)
    level = level_of(score)
    strategy, reasons = choose(release, level)
    return Recommendation(
        kind=strategy.kind, level=level, score=score, strategy=strategy, factors=factors, reasons=reasons
    )


def level_of(score: float) -> Level:
    """The band of a score."""
    if score < LOW_BELOW:
        return "low"
    return "medium" if score < HIGH_FROM else "high"


def riskier_than_recommended(release: Release, past: History | None = None) -> str:
    """Why the strategy that is carried out is riskier than the recommended one, or an empty string when it is not.

    Compared is what can go wrong: the share of the traffic that meets the new version before anything was learned,
    and how long it is watched before it has all of it; and whether two versions work side by side that should not.
    """
    declared: Strategy = release.strategy
    if declared.kind == "auto":
        declared = recommend(release).strategy
    recommended = recommend(release, past)
    mine, theirs = (
        exposure(declared, release.workload.least_replicas),
        exposure(recommended.strategy, release.workload.least_replicas),
    )
    beside = recommended.kind == "blue-green" and declared.kind != "blue-green"
    if not beside and not mine.riskier_than(theirs):
        return ""
    return (
        f"{show_exposure(declared.kind, mine)}; recommended at {recommended.level} risk ({recommended.score:g}) is "
        f"{show_exposure(recommended.kind, theirs)}"
    )


def warnings(history: History) -> tuple[str, ...]:
    """What the past adds to the score, for people to weigh."""
    found = [f"{factor.found} ({factor.name})" for factor in _past(history)]
    if history.releases == 0:
        found.append("nothing is known of earlier releases of this service")
    return tuple(found)


def _factors(release: Release) -> Iterator[Factor]:
    yield from _size(release)
    yield from _changes(release)
    yield from _migrations(release)
    yield from _blast_radius(release)
    yield from _way_back(release)


def _size(release: Release) -> Iterator[Factor]:
    size = release.scope.size
    if size is None:
        yield _factor("size", SIZE_UNKNOWN, "not stated", "taken as some 300 lines")
        return
    points = min(size.lines / LINES_PER_POINT, MOST_SIZE_POINTS)
    yield _factor("size", points, f"{size.lines} lines in {size.commits} commits", "smaller releases fail less")


def _changes(release: Release) -> Iterator[Factor]:
    changes = release.scope.changes
    for change in changes:
        points = KIND_POINTS[change.kind] * RISK_FACTOR[change.risk] * (FLAGGED if change.flag else 1.0)
        guarded = f", behind {change.flag}" if change.flag else ""
        yield _factor(
            "change", points, f"{change.id}: {change.kind}, {change.risk} risk{guarded}", "kind and own estimate"
        )
    if len(changes) > 1:
        points = min((len(changes) - 1) * MANY_CHANGES, MOST_CHANGE_POINTS)
        yield _factor("changes at once", points, f"{len(changes)} changes", "they interact")


def _migrations(release: Release) -> Iterator[Factor]:
    for migration in release.migrations:
        down = 0.0 if migration.down else NO_WAY_DOWN
        found = f"{migration.id}: {migration.phase}{'' if migration.down else ', no way down'}"
        yield _factor("migration", PHASE_POINTS[migration.phase] + down, found, "the schema outlives the release")


def _blast_radius(release: Release) -> Iterator[Factor]:
    reach = release.scope.reach
    if REACH_POINTS[reach]:
        yield _factor("reach", REACH_POINTS[reach], reach, "who would notice a fault")
    environment = release.environment
    if environment is None:
        return
    if environment.dependents:
        points = min(len(environment.dependents) * DEPENDENT_POINTS, MOST_DEPENDENT_POINTS)
        yield _factor("dependents", points, f"{len(environment.dependents)} services call it", "they fail with it")
    if environment.dependencies:
        points = min(len(environment.dependencies) * DEPENDENCY_POINTS, MOST_DEPENDENCY_POINTS)
        yield _factor("dependencies", points, f"{len(environment.dependencies)} of them", "each may differ")


def _way_back(release: Release) -> Iterator[Factor]:
    rollback = release.rollback
    if rollback.constraints:
        points = min(len(rollback.constraints) * CONSTRAINT_POINTS, MOST_CONSTRAINT_POINTS)
        yield _factor("rollback constraints", points, f"{len(rollback.constraints)} of them", "a fault lasts longer")
    if rollback.max_minutes > SLOW_ROLLBACK_MINUTES:
        yield _factor("slow rollback", SLOW_ROLLBACK, f"{rollback.max_minutes:g} minutes", "a fault lasts longer")


def _past(past: History) -> Iterator[Factor]:
    if past.releases is not None and past.releases >= FEW_RELEASES:
        share = past.aborted / past.releases
        if share > MANY_ABORTED:
            found = f"{past.aborted} of the last {past.releases} releases were aborted ({share:.0%})"
            yield _factor("aborted releases", ABORTED_POINTS, found, "what went wrong lately goes wrong again")
    left = past.budget_remaining
    points = next((points for below, points in BUDGET_POINTS.items() if left is not None and left < below), 0.0)
    if left is not None and points:
        yield _factor("error budget", points, f"{left:.0%} of it is left", "its users have been failed already")


def _factor(name: str, points: float, found: str, why: str) -> Factor:
    return Factor(name=name, points=round(points, 2), found=found, why=why)

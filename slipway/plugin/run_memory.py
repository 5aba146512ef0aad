"""What the gates said in this run of the plugin, so that a Rollout can be held against the Release before it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from slipway.release.manifest.release import Release
from slipway.release.records.release_record import GateOutcome
from slipway.release.release_inputs import Observed, ReleaseInputs
from slipway.release.rollout_inputs import RolloutInputs, altered
from slipway.release.target import Target
from slipway.release.tokens import RELEASE

MOST_LISTED = 5
"""Differences of a Rollout from its manifest that one message shows."""


@dataclass(frozen=True, slots=True)
class Passed:
    """A revision whose Release passed: the path of its manifest and what it says. `release` is None where the gates are
    off and nothing was read."""

    revision: str
    manifest: str
    release: Release | None
    inputs: ReleaseInputs | None = None
    """As they were checked, with the evidence."""
    gates: GateOutcome | None = None
    """What the gates said, and by which configuration."""


@dataclass(frozen=True, slots=True)
class ServiceKey:
    """One service in one target, as one stack (`project/stack`) declares it."""

    stack: str
    target: Target
    service: str


@dataclass
class RunMemory:
    """Shared by the resources of one plugin process. Nothing of it outlives the process."""

    verdicts: dict[str, Mapping[str, object]] = field(default_factory=dict)
    """URN of a Release to the verdict of its last check: create and update record it."""
    observed: dict[str, Observed] = field(default_factory=dict)
    """URN of a Release to what its last check observed."""
    _passed: dict[ServiceKey, Passed] = field(default_factory=dict)

    def let_pass(self, key: ServiceKey, passed: Passed) -> None:
        """A Release of the service passed the gates."""
        self._passed[key] = passed

    def forget(self, key: ServiceKey) -> None:
        """A Release of the service is about to be judged: what passed before it does not pass for it."""
        self._passed.pop(key, None)

    def passed(self, key: ServiceKey) -> Passed | None:
        """The Release of the service that passed last."""
        return self._passed.get(key)

    def refusal_reason(self, stack: str, wanted: RolloutInputs) -> str | None:
        """Why a Rollout of a stack is refused: nothing moves to a revision whose Release did not pass before, in the
        same run, and nothing moves otherwise than its manifest says. None when it may begin."""
        passed = self._passed.get(ServiceKey(stack, wanted.where, wanted.service))
        if passed is None or passed.revision != wanted.candidate.revision:
            return (
                f"no Release of {wanted.service} with revision {wanted.candidate.revision} passed the gates in this "
                f"run. Declare a {RELEASE} from {wanted.manifest}, let the Rollout depend on it, and target both or "
                "none"
            )
        found = [] if passed.release is None else altered(wanted.to_wire(), passed.release)
        if wanted.manifest != passed.manifest:
            found.append(("manifest", wanted.manifest, f"{passed.manifest}, which was judged"))
        if not found:
            return None
        listed = "; ".join(f"{path} is {have}, wanted {want}" for path, have, want in found[:MOST_LISTED])
        more = f"; and {len(found) - MOST_LISTED} more" if len(found) > MOST_LISTED else ""
        return (
            f"the Rollout of {wanted.service} is not what {passed.manifest} says: {listed}{more}. "
            "Declare it from the manifest and nothing else (RolloutInputs.of), or change the manifest"
        )

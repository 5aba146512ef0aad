"""What the gates need and a manifest does not hold: the journal's memory, the registry's answer, the error budget."""

from __future__ import annotations

from slipway.release.declared import DeclaredRelease
from slipway.release.gating.configuration import Configuration
from slipway.release.records.journal import Head
from slipway.release.records.released import ReleasedVersion
from slipway.release.records.rollback import line_of
from slipway.release.release_inputs import JUDGED_KEPT, Observed, ReleaseInputs
from slipway.release.target import Target
from slipway.rollout.assemble import connect_adapters
from slipway.rollout.gate_inputs import error_budget as budget
from slipway.rollout.gate_inputs import registry
from slipway.rollout.record import load


def observe(inputs: ReleaseInputs, olds: object, configuration: Configuration) -> Observed:
    """Ask all of them. `olds` is the `observed` of the resource as the stack recorded it."""
    memory = _memory(inputs.service, inputs.where, inputs.revision, inputs.sha256, judged_of(olds))
    return _completed(memory, inputs.service, inputs.image, configuration)


def observe_undeclared(declared: DeclaredRelease, target: Target | None, configuration: Configuration) -> Observed:
    """The same for a release that no program declares yet: the stack has judged none of its bytes, so nothing is
    settled. Without a target the cluster is not asked, and the previous release is unknown."""
    release, memory = declared.release, Observed()
    if target is not None:
        memory = _memory(release.service, target, declared.revision, declared.sha256, ())
    return _completed(memory, release.service, release.artifact.image, configuration)


def _memory(service: str, target: Target, revision: str, sha256: str, judged: tuple[str, ...]) -> Observed:
    adapters = connect_adapters(service, target)
    stored = load(adapters)
    memory = remembered(stored.head if stored is not None else None, revision, sha256, judged)
    if memory.previous is not None or memory.settled:
        return memory
    # A service that was never released has neither a commit in its journal nor a route.
    never = (stored is None or not stored.head.completed) and adapters.router.read() is None
    return memory.model_copy(update={"first": never})


def _completed(memory: Observed, service: str, image: str, configuration: Configuration) -> Observed:
    """With the registry's answer and the error budget, unless they are not judged any more."""
    if memory.settled:
        return memory
    found: dict[str, object] = {}
    integrity = configuration.integrity
    if integrity.registry and (not integrity.registries or image.partition("/")[0] in integrity.registries):
        found["artifact"] = registry.observe(image, integrity.plain_http, integrity.token_services)
    settings = configuration.budget
    if settings.url is not None and settings.query is not None:
        found["budget"] = budget.observe(settings.url, settings.query, service, access=settings.access)
    return memory.model_copy(update=found)


def remembered(head: Head | None, revision: str, sha256: str, judged: tuple[str, ...]) -> Observed:
    """What the journal says. Settled are bytes that were judged in this stack and whose revision completed here."""
    kept = (*(one for one in judged if one != sha256), sha256)[-JUDGED_KEPT:]
    if head is None:
        return Observed(judged=kept)
    counted = {"completed": len(head.completed), "aborted": len(head.quarantined)}
    if not head.completed:
        return Observed(judged=kept, **counted)
    return Observed(
        settled=sha256 in judged and head.has_completed(revision),
        previous=_previous(head, revision),
        judged=kept,
        **counted,
    )


def judged_of(olds: object) -> tuple[str, ...]:
    """The manifests that passed before, from the recorded resource."""
    found = olds.get("judged", ()) if isinstance(olds, dict) else ()
    return tuple(one for one in found if isinstance(one, str))


def _previous(head: Head, revision: str) -> ReleasedVersion | None:
    """What serves; when that is this revision itself, what served before it."""
    serving = head.serving.backend.revision if head.serving is not None else None
    wanted = serving
    if serving == revision:
        line = line_of([one.revision for one in head.commits])
        wanted = line[-2] if len(line) > 1 else None
    return next((one for one in head.completed if one.revision == wanted), None)

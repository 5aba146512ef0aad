"""What the gates need and a manifest does not hold: the journal's memory, the registry's answer, the error budget."""

from __future__ import annotations

from release.gating.configuration import Configuration
from release.history import line_of
from release.release_inputs import JUDGED_KEPT, Observed, Previous, ReleaseInputs
from rollout import budget, registry
from rollout.assemble import connect_world
from rollout.journal import Head
from rollout.operations import load_head


def observe(inputs: ReleaseInputs, olds: object, configuration: Configuration) -> Observed:
    """Ask all of them. `olds` is the `observed` of the resource as the stack recorded it."""
    world = connect_world(inputs.service, inputs.namespace)
    stored = load_head(world)
    memory = remembered(stored.head if stored is not None else None, inputs.revision, inputs.sha256, judged_of(olds))
    if memory.previous is None and not memory.settled:
        memory = memory.model_copy(
            update={"first": (stored is None or not stored.head.completed) and not world.router.read()}
        )
    settings = configuration.budget
    asked = settings.url is not None and settings.query is not None and not memory.settled
    return memory.model_copy(
        update={
            "artifact": registry.observe(inputs.image, configuration.plain_http)
            if configuration.settings.integrity.registry
            else None,
            "budget": budget.observe(str(settings.url), str(settings.query), inputs.service) if asked else None,
        }
    )


def remembered(head: Head | None, revision: str, sha256: str, judged: tuple[str, ...]) -> Observed:
    """What the journal says. Settled are bytes that were judged in this stack and whose revision completed here."""
    kept = (*(one for one in judged if one != sha256), sha256)[-JUDGED_KEPT:]
    if head is None or not head.completed:
        return Observed(judged=kept)
    return Observed(
        settled=sha256 in judged and head.has_completed(revision),
        previous=_previous(head, revision),
        judged=kept,
    )


def judged_of(olds: object) -> tuple[str, ...]:
    """The manifests that passed before, from the recorded resource."""
    found = olds.get("judged", ()) if isinstance(olds, dict) else ()
    return tuple(one for one in found if isinstance(one, str))


def _previous(head: Head, revision: str) -> Previous | None:
    """What serves; when that is this revision itself, what served before it."""
    serving = head.serving.backend.revision if head.serving is not None else None
    wanted = serving
    if serving == revision:
        line = line_of([one.revision for one in head.commits])
        wanted = line[-2] if len(line) > 1 else None
    known = next((one for one in head.completed if one.revision == wanted), None)
    return None if known is None else Previous(manifest=known.manifest, revision=known.revision)

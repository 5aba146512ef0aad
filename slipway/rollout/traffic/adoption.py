"""Taking over a live route whose workload something else declares: nothing that users notice changes."""

from __future__ import annotations

import threading

from slipway.release.errors import ClusterError, ReleaseRefused
from slipway.release.records import journal
from slipway.release.records.journal import Attempt, Head, Outcome
from slipway.release.rollout_inputs import Backend, RolloutInputs
from slipway.rollout.adapters import Adapters
from slipway.rollout.record import Stored, save_head
from slipway.rollout.routers.base import LiveRoute
from slipway.rollout.traffic.waiting import await_ready

NOTE = "took over the live route as it was; no weight changed"


def is_adoption(wanted: RolloutInputs, head: Head | None, live: LiveRoute | None) -> bool:
    """Whether an update takes over a route: nothing of the service was released, the workload is not Slipway's, and the
    route is another's, or was taken over by an attempt that did not get to write the journal. Where a journal was lost
    later, other versions stand in the route, and it is none."""
    if not wanted.candidate.external or live is None or (head is not None and head.serving is not None):
        return False
    entry = wanted.candidate.entry
    return not live.managed or (live.former == entry and dict(live.shares) == {entry: 100.0})


def take_over(
    adapters: Adapters, wanted: RolloutInputs, stored: Stored, holder: str, cancelled: threading.Event
) -> None:
    """Make the route Slipway's, and what has its traffic the release that serves. It may be done again after a failure.
    Raises ReleaseRefused for a workload that is not as the manifest says, ClusterError for such a route."""
    backend = wanted.candidate
    adapters.router.check_take_over(wanted.route, backend)
    problem = await_ready(adapters, backend, cancelled) or image_problem(adapters, backend) or _unseen(adapters, wanted)
    if problem is not None:
        raise ReleaseRefused(f"{wanted.service}: nothing was taken over: {problem}")
    live = adapters.router.read()
    if live is not None and not live.accepted:
        raise ReleaseRefused(f"{wanted.service}: nothing was taken over: the gateway did not accept it: {live.problem}")
    adapters.router.take_over(wanted.route, backend)
    now = adapters.now()
    attempt = Attempt(
        id=holder,
        outcome=Outcome.RUNNING,
        kind="first",
        candidate=backend,
        manifest=wanted.manifest,
        began=now,
        notes=(NOTE,),
    )
    template = adapters.workloads.readiness(backend).template
    head = journal.committed(journal.begun(stored.head, attempt), attempt, wanted.route, now, template=template)
    save_head(adapters, stored, head)


def external_problem(adapters: Adapters, candidate: Backend, serving: Backend | None) -> str | None:
    """Why traffic may not move between workloads of which at least one is not Slipway's; None where it may."""
    if not candidate.external and (serving is None or not serving.external):
        return None
    if serving is not None and serving.entry == candidate.entry:
        return (
            f"{candidate.label} names the Service {candidate.entry}, which {serving.label} has: the new version would "
            "be patched into the old one and there would be no way back; give each version names of its own, such as "
            "workload.external.service: checkout-{version}"
        )
    problem = image_problem(adapters, candidate)
    if problem is None and serving is not None:
        problem = adapters.workloads.overlap(serving, candidate)
    return problem


def image_problem(adapters: Adapters, backend: Backend) -> str | None:
    """Why an external workload is not what the manifest says; None where it is, or is not there yet."""
    if not backend.external:
        return None
    found = adapters.workloads.readiness(backend)
    if found.desired and found.image is None:
        return (
            f"which container of Deployment {backend.workload} runs {backend.image}? Name workload.external.container"
        )
    if found.image is not None and found.image != backend.image:
        return f"Deployment {backend.workload} runs {found.image}, and the manifest says {backend.image}"
    return None


def caveat(backend: Backend) -> str:
    """What is not promised of a workload that something else declares; empty for one of Slipway's."""
    if not backend.external:
        return ""
    return (
        f"Deployment {backend.workload} and Service {backend.entry} are declared elsewhere: Slipway neither creates "
        "nor deletes them, adds replicas only for a way back, cannot keep them warm, and holds an image that is named "
        "by a tag to no digest"
    )


def foreseen(adapters: Adapters, wanted: RolloutInputs) -> str:
    """What taking the route over will do, or why it will not, for the plan; reads only."""
    backend = wanted.candidate
    try:
        adapters.router.check_take_over(wanted.route, backend)
    except ClusterError as error:
        return f"warning: nothing will be taken over: {error}"
    return f"takes over the live route, by which {backend.entry} serves; no weight changes"


def _unseen(adapters: Adapters, wanted: RolloutInputs) -> str | None:
    """The next release would be compared with what is counted of this one."""
    if adapters.source is None or wanted.probe is not None:
        return None
    return adapters.source.unseen(wanted.candidate)

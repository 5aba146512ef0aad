"""The end of a service: what its Rollout wrote goes, unless another stack releases the service by now."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from slipway.release.errors import ReleaseRefused
from slipway.release.records.journal import Head, read_owner
from slipway.rollout.adapters import Adapters
from slipway.rollout.record import load
from slipway.rollout.safety.heartbeat import hold_lease
from slipway.rollout.safety.watchdog import new_rollout_id


class Reporter(Protocol):
    """Where the lines go."""

    def status(self, line: str) -> None:
        """Replace the status line."""
        ...

    def event(self, line: str) -> None:
        """Add a line that stays."""
        ...


def remove(
    adapters: Adapters,
    service: str,
    workloads: Iterable[str],
    reporter: Reporter,
    cancelled: threading.Event,
    forget: str,
) -> None:
    """Delete the route, the journal, the intents and the Lease.

    Where another stack releases the service, or it was handed to another, nothing of it is touched. `workloads` are
    the Services that the engine deletes after this; when one of them has traffic then, this raises ReleaseRefused, so
    that the engine deletes nothing. `forget` is the command that makes the stack forget them.
    """
    stored = adapters.journal.load()
    owner = _another(read_owner(stored.content) if stored is not None else _owner_by_route(adapters), adapters.stack)
    if owner is None:
        _refuse_foreign_traffic(adapters, service, workloads, forget)
        remove_all(adapters, reporter.status, cancelled)
        return
    used = sorted(set(workloads) & in_use(adapters))
    if used:
        raise ReleaseRefused(
            f"{service}: nothing is deleted, since {owner} releases it and {', '.join(used)} has its traffic. "
            f"Make this stack forget it without deleting anything: {forget}"
        )
    reporter.event(f"{service}: {owner} releases it, so its route, journal and Lease stay as they are")


def services_of(recorded: Mapping[str, Any]) -> tuple[str, ...]:
    """The Services of candidate and standby in a Rollout's recorded inputs."""
    return tuple(str(side["service"]) for side in _sides(recorded))


def declared_services_of(recorded: Mapping[str, Any]) -> tuple[str, ...]:
    """Those of them that the stack declares, so that the engine deletes them."""
    return tuple(str(side["service"]) for side in _sides(recorded) if not side.get("external"))


def _sides(recorded: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    sides = (recorded.get("candidate"), recorded.get("standby"))
    return [side for side in sides if isinstance(side, dict) and "service" in side]


def _refuse_foreign_traffic(adapters: Adapters, service: str, workloads: Iterable[str], forget: str) -> None:
    """A route that is not Slipway's stays as it is, so what it sends to must stay too."""
    live = adapters.router.read()
    if live is None or live.managed:
        return
    used = sorted(name for name in set(workloads) if live.shares.get(name, 0.0) > 0)
    if used:
        raise ReleaseRefused(
            f"{service}: nothing is deleted, since the route is not marked as Slipway's any more and {', '.join(used)} "
            f"has its traffic. Send it elsewhere, or make this stack forget it without deleting anything: {forget}"
        )


def _owner_by_route(adapters: Adapters) -> Head:
    """Where the journal is lost, the route still says whose the service is."""
    live = adapters.router.read()
    return Head(service="", stack=(live.owner or None) if live is not None else None)


def _another(head: Head, stack: str) -> str | None:
    """The stack that releases the service when it is not this one; an empty `stack` acts for the owner."""
    if not stack:
        return None
    if head.handed_to not in (None, stack):
        return head.handed_to
    return head.stack if head.stack not in (None, stack) and head.handed_to != stack else None


def in_use(adapters: Adapters) -> set[str]:
    """The Services that have or may have traffic: what serves, what a rollout is about, and what the route names.
    Raises JournalUnreadable when the journal cannot say it."""
    stored = load(adapters)
    live = adapters.router.read()
    used = {name for name, share in (live.shares if live is not None else {}).items() if share > 0}
    if stored is None:
        return used
    head = stored.head
    backends = [*head.leaving]
    backends += [head.serving.backend] if head.serving is not None else []
    backends += [head.attempt.candidate] if head.attempt is not None and head.unfinished else []
    return used | {one.entry for one in backends}


def end_route(adapters: Adapters) -> None:
    """Delete the route that Slipway made; give back one that it took over; leave alone one that is another's again.
    Raises ReleaseRefused while a route that was taken over sends anything elsewhere than before."""
    live = adapters.router.read()
    if live is not None and not live.managed:
        return
    adapters.router.claim()
    if live is None or not live.former:
        adapters.router.delete()
        return
    elsewhere = sorted(name for name, share in live.shares.items() if share > 0 and name != live.former)
    if elsewhere:
        raise ReleaseRefused(
            f"the route was taken over from {live.former}, and {', '.join(elsewhere)} has traffic of it: roll back "
            f"with `slipway rollback` first, then it can be given back. Where {live.former} is gone for good, remove "
            "the annotation slipway.dev/former-route from the route"
        )
    adapters.router.give_back()


def remove_all(adapters: Adapters, tell: Callable[[str], None], cancelled: threading.Event) -> None:
    """Delete all of it, whichever stack releases the service. Raises LeaseHeld while a rollout is in flight."""
    with hold_lease(adapters, new_rollout_id(), tell, cancelled):
        end_route(adapters)
        adapters.intents.delete()
        adapters.journal.delete()
    adapters.lease.delete()
    if adapters.watch is not None:
        adapters.watch.document.delete()
        adapters.watch.lease.delete()

"""What is read of a service from outside, and what counts as a problem."""

from __future__ import annotations

import pytest

from slipway.release.errors import ClusterError
from slipway.release.records.journal import Outcome
from slipway.rollout.adapters import Adapters
from slipway.rollout.inspection import head_of, inspect
from slipway.rollout.platforms.base import Readiness
from slipway.rollout.platforms.memory import MemoryWorkloads
from slipway.rollout.routers.base import Split
from tests.unit.slipway.cli.examples import ScriptedLease, attempt, backend, head, world

AS_RELEASED = Readiness(3, 3, 3, 0, image=backend("a").image)


def serving() -> Adapters:
    """Version a serves all the traffic."""
    made, it = world(head(), ScriptedLease(None)), head()
    assert it.serving is not None
    assert isinstance(made.workloads, MemoryWorkloads)
    made.router.apply(it.serving.route, Split(((it.serving.backend, 100.0),)), None)
    made.workloads.put(backend("a"), AS_RELEASED)
    return made


def test_a_service_that_is_as_it_was_released_has_no_problem() -> None:
    found = inspect(serving(), "checkout", "shop")
    assert found.problem is None
    assert (found.service, found.namespace, found.head) == ("checkout", "shop", head())
    assert found.live is not None
    assert dict(found.live.shares) == {"checkout-aaaaaaaa": 100.0}
    assert found.lease.state == "free"


def test_a_route_that_is_gone_a_workload_that_lacks_replicas_and_no_journal_are_problems() -> None:
    assert inspect(world(), "checkout", "shop").problem == "no journal: nothing was released here, or it was deleted"
    assert "the route is missing" in str(inspect(world(head()), "checkout", "shop").problem)
    lame = serving()
    assert isinstance(lame.workloads, MemoryWorkloads)
    lame.workloads.put(backend("a"), Readiness(3, 3, 1, 0, image=backend("a").image))
    found = inspect(lame, "checkout", "shop")
    assert found.lacking is not None
    assert found.problem == found.lacking


def test_a_rollout_in_flight_is_read_with_its_last_record_and_one_without_a_holder_is_a_problem() -> None:
    running = serving()
    running.journal.save(head(attempt=attempt()).to_json(), "1")
    running.journal.append(attempt().id, [{"verdict": "INCONCLUSIVE"}])
    found = inspect(running, "checkout", "shop")
    assert found.head is not None
    assert found.head.attempt is not None
    assert found.head.attempt.outcome is Outcome.RUNNING
    assert found.latest == {"verdict": "INCONCLUSIVE"}
    assert "a rollout was interrupted" in str(found.problem)


def test_a_journal_is_read() -> None:
    assert head_of(world(head()), "checkout") == head()
    assert head_of(world(), "checkout") is None


def test_a_journal_of_another_format_is_one_clear_line() -> None:
    broken = world()
    broken.journal.save({"service": "checkout", "format": 3}, None)
    with pytest.raises(ClusterError, match="the journal of checkout has format 3"):
        head_of(broken, "checkout")


def test_a_journal_that_does_not_say_its_service_is_named_by_the_one_that_was_asked_for() -> None:
    broken = world()
    broken.journal.save({"format": "x"}, None)
    with pytest.raises(ClusterError, match="the journal of checkout cannot be understood"):
        head_of(broken, "checkout")

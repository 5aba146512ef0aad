"""The end of a service takes everything that its Rollout wrote, and nothing that another stack releases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from slipway.release.errors import ReleaseRefused
from slipway.release.records.journal import Head
from slipway.rollout.removal import declared_services_of, remove, services_of
from slipway.rollout.routers.base import Split
from tests.unit.slipway.rollout.examples import attempt, backend, head, wanted
from tests.unit.slipway.rollout.simulation import Simulation

FORGET = "pulumi state delete X"


def removing(world: Simulation, stack: str, workloads: Sequence[str] = ()) -> None:
    remove(replace(world.world, stack=stack), "checkout", workloads, world.lines, world.cancelled, FORGET)


def remembering(what: Head) -> Simulation:
    world = Simulation()
    world.journal.save(what.to_json(), None)
    return world


@pytest.mark.parametrize("stack", ["shop/prod", ""])
def test_the_owner_takes_everything_away(stack: str) -> None:
    world = remembering(head(stack="shop/prod"))
    removing(world, stack)
    assert world.router.read() is None
    assert world.journal.load() is None
    assert world.lease.read() is None


def test_a_service_without_a_journal_is_removed_too() -> None:
    world = Simulation()
    removing(world, "shop/prod")
    assert world.router.read() is None


def test_another_stack_touches_nothing_and_says_who_releases_the_service() -> None:
    world = remembering(head(stack="shop/prod"))
    before = list(world.router.history), world.journal.load()
    removing(world, "shop/other", ["checkout-cccccccc"])
    assert (list(world.router.history), world.journal.load()) == before
    assert world.router.read() is not None
    assert "shop/prod releases it" in world.lines.lines[-1]


def test_a_service_that_was_handed_over_is_not_removed_by_its_former_owner() -> None:
    world = remembering(head(stack="shop/prod", handed_to="shop/other"))
    removing(world, "shop/prod", ["checkout-cccccccc"])
    assert world.journal.load() is not None
    removing(world, "shop/other")
    assert world.journal.load() is None


@pytest.mark.parametrize(
    "changes",
    [{}, {"attempt": attempt("cccccccc"), "serving": None}, {"leaving": (backend("cccccccc"),), "serving": None}],
    ids=["serving", "in flight", "leaving"],
)
def test_the_workload_that_another_stack_needs_is_kept_by_a_failure(changes: dict[str, object]) -> None:
    world = remembering(head(stack="shop/prod", **changes))
    with pytest.raises(ReleaseRefused, match=r"nothing is deleted.*shop/prod.*pulumi state delete X"):
        removing(world, "shop/other", ["checkout-aaaaaaaa", "checkout-cccccccc"])


def test_a_workload_that_only_the_route_names_is_kept_too() -> None:
    world = remembering(head(stack="shop/prod", serving=None))
    live = world.router.read()
    assert live is not None
    world.router.apply(world.wanted.route, Split.whole(backend("dddddddd")), live.version)
    with pytest.raises(ReleaseRefused, match="checkout-dddddddd has its traffic"):
        removing(world, "shop/other", ["checkout-dddddddd"])


def test_the_workloads_are_those_of_candidate_and_standby() -> None:
    inputs = wanted(standby=backend("aaaaaaaa")).to_wire()
    assert services_of(inputs) == ("checkout-bbbbbbbb", "checkout-aaaaaaaa")
    assert services_of({"service": "checkout"}) == ()


def test_what_something_else_declares_is_not_deleted_by_the_engine() -> None:
    external = wanted(standby=backend("aaaaaaaa").model_copy(update={"external": True})).to_wire()
    assert services_of(external) == ("checkout-bbbbbbbb", "checkout-aaaaaaaa")
    assert declared_services_of(external) == ("checkout-bbbbbbbb",)


def test_what_a_route_without_slipways_mark_sends_to_is_kept_by_a_failure() -> None:
    world = remembering(head(stack="shop/prod"))
    world.router.drift({"checkout-aaaaaaaa": 100.0}, managed=False)
    with pytest.raises(ReleaseRefused, match=r"nothing is deleted.*checkout-aaaaaaaa has its traffic.*pulumi state"):
        removing(world, "shop/prod", ["checkout-aaaaaaaa"])
    assert world.journal.load() is not None
    world.router.drift({"another": 100.0}, managed=False)
    removing(world, "shop/prod", ["checkout-aaaaaaaa"])
    assert world.journal.load() is None
    assert world.router.read() is not None, "it is another's"


def test_without_a_journal_the_route_still_says_whose_the_service_is() -> None:
    world = Simulation()
    world.router.stack = "shop/prod"
    world.router.claim()
    removing(world, "shop/other", ["checkout-cccccccc"])
    assert world.router.read() is not None
    removing(world, "shop/prod")
    assert world.router.read() is None

"""What somebody else writes into the route of a rollout in flight is noticed and named."""

from __future__ import annotations

from slipway.rollout.routers.base import LiveRoute, Split
from slipway.rollout.traffic.route_watch import RouteWatch
from tests.unit.slipway.rollout.simulation import Simulation


def watching() -> tuple[Simulation, RouteWatch, Split]:
    """A route that this rollout has written: 75% and 25%."""
    world = Simulation()
    split = Split(((world.old, 75.0), (world.wanted.candidate, 25.0)))
    watch = RouteWatch(world.router, world.fence)
    assert watch.foreign() is None
    live = world.router.read()
    assert live is not None
    watch.wrote(world.router.apply(world.wanted.route, split, live.version))
    return world, watch, split


def test_an_own_write_is_not_foreign() -> None:
    _, watch, split = watching()
    assert watch.foreign() is None
    assert watch.holds(split)


def test_weights_of_another_hand_are_named_with_its_field_manager() -> None:
    world, watch, _ = watching()
    world.router.drift({"checkout-aaaaaaaa": 0.01, "checkout-bbbbbbbb": 99.99})
    told = "another writer (another) changed the weights to checkout-aaaaaaaa 0.01%, checkout-bbbbbbbb 99.99%"
    assert watch.foreign() == told
    assert watch.foreign() == told


def test_a_deleted_route_is_noticed() -> None:
    world, watch, _ = watching()
    world.router.delete()
    assert watch.foreign() == "another writer deleted the route"


def test_an_own_write_whose_answer_was_lost_is_recognised() -> None:
    world, watch, _ = watching()
    more = Split(((world.old, 50.0), (world.wanted.candidate, 50.0)))
    live = world.router.read()
    assert live is not None
    watch.writing(more)
    world.router.apply(world.wanted.route, more, live.version)  # and no answer came
    assert watch.foreign() is None
    assert watch.holds(more)


def test_another_hand_that_writes_other_weights_meanwhile_is_foreign() -> None:
    world, watch, _ = watching()
    watch.writing(Split(((world.old, 50.0), (world.wanted.candidate, 50.0))))
    world.router.drift({"checkout-aaaaaaaa": 1.0, "checkout-bbbbbbbb": 99.0})
    assert watch.foreign() is not None


def test_what_was_read_before_the_own_write_is_never_taken_for_a_foreign_one() -> None:
    clock = [100.0]
    world = Simulation()
    watch = RouteWatch(world.router, world.fence, lambda: clock[0])
    ages: list[float] = []
    read = world.router.read

    def aged(max_age: float = 0.0) -> LiveRoute | None:
        ages.append(max_age)
        return read()

    world.router.read = aged  # type: ignore[method-assign]
    watch.wrote(read())
    for passed in (0.0, 0.3, 5.0):
        clock[0] = 100.0 + passed
        assert watch.foreign(1.0) is None
    assert [round(age, 6) for age in ages] == [0.0, 0.3, 1.0]

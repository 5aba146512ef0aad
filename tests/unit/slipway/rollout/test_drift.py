"""A workload that was changed in place is told apart from one that is as it was released."""

from __future__ import annotations

import pytest

from slipway.rollout.drift import changed_in_place, drift_of, lacking
from slipway.rollout.platforms.base import Readiness
from tests.unit.slipway.rollout.examples import backend, scaled_backend

SIDE = backend()
AS_RELEASED = Readiness(3, 3, 3, 0, image=SIDE.image)


def test_a_workload_as_it_was_released_has_no_drift_and_lacks_nothing() -> None:
    assert drift_of(SIDE, AS_RELEASED) is None
    assert lacking(SIDE, AS_RELEASED) is None


def test_another_image_and_another_number_of_replicas_are_both_named() -> None:
    text = drift_of(SIDE, Readiness(4, 4, 4, 0, image="registry.example/checkout@sha256:ffff"))
    assert text == (
        "checkout-aaaaaaaa: its image was changed in place to registry.example/checkout@sha256:ffff, released was "
        f"{SIDE.image}; it was scaled to 4 replicas, released were 3"
    )


def test_pods_that_are_told_to_run_something_else_are_drift() -> None:
    seen = Readiness(3, 3, 3, 0, image=SIDE.image, template="b" * 20)
    assert drift_of(SIDE, seen, "b" * 20) is None
    assert "what its pods run was changed in place" in str(drift_of(SIDE, seen, "a" * 20))


@pytest.mark.parametrize("recorded", [None, "a" * 20])
def test_a_template_that_was_not_read_at_the_release_or_now_is_no_drift(recorded: str | None) -> None:
    seen = Readiness(3, 3, 3, 0, image=SIDE.image, template=None if recorded else "b" * 20)
    assert drift_of(SIDE, seen, recorded) is None


def test_a_standby_may_run_fewer_replicas_but_not_something_else() -> None:
    kept_small = Readiness(1, 1, 1, 0, image=SIDE.image, template="b" * 20)
    assert changed_in_place(SIDE, kept_small, "b" * 20) is None
    assert "changed in place" in str(changed_in_place(SIDE, kept_small, "a" * 20))
    assert changed_in_place(SIDE, Readiness(0, 0, 0, 0), "a" * 20) is None


def test_a_missing_deployment_is_drift() -> None:
    assert drift_of(SIDE, Readiness(0, 0, 0, 0)) == "Deployment checkout-aaaaaaaa is missing"


def test_replicas_that_are_not_ready_are_named_with_their_reason() -> None:
    text = lacking(SIDE, Readiness(3, 2, 1, 0, problem="pod x: OOMKilled", image=SIDE.image))
    assert text == "checkout-aaaaaaaa: 1 of 3 replicas ready: pod x: OOMKilled"


def test_a_workload_scaled_to_nothing_lacks_what_was_released() -> None:
    assert lacking(SIDE, Readiness(0, 0, 0, 0, image=SIDE.image)) == "checkout-aaaaaaaa: 0 of 3 replicas ready"


@pytest.mark.parametrize(("desired", "told"), [(2, None), (9, None), (1, "released were 2 to 9"), (10, "2 to 9")])
def test_an_autoscaler_changes_the_replicas_within_its_bounds(desired: int, told: str | None) -> None:
    scaled = scaled_backend("aaaaaaaa", 2, 9)
    found = drift_of(scaled, Readiness(desired, desired, desired, 0, image=scaled.image))
    assert found is None if told is None else told in str(found)

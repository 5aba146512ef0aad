"""What the engine is answered about a free number of a listener."""

from __future__ import annotations

from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2

from slipway.plugin.listener_priority_resource import ListenerPriorityResource
from slipway.plugin.structs import to_plain, to_struct
from slipway.release.errors import ClusterError
from slipway.release.listener_priority import WARM_FROM, WARM_RULES, ListenerPriorityInputs
from tests.unit.slipway.release.test_listener_priority import TARGET

URN = "urn:pulumi:prod::shop::slipway:index:EcsWorkload$slipway:index:ListenerPriority::checkout-1"
KINDS = provider_pb2.DiffResponse


class Listener:
    """Its rules, and the resource that looks at them."""

    def __init__(self) -> None:
        self.rules: dict[int, str] = {}
        self.resource = ListenerPriorityResource(lambda _: dict(self.rules))

    def create(self, workload: str, *, preview: bool = False) -> dict[str, Any]:
        inputs = to_struct(ListenerPriorityInputs.of(workload, TARGET).to_wire())
        request = provider_pb2.CreateRequest(urn=URN, properties=inputs, preview=preview)
        return to_plain(self.resource.create(request).properties)

    def diff(self, recorded: dict[str, Any], **changes: object) -> provider_pb2.DiffResponse:
        inputs = {key: value for key, value in recorded.items() if key != "priority"}
        request = provider_pb2.DiffRequest(
            urn=URN, olds=to_struct(recorded), old_inputs=to_struct(inputs), news=to_struct({**inputs, **changes})
        )
        return self.resource.diff(request)


@pytest.fixture
def listener() -> Listener:
    return Listener()


def test_a_preview_tells_the_number_that_the_update_chooses(listener: Listener) -> None:
    assert listener.create("checkout-1", preview=True) == listener.create("checkout-1")


def test_two_workloads_of_one_run_get_different_numbers_before_either_has_a_rule(listener: Listener) -> None:
    first = listener.create("checkout-1")["priority"]
    drawn = Listener().create("cart-1")["priority"]
    listener.resource._promised[TARGET.listener][drawn] = "other-1"
    assert listener.create("cart-1")["priority"] not in (first, drawn)


def test_it_stays_while_the_number_is_its_own_and_is_chosen_again_when_another_has_it(listener: Listener) -> None:
    recorded = listener.create("checkout-1")
    number = int(recorded["priority"])
    listener.rules[number] = "checkout-1"
    assert listener.diff(recorded, kept=[1, 2]).changes == KINDS.DIFF_NONE
    listener.rules[number] = "cart-1"
    found = listener.diff(recorded)
    assert (found.changes, list(found.diffs), list(found.replaces)) == (KINDS.DIFF_SOME, ["priority"], [])
    inputs = to_struct({key: value for key, value in recorded.items() if key != "priority"})
    again = listener.resource.update(provider_pb2.UpdateRequest(urn=URN, news=inputs))
    assert to_plain(again.properties)["priority"] != number


def test_another_listener_is_another_number(listener: Listener) -> None:
    recorded = listener.create("checkout-1")
    assert list(listener.diff(recorded, listener=f"{TARGET.listener}0").replaces) == ["listener"]


def test_what_is_no_listener_is_refused() -> None:
    inputs = {**ListenerPriorityInputs.of("checkout-1", TARGET).to_wire(), "listener": "shop"}
    request = provider_pb2.CheckRequest(urn=URN, news=to_struct(inputs))
    (failure,) = ListenerPriorityResource().check(request).failures
    assert "listener" in failure.reason


def test_a_listener_without_a_free_number_says_so(listener: Listener) -> None:
    listener.rules = dict.fromkeys(range(WARM_FROM, WARM_FROM + WARM_RULES), "")
    with pytest.raises(ClusterError, match="delete rules that nothing needs"):
        listener.create("checkout-1")

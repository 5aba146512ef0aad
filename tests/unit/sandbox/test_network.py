from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.errors import SandboxError
from sandbox.network import LINKS, PODS, Network

slots = st.integers(min_value=0, max_value=255)


@given(slots, slots)
def test_two_slots_share_no_address(one: int, other: int) -> None:
    first, second = Network.numbered("aaaaaa", one), Network.numbered("bbbbbb", other)
    overlap = ipaddress.ip_network(first.pods).overlaps(ipaddress.ip_network(second.pods))
    assert overlap == (one == other)
    assert (first.node == second.node) == (one == other)


@given(slots)
def test_both_ends_of_the_wire_are_in_one_network_of_four_addresses(number: int) -> None:
    network = Network.numbered("aaaaaa", number)
    wire = ipaddress.ip_network(f"{network.host}/30", strict=False)
    assert ipaddress.ip_address(network.node) in wire
    assert network.host != network.node
    assert wire.overlaps(LINKS)
    assert ipaddress.ip_network(network.pods).overlaps(PODS)


def test_a_sandbox_gets_the_same_addresses_every_time() -> None:
    assert Network.choose("0000a7", []) == Network.choose("0000a7", []) == Network.numbered("0000a7", 0xA7)


@pytest.mark.parametrize("taken", ["10.213.167.1/32", "10.214.167.0/24", "10.213.167.0/28"])
def test_addresses_that_the_machine_uses_are_left_alone(taken: str) -> None:
    assert Network.choose("0000a7", [taken, "fd00::/8"]) == Network.numbered("0000a7", 0xA8)


def test_a_machine_that_uses_all_of_them_is_told_so() -> None:
    with pytest.raises(SandboxError, match="no free addresses"):
        Network.choose("0000a7", ["10.0.0.0/8"])


def test_a_device_name_fits_into_the_fifteen_characters_that_the_kernel_allows() -> None:
    assert len(Network.numbered("ffffff", 255).device) <= 15

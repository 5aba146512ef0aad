"""Rules are brought to the server, and success is that it evaluates them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from slipway.release.errors import ClusterError, QueryRefused
from slipway.release.slo.delivery import RuleGroupInputs
from slipway.rollout.rules import apply as rules
from tests.unit.slipway.rollout.rules.server import RULES, MemoryServer, inputs


class Clock:
    """Seconds that pass with each look."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1
        return self.now


class NeverSet(threading.Event):
    """Not cancelled, and nobody waits."""

    def wait(self, timeout: float | None = None) -> bool:
        return False


@pytest.fixture
def told() -> Iterator[list[str]]:
    yield []


def apply(wanted: RuleGroupInputs, server: MemoryServer, told: list[str]) -> None:
    rules.apply(wanted, server, told.append, NeverSet(), Clock())


def test_a_file_is_written_loaded_and_evaluated(tmp_path: Path, told: list[str]) -> None:
    path = tmp_path / "slo-x.yaml"
    server = MemoryServer(path)
    server.evaluates = 3
    wanted = inputs(file=str(path))
    apply(wanted, server, told)
    assert server.loaded == [dict(rule) for rule in RULES]
    assert told == ["waiting: slo:a is not evaluated: health is unknown"] * 3
    assert not rules.drifted(wanted)
    assert [each.name for each in tmp_path.iterdir()] == ["slo-x.yaml"]


def test_rules_that_another_resource_brings_are_waited_for(told: list[str]) -> None:
    server = MemoryServer()
    server.loaded = [dict(rule) for rule in RULES]
    apply(inputs(), server, told)
    assert server.reloads == 0


def test_what_the_servers_version_does_not_know_never_reaches_it(tmp_path: Path, told: list[str]) -> None:
    path = tmp_path / "slo-x.yaml"
    server = MemoryServer(path, refuses=frozenset({"slo:a > 1"}))
    with pytest.raises(QueryRefused, match=r"Burning of group slo-x: .*parse error; nothing was written"):
        apply(inputs(file=str(path)), server, told)
    assert not path.exists()
    assert server.reloads == 0


def test_a_file_that_the_server_refuses_is_put_back(tmp_path: Path, told: list[str]) -> None:
    path = tmp_path / "slo-x.yaml"
    server = MemoryServer(path)
    apply(inputs(file=str(path)), server, told)
    former = path.read_text()
    server.broken = True
    with pytest.raises(ClusterError, match="did not reload"):
        apply(inputs(file=str(path), rules=RULES[:1]), server, told)
    assert path.read_text() == former
    other = tmp_path / "slo-y.yaml"
    with pytest.raises(ClusterError, match="did not reload"):
        apply(inputs(file=str(other)), server, told)
    assert not other.exists()


def test_rules_that_are_not_evaluated_in_time_fail_with_what_to_check(told: list[str]) -> None:
    server = MemoryServer()
    with pytest.raises(ClusterError, match=r"no group slo-x is loaded after 30 s; check that the server loads"):
        apply(inputs(), server, told)
    server.broken = True
    with pytest.raises(ClusterError, match=r"prometheus_config_last_reload_successful 0\), so it loads no new rules"):
        apply(inputs(), server, told)


def test_an_interrupted_wait_ends(told: list[str]) -> None:
    cancelled = threading.Event()
    cancelled.set()
    with pytest.raises(ClusterError, match="interrupted; no group slo-x is loaded"):
        rules.apply(inputs(), MemoryServer(), told.append, cancelled)


def test_a_file_of_others_is_neither_overwritten_nor_removed(tmp_path: Path, told: list[str]) -> None:
    path = tmp_path / "slo-x.yaml"
    path.write_text("groups: []\n")
    server, wanted = MemoryServer(path), inputs(file=str(path))
    with pytest.raises(ClusterError, match="was not written by Slipway"):
        apply(wanted, server, told)
    with pytest.raises(ClusterError, match="was not written by Slipway"):
        rules.remove(wanted, server)
    assert path.read_text() == "groups: []\n"


def test_the_order_of_a_rules_fields_is_no_drift(tmp_path: Path, told: list[str]) -> None:
    path = tmp_path / "slo-x.yaml"
    apply(inputs(file=str(path)), MemoryServer(path), told)
    turned = [dict(reversed(rule.items())) for rule in RULES]
    assert not rules.drifted(inputs(file=str(path), rules=turned))


def test_removed_rules_are_no_longer_evaluated(tmp_path: Path, told: list[str]) -> None:
    path = tmp_path / "slo-x.yaml"
    server, wanted = MemoryServer(path), inputs(file=str(path))
    apply(wanted, server, told)
    assert not rules.drifted(wanted)
    rules.remove(wanted, server)
    assert (path.exists(), server.loaded, rules.drifted(wanted)) == (False, None, True)
    rules.remove(wanted, server)

"""The provider's side of the watchdog, with small processes in the place of the real one."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from slipway.release.errors import ClusterError
from slipway.release.target import KubernetesTarget
from slipway.rollout.process.environment import stripped
from slipway.rollout.safety import watchdog_process as module
from slipway.rollout.safety.watchdog_process import Guards, guards, watchdog_command

SHOP = KubernetesTarget(namespace="shop")
SAID = SHOP.model_dump_json(exclude_none=True)
READY = "import sys\nfor line in sys.stdin:\n    words = line.split()\n"
ANSWERS = READY + "    print('ready', words[1], flush=True)\n"
REFUSES = READY + "    print('error', words[1], 'the cluster is away', flush=True)\n"
DIES = "raise SystemExit(1)"


def soon(happened: Callable[[], bool]) -> None:
    """Another process does it."""
    deadline = time.monotonic() + 20.0
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.005)


class Dogs:
    """Watchdogs of one Guards that write down what they are told, and answer `answer` to each line."""

    def __init__(self, folder: Path) -> None:
        self._log = folder / "log"
        self._log.touch()
        self.made: list[Guards] = []

    def guards(self, program: str = ANSWERS) -> Guards:
        keeping = f"log = open({str(self._log)!r}, 'a', buffering=1)\n"
        kept = program.replace("    words", "    log.write(line)\n    words")
        found = Guards([sys.executable, "-S", "-c", f"{keeping}{kept}"])
        self.made.append(found)
        return found

    def told(self) -> list[str]:
        return self._log.read_text().splitlines()


@pytest.fixture
def dogs(tmp_path: Path) -> Iterator[Dogs]:
    found = Dogs(tmp_path)
    yield found
    for one in found.made:
        for rollout_id in list(one._armed):
            one.drop(rollout_id, "disarm")
        if one.pid:
            os.kill(one.pid, signal.SIGKILL)


def test_all_rollouts_of_a_process_have_one_watchdog(dogs: Dogs) -> None:
    found = dogs.guards()
    first, second = found.arm(SHOP, "checkout", "r1"), found.arm(SHOP, "cart", "r2")
    first.await_ready()
    second.await_ready()
    assert first.pid == second.pid != 0
    assert dogs.told() == [f"guard r1 checkout {SAID}", f"guard r2 cart {SAID}"]


def test_no_watchdog_is_started_before_the_first_rollout(dogs: Dogs) -> None:
    assert dogs.guards().pid == 0


def test_a_watchdog_that_was_prepared_is_the_one_of_the_first_rollout(dogs: Dogs) -> None:
    found = dogs.guards()
    found.prepare()
    prepared = found.pid
    found.prepare()
    found.arm(SHOP, "checkout", "r1").await_ready()
    assert found.pid == prepared != 0
    assert dogs.told() == [f"guard r1 checkout {SAID}"]


def test_a_prepared_watchdog_that_dies_is_replaced_with_the_first_rollout(dogs: Dogs) -> None:
    found = dogs.guards()
    found.prepare()
    os.kill(found.pid, signal.SIGKILL)
    soon(lambda: found.pid == 0)
    found.arm(SHOP, "checkout", "r1").await_ready()
    assert found.pid != 0


def test_what_ended_in_order_is_disarmed_once_and_the_others_stay_guarded(dogs: Dogs) -> None:
    found = dogs.guards()
    first, second = found.arm(SHOP, "checkout", "r1"), found.arm(SHOP, "cart", "r2")
    second.await_ready()
    first.disarm()
    first.disarm()
    second.act()
    soon(lambda: len(dogs.told()) == 4)
    assert dogs.told()[2:] == ["disarm r1", "act r2"]


def test_a_watchdog_that_cannot_reach_the_cluster_lets_nothing_begin(dogs: Dogs) -> None:
    armed = dogs.guards(REFUSES).arm(SHOP, "checkout", "r1")
    with pytest.raises(ClusterError, match="the cluster is away; nothing was moved"):
        armed.await_ready()
    soon(lambda: dogs.told()[-1:] == ["disarm r1"])


def test_a_watchdog_that_ends_at_once_lets_nothing_begin(dogs: Dogs) -> None:
    with pytest.raises(ClusterError, match="it ended at once; nothing was moved"):
        dogs.guards(DIES).arm(SHOP, "checkout", "r1").await_ready()


def test_a_watchdog_that_cannot_be_started_lets_nothing_begin() -> None:
    with pytest.raises(ClusterError, match=r"/nowhere: No such file"):
        Guards(["/nowhere"]).arm(SHOP, "checkout", "r1").await_ready()


def test_a_watchdog_that_does_not_answer_lets_nothing_begin(dogs: Dogs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "READY_WITHIN", 0.01)
    with pytest.raises(ClusterError, match="did not answer within"):
        dogs.guards(READY).arm(SHOP, "checkout", "r1").await_ready()


def test_a_watchdog_that_dies_during_a_rollout_is_replaced_and_told_of_it(dogs: Dogs) -> None:
    found = dogs.guards()
    armed, ended = found.arm(SHOP, "checkout", "r1"), found.arm(SHOP, "cart", "r2")
    armed.await_ready()
    ended.await_ready()
    ended.disarm()
    former = found.pid
    os.kill(former, signal.SIGKILL)
    soon(lambda: found.pid not in (0, former))
    soon(lambda: dogs.told().count(f"guard r1 checkout {SAID}") == 2)
    soon(lambda: armed.trouble is None)
    assert dogs.told().count(f"guard r2 cart {SAID}") == 1


def test_a_watchdog_that_dies_with_nothing_to_guard_is_replaced_with_the_next_rollout(dogs: Dogs) -> None:
    found = dogs.guards()
    armed = found.arm(SHOP, "checkout", "r1")
    armed.await_ready()
    armed.disarm()
    os.kill(found.pid, signal.SIGKILL)
    soon(lambda: found.pid == 0)
    found.arm(SHOP, "checkout", "r2").await_ready()
    assert found.pid != 0


def test_one_that_keeps_dying_is_waited_for_longer_and_longer(dogs: Dogs) -> None:
    found = dogs.guards()
    found.arm(SHOP, "checkout", "r1").await_ready()
    found._armed["r1"].told = 0
    waits = [found._bury(0.1) for _ in range(8)]
    assert waits == [0.0, 1.0, 3.0, 7.0, 15.0, 30.0, 30.0, 30.0]
    assert found._bury(60.0) == 0.0


def test_this_process_has_one_and_names_itself_to_it() -> None:
    assert guards() is guards()
    assert watchdog_command()[1:] == ["-m", "slipway.rollout.safety.watchdog", "--of", str(os.getpid())]


def test_the_watchdog_gets_what_reaches_the_cluster_and_no_secret_of_the_program() -> None:
    given = {
        "PATH": "/bin",
        "KUBECONFIG": "k",
        "AWS_PROFILE": "p",
        "PULUMI_CONFIG_PASSPHRASE": "x",
        "PULUMI_CONFIG": "y",
    }
    assert stripped(given) == {"PATH": "/bin", "KUBECONFIG": "k", "AWS_PROFILE": "p"}

"""`slipway dashboard`: which targets it looks at, what an order does, and that it starts and ends cleanly."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
import yaml

from slipway.cli.looking import look_at
from slipway.cli.ordering import performer
from slipway.dashboard.acting import Action, Order
from slipway.release.errors import EngineError, ReleaseRefused
from slipway.release.target import KubernetesTarget
from slipway.rollout.adapters import Adapters
from tests.flags import BY, FLAGS
from tests.unit.slipway.cli.examples import attempt, head, world
from tests.unit.slipway.cli.test_flags import Cluster, cluster

__all__ = ["cluster"]


PAY = "pay"


def order(action: Action, about: str = "checkout", target: int = 0) -> Order:
    return Order(target=target, about=about, action=action, reason="INC-7")


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch) -> Adapters:
    made = world(head(attempt=attempt()))
    monkeypatch.setattr("slipway.cli.ordering.connect_adapters", lambda service, where: made)
    return made


@pytest.mark.parametrize("action", ["pause", "resume", "promote"])
def test_an_order_to_a_rollout_is_the_intent_of_its_command(running: Adapters, action: Action) -> None:
    said = performer([KubernetesTarget(namespace="shop")])(order(action))
    written = running.intents.read()
    assert written is not None
    assert (written.action, written.reason, written.rollout_id) == (action, "INC-7", "r1")
    assert said == f"checkout: told rollout r1 to {action}"


def test_an_abort_is_told_to_the_process_that_runs_the_rollout(
    running: Adapters, monkeypatch: pytest.MonkeyPatch
) -> None:
    from slipway.rollout.safety.holder import Holding

    monkeypatch.setattr("slipway.cli.ending.watch_lease", lambda lease, patient: Holding("renewed", "r1", 1.0))
    assert performer([KubernetesTarget(namespace="shop")])(order("abort")) == "checkout: told rollout r1 to abort"
    written = running.intents.read()
    assert written is not None
    assert written.action == "abort"


def test_an_order_where_nothing_is_in_flight_or_for_a_target_that_is_not_on_the_page_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("slipway.cli.ordering.connect_adapters", lambda service, where: world(head()))
    perform = performer([KubernetesTarget(namespace="shop")])
    with pytest.raises(ReleaseRefused, match="no rollout is in flight"):
        perform(order("pause"))
    for target in (1, -1):
        with pytest.raises(ReleaseRefused, match="no such target"):
            perform(order("pause", target=target))


def test_a_flag_is_killed_and_resumed(cluster: Cluster) -> None:
    writer = cluster.add("flags", FLAGS)
    perform = performer([KubernetesTarget(namespace="shop")])
    assert f"{PAY} is off since" in perform(order("kill", PAY))
    killed = writer.load().killed(PAY)
    assert killed is not None
    assert (killed.reason, killed.by != BY.by) == ("INC-7", True)
    assert perform(order("resume-flag", PAY)) == f"{PAY} is resumed"
    assert writer.load().killed(PAY) is None


def project(folder: Path, **namespaces: str | None) -> Path:
    (folder / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    for stack, namespace in namespaces.items():
        config = {"releases:namespace": namespace} if namespace is not None else {}
        (folder / f"Pulumi.{stack}.yaml").write_text(yaml.safe_dump({"config": config}))
    return folder


def test_all_stacks_that_have_a_target_are_looked_at(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = project(tmp_path, staging="shop-staging", prod="shop", empty=None)
    seen = look_at(folder, (), ())
    assert [(one.view.name, str(one.view.target)) for one in seen] == [("prod", "shop"), ("staging", "shop-staging")]
    assert "left out: Pulumi.empty.yaml has neither" in capsys.readouterr().err


def test_stacks_and_namespaces_that_are_named_are_looked_at_alone(tmp_path: Path) -> None:
    folder = project(tmp_path, staging="shop-staging", prod="shop")
    assert [one.view.name for one in look_at(folder, ("staging",), ("payments",))] == ["staging", "payments"]
    with pytest.raises(EngineError):
        look_at(project(tmp_path, empty=None), ("empty",), ())


def test_a_project_without_any_target_is_told_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="name a namespace with --namespace"):
        look_at(project(tmp_path, empty=None), (), ())


def test_the_command_serves_its_page_without_a_cluster_and_ends_at_ctrl_c(tmp_path: Path) -> None:
    environment = {**os.environ, "KUBECONFIG": str(tmp_path / "nothing"), "SLIPWAY_KUBECONFIG": ""}
    # A process that was started in the background inherits that SIGINT is ignored.
    heard = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    code = f"{heard}; from slipway.cli.main import main; main()"
    command = [sys.executable, "-c", code, "dashboard", "-n", "shop", "--port", "0", "--json"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        lines = iter(process.stdout.readline, "")
        text = ""
        while not text.endswith("}\n"):
            text += next(lines)
        found = json.loads(text)
        assert found["targets"] == ["shop"]
        with urllib.request.urlopen(found["url"], timeout=30) as page:  # noqa: S310 - of this test
            assert b"<title>Slipway</title>" in page.read()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
        assert (process.returncode, errors) == (0, "ended\n")
    finally:
        process.kill()
        process.wait()

"""Two stacks that declare one service, and what stays after the end of a service."""

from __future__ import annotations

from pathlib import Path

from sandbox.stage import manifests
from sandbox.stage.project import Stage, kill
from tests.integration.cli.conftest import FAST, SLOW, Slipway, StartLoad
from tests.integration.releases.service import Service, failures, traffic_at, until
from tests.integration.releases.test_kills import providers_of, watchdogs_of

NEVER_READY = manifests.workload(replicas=1, readyWithin="8s")


class SecondStage(Stage):
    """Another project folder and backend on the namespace of the first one."""

    def _kubectl(self, *arguments: str) -> None:
        if arguments[:2] != ("create", "namespace"):
            super()._kubectl(*arguments)


def second(service: Service, folder: Path) -> Service:
    (folder / "second-backend").mkdir()
    own = {**service.stage.environment, "PULUMI_BACKEND_URL": (folder / "second-backend").as_uri()}
    stage = SecondStage(folder / "second", "other", service.stage.namespace, own)
    stage.create()
    return Service(stage, service.images, service.host)


def names_both(text: str) -> bool:
    return "releases/test" in text and "releases/other" in text


def test_another_stack_is_refused_until_the_service_is_handed_over(
    service: Service, load: StartLoad, slipway: Slipway, tmp_path: Path
) -> None:
    service.released("v1", FAST)
    other = second(service, tmp_path)
    with load(rate=100) as traffic:
        refused = other.release("v2", FAST)
        assert refused.code != 0
        assert names_both(refused.output), refused.output
        assert service.serving() == "v1"
        gone = other.stage.run("destroy", "--yes", "--skip-preview")
        assert gone.code == 0, gone.output
        assert "releases/test releases it" in gone.output
        assert service.serving() == "v1"

        owner = slipway("status", "checkout")["services"][0]["stack"]
        told = slipway("hand-over", "checkout", "--to", "releases/other", "--reason", "another team")
        assert (told["owner"], told["handedTo"]) == (owner, "releases/other")
        other.released("v2", FAST)
        assert other.serving() == "v2"
        former = service.stage.preview()
        assert names_both(former.output), former.output
        left = service.stage.run("destroy", "--yes", "--skip-preview")
        assert left.code == 0, left.output
        assert other.serving() == "v2"
        assert failures(traffic) == []
    assert other.stage.preview("--expect-no-changes").code == 0
    assert other.stage.run("destroy", "--yes", "--skip-preview").code == 0
    nothing_is_left(service)


def nothing_is_left(service: Service) -> None:
    until(lambda: {name for name in service.written() if "kube-root-ca" not in name} == set(), "nothing is left")


def test_destroy_reaches_what_a_failed_first_release_left(service: Service) -> None:
    assert service.release("never-ready", FAST, workload=NEVER_READY).code != 0
    assert any(name.startswith("lease/") for name in service.written())
    again = service.stage.preview()
    assert (again.code, "was aborted" in again.output) == (0, True)
    gone = service.stage.run("destroy", "--yes", "--skip-preview")
    assert gone.code == 0, gone.output
    nothing_is_left(service)


def test_after_a_failed_first_release_the_next_one_serves(service: Service) -> None:
    assert service.release("never-ready", FAST, workload=NEVER_READY).code != 0
    service.released("v1", FAST)
    assert service.serving() == "v1"
    until(lambda: len(service.deployments()) == 1, "the workload of the failed release is gone")
    assert service.stage.preview("--expect-no-changes").code == 0


def test_an_abort_after_the_loss_of_the_host_puts_the_traffic_back_without_pulumi(
    service: Service, load: StartLoad, slipway: Slipway, tmp_path: Path
) -> None:
    service.released("v1", FAST)
    service.configure("v2", SLOW)
    with load(rate=100) as traffic:
        process = service.stage.start_up(tmp_path / "up.log")
        traffic_at(traffic, "v2")
        dogs = watchdogs_of(process)
        for dog in dogs:
            dog.suspend()  # Killed first, it would be replaced.
        for provider in providers_of(process):
            provider.kill()
        kill(process)
        for dog in dogs:
            dog.kill()
        assert service.serving() == "split"
        where = ("--namespace", service.stage.namespace)
        nowhere = tmp_path / "nowhere"
        nowhere.mkdir()
        done = slipway("abort", "checkout", "--reason", "host lost", *where, "--cwd", str(nowhere))
        assert (done["by"], done["outcome"]) == ("this command", "interrupted")
        assert service.serving() == "v1"
        assert failures(traffic) == []
    assert service.world.lease.read() is None
    assert service.stage.run("cancel", "--yes").code == 0
    service.back_to("v1")
    assert service.stage.up().code == 0

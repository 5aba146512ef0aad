"""Flags by AWS AppConfig: what is written is deployed, in its turn, and nothing older comes after it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from slipway.release.errors import ClusterError
from slipway.release.flags.declaring import Declaration, after_declaration
from slipway.release.flags.effective import effective
from slipway.release.flags.flagd import flagd_document
from slipway.release.flags.journal import after_change
from slipway.rollout.flags.writer import FlagWriter
from slipway.rollout.platforms.aws.appconfig import WITHIN
from slipway.rollout.platforms.memory import MemoryDocumentStore
from tests.flags import BY, declaration, kill, resume
from tests.unit.slipway.rollout.deploying import Deploying, Json, refused, unanswered


@pytest.fixture
def aws() -> Deploying:
    return Deploying()


def declared() -> Declaration:
    """What an `up` says, with its document in AppConfig."""
    return replace(declaration(), document="app-config")


class Flags:
    """A set of flags whose document AppConfig deploys."""

    def __init__(self, aws: Deploying) -> None:
        self.aws = aws
        self.journal = MemoryDocumentStore()
        self.writer().change(lambda now: after_declaration(now, declared(), BY), declares=True)

    def writer(self) -> FlagWriter:
        """As another process."""
        return FlagWriter("flags", self.journal, {"app-config": self.aws.store()}, "app-config")

    def kill(self) -> None:
        self.writer().change(lambda head: after_change(head, kill("pay")))

    def is_off(self) -> bool:
        """What clients get."""
        assert self.aws.deployed is not None
        return bool(self.aws.deployed["flags"]["pay"]["defaultVariant"] == "off")


@pytest.fixture
def flags(aws: Deploying) -> Flags:
    return Flags(aws)


def test_a_declaration_is_deployed_when_the_write_returns(flags: Flags) -> None:
    assert flags.aws.deployed == flagd_document(effective(flags.writer().load()))
    assert not flags.is_off()
    assert flags.writer().problem() is None


def test_a_kill_reaches_clients_before_it_is_done_and_a_resume_too(flags: Flags) -> None:
    flags.kill()
    assert flags.is_off()
    assert len(flags.aws.versions) == len(flags.aws.deployments) == 2
    flags.writer().change(lambda head: after_change(head, resume("pay")))
    assert not flags.is_off()


def test_what_changes_nothing_deploys_nothing(flags: Flags) -> None:
    flags.writer().change(lambda now: after_declaration(now, declared(), BY), declares=True)
    flags.writer().settle()
    assert len(flags.aws.deployments) == 1


def test_a_kill_waits_for_a_deployment_in_flight_and_comes_after_it(flags: Flags) -> None:
    flags.aws.begin("another")["looks"] = 10
    flags.kill()
    assert flags.is_off()
    assert flags.aws.now > 2, "seconds of waiting"
    assert flags.aws.calls.count("create") == 2, "one version each, however often it is tried"


def test_a_deployment_that_does_not_end_is_named_and_the_kill_is_not_forgotten(flags: Flags) -> None:
    other = flags.aws.begin("another")
    with pytest.raises(ClusterError, match=r"deployment 2 of another is still DEPLOYING after 60s.*stop-deployment"):
        flags.kill()
    assert flags.aws.now >= WITHIN
    other["State"] = "COMPLETE"
    assert flags.writer().load().killed("pay") is not None
    assert "kill of pay is in the document, but not in the journal" in str(flags.writer().problem())
    flags.writer().change(lambda head: head)
    assert flags.is_off()


def test_what_clients_had_before_a_deployment_in_flight_is_deployed_again_after_it(flags: Flags) -> None:
    """As where the process that began the deployment died, and its change is taken back before the end of it."""
    store = flags.aws.store()
    before = store.read()
    assert before is not None
    flags.aws.versions.append(b'{"flags": {}}')
    flags.aws.begin("flags", version=2)["looks"] = 10
    store.write(before.content, before.version)
    assert flags.aws.deployed == before.content
    assert flags.aws.deployments[-1]["DeploymentNumber"] == 3


def test_a_deployment_that_is_rolled_back_is_an_error(flags: Flags) -> None:
    flags.aws.ends = "ROLLED_BACK"
    with pytest.raises(ClusterError, match="deployment 2 ended as ROLLED_BACK"):
        flags.kill()
    assert not flags.is_off()


@pytest.mark.parametrize("call", ["create", "start"])
@pytest.mark.parametrize("fault", ["lost answer", "throttled", "500"])
def test_whatever_goes_wrong_on_the_way_the_kill_is_deployed(flags: Flags, call: str, fault: str) -> None:
    def throttled(serve: Any) -> Json:
        raise refused("ThrottlingException", 429)

    def broken(serve: Any) -> Json:
        raise refused("InternalServerException", 500)

    flags.aws.effects[call] = [{"lost answer": unanswered, "throttled": throttled, "500": broken}[fault]]
    flags.kill()
    assert flags.is_off()
    assert flags.writer().problem() is None


def test_an_older_document_never_makes_a_newer_version(flags: Flags) -> None:
    """A writer that was stopped after it looked at the newest version finds the kill of another."""
    slow = flags.aws.store()
    before = slow.read()
    assert before is not None

    def meanwhile(serve: Any) -> Json:
        flags.kill()
        return dict(serve())

    flags.aws.effects["create"] = [meanwhile]
    slow.write({**before.content, "note": "slow"}, before.version)
    assert flags.is_off()
    assert len(flags.aws.versions) == 2


def test_a_document_that_clients_do_not_get_is_told_and_put_right(flags: Flags) -> None:
    flags.kill()
    flags.aws.begin("flags", "COMPLETE", version=1)
    assert not flags.is_off()
    assert "evaluators do not get it yet" in str(flags.writer().problem())
    flags.writer().settle()
    assert flags.is_off()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"monitors": [{"AlarmArn": "arn:x"}]}, "has monitors, which would roll a kill back"),
        ({"profile": {"LocationUri": "ssm-parameter://x"}}, "has to be hosted and of type AWS.Freeform"),
        ({"profile": {"LocationUri": "hosted", "Type": "AWS.AppConfig.FeatureFlags"}}, "of type AWS.Freeform"),
        ({"strategy": {"GrowthFactor": 20.0}}, "does not deploy at once"),
    ],
)
def test_what_would_not_deploy_at_once_is_refused(aws: Deploying, change: dict[str, Any], said: str) -> None:
    for name, value in change.items():
        setattr(aws, name, value)
    with pytest.raises(ClusterError, match=said):
        aws.store().write({"flags": {}}, None)


def test_what_is_missing_is_named(aws: Deploying, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aws, "list_environments", lambda **asked: {"Items": []})
    with pytest.raises(ClusterError, match="AppConfig has no environment prod; the component AppConfigFlags declares"):
        aws.store().write({"flags": {}}, None)

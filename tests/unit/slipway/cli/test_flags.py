"""`slipway kill`, `resume` and `flags` as they are called, on sets of flags in memory."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result

from slipway.cli.main import COMMANDS, cli
from slipway.release.errors import ClusterAway
from slipway.release.flags.declaring import after_declaration
from slipway.release.flags.journal import DocumentKind, after_change, after_exposure
from slipway.release.target import KubernetesTarget, Target
from slipway.rollout.flags.writer import FlagWriter
from slipway.rollout.platforms.memory import MemoryDocumentStore
from tests.flags import BY, FLAGS, PAY, declaration, kill

NOW = 22_320.0
"""06:12 on the first day of Unix."""


class Cluster:
    """The sets of flags that every command finds in the namespace `shop`."""

    def __init__(self) -> None:
        self.stores: dict[str, MemoryDocumentStore] = {}
        self.sets: list[str] = []

    def connect(self, where: Target, name: str, document: DocumentKind = "config-map") -> FlagWriter:
        assert where.scope == "shop"

        def store(part: str) -> MemoryDocumentStore:
            return self.stores.setdefault(f"{name}/{part}", MemoryDocumentStore())

        return FlagWriter(name, store("journal"), {"config-map": store("config-map")}, document, now=lambda: NOW)

    def add(self, name: str, flags: dict[str, Any]) -> FlagWriter:
        self.sets.append(name)
        writer = self.connect(KubernetesTarget(namespace="shop"), name, "config-map")
        writer.change(lambda head: after_declaration(head, declaration(flags), BY), declares=True)
        return writer

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(cli, [*arguments, "--namespace", "shop"])

    def said(self, *arguments: str) -> dict[str, Any]:
        """The JSON of a command that must succeed."""
        result = self.run(*arguments, "--json")
        assert result.exit_code == 0, result.output
        return dict(json.loads(result.stdout))


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Cluster:
    made = Cluster()
    monkeypatch.setattr("slipway.rollout.assemble.connect_flags", made.connect)
    monkeypatch.setattr("slipway.rollout.assemble.flag_sets_in", lambda where: made.sets)
    return made


@pytest.fixture
def writer(cluster: Cluster) -> FlagWriter:
    return cluster.add("flags", FLAGS)


def flags_of(writer: FlagWriter) -> dict[str, Any]:
    found = writer.read_document()
    assert found is not None
    return dict(found.content["flags"])


def test_a_kill_turns_a_flag_off_and_says_what_it_was(cluster: Cluster, writer: FlagWriter) -> None:
    writer.change(lambda head: after_exposure(head, "new-cart", 25.0, "s", BY))
    result = cluster.run("kill", "new-cart", "--reason", "orders are lost")
    assert result.exit_code == 0
    assert result.stdout.startswith("new-cart is off since 06:12 UTC, killed by ")
    assert result.stdout.endswith("(orders are lost) (was: on for 25%, else off)\n")
    assert "targeting" not in flags_of(writer)["new-cart"]


def test_a_kill_says_the_same_for_machines(cluster: Cluster, writer: FlagWriter) -> None:
    said = cluster.said("kill", "pay", "--reason", "it burns")
    assert (said["flag"], said["set"], said["namespace"], said["action"]) == ("pay", "flags", "shop", "kill")
    assert (said["before"]["off"], said["after"]["off"], said["reason"]) == (False, True, "it burns")
    killed = writer.load().killed("pay")
    assert killed is not None
    assert killed.id == said["id"]


def test_a_second_kill_tells_of_the_first_and_writes_the_document_that_it_left(
    cluster: Cluster, writer: FlagWriter
) -> None:
    writer.change(lambda head: after_change(head, kill("pay")))
    before = writer.read_document()
    assert before is not None
    cluster.stores["flags/config-map"].put({"flags": {}})
    said = cluster.said("kill", "pay", "--reason", "again")
    assert (said["by"], said["reason"]) == ("guard", "error-ratio 8.8x")
    assert flags_of(writer) == before.content["flags"]


def test_a_kill_needs_a_reason(cluster: Cluster, writer: FlagWriter) -> None:
    assert cluster.run("kill", "pay").exit_code == 2
    assert writer.load().killed("pay") is None


def test_an_unknown_flag_is_told_with_those_that_there_are(cluster: Cluster, writer: FlagWriter) -> None:
    result = cluster.run("kill", "pya", "--reason", "x")
    assert result.exit_code == 1
    assert "there is no flag pya in shop; there are batch, new-cart, pay, theme" in result.stderr
    cluster.sets.clear()
    assert "no `pulumi up` has declared flags there" in cluster.run("kill", "pay", "--reason", "x").stderr


def test_a_key_in_two_sets_needs_the_set(cluster: Cluster, writer: FlagWriter) -> None:
    other = cluster.add("others", {"pay": PAY})
    assert (
        "pay is a flag of flags, others; name the set with --set" in cluster.run("kill", "pay", "--reason", "x").stderr
    )
    assert cluster.said("kill", "pay", "--reason", "x", "--set", "others")["set"] == "others"
    assert writer.load().killed("pay") is None
    assert other.load().killed("pay") is not None


def test_a_resume_lifts_the_kill(cluster: Cluster, writer: FlagWriter) -> None:
    writer.change(lambda head: after_change(head, kill("pay")))
    assert cluster.run("resume", "pay").exit_code == 2
    result = cluster.run("resume", "pay", "--reason", "mended")
    assert result.stdout == "pay is resumed: on\n"
    assert flags_of(writer)["pay"]["defaultVariant"] == "on"


def test_a_resumed_exposure_waits_for_the_next_up(cluster: Cluster, writer: FlagWriter) -> None:
    writer.change(lambda head: after_change(head, kill("new-cart")))
    said = cluster.run("resume", "new-cart", "--reason", "mended").stdout
    assert said == "new-cart is resumed: off; its exposure begins again with the next `pulumi up`\n"


@pytest.mark.usefixtures("writer")
def test_a_flag_that_is_not_killed_is_not_resumed(cluster: Cluster) -> None:
    result = cluster.run("resume", "pay", "--reason", "x", "--set", "flags")
    assert (result.exit_code, result.stderr) == (1, "error: pay is not killed: there is nothing to resume\n")


@pytest.mark.usefixtures("writer")
def test_the_name_of_a_service_resumes_its_rollout(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr("slipway.cli.resume.tell_rollout", lambda where, service, *rest, **more: told.append(service))
    cluster.run("resume", "checkout")
    cluster.run("kill", "pay", "--reason", "x")
    cluster.run("resume", "pay", "--rollout")
    assert told == ["checkout", "pay"]


@pytest.mark.parametrize(("store", "off"), [("flags/config-map", False), ("flags/journal", True)])
def test_a_cluster_that_is_away_is_one_line_and_a_failure(
    cluster: Cluster, writer: FlagWriter, store: str, off: bool
) -> None:
    cluster.stores[store].faults.next("write", ClusterAway("the API server did not answer"))
    result = cluster.run("kill", "pay", "--reason", "x")
    assert (result.exit_code, result.stderr) == (1, "error: the API server did not answer\n")
    assert (writer.load().killed("pay") is not None) == off
    assert ("problem: the kill of pay is in the document" in cluster.run("flags").stdout) == off


def test_flags_says_who_gets_what_since_when_by_whom_and_why_not(cluster: Cluster, writer: FlagWriter) -> None:
    writer.change(lambda head: after_exposure(head, "new-cart", 25.0, "s", BY))
    writer.change(lambda head: after_change(head, kill("pay").model_copy(update={"at": NOW - 60})))
    lines = cluster.run("flags").stdout.splitlines()
    assert lines == [
        "flags (releases/prod)",
        "FLAG      KIND         WHO GETS WHAT             SINCE      BY            OWNER     EXPIRES",
        "batch     ops          on for 50%, else off      00:16 UTC  someone@host  web       2027-01-31",
        "new-cart  release      on for 25%, else off      00:16 UTC  someone@host  payments  2027-03-31",
        "pay       kill-switch  off (killed)              06:11 UTC  guard         payments  -",
        "theme     experiment   by targeting, else plain  00:16 UTC  someone@host  web       2027-01-31",
        "pay is off since 06:11 UTC, killed by guard (error-ratio 8.8x)",
    ]


def test_flags_says_it_for_machines(cluster: Cluster, writer: FlagWriter) -> None:
    writer.change(lambda head: after_change(head, kill("pay")))
    (found,) = cluster.said("flags")["sets"]
    assert (found["set"], found["stack"], found["problem"]) == ("flags", "releases/prod", None)
    assert found["flags"]["pay"]["killed"] == {"by": "guard", "at": 2_000.0, "reason": "error-ratio 8.8x"}
    assert (found["flags"]["batch"]["percent"], found["flags"]["batch"]["since"]) == (50.0, 1_000.0)


def test_the_history_says_who_changed_what_when_and_why(cluster: Cluster, writer: FlagWriter) -> None:
    writer.change(lambda head: after_change(head, kill("pay")))
    assert cluster.run("flags", "--history").stdout.splitlines() == [
        "flags",
        "1  00:16 UTC  declare batch, new-cart, pay, theme  by someone@host: because",
        "2  00:33 UTC  kill pay  by guard: error-ratio 8.8x",
    ]
    (found,) = cluster.said("flags", "--history")["sets"]
    last = found["history"][-1]
    assert (last["what"], last["before"]["killed"], last["after"]["killed"]) == ("kill", False, True)


@pytest.mark.usefixtures("writer")
def test_flags_says_what_another_changed(cluster: Cluster) -> None:
    cluster.stores["flags/config-map"].put({"flags": {}}, "kubectl-edit")
    problem = cluster.run("flags").stdout.splitlines()[-1]
    assert problem.startswith("problem: kubectl-edit changed new-cart, pay, theme, batch; `pulumi up` puts")


def test_a_namespace_without_flags_is_told(cluster: Cluster) -> None:
    assert cluster.run("flags").stdout == "no `pulumi up` has declared flags in shop yet\n"
    assert {"kill", "resume", "flags"} <= COMMANDS.keys()

"""Each way in which a rollout in a Job, or those who follow it, can be lost: users see no failure, and what the next
`pulumi up` finds is understood."""

from __future__ import annotations

import json
from pathlib import Path

from sandbox.sample.load import Load
from sandbox.stage.project import interrupt
from slipway.release.records.journal import Outcome
from tests.integration.releases.service import QUICK, failures, says, until
from tests.integration.runner.releases import HELD, SLOW, Releases


def route_of(releases: Releases) -> dict[str, str]:
    """The route as every writer but the gateway's controller left it: that one writes its status whenever it likes."""
    return {name: one for name, one in releases.service.written().items() if name.startswith("HTTPRoute/")}


def test_a_rollout_in_the_cluster_shows_the_progress_of_one_on_the_host(
    releases: Releases, load: Load, tmp_path: Path
) -> None:
    version, process = releases.started(SLOW, load, tmp_path / "log")
    assert process.wait(120) == 0, (tmp_path / "log").read_text()
    releases.serving = version
    assert releases.service.serving() == version
    log = (tmp_path / "log").read_text()
    assert "25% to" in log
    assert "100% to" in log
    assert "carries it out in the cluster" in log
    assert failures(load) == []
    outcome = releases.service.stage.outputs()["services"]["checkout"]
    assert outcome["version"] == version
    assert releases.service.stage.preview("--expect-no-changes").code == 0


def test_the_host_of_pulumi_up_is_lost_and_the_rollout_goes_on(releases: Releases, load: Load, tmp_path: Path) -> None:
    version, _ = releases.started(SLOW, load, tmp_path / "log")
    releases.kill_everything_here()
    until(lambda: releases.attempt().outcome is Outcome.COMMITTED, "the commit", 60)
    until(lambda: releases.service.serving() == version, "all traffic")
    until(lambda: not releases.service.head().leaving, "the old one is out of the route")
    route = route_of(releases)
    jobs = len(releases.jobs())
    result = releases.service.stage.up()
    assert result.code == 0, result.output
    releases.serving = version
    after = route_of(releases)
    assert (after, len(releases.jobs())) == (route, jobs), "the next up settles without a Job and without a write"
    assert releases.service.stage.preview("--expect-no-changes").code == 0
    assert failures(load) == []


def test_ctrl_c_puts_the_traffic_back_in_the_cluster(releases: Releases, load: Load, tmp_path: Path) -> None:
    _, process = releases.started(HELD, load, tmp_path / "log")
    assert interrupt(process) != 0
    assert releases.service.serving() == releases.serving
    attempt = releases.attempt()
    assert (attempt.outcome, attempt.by) == (Outcome.INTERRUPTED, "executor")
    assert releases.service.head().quarantined == {}
    log = (tmp_path / "log").read_text()
    assert "interrupted" in log
    assert "Traceback" not in log
    assert failures(load) == []


def test_a_container_that_is_killed_is_started_again_and_begins_anew(
    releases: Releases, load: Load, tmp_path: Path
) -> None:
    version, process = releases.started(SLOW, load, tmp_path / "log")
    first = releases.attempt().id
    releases.kill_process()
    assert process.wait(120) == 0, (tmp_path / "log").read_text()
    releases.serving = version
    assert releases.service.serving() == version
    attempt = releases.attempt()
    assert (attempt.outcome, attempt.id.partition("-")[0]) == (Outcome.COMMITTED, first.partition("-")[0])
    assert attempt.id != first
    assert "traffic is not settled, it goes back" in (tmp_path / "log").read_text()
    assert failures(load) == []


def test_a_process_that_is_stopped_is_replaced_and_the_traffic_goes_back(
    releases: Releases, load: Load, tmp_path: Path
) -> None:
    _, process = releases.started(HELD, load, tmp_path / "log")
    first, pod = releases.attempt().id, releases.pod()
    releases.stop_process()
    until(lambda: releases.attempt().id != first, "the attempt of the process that replaces it", 180)
    assert releases.restarts(pod) == 1
    interrupt(process)
    assert releases.service.serving() == releases.serving
    assert "traffic is not settled, it goes back" in (tmp_path / "log").read_text()
    assert failures(load) == []


def test_a_pod_whose_node_is_drained_puts_the_traffic_back_and_the_next_one_goes_on(
    releases: Releases, load: Load, tmp_path: Path
) -> None:
    version, process = releases.started(SLOW, load, tmp_path / "log")
    first, pod = releases.attempt().id, releases.pod()
    releases.drain(pod)
    assert releases.attempt().id != first or releases.attempt().outcome is Outcome.INTERRUPTED
    assert process.wait(120) == 0, (tmp_path / "log").read_text()
    releases.serving = version
    assert releases.service.serving() == version
    assert releases.attempt().id != first
    assert failures(load) == []


def test_a_job_that_is_deleted_puts_the_traffic_back_and_fails_the_update(
    releases: Releases, load: Load, tmp_path: Path
) -> None:
    _, process = releases.started(HELD, load, tmp_path / "log")
    releases.service.kubectl("delete", "job", releases.jobs()[-1]["metadata"]["name"], "--wait=false")
    assert process.wait(60) != 0
    assert releases.service.serving() == releases.serving
    assert releases.attempt().outcome is Outcome.INTERRUPTED
    assert says(tmp_path / "log", "interrupted", "was deleted")
    assert failures(load) == []


def test_an_image_that_cannot_be_pulled_moves_nothing(releases: Releases, load: Load) -> None:
    stage = releases.service.stage
    good = dict(stage.run_setting or {})
    before = releases.service.live().version
    stage.run_setting = {**good, "image": f"{good['image'].partition('@')[0]}@sha256:{'0' * 64}", "startWithin": 6}
    try:
        releases.declared(QUICK)
        result = stage.up()
    finally:
        stage.run_setting = good
    assert result.code != 0
    assert "nothing was moved" in result.output
    assert "ImagePull" in result.output
    assert releases.service.live().version == before
    assert [one["metadata"]["name"] for one in releases.jobs() if not one["status"].get("conditions")] == []
    assert failures(load) == []


def test_a_quota_without_room_for_the_pod_is_the_updates_reason(releases: Releases) -> None:
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "full"}, "spec": {"hard": {"pods": "1"}}}
    path = releases.service.stage.folder / "quota.json"
    path.write_text(json.dumps(quota))
    stage = releases.service.stage
    good = dict(stage.run_setting or {})
    stage.run_setting = {**good, "startWithin": 6}
    releases.service.kubectl("apply", "-f", str(path))
    try:
        releases.declared(QUICK)
        result = stage.up()
    finally:
        releases.service.kubectl("delete", "resourcequota", "full")
        stage.run_setting = good
    assert result.code != 0
    assert "exceeded quota" in result.output
    assert "nothing was moved" in result.output


def test_a_second_up_follows_the_same_release_and_another_one_is_refused(
    releases: Releases, load: Load, tmp_path: Path
) -> None:
    version, first = releases.started(HELD, load, tmp_path / "log")
    path = releases.service.paths[version]
    releases.kill_everything_here()
    first.wait(60)
    releases.declared(QUICK)
    refused = releases.service.stage.up()
    assert refused.code != 0
    assert f"rolls {version}" in refused.output
    assert releases.is_at_25(version)
    releases.service.stage.configure("checkout", path)
    second = releases.service.stage.start_up(tmp_path / "second")
    until(lambda: "it is followed" in (tmp_path / "second").read_text(), "the second follows")
    told = releases.service.stage.slipway("promote", "checkout", "--namespace", releases.service.stage.namespace)
    assert told.code == 0, told.output
    assert second.wait(90) == 0, (tmp_path / "second").read_text()
    releases.serving = version
    assert releases.service.serving() == version
    assert failures(load) == []


def test_a_rollout_that_no_process_follows_goes_back_where_that_is_declared(
    releases: Releases, load: Load, tmp_path: Path
) -> None:
    stage = releases.service.stage
    setting = stage.run_setting
    stage.run_setting = {**(setting or {}), "onLostFollower": "abort"}
    try:
        releases.started(HELD, load, tmp_path / "log")
        releases.kill_everything_here()
        until(lambda: releases.attempt().outcome is not Outcome.RUNNING, "its end", 150)
    finally:
        stage.run_setting = setting
    assert releases.service.serving() == releases.serving
    assert releases.service.head().quarantined == {}
    assert failures(load) == []


def test_a_job_whose_backoff_limit_is_reached_is_told_and_another_one_puts_the_traffic_back(
    releases: Releases, load: Load, tmp_path: Path
) -> None:
    _, process = releases.started(HELD, load, tmp_path / "log")
    job = releases.jobs()[-1]["metadata"]["name"]
    releases.service.kubectl("patch", "job", job, "--type=merge", "-p", '{"spec": {"backoffLimit": 0}}')
    releases.kill_process()
    assert process.wait(180) != 0
    assert says(tmp_path / "log", "error:", "BackoffLimitExceeded", "put the traffic back")
    assert releases.service.serving() == releases.serving
    attempt = releases.attempt()
    assert (attempt.outcome, attempt.by) == (Outcome.INTERRUPTED, "follower")
    assert failures(load) == []

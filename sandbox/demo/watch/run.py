"""The order of the acts, and what is left behind."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from sandbox import slipway_image
from sandbox.chaos.processes import VARIABLE, Checkout
from sandbox.demo.narrator import Narrator
from sandbox.demo.watch import acts
from sandbox.demo.watch.summary import WatchSummary
from sandbox.paths import PROJECT
from sandbox.receiver import SECRET, WebhookReceiver
from sandbox.sample.binaries import binaries
from sandbox.sample.images import VERSIONS, late_errors, publish
from sandbox.sample.load import Load, LoadOptions
from sandbox.stage.project import Stage

RATE = 200.0
LONGEST = 3600.0
ERRORS = 0.2
ROLLOUT = 60.0
"""Seconds, about, from the first request of a version until it has all the traffic."""
HEALTHY = 120.0
SECRET_NAME, SECRET_KEY = "slipway-escalation", "HOOK_SECRET"


def play(
    variables: Mapping[str, str], out: Path, narrator: Narrator, summary: WatchSummary, *, healthy: float, keep: bool
) -> None:
    """Play every act; a bad version is healthy for `healthy` seconds after it has all the traffic. Raises SandboxError
    when something of the sandbox fails."""
    folder = out / "watch"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    registry = variables["SLIPWAY_REGISTRY"]
    late = late_errors(ROLLOUT + healthy, ERRORS)
    played = {"v1": VERSIONS["v1"], "v2": VERSIONS["v2"], "late-1": late, "late-2": late}
    images = publish(registry, binaries().sample, played)
    with WebhookReceiver(variables, folder / "received.jsonl") as receiver:
        stage = _stage(folder, variables, receiver, registry)
        try:
            stage.create()
            _make_secret(stage)
            options = LoadOptions(duration=LONGEST, netns=Path(variables["SLIPWAY_NETNS"]))
            url, host = variables["SLIPWAY_GATEWAY_LOOPBACK_URL"], acts.HOSTNAME
            demo_load = Load(url, host, RATE, folder / "load.jsonl", options)
            demo = acts.Watched(stage, images, receiver, narrator, summary, healthy, demo_load)
            narrator.act("v1", "The first release; its rollout runs in a Job.")
            demo.released("v1")
            demo.current = "v1"
            with demo_load:
                _under_traffic(demo, folder)
        finally:
            if not keep:
                Checkout(Path(stage.environment[VARIABLE])).end()
                stage.destroy()


def _under_traffic(demo: acts.Watched, folder: Path) -> None:
    tell = demo.narrator.act
    tell("Bad after 100%", f"Healthy for about {demo.healthy:g} s, then {ERRORS:.0%} of its requests fail.")
    demo.summary.bad_after_100 = acts.bad_after_100(demo, "late-1")
    tell("The watcher dies", "kill -9 of its process, then its pod is deleted, then the version goes bad.")
    demo.summary.watcher_killed = acts.bad_after_100(demo, "late-2", acts.kill_the_watcher)
    report = folder / "report.html"
    made = demo.stage.slipway("report", "late-2", "--output", str(report), "--stack", demo.stage.stack)
    demo.summary.report = str(report.relative_to(PROJECT)) if made.code == 0 else None
    demo.check(made.code == 0, "slipway report", made)
    tell("The host of pulumi up is lost", "At 25%, while the rollout runs in its Job.")
    acts.runner_lost(demo, "v2", folder / "lost.log")


def _stage(folder: Path, variables: Mapping[str, str], receiver: WebhookReceiver, registry: str) -> Stage:
    stage = Stage(folder / "project", "watch", "slipway-watch", variables)
    stage.environment.pop("SLIPWAY_ACCESS_LOG", None)
    kubeconfig = folder / "kubeconfig"  # of its own: it marks the processes of this stack's `pulumi up`
    shutil.copy(variables["KUBECONFIG"], kubeconfig)
    stage.environment[VARIABLE] = str(kubeconfig)
    stage.run_setting = {"in": "cluster", "image": slipway_image.publish(registry), "secret": SECRET_NAME}
    stage.access = {"serviceAccount": "slipway-rollout"}
    hook = {"kind": "webhook", "url": receiver.url, "secret": {"env": SECRET_KEY}}
    stage.escalation = {"owners": {"demo": {"page": [hook]}}, "fallback": "demo"}
    stage.environment[SECRET_KEY] = SECRET
    return stage


def _make_secret(stage: Stage) -> None:
    command = ["kubectl", "--namespace", stage.namespace, "create", "secret", "generic", SECRET_NAME]
    subprocess.run(
        [*command, f"--from-literal={SECRET_KEY}={SECRET}"], env=stage.environment, check=True, capture_output=True
    )

"""`python -m sandbox.demo [releases|flags|watch|aws|adopt]`: from an empty machine to the summary in out/demo."""

from __future__ import annotations

import argparse
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from sandbox import world
from sandbox.demo import acts
from sandbox.demo.narrator import Narrator
from sandbox.demo.summary import Summary
from sandbox.errors import SandboxError
from sandbox.paths import PROJECT
from sandbox.sample.binaries import binaries
from sandbox.sample.images import VERSIONS, Faults, publish
from sandbox.sample.load import Load, LoadOptions
from sandbox.stage import manifests
from sandbox.stage.project import Stage

OUT = PROJECT / "out" / "demo"
RATE = 300.0
LONGEST = 900.0
PLAYED = {**{name: VERSIONS[name] for name in ("v1", "v2", "v3", "v4", "errors-5", "never-ready")}, "v5": Faults()}


def main() -> int:
    """Exit code 0 when every act went as it should."""
    parser = argparse.ArgumentParser(description=__doc__)
    stories = ("releases", "flags", "watch", "aws", "adopt")
    parser.add_argument("story", nargs="?", choices=stories, default="releases")
    parser.add_argument("--keep", action="store_true", help="leave the project and its resources for inspection")
    parser.add_argument(
        "--healthy", type=float, help="watch: seconds for which a bad version is healthy after 100%%; 120 when left out"
    )
    parser.add_argument("--gateway", choices=world.GATEWAYS, help="releases: the controller of the sandbox's gateway")
    arguments = parser.parse_args()
    narrator = Narrator()
    if arguments.story == "watch":
        return _watch(narrator, healthy=arguments.healthy, keep=arguments.keep)
    if arguments.story == "releases":
        return _releases(narrator, keep=arguments.keep, gateway=arguments.gateway)
    play = {"flags": _flags, "aws": _aws, "adopt": _adopt}[arguments.story]
    return play(narrator, keep=arguments.keep)


def _releases(narrator: Narrator, *, keep: bool, gateway: world.Gateway | None) -> int:
    summary = Summary()
    shutil.rmtree(OUT, ignore_errors=True)
    began = time.monotonic()
    try:
        variables = _set_up(narrator, gateway=gateway)
        summary.setup_seconds = round(time.monotonic() - began, 2)
        narrator.say(f"ready after {summary.setup_seconds:.1f}s")
        _play(variables, narrator, summary, keep=keep)
    except SandboxError as error:
        summary.problems.append(str(error))
    summary.write(OUT / "summary.json")
    narrator.end(summary)
    return 0 if summary.to_json()["ok"] else 1


class _Told(Protocol):
    """A summary of a story whose problems are told at its end."""

    problems: list[str]

    @property
    def ok(self) -> bool:
        """Whether everything went as it should."""
        ...

    def write(self, path: Path) -> None:
        """Write the file, whole or not at all."""
        ...


def _told(narrator: Narrator, summary: _Told, name: str, play: Callable[[dict[str, str]], None]) -> int:
    """Set the sandbox up, play, write out/demo/`name`, and tell the problems. The exit code."""
    try:
        play(_set_up(narrator))
    except SandboxError as error:
        summary.problems.append(str(error))
    summary.write(OUT / name)
    for problem in summary.problems:
        narrator.problem(problem)
    return 0 if summary.ok else 1


def _flags(narrator: Narrator, *, keep: bool) -> int:
    from sandbox.demo.flags import run
    from sandbox.demo.flags.summary import FlagsSummary

    summary = FlagsSummary()
    return _told(narrator, summary, "flags.json", lambda found: run.play(found, OUT, narrator, summary, keep=keep))


def _adopt(narrator: Narrator, *, keep: bool) -> int:
    from sandbox.demo.adopt import run
    from sandbox.demo.adopt.summary import AdoptSummary

    summary = AdoptSummary()
    return _told(narrator, summary, "adopt.json", lambda found: run.play(found, OUT, narrator, summary, keep=keep))


def _watch(narrator: Narrator, *, healthy: float | None, keep: bool) -> int:
    from sandbox.demo.watch import run
    from sandbox.demo.watch.summary import WatchSummary

    summary, seconds = WatchSummary(), run.HEALTHY if healthy is None else healthy

    def play(found: dict[str, str]) -> None:
        run.play(found, OUT, narrator, summary, healthy=seconds, keep=keep)

    return _told(narrator, summary, "watch.json", play)


def _aws(narrator: Narrator, *, keep: bool) -> int:
    from sandbox.demo.aws import run
    from sandbox.demo.aws.summary import AwsSummary

    summary = AwsSummary()
    began = time.monotonic()
    try:
        variables = _set_up(narrator, aws=True)
        summary.setup_seconds = round(time.monotonic() - began, 2)
        run.play(variables, OUT, narrator, summary, keep=keep)
    except SandboxError as error:
        summary.problems.append(str(error))
    summary.write(OUT / "aws.json")
    narrator.end(summary)
    return 0 if summary.to_json()["ok"] else 1


def _set_up(narrator: Narrator, *, aws: bool = False, gateway: world.Gateway | None = None) -> dict[str, str]:
    from sandbox.progress import reporter

    parts = "A real cluster, gateway, registry and Prometheus on this machine"
    narrator.act("Setting up", f"{parts}, and a local AWS." if aws else f"{parts}.")
    world.up(reporter(), aws=aws, gateway=gateway)
    return world.environment()


def _play(variables: dict[str, str], narrator: Narrator, summary: Summary, *, keep: bool) -> None:
    images = publish(variables["SLIPWAY_REGISTRY"], binaries().sample, PLAYED)
    stage = Stage(OUT / "project", "demo", "slipway-demo", variables)
    stage.create()
    try:
        demo = acts.Demo(stage, images, narrator, summary)
        _first(demo)
        options = LoadOptions(duration=LONGEST, netns=Path(variables["SLIPWAY_NETNS"]))
        url = variables["SLIPWAY_GATEWAY_LOOPBACK_URL"]
        with Load(url, f"{acts.SERVICE}.example", RATE, OUT / "load.jsonl", options) as load:
            demo.load = load
            _under_traffic(demo)
    finally:
        if not keep:
            stage.destroy()


def _first(demo: acts.Demo) -> None:
    demo.narrator.act("v1: the first release", "No baseline yet: readiness decides.")
    demo.release("v1", manifests.CANARY, "completed")


def _under_traffic(demo: acts.Demo) -> None:
    tell = demo.narrator.act
    tell("v2: a canary", f"5, 25, 50, 100 percent under {RATE:g} requests a second.")
    demo.release("v2", manifests.CANARY, "completed")
    tell("A version that fails 5% of its requests", "The same canary; only the analysis watches.")
    demo.release("errors-5", manifests.CANARY, "aborted")
    tell("v3: blue-green", "Smoke checks on a preview route at 0%, then one switch.")
    demo.release("v3", manifests.BLUE_GREEN, "completed")
    tell("v4: rolling, with v3 kept warm", "Batches of replicas; the weight follows the ready ones.")
    demo.standby = demo.current
    demo.release("v4", manifests.ROLLING, "completed")
    tell("A version that never becomes ready", "It gets 12 seconds and no traffic.")
    demo.release("never-ready", manifests.CANARY, "aborted", workload=manifests.workload(readyWithin="12s"))
    tell("kill -9 in the middle of a canary", "The watchdog puts the traffic back; the next up cleans up.")
    acts.kill_in_the_middle(demo, "v5")
    tell("slipway rollback", "Back to v3, which is still warm.")
    acts.roll_back(demo, "v4", "v3")


if __name__ == "__main__":
    raise SystemExit(main())

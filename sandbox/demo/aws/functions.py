"""The story on Lambda: a healthy version, a faulty one and a rollback, while users ask the URL of the alias."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

from sandbox.demo import acts
from sandbox.demo.aws.acts import FAULT, check_fault
from sandbox.demo.aws.faulty import LONGEST
from sandbox.demo.aws.summary import SAFE_ON_PROMETHEUS
from sandbox.demo.narrator import Narrator
from sandbox.demo.summary import Summary
from sandbox.sample.load import Load, LoadOptions
from sandbox.stage import manifests
from sandbox.stage.functions import ERRORS, LambdaStage, functions

WIDTH = 120


def play(
    folder: Path, images: Mapping[str, str], variables: Mapping[str, str], service: str, rate: float
) -> tuple[Summary, str]:
    """Play every act on a stack of its own, beside whatever else is told; with what there is to tell."""
    told = io.StringIO()
    narrator, summary = Narrator(Console(file=told, width=WIDTH, highlight=False)), Summary()
    with functions(folder / "functions", "functions", service, variables) as stage:
        workload = manifests.workload(replicas=1, env=dict(ERRORS))
        common = {"route": {"hostnames": [f"{service}.example"]}, "workload": workload}
        demo = acts.Demo(stage, images, narrator, summary, common=common, service=service, unnamed_failures=True)
        _acts(demo, stage, folder / "functions.jsonl", rate)
    return summary, told.getvalue()


def _acts(demo: acts.Demo, stage: LambdaStage, out: Path, rate: float) -> None:
    tell = demo.narrator.act
    tell("v1: the first release on Lambda", "A version is published; once it answers, an alias leads to it.")
    demo.release("v1", manifests.CANARY, "completed")
    options = LoadOptions(duration=LONGEST, netns=Path(stage.environment["SLIPWAY_NETNS"]))
    with Load(stage.url, stage.open_url(), rate, out, options) as load:
        demo.load = load
        tell("v2: a canary on Lambda", f"5, 25, 50, 100 percent by the alias, under {rate:g} requests a second.")
        demo.release("v2", manifests.CANARY, "completed")
        tell("A version that fails 5% of its requests, on Lambda", "The same canary; only the analysis watches.")
        demo.release(FAULT, manifests.CANARY, "aborted")
        check_fault(demo, demo.summary, SAFE_ON_PROMETHEUS)
        tell("slipway rollback on Lambda", "Back to the version that v1 was published as.")
        acts.roll_back(demo, "v2", "v1")

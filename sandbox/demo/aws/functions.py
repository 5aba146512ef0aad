"""The story on Lambda: a healthy version, a faulty one and a rollback, while users ask the URL of the alias; and a
fault that CloudWatch tells of."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console

from sandbox.demo import acts
from sandbox.demo.aws.acts import CLOUDWATCH, FAULT, MINUTES_RATE, check_fault
from sandbox.demo.aws.faulty import FaultyRelease, Served, faulty_release, load_of
from sandbox.demo.aws.summary import SAFE_ON_PROMETHEUS
from sandbox.demo.narrator import Narrator
from sandbox.demo.summary import Summary
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
        common = _sections(service)
        demo = acts.Demo(stage, images, narrator, summary, common=common, service=service, unnamed_failures=True)
        _acts(demo, stage, folder / "functions.jsonl", rate)
    return summary, told.getvalue()


def _acts(demo: acts.Demo, stage: LambdaStage, out: Path, rate: float) -> None:
    tell = demo.narrator.act
    tell("v1: the first release on Lambda", "A version is published; once it answers, an alias leads to it.")
    demo.release("v1", manifests.CANARY, "completed")
    with load_of(stage, stage.url, stage.open_url(), out, rate) as load:
        demo.load = load
        tell("v2: a canary on Lambda", f"5, 25, 50, 100 percent by the alias, under {rate:g} requests a second.")
        demo.release("v2", manifests.CANARY, "completed")
        tell("A version that fails 5% of its requests, on Lambda", "The same canary; only the analysis watches.")
        demo.release(FAULT, manifests.CANARY, "aborted")
        check_fault(demo, demo.summary, SAFE_ON_PROMETHEUS)
        tell("slipway rollback on Lambda", "Back to the version that v1 was published as.")
        acts.roll_back(demo, "v2", "v1")


def fault_on_cloudwatch(
    folder: Path, images: Mapping[str, str], variables: Mapping[str, str], service: str
) -> tuple[FaultyRelease, str]:
    """On a stack of its own: a version that fails 5% of its requests, judged by the minutes of its function. With the
    output of the command."""
    with _serving(service, folder / "function-minutes", images["v1"], variables) as served:
        out = folder / "function-minutes.jsonl"
        return faulty_release(served, FAULT, images[FAULT], CLOUDWATCH, out, MINUTES_RATE)


@contextmanager
def _serving(service: str, folder: Path, image: str, variables: Mapping[str, str]) -> Iterator[Served]:
    """A stack whose function serves a healthy version, also by a URL; gone after the block."""
    with functions(folder / "project", service, service, variables) as stage:
        first = Served(stage, service, stage.url, "", _sections(service), named_failures=False)
        first.release_first("v1", image)
        yield replace(first, host=stage.open_url())


def _sections(service: str) -> dict[str, Any]:
    """Of the manifests of a function, whose errors are the answers that users see as such."""
    workload = manifests.workload(replicas=1, env=dict(ERRORS))
    return {"route": {"hostnames": [f"{service}.example"]}, "workload": workload}

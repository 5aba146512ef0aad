"""The commands of docs/aws.md, from nothing to the plan of a canary, as they stand there."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from sandbox.stage.ecs import Aws
from tests.shell import run_script

ROOT = Path(__file__).parents[3]
SECTION = (ROOT / "docs" / "aws.md").read_text().partition("## From nothing")[2].partition("\n## ")[0]


@pytest.fixture
def environment(variables: Mapping[str, str], images: Mapping[str, str], tmp_path: Path) -> Iterator[dict[str, str]]:
    """A backend of its own, and what the page tells readers to name; all that it made is gone afterwards."""
    (tmp_path / "backend").mkdir()
    aws = Aws(variables)
    vpc, subnets, group = aws.network()
    named = {"SLIPWAY": str(ROOT), "VPC": vpc, "SUBNET_A": subnets[0], "SUBNET_B": subnets[1], "SECURITY_GROUP": group}
    named |= {"PORT": str(aws.free_port()), "IMAGE": images["v1"], "NEXT_IMAGE": images["v2"]}
    host = urlsplit(variables["SLIPWAY_GATEWAY_URL"]).hostname
    named |= {"METRICS": variables["SLIPWAY_PROMETHEUS_URL"], "URL": f"http://{host}:{named['PORT']}"}
    path = f"{Path(sys.executable).parent}:{variables['PATH']}"
    backend = (tmp_path / "backend").as_uri()
    made = {**os.environ, **variables, **named, "PATH": path, "PULUMI_BACKEND_URL": backend}
    yield made
    aws.unprotect(f"shop-{named['PORT']}")
    for folder, stack in (("cart", "trial"), ("ground", "ground")):
        if (tmp_path / folder).exists():
            ended = run_script(f"cd {folder} && pulumi destroy --yes --skip-preview --stack {stack}", tmp_path, made)
            assert ended.returncode == 0, ended.stdout


def script() -> str:
    """All blocks one after the other, but those that bring up the sandbox and name what is the reader's own."""
    blocks = re.findall(r"```sh\n(.*?)```", SECTION, re.DOTALL)
    assert blocks[0].startswith("slipway sandbox up")
    assert {line.split()[0] for line in blocks[1].splitlines()} == {"export"}
    return "\n".join(blocks[2:])


def test_from_nothing_to_the_plan_of_a_canary(environment: Mapping[str, str], tmp_path: Path) -> None:
    done = run_script(script(), tmp_path, environment)
    assert done.returncode == 0, done.stdout
    assert "first to 1.0.0" in done.stdout
    assert '~ version : "1.0.0" => "1.1.0"' in done.stdout
    plan = done.stdout[done.stdout.rindex("Previewing update") :]
    assert "slipway:index:Rollout" in plan
    assert "+ 6 to create" in plan, plan

"""How long a fault on ECS has traffic, by the source that the rollout judges by: `make bench-aws-sources`.

A canary whose first step is 5% of 100 requests a second releases a version that fails 5% or 20% of its requests, judged
by counters that are scraped every second, or by minutes of CloudWatch that come 45 s late and are trusted after 60 s.
Two at the same time, each on a stack with a load balancer of its own on the sandbox's local AWS. Fault to safe: from
the first failure that the client saw to the last response of the faulty version. Writes out/bench/aws-sources.json.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

from sandbox import world
from sandbox.demo.aws.acts import CLOUDWATCH
from sandbox.demo.aws.faulty import FaultyRelease, Source, faulty_release, serving
from sandbox.demo.aws.run import PROPAGATION
from sandbox.demo.aws.slowness import slowness
from sandbox.errors import SandboxError
from sandbox.paths import PROJECT
from sandbox.sample.binaries import binaries
from sandbox.sample.images import Faults, publish

OUT = PROJECT / "out" / "bench"
RATE = 100.0
AT_ONCE = 2
PLAYED = {"v1": Faults(), "errors-5": Faults(error_ratio=0.05), "errors-20": Faults(error_ratio=0.2)}
SOURCES = (Source("prometheus"), CLOUDWATCH)


def main() -> int:
    """Exit code 0 when every faulty release was aborted."""
    world.up(aws=True)
    variables = world.environment()
    images = publish(variables["SLIPWAY_REGISTRY"], binaries().sample, PLAYED)
    folder = OUT / "aws-sources"
    shutil.rmtree(folder, ignore_errors=True)
    cases = [(source, version) for source in SOURCES for version in images if version != "v1"]
    slow = slowness(variables, propagation=PROPAGATION, lateness=CLOUDWATCH.lateness)
    with slow, ThreadPoolExecutor(AT_ONCE) as pool:
        try:
            found = list(pool.map(lambda case: _measure(folder, case[0], case[1], images, variables), cases))
        except SandboxError as error:
            print(error.render())
            return 1
    load = round(os.getloadavg()[1], 1)
    content = {"load_average": load, "runs": [asdict(one) for one in found]}
    (OUT / "aws-sources.json").write_text(json.dumps(content, indent=2) + "\n")
    for one in found:
        safe = one.seconds_fault_to_safe
        print(f"{one.source}, {one.version}: {one.outcome}, {safe} s to safe, {one.client_failures} failed requests")
    print(f"with a load average of {load}")
    return 0 if all(one.outcome == "aborted" for one in found) else 1


def _measure(
    folder: Path, source: Source, version: str, images: Mapping[str, str], variables: Mapping[str, str]
) -> FaultyRelease:
    name = f"{source.name[:4]}-{version}-{secrets.token_hex(2)}"
    with serving(name, folder / name, images["v1"], variables) as served:
        return faulty_release(served, version, images[version], source, folder / f"{name}.jsonl", RATE)[0]


if __name__ == "__main__":
    raise SystemExit(main())

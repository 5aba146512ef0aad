"""One stack with services on Kubernetes, in a second cluster and on Lambda: each is released and rolled back alone."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from sandbox.sample.load import Load, LoadOptions
from sandbox.stage import manifests
from sandbox.stage.functions import ERRORS
from sandbox.stage.places import FUNCTIONS, SECOND, PlacesStage

NAME = f"places{os.getpid()}-{secrets.token_hex(2)}"
OWN, WEST, FUNCTION = "checkout", "store", f"cart{os.getpid()}-{secrets.token_hex(2)}"
PLACES: Mapping[str, str | None] = {OWN: None, WEST: SECOND, FUNCTION: FUNCTIONS}
STEPS = {"kind": "canary", "steps": [{"weight": weight, "bake": "2s"} for weight in (25, 100)]}
RATE = 100.0
LONGEST = 300.0


@pytest.fixture
def stage(tmp_path: Path, variables: Mapping[str, str]) -> Iterator[PlacesStage]:
    """A stack of which `pulumi destroy` leaves no function."""
    made = PlacesStage(tmp_path / "releases", NAME, NAME, FUNCTION, variables)
    made.create()
    try:
        yield made
    finally:
        made.functions.close_url()
        made.destroy()
    known = made.functions.aws.functions.list_functions()["Functions"]
    assert FUNCTION not in [one["FunctionName"] for one in known]


def manifest(stage: PlacesStage, service: str, version: str, image: str) -> str:
    """Of a service, wherever it runs; a function has no gateway."""
    changes: dict[str, Any] = {"workload": manifests.workload(replicas=1)}
    if service == FUNCTION:
        route = {"hostnames": [f"{service}.example"]}
        changes = {"workload": manifests.workload(replicas=1, env=dict(ERRORS)), "route": route}
    else:
        changes["route"] = manifests.route(f"{service}.{NAME}.example")
    return manifests.write(stage.folder, manifests.manifest(service, version, image, STEPS, **changes))


def serving(stage: PlacesStage) -> dict[str, str]:
    """What serves of each service, as the command says it of the whole stack."""
    told = stage.slipway("status", "--stack", stage.stack, "--json")
    assert told.code == 0, told.output
    return {one["service"]: one["serving"]["version"] for one in json.loads(told.output)["services"]}


def command(stage: PlacesStage, *arguments: str) -> None:
    done = stage.slipway(*arguments, "--stack", stage.stack, "--yes")
    assert done.code == 0, done.output


def test_services_in_other_places_are_released_and_rolled_back_by_the_same_commands(
    stage: PlacesStage, images: Mapping[str, str], tmp_path: Path
) -> None:
    for service, place in PLACES.items():
        stage.configure(service, manifest(stage, service, "1.0.0", images["v1"]), place=place)
    first = stage.up()
    assert first.code == 0, first.output
    assert serving(stage) == dict.fromkeys(PLACES, "1.0.0")
    assert stage.preview("--expect-no-changes").code == 0

    options = LoadOptions(duration=LONGEST, netns=Path(stage.environment["SLIPWAY_NETNS"]))
    host = stage.functions.open_url()
    with Load(stage.functions.url, host, RATE, tmp_path / "load.jsonl", options) as load:
        load.await_counts(lambda seen: seen.count() > RATE, 30.0, "no requests")
        for service in (FUNCTION, WEST):
            entry = stage.services()[service]
            second = manifest(stage, service, "2.0.0", images["v2"])
            command(stage, "release", service, second)
            others = {name: "1.0.0" for name in PLACES if name != service}
            assert serving(stage) == {**others, service: "2.0.0"}
            assert stage.services()[service] == {**entry, "manifest": second, "standby": entry["manifest"]}
            command(stage, "rollback", service)
            assert serving(stage) == dict.fromkeys(PLACES, "1.0.0")
            assert stage.services()[service]["place"] == PLACES[service]
        counts = load.stop()
    assert counts.failed() == 0
    assert counts.count("v2") > RATE

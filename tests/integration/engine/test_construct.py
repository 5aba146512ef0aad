"""Components that a program declares by their token alone, as generated SDKs do, and the plugin constructs."""

from __future__ import annotations

import json

import pytest

from tests.integration.engine.conftest import Stack
from tests.manifests import text

PROGRAM = """
import json
import pulumi

class Remote(pulumi.ComponentResource):
    def __init__(self, kind, name, inputs, *outputs):
        opts = pulumi.ResourceOptions(version="0.1.0")
        super().__init__(f"slipway:index:{kind}", name, {**inputs, **dict.fromkeys(outputs)}, opts, remote=True)

class Raw(pulumi.CustomResource):
    def __init__(self, name):
        super().__init__("kubernetes:core/v1:ConfigMap", name, {"data": {}})

for name, inputs in json.load(open("services.json")).items():
    if inputs["namespace"] is None:
        inputs["namespace"] = Raw("later").id
    pulumi.export(name, Remote("Service", name, inputs, "revision", "version", "strategy").version)
Remote("RolloutAccess", "rollout", {"namespace": "shop"}, "serviceAccount")
"""
OFF = {"mode": "off", "reason": "a test of the engine alone"}
NAMES = ("cart", "mail", "pay")


@pytest.fixture
def shop(stack: Stack) -> Stack:
    """A program of three services, with the plugin itself on worlds in memory."""
    stack.run_scripted()
    stack.environment["SLIPWAY_TEST_STARTS"] = str(stack.folder / "starts")
    stack.write("__main__.py", PROGRAM)
    for number, name in enumerate(NAMES):
        manifest = text(service=name, version="1.0.0", artifact__image=f"registry.example/{name}@sha256:{number:064x}")
        stack.write(f"releases/{name}.yaml", manifest.replace("checkout.example", f"{name}.example"))
    return stack


def declare(shop: Stack, **changes: object) -> None:
    metrics = {"kind": "prometheus", "url": "http://prometheus.example:9090"}
    common = {"namespace": "shop", "metrics": metrics, "gates": OFF, **changes}
    services = {name: {"manifest": f"releases/{name}.yaml", **common} for name in NAMES}
    shop.write("services.json", json.dumps(services))


def starts(shop: Stack) -> list[str]:
    """One line for each start of the plugin since the last look."""
    file = shop.folder / "starts"
    lines = file.read_text().splitlines() if file.exists() else []
    file.unlink(missing_ok=True)
    return lines


def test_the_services_of_one_program_roll_out_in_one_process_side_by_side(shop: Stack) -> None:
    declare(shop)
    planned = shop.pulumi("preview").stdout
    assert all(f"{name}: plan of 1.0.0" in planned for name in NAMES)
    starts(shop)
    shop.up()
    assert len(starts(shop)) == 1, "the engine asks one plugin for the components and for what is in them"
    assert shop.outputs() == dict.fromkeys(NAMES, "1.0.0")
    kinds = {one["urn"].split("::")[2] for one in shop.resources()}
    service = "slipway:index:Service"
    assert {f"{service}$slipway:index:Release", f"{service}$slipway:index:Canary$slipway:index:Rollout"} <= kinds
    assert "slipway:index:RolloutAccess$kubernetes:rbac.authorization.k8s.io/v1:Role" in kinds
    assert {"create", "delete", "replace"}.isdisjoint(shop.planned()), "the worlds in memory forget, the state does not"


def test_what_is_wrong_is_said_at_once(shop: Stack) -> None:
    declare(shop, namespace="No Label", colour="blue", metrics={"kind": "prometheus"})
    done = shop.pulumi("preview", succeed=False)
    assert done.returncode != 0
    # The engine cancels what is under way at the first error, so the others may not come to speak.
    for said in (": 3 problem(s)", "namespace: ", "metrics.url: is missing", "colour: is not a known field"):
        assert said in done.stdout, done.stdout
    assert "slipway/plugin" not in done.stdout, "no traceback of the plugin"


def test_a_value_that_a_preview_does_not_know_is_a_warning_and_no_error(shop: Stack) -> None:
    declare(shop, namespace=None)
    shop.write("services.json", json.dumps({"pay": json.loads((shop.folder / "services.json").read_text())["pay"]}))
    planned = shop.pulumi("preview").stdout
    assert "pay: namespace is not known before the update" in planned
    assert "slipway:index:Rollout " not in planned


def test_a_service_that_is_refused_keeps_no_other_from_its_rollout(shop: Stack) -> None:
    declare(shop)
    late = {name: {"late": True} for name in NAMES if name != "pay"}
    shop.write("script.json", json.dumps({"pay": {"refused": True}, **late}))
    done = shop.pulumi("up", "--yes", "--skip-preview", succeed=False)
    assert done.returncode != 0
    assert "was aborted: it failed before" in done.stdout
    rollouts = [one for one in shop.resources() if one["type"] == "slipway:index:Rollout"]
    assert {one["inputs"]["service"]: bool(one.get("initErrors")) for one in rollouts} == {
        name: name == "pay" for name in NAMES
    }

"""What the real engine makes of Rollouts that fail: the facts that the provider relies on."""

from __future__ import annotations

import json

import pytest

from tests.integration.engine.conftest import Stack
from tests.manifests import text

GOOD, BAD = ("mail", "pay", "stock"), ("cart", "user")
OFF = {"mode": "off", "reason": "a test of the engine alone"}


class Shop:
    """Five services with the provider itself on worlds in memory."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._script = stack.folder / "script.json"
        self.script()

    def script(self, **services: object) -> None:
        self._script.write_text(json.dumps(services))

    def declare(self, version: int, **others: int) -> None:
        """Every service at this version, or another one."""
        services = {}
        for name in (*GOOD, *BAD):
            number = others.get(name, version)
            image = f"registry.example/{name}@sha256:{str(number) * 64}"
            path = f"releases/{name}/{number}.yaml"
            manifest = text(service=name, version=f"{number}.0.0", artifact__image=image)
            self._stack.write(path, manifest.replace("checkout.example", f"{name}.example"))
            services[name] = {"manifest": path}
        self._stack.configure(services, gates=OFF)

    def run(self, *arguments: str) -> tuple[int, str]:
        done = self._stack.pulumi(*arguments, succeed=False)
        return done.returncode, done.stdout + done.stderr

    def up(self, *more: str) -> tuple[int, str]:
        return self.run("up", "--yes", "--skip-preview", *more)

    def workloads(self, name: str) -> set[str]:
        """The versions of a service that have a Deployment in the state."""
        found = [one for one in self._stack.resources() if one["type"].endswith(":Deployment")]
        images = [one["inputs"]["spec"]["template"]["spec"]["containers"][0]["image"] for one in found]
        return {image.rpartition(":")[2][0] for image in images if f"/{name}@" in image}

    def rollouts(self) -> dict[str, str]:
        """The version that each service's Rollout has in the state."""
        found = [one for one in self._stack.resources() if one["type"].endswith(":Rollout")]
        return {one["inputs"]["service"]: one["inputs"]["candidate"]["version"][0] for one in found}


@pytest.fixture
def shop(stack: Stack) -> Shop:
    stack.run_scripted()
    made = Shop(stack)
    made.declare(1)
    code, output = made.up()
    assert code == 0, output
    return made


def refused() -> dict[str, object]:
    """The bad ones fail before the good ones begin."""
    return {**{name: {"refused": True} for name in BAD}, **{name: {"late": True} for name in GOOD}}


def test_an_error_line_of_a_preview_ends_nothing(shop: Shop) -> None:
    shop.script(**refused())
    shop.declare(2)
    code, output = shop.run("preview")
    assert code == 0, output
    assert [f"{name}: revision" in output for name in BAD] == [True, True]
    assert [f"{name}: plan of 2.0.0" in output for name in GOOD] == [True, True, True]


def test_two_refused_services_keep_no_other_from_its_rollout(shop: Shop) -> None:
    shop.script(**refused())
    shop.declare(2)
    code, output = shop.up()
    assert code != 0
    assert shop.rollouts() == {**dict.fromkeys(GOOD, "2"), **dict.fromkeys(BAD, "1")}
    assert "this one fails when they are done" in output
    assert "has a problem" not in output
    assert [shop.workloads(name) for name in (*GOOD, *BAD)] == [{"1", "2"}] * 5, "after an error nothing is deleted"


def test_an_engine_that_continues_keeps_what_a_failed_rollout_depended_on(shop: Shop) -> None:
    shop.script(**refused())
    shop.declare(2)
    code, _ = shop.up("--continue-on-error")
    assert code != 0
    assert [shop.workloads(name) for name in GOOD] == [{"2"}] * 3
    assert [shop.workloads(name) for name in BAD] == [{"1", "2"}] * 2


def test_an_engine_that_continues_is_interrupted_before_it_deletes_what_has_traffic(shop: Shop) -> None:
    shop.script(cart={"refused": True})
    shop.declare(2)
    assert shop.up()[0] != 0
    shop.script(cart={"exposed": ["cart-of-version-2"]})
    shop.declare(3)
    code, output = shop.up("--continue-on-error")
    assert code != 0
    assert "cart-of-version-2 may have traffic" in output
    assert "2" in shop.workloads("cart")
    assert shop.rollouts() == {**dict.fromkeys((*GOOD, "user"), "3"), "cart": "1"}, "the others went on before"


def test_one_service_is_updated_alone_beside_refused_ones(shop: Shop) -> None:
    shop.script(**refused())
    shop.declare(2)
    code, output = shop.up("--target", "**::pay", "--target", "**::pay-*")
    assert code == 0, output
    assert shop.rollouts() == {"pay": "2", **dict.fromkeys((*BAD, "mail", "stock"), "1")}
    assert shop.workloads("pay") == {"2"}

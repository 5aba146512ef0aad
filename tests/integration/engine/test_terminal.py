"""What is seen of a rollout on a real terminal while `pulumi up` draws its tree there."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.integration.engine.conftest import Stack
from tests.integration.engine.tmux import Screen, on_terminal
from tests.integration.standins.project import await_true
from tests.manifests import text

LONG = (
    "checkout step 2/4 25%: errors 5 of 4,812 (0.1039%) against 16 of 14,290 (0.112%), evidence 3.14 of 100, 12s left"
)
SHORT = "checkout 25% errors 5/4,812 vs 16/14,290 evidence 3.14/100 12s left"
BESIDE = (
    "cart 25% 5/4,812 vs 16/14,290 e 3.14/100 12s | checkout 25% 5/4.8k:16/14k e3.14/100 12s | "
    "pay 25% 5/4,812 vs 16/14,290 e 3.14/100 12s"
)
UP = ["pulumi", "up", "--yes", "--skip-preview"]
pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")


class Shop:
    """Services that roll out at the same time, on worlds in memory."""

    def __init__(self, stack: Stack, folder: Path) -> None:
        self._stack, self._folder = stack, folder
        self.bakes = folder / "bakes"
        self._version = 0
        stack.run_scripted()

    def release(self, *names: str, bad: bool = False) -> None:
        """Declare a new version of each, which bakes while the file `bakes` is there."""
        self._version += 1
        services = {}
        for name in names:
            image = f"registry.example/{name}@sha256:{str(self._version) * 64}"
            manifest = text(service=name, version=f"{self._version}.0.0", artifact__image=image)
            path = f"releases/{name}/{self._version}.yaml"
            self._stack.write(path, manifest.replace("checkout.example", f"{name}.example"))
            services[name] = {"manifest": path}
        self._stack.configure(services, gates={"mode": "off", "reason": "a test of the terminal"})
        script = {name: {"bakes": str(self.bakes), "bad": bad} for name in names}
        self._stack.write("script.json", json.dumps(script))
        self.bakes.touch()

    @contextmanager
    def up(self, width: int, height: int = 45) -> Iterator[Screen]:
        socket = self._folder / f"tmux-{self._version}"
        with on_terminal(UP, self._stack.folder, self._stack.environment, socket, width, height) as screen:
            yield screen

    def end(self, screen: Screen) -> str:
        """Let the rollouts end; all that the terminal shows then."""
        self.bakes.unlink()
        await_true(lambda: "ended: " in screen.all(), "the end of the update", 60.0)
        return screen.all()


@pytest.fixture
def shop(stack: Stack, tmp_path: Path) -> Shop:
    return Shop(stack, tmp_path)


def test_the_essentials_are_readable_at_every_width_until_the_rollout_is_over(shop: Shop) -> None:
    for width, line in ((80, SHORT), (110, SHORT), (150, LONG)):
        shop.release("checkout")
        with shop.up(width) as screen:
            screen.await_last(line)
            tree = "\n".join(screen.lines())
            assert tree.count("slipway:index:Rollout") == 1, "the tree is whole"
            output = shop.end(screen)
        assert "evidence 3.14" not in output.partition("Resources:")[2]
        assert output.count("Diagnostics:") == 1
        assert line not in output, "nothing of it stays"


def test_services_stand_side_by_side_and_take_turns_where_they_do_not_fit(shop: Shop) -> None:
    shop.release("cart", "checkout", "pay")
    with shop.up(80) as screen:
        screen.await_last("| +2")
        for name in ("cart", "checkout", "pay"):
            screen.await_last(f"{name} 25%", "12s left | +2")
        screen.tmux("resize-window", "-x", "150")
        screen.await_last(BESIDE)
        shop.end(screen)


def test_the_line_is_seen_below_a_tree_that_is_taller_than_the_terminal(shop: Shop) -> None:
    shop.release("checkout")
    with shop.up(80, height=8) as screen:
        screen.await_last(SHORT)
        shop.end(screen)


def test_an_aborted_release_ends_with_its_reason_and_the_next_command(shop: Shop) -> None:
    shop.release("checkout", bad=True)
    with shop.up(110) as screen:
        screen.await_last(SHORT)
        output = shop.end(screen)
    said = output.partition("slipway:index:Rollout (checkout):\n")[2].partition("\n\n")[0].splitlines()
    reason, following = (line.strip() for line in said[-2:])
    assert reason.endswith("checkout aborted at 25%: too many errors")
    assert following.startswith(
        "Next: release another revision, or say in releases/checkout/1.yaml, under retry.reason"
    )
    assert following.endswith("then `pulumi up --stack dev`")

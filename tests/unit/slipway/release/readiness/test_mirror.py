"""Gate `mirror`: what may be copied, and how much of it."""

from __future__ import annotations

from typing import Any

from slipway.release.readiness.settings import MirrorSettings, Settings
from tests.unit.slipway.release.readiness.support import passes, refused
from tests.vouched import Vouched

WEIGHTS = [{"weight": 5, "bake": "5m"}, {"weight": 100, "bake": "30m"}]


def _copying(it: Vouched, mirror: str = "100%", **changes: Any) -> None:
    step = {"mirror": mirror, "methods": ["GET", "HEAD"], "bake": "1m", **changes}
    it.manifest.update(strategy={"kind": "canary", "steps": [step, *WEIGHTS]})
    it.people()
    it.staged()


def test_copies_of_requests_that_only_read_pass(it: Vouched) -> None:
    _copying(it, methods=["GET", "HEAD", "OPTIONS"])
    passes(it.gate_input())


def test_copies_of_writes_are_refused_whatever_reason_the_manifest_has_unless_the_platform_allows_them(
    it: Vouched,
) -> None:
    _copying(it, methods=["GET", "POST"], duplicatesAreHarmless="orders carry a key")
    (finding,) = refused(it.gate_input(), "mirror", "writes")
    assert finding.field == "strategy.steps[0].methods"
    assert finding.found == "copies of POST: orders carry a key"
    it.settings = Settings(mirror=MirrorSettings(writes=("POST",)))
    passes(it.gate_input())


def test_more_copies_than_the_platform_allows_are_refused(it: Vouched) -> None:
    it.settings = Settings(mirror=MirrorSettings(max_percent=10))
    _copying(it, "50%")
    (finding,) = refused(it.gate_input(), "mirror", "lax")
    assert (finding.field, finding.found, finding.wanted) == ("strategy.steps[0].mirror", "50%", "at most 10%")
    _copying(it, "10%")
    passes(it.gate_input())

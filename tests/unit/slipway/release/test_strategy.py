from __future__ import annotations

import pytest

from slipway.release.manifest.checks import contradictions
from slipway.release.manifest.strategy import Canary
from slipway.release.revision import revision_of
from slipway.release.strategy import chosen, resolve
from tests.manifests import release

RISKS: list[dict[str, object]] = [
    {"scope__changes": [{"id": "A", "kind": "fix", "risk": "low"}]},
    {"scope__changes": [{"id": "A", "kind": "feature", "risk": "high"}]},
    {"workload__replicas": 1},
    {"workload__replicas": 20, "scope__changes": [{"id": "A", "kind": "configuration", "risk": "low"}]},
    {"analysis": {"horizon": "1h"}},
]


def test_a_declared_strategy_stays_as_it_is() -> None:
    declared = release()
    assert resolve(declared) is declared
    assert isinstance(chosen(declared), Canary)


@pytest.mark.parametrize("risk", RISKS, ids=str)
def test_auto_becomes_a_strategy_that_fits_the_rest_of_the_manifest(risk: dict[str, object]) -> None:
    resolved = resolve(release(strategy={"kind": "auto"}, **risk))
    assert resolved.strategy.kind != "auto"
    assert contradictions({name: getattr(resolved, name) for name in type(resolved).model_fields}) == []


@pytest.mark.parametrize("risk", RISKS, ids=str)
def test_a_release_is_the_same_revision_before_and_after_auto_is_resolved(risk: dict[str, object]) -> None:
    declared = release(strategy={"kind": "auto"}, **risk)
    assert revision_of(declared) == revision_of(resolve(declared))
    assert resolve(declared) == resolve(declared)

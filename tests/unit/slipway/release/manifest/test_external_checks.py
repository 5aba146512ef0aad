"""A workload that something else declares is described in the manifest, and nothing of it is made."""

from __future__ import annotations

import pytest

from slipway.release.manifest.external_checks import problems_of_external, problems_of_external_strategy
from slipway.release.manifest.strategy import Canary, Rolling, Step
from slipway.release.manifest.workload import Workload

NAMES = {"deployment": "checkout", "service": "checkout"}


def workload(**changes: object) -> Workload:
    values = {"port": 80, "replicas": 3, "probes": {"readiness": {"path": "/ready"}}, "external": NAMES}
    return Workload.model_validate({**values, **changes})


def test_what_is_there_may_be_described() -> None:
    assert list(problems_of_external(workload(resources={"requests": {"cpu": "1"}}, readyWithin="1m"))) == []


@pytest.mark.parametrize(
    ("field", "value"),
    [("env", {"A": "b"}), ("files", {"/a": "b"}), ("pod", {"tolerations": []}), ("serviceAccount", "checkout")],
)
def test_a_field_that_would_make_something_is_refused_at_its_place(field: str, value: object) -> None:
    ((place, message, _),) = problems_of_external(workload(**{field: value}))
    assert place == ("workload", field)
    assert "something else declares" in message
    assert list(problems_of_external(workload(**{field: value}, external=None))) == []


def test_the_number_of_pods_is_said_once() -> None:
    scaled = {**NAMES, "autoscaler": {"name": "web", "min": 2, "max": 5}}
    ((place, _, _),) = problems_of_external(workload(external=scaled))
    assert place == ("workload", "replicas")
    alone = workload(external=scaled, replicas=None)
    assert list(problems_of_external(alone)) == []
    assert alone.least_replicas == 2


def test_rolling_would_scale_what_is_not_slipways() -> None:
    rolling = Rolling(kind="rolling", batch=0.25, bake=30.0, final_bake=60.0)
    ((place, _, _),) = problems_of_external_strategy(workload(), rolling)
    assert place == ("strategy", "kind")
    canary = Canary(kind="canary", steps=(Step(weight=100, bake=30.0),))
    assert list(problems_of_external_strategy(workload(), canary)) == []


@pytest.mark.parametrize("name", ["Checkout", "checkout-{revision}", ""])
def test_a_name_that_no_object_has_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="external"):
        workload(external={**NAMES, "service": name})

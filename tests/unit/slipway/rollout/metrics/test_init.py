from __future__ import annotations

from pathlib import Path

import httpx2
import pytest

from slipway.release.rollout_inputs import MetricsSource
from slipway.release.target import KubernetesTarget
from slipway.rollout.metrics import TOKEN_FILE, source_for
from slipway.rollout.metrics.prometheus import PrometheusSource
from tests.unit.slipway.rollout.examples import backend


def test_prometheus_is_a_source_and_its_token_comes_from_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(TOKEN_FILE, str(tmp_path / "absent"))
    source = source_for(
        MetricsSource(kind="prometheus", url="http://prometheus.example"), KubernetesTarget(namespace="shop")
    )
    assert isinstance(source, PrometheusSource)
    with pytest.raises(Exception, match="the token file cannot be read"):
        source.requests((backend(),))


def test_timeouts_are_a_few_seconds() -> None:
    from slipway.rollout.metrics.prometheus_api import TIMEOUT as METRICS
    from slipway.rollout.platforms.kubernetes.client import TIMEOUT as CLUSTER

    for timeout in (CLUSTER, METRICS):
        assert isinstance(timeout, httpx2.Timeout)
        assert all(seconds is not None and seconds <= 5 for seconds in timeout.as_dict().values())

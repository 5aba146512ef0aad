"""What releases need of their stack: the gateway's address, and its access log."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from slipway.release.errors import Problem
from slipway.release.manifest.release import Release
from slipway.release.manifest.strategy import BlueGreen
from slipway.release.rollout_inputs import MetricsSource

GATEWAY_URL = "gatewayUrl"
ACCESS_LOG = "metrics.accessLog"


def missing_addresses(
    releases: Sequence[Release],
    metrics: MetricsSource,
    gateway_url: str | None,
    probe: str | None,
    remedies: Mapping[str, str],
) -> Iterator[Problem]:
    """What is left out of a stack's settings but needed. `probe` is how the traffic probe is called there, None without
    one; `remedies` holds what to write for GATEWAY_URL and for ACCESS_LOG."""
    if gateway_url is None and (asking := [*_smoke_checks(releases), *([probe] if probe is not None else [])]):
        yield Problem(GATEWAY_URL, f"is missing, but needed by {', '.join(asking)}", remedies[GATEWAY_URL])
    if metrics.access_log is None and (reading := [*_log_readers(releases)]):
        yield Problem(ACCESS_LOG, f"is missing, but needed by {', '.join(reading)}", remedies[ACCESS_LOG])


def _smoke_checks(releases: Sequence[Release]) -> Iterator[str]:
    for release in releases:
        if isinstance(release.strategy, BlueGreen) and release.strategy.smoke:
            yield f"the smoke checks of {release.service}"


def _log_readers(releases: Sequence[Release]) -> Iterator[str]:
    for release in releases:
        for guardrail in release.guardrails:
            if guardrail.reads_access_log:
                yield f"the guardrail {guardrail.name} of {release.service}"

"""What the benchmark of the sources says."""

from __future__ import annotations

from typing import Any

from bench.sources import medians


def row(source: str, scrape: int | None, seconds: float, failed: int) -> dict[str, Any]:
    return {
        "source": source,
        "scrape_seconds": scrape,
        "fault": "5%",
        "seconds_to_safe": seconds,
        "client_failures": failed,
    }


def test_each_source_and_fault_has_the_medians_of_its_runs() -> None:
    found = [row("proxies", None, 9.0, 3), row("prometheus", 60, 80.0, 20), row("proxies", None, 4.0, 5)]
    assert list(medians([*found, row("proxies", None, 5.0, 4)])) == [
        "proxies, 5%: 5.0 s (9.0, 4.0, 5.0), 4 failed requests",
        "prometheus every 60 s, 5%: 80.0 s (80.0), 20 failed requests",
    ]

"""The peers' questions to Prometheus, on the counters that Slipway reads too: Envoy's, by backend."""

from __future__ import annotations


def bad_share(cluster: str, window: str) -> str:
    """Share of 5xx responses, 0 to 1, over the window; NaN without requests."""
    requests = f'envoy_cluster_upstream_rq{{envoy_cluster_name="{cluster}"'
    bad = f'sum(rate({requests},envoy_response_code=~"5.."}}[{window}])) or vector(0)'
    return f"({bad}) / sum(rate({requests}}}[{window}]))"


def slowest(cluster: str, window: str) -> str:
    """The 99th percentile of the response times in seconds over the window; NaN without requests."""
    buckets = f'envoy_cluster_upstream_rq_time_bucket{{envoy_cluster_name="{cluster}"}}[{window}]'
    return f"histogram_quantile(0.99, sum(rate({buckets})) by (le)) / 1000"


def cluster(namespace: str, service: str, port: int) -> str:
    """Contour's name for a backend in Envoy's statistics."""
    return f"{namespace}_{service}_{port}"

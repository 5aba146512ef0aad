"""Which environment variables the processes that outlive a rollout get."""

from __future__ import annotations

from collections.abc import Collection

CONTEXT = "SLIPWAY_KUBECONTEXT"
"""Names the context of rollouts whose target names none."""
KEPT = ("PATH", "HOME", "LANG", "KUBECONFIG", "SLIPWAY_KUBECONFIG", CONTEXT)
KEPT_PREFIXES = ("AWS_", "SSL_CERT_", "KUBERNETES_SERVICE_")
"""What reaching the cluster takes, and nothing of the program's configuration."""
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


def stripped(environment: dict[str, str], also: Collection[str] = ()) -> dict[str, str]:
    """No passphrase, no stack configuration, no secrets of the program but the variables in `also`."""
    return {
        name: value
        for name, value in environment.items()
        if name in KEPT or name in also or name.startswith(KEPT_PREFIXES)
    }


def with_proxies(environment: dict[str, str], also: Collection[str] = ()) -> dict[str, str]:
    """The same for a process that talks to servers outside of the cluster."""
    proxies = [name for name in environment if name.lower() in PROXIES]
    return stripped(environment, (*also, *proxies))

"""Services, Ingresses and CustomResourceDefinitions."""

from __future__ import annotations

from sandbox.standins.kubernetes.readiness.verdict import READY, Object, Related, Verdict, condition, is_true, waiting


def service(live: Object, slices: Related) -> Verdict:
    """Ready when it has a ready endpoint and, as a load balancer, an address.

    Headless services, those without a selector and those that only name another host have nothing to wait for.
    """
    spec = live["spec"]
    selects = spec.get("selector") and spec.get("clusterIP") != "None" and spec.get("type") != "ExternalName"
    if selects and not any(_serves(endpoint) for each in slices for endpoint in each.get("endpoints") or []):
        return waiting("an endpoint", ["no ready pod matches the service's selector"])
    if spec.get("type") == "LoadBalancer" and not _addresses(live):
        return waiting("the load balancer's address")
    return READY


def ingress(live: Object, related: Related) -> Verdict:
    """Ready when its controller has given it an address."""
    if _addresses(live):
        return READY
    return waiting("an address from the ingress controller", ["no controller has accepted the ingress yet"])


def definition(live: Object, related: Related) -> Verdict:
    """A CustomResourceDefinition: ready when the API serves its kind."""
    if is_true(live, "Established"):
        return READY
    names = condition(live, "NamesAccepted")
    rejected = names is not None and names.get("status") == "False"
    return waiting("the API to serve the kind", [str((names or {}).get("message", ""))] if rejected else [])


def _serves(endpoint: Object) -> bool:
    ready = (endpoint.get("conditions") or {}).get("ready")
    return ready is not False  # absent means ready, says the API


def _addresses(live: Object) -> bool:
    return bool(((live.get("status") or {}).get("loadBalancer") or {}).get("ingress"))

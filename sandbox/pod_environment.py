"""How pods of the sandbox reach the API server. There is no kube-proxy, so the address that Kubernetes puts into their
environment leads nowhere; those that have a token get the node's instead."""

from __future__ import annotations

from typing import Any

from sandbox.context import API_PORT, Context

NAME = "slipway-sandbox-api-server"
PATH = "/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicybindings/" + NAME


def manifests(context: Context) -> list[dict[str, Any]]:
    """A policy of admission and its binding."""
    values = {"KUBERNETES_SERVICE_HOST": context.network.node, "KUBERNETES_SERVICE_PORT": str(API_PORT)}
    one = "Object.spec.containers.env"
    given = ", ".join(f'{one}{{name: "{name}", value: "{value}"}}' for name, value in values.items())
    each = f"object.spec.containers.map(c, Object.spec.containers{{name: c.name, env: [{given}]}})"
    token = "has(object.spec.automountServiceAccountToken) && object.spec.automountServiceAccountToken"  # noqa: S105
    created = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}
    spec = {
        "matchConstraints": {"resourceRules": [created]},
        "matchConditions": [{"name": "has-a-token", "expression": token}],
        "failurePolicy": "Fail",
        "reinvocationPolicy": "Never",
        "mutations": [
            {
                "patchType": "ApplyConfiguration",
                "applyConfiguration": {"expression": f"Object{{spec: Object.spec{{containers: {each}}}}}"},
            }
        ],
    }
    group = "admissionregistration.k8s.io/v1"
    return [
        {"apiVersion": group, "kind": "MutatingAdmissionPolicy", "metadata": {"name": NAME}, "spec": spec},
        {
            "apiVersion": group,
            "kind": "MutatingAdmissionPolicyBinding",
            "metadata": {"name": NAME},
            "spec": {"policyName": NAME},
        },
    ]

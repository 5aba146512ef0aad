"""Kubeconfig files for the sandbox's users."""

from __future__ import annotations

import base64

import yaml

from sandbox.context import Context


def render(context: Context, user: str) -> str:
    """A kubeconfig with everything in it: it can be copied anywhere on this machine."""
    authority = base64.b64encode(context.pki.ca.read_bytes()).decode()
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {
                "name": "slipway",
                "cluster": {"server": context.api_url, "certificate-authority-data": authority},
            }
        ],
        "users": [{"name": user, "user": {"token": context.pki.token(user)}}],
        "contexts": [{"name": "slipway", "context": {"cluster": "slipway", "user": user}}],
        "current-context": "slipway",
    }
    return yaml.safe_dump(document, sort_keys=False)

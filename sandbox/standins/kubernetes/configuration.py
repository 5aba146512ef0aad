"""What Pulumi asks about the provider itself: is its configuration fit, and does a change of it replace everything?"""

from __future__ import annotations

from sandbox.standins.kubernetes.settings import server_of
from sandbox.standins.kubernetes.values import UNKNOWN, Tree, plain


def replaces_everything(old: dict[str, Tree], new: dict[str, Tree]) -> list[str]:
    """The settings whose change leads to another cluster, where every object has to be made anew.

    Another way to the same API server (a moved file, renewed credentials) replaces nothing; nor does a kubeconfig
    that is not known yet.
    """
    old, new = plain(old), plain(new)
    if UNKNOWN in (old.get("kubeconfig"), new.get("kubeconfig")):
        return []
    before, after = server_of(old), server_of(new)
    if before is None or after is None or before == after:
        return []
    return [name for name in ("kubeconfig", "context", "cluster") if old.get(name) != new.get(name)]


def changes(old: dict[str, Tree], new: dict[str, Tree]) -> list[str]:
    """The settings that differ."""
    old, new = plain(old), plain(new)
    return sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))

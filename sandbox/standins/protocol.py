"""Pulumi's generated protocol modules without the SDK around them.

``import pulumi.runtime.proto`` first runs ``pulumi/__init__.py``, a quarter of a second that neither stand-in needs.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import sys
from pathlib import Path

_PACKAGES = ("pulumi", "pulumi.runtime", "pulumi.runtime.proto")


def skip_sdk_initialisation() -> None:
    """Let ``from pulumi.runtime.proto import ...`` load the generated modules alone, in this process for good.

    Call it before the first such import; it does nothing when the SDK is loaded already.
    """
    if "pulumi" in sys.modules:
        return
    found = importlib.util.find_spec("pulumi")
    if found is None or found.submodule_search_locations is None:
        raise ModuleNotFoundError("the Python package 'pulumi' is not installed: run `make setup`")
    roots = [Path(root) for root in found.submodule_search_locations]
    for name in _PACKAGES:
        spec = importlib.machinery.ModuleSpec(name, loader=None, is_package=True)
        spec.submodule_search_locations = [str(root.joinpath(*name.split(".")[1:])) for root in roots]
        sys.modules[name] = importlib.util.module_from_spec(spec)

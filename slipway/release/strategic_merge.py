"""Kubernetes' strategic merge of a part of a PodSpec over a whole one, as `kubectl patch --type=strategic` does it.
Pure.

Maps are merged field by field, null removes a field, and a list is replaced, unless its items have a merge key: then
items with the same key are merged and new ones are appended. The keys are those of `patchMergeKey` in the API's types.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from slipway.release.errors import SlipwayError

Path = tuple[str, ...]

_CONTAINER = {"env": "name", "ports": "containerPort", "volumeMounts": "mountPath", "volumeDevices": "devicePath"}
MERGE_KEYS: Mapping[Path, str] = {
    ("imagePullSecrets",): "name",
    ("schedulingGates",): "name",
    ("resourceClaims",): "name",
    ("hostAliases",): "ip",
    ("topologySpreadConstraints",): "topologyKey",
    ("volumes",): "name",
    **{(group,): "name" for group in ("containers", "initContainers")},
    **{(group, field): key for group in ("containers", "initContainers") for field, key in _CONTAINER.items()},
}
"""Path of a list within the PodSpec, without indices -> the field by which its items are told apart."""


class NoMergeKey(SlipwayError):
    """An item of a merged list does not say which one it is."""


def merge(base: Mapping[str, Any], patch: Mapping[str, Any], path: Path = ()) -> dict[str, Any]:
    """A new map; neither argument is changed. Raises NoMergeKey."""
    merged = dict(base)
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = _merged(merged.get(name), value, (*path, name))
    return merged


def _merged(base: Any, patch: Any, path: Path) -> Any:  # noqa: ANN401 - JSON is what it is
    if isinstance(patch, Mapping):
        return merge(base if isinstance(base, Mapping) else {}, patch, path)
    if isinstance(patch, list | tuple) and path in MERGE_KEYS:
        return _merged_list(base if isinstance(base, list | tuple) else (), patch, path)
    return [_merged(None, item, path) for item in patch] if isinstance(patch, list | tuple) else patch


def _merged_list(base: Sequence[Any], patch: Sequence[Any], path: Path) -> list[Any]:
    key = MERGE_KEYS[path]
    items = list(base)
    for number, change in enumerate(patch):
        if not isinstance(change, Mapping) or change.get(key) is None:
            raise NoMergeKey(f"{'.'.join(path)}[{number}] has no {key}, which says which one it is")
        place = next((at for at, item in enumerate(items) if item.get(key) == change[key]), None)
        if place is None:
            items.append(merge({}, change, path))
        else:
            items[place] = merge(items[place], change, path)
    return items

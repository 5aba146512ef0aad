"""The files that configure a project: `Pulumi.yaml` and those of its stacks, found where the Pulumi CLI finds them.

The only reader of stack files. `Pulumi.yaml` may also end in `.yml` or `.json`, the files of the stacks end alike, and
`stackConfigDir` in it names their folder.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import TypeAdapter, ValidationError

from slipway.release.errors import EngineError
from slipway.release.places import SETTING, PlaceSetting, as_key
from slipway.release.records.anchoring import Acknowledged
from slipway.release.records.store import RecordsSetting
from slipway.release.rollout_inputs import TrafficProbe
from slipway.release.slo.delivery import SloSetting
from slipway.release.target import KINDS, Target, Targeted

SERVICES = "releases:services"
NAMESPACE = "releases:namespace"
TARGET = "releases:target"
RECORDS = "releases:records"
ACKNOWLEDGED = "releases:acknowledged"
SLOS = "releases:slos"
FLAGS = "releases:flags"
PROBE = "releases:probe"
GATEWAY_URL = "releases:gatewayUrl"
PLACES = f"releases:{SETTING}"
_OF_A_PLACE: Final = {f"releases:{one.alias or name}" for name, one in PlaceSetting.model_fields.items()}
_ACKNOWLEDGED: Final = TypeAdapter(tuple[Acknowledged, ...])
SUFFIXES = (".yaml", ".yml", ".json")


def project_file(folder: Path) -> Path:
    """`Pulumi.yaml` in this folder or the nearest one above it, as the CLI looks for it. Raises EngineError."""
    start = folder.resolve()
    for place in (start, *start.parents):
        if (found := _project_file_in(place)) is not None:
            return found
    raise EngineError(f"no Pulumi.yaml in {start} or above it; go to the project's folder, or name it with --cwd")


def project_name(folder: Path) -> str:
    """The name in Pulumi.yaml. Raises EngineError."""
    return str(_mapping(project_file(folder)).get("name", ""))


def stack_file(folder: Path, stack: str) -> Path:
    """Where the configuration of a stack lies; the file may be missing. Raises EngineError without a project."""
    return _stack_file(project_file(folder), stack)


def stacks_of(folder: Path) -> list[str]:
    """The stacks that have a configuration file in this project. Raises EngineError."""
    some = stack_file(folder, "*")
    return sorted(found.name.removeprefix("Pulumi.").removesuffix(some.suffix) for found in some.parent.glob(some.name))


def config_of(path: Path) -> dict[str, Any]:
    """The plain configuration in a stack file; values of secrets stay encrypted. Raises EngineError."""
    config = _mapping(path).get("config") or {}
    if not isinstance(config, dict):
        raise EngineError(f"{path.name}: config must be a mapping")
    return config


def services_of(config: Mapping[str, Any], path: Path) -> dict[str, dict[str, Any]]:
    """The entries of the services in a stack file's configuration, each with `manifest` and perhaps `standby`. Raises
    EngineError."""
    services = config.get(SERVICES)
    if not isinstance(services, dict) or not all(isinstance(entry, dict) for entry in services.values()):
        raise EngineError(f"{path.name}: {SERVICES} must map each service to {{manifest: path}}")
    return {str(name): entry for name, entry in services.items()}


def places_of(config: Mapping[str, Any], path: Path) -> dict[str | None, dict[str, Any]]:
    """The configuration as each place of the stack sees it, by name and the stack's own, None, first: what belongs to
    another place stands at the top. Raises EngineError."""
    given = config.get(PLACES, {})
    if not isinstance(given, dict) or not all(isinstance(place, dict) for place in given.values()):
        raise EngineError(f"{path.name}: {PLACES} must map the name of each place to its keys")
    shared = {key: value for key, value in config.items() if key not in _OF_A_PLACE}
    others: dict[str | None, dict[str, Any]] = {
        str(name): {**shared, **{f"releases:{key}": value for key, value in place.items()}}
        for name, place in given.items()
    }
    return {None: dict(config), **others}


def place_of_service(config: Mapping[str, Any], path: Path, service: str) -> str | None:
    """The name of the place in the entry of a service; None for the stack's own, and for a service that the file does
    not name. Raises EngineError."""
    entry = services_of(config, path).get(service, {}) if SERVICES in config else {}
    place = entry.get("place")
    if place is not None and place not in places_of(config, path):
        raise EngineError(f"{path.name}: {SERVICES}.{service}.place: there is no {place} in {PLACES}")
    return None if place is None else str(place)


def config_at(config: Mapping[str, Any], path: Path, service: str) -> dict[str, Any]:
    """The configuration as the place of a service sees it. Raises EngineError."""
    return places_of(config, path)[place_of_service(config, path, service)]


def targets_of(config: Mapping[str, Any], path: Path) -> dict[str | None, Target]:
    """The targets of all places, the stack's own first. Raises EngineError."""
    return {name: target_of(one, path, name) for name, one in places_of(config, path).items()}


def target_of(config: Mapping[str, Any], path: Path, place: str | None = None) -> Target:
    """The target in a configuration as a place sees it; `place` names that for what is said. Raises EngineError."""
    given, namespace = config.get(TARGET), config.get(NAMESPACE)
    if given is None and not isinstance(namespace, str):
        raise EngineError(f"{path.name} has neither {_key(NAMESPACE, place)} nor {_key(TARGET, place)}")
    try:
        return Targeted.model_validate({"target": given, "namespace": namespace}).where
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"] if part not in KINDS)
        raise EngineError(f"{path.name}: {_key(f'releases:{field}', place)}: {first['msg']}") from None


def _key(key: str, place: str | None) -> str:
    return key if place is None else as_key(key, place)


def records_of(config: Mapping[str, Any], path: Path) -> RecordsSetting:
    """Where a stack file says that release records lie. Raises EngineError."""
    try:
        return RecordsSetting.model_validate(config.get(RECORDS, {}))
    except ValidationError as error:
        raise EngineError(f"{path.name}: {RECORDS}: {error.errors()[0]['msg']}") from None


def acknowledged_of(config: Mapping[str, Any], path: Path) -> tuple[Acknowledged, ...]:
    """The broken anchors of records that a stack file acknowledges. Raises EngineError."""
    try:
        return _ACKNOWLEDGED.validate_python(config.get(ACKNOWLEDGED, ()))
    except ValidationError as error:
        first = error.errors()[0]
        place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in first["loc"])
        raise EngineError(f"{path.name}: {ACKNOWLEDGED}{place}: {first['msg']}") from None


def host_metrics_of(config: Mapping[str, Any], path: Path) -> str | None:
    """The folder in which a stack says that the signs of life of `slipway watch` are read; None where it names none.
    Raises EngineError."""
    given = config.get(SLOS)
    try:
        return None if given is None else SloSetting.model_validate(given).host_metrics
    except ValidationError as error:
        raise EngineError(f"{path.name}: {SLOS}: {error.errors()[0]['msg']}") from None


def probe_of(config: Mapping[str, Any], path: Path) -> tuple[TrafficProbe, str] | None:
    """The probe of a stack and the URL of its gateway; None where the file names not both. Raises EngineError."""
    given, url = config.get(PROBE), config.get(GATEWAY_URL)
    if given is None or not isinstance(url, str):
        return None
    try:
        return TrafficProbe.model_validate(given), url
    except ValidationError as error:
        raise EngineError(f"{path.name}: {PROBE}: {error.errors()[0]['msg']}") from None


def services_declared(project: Path, stack: str) -> dict[str, dict[str, Any]]:
    """The entries of the services that a stack of exactly this project declares. Raises EngineError."""
    path = _stack_file_in(project, stack)
    config = config_of(path)
    return services_of(config, path) if SERVICES in config else {}


def config_declared(project: Path, stack: str) -> dict[str, Any]:
    """The configuration in the file of a stack of exactly this project. Raises EngineError."""
    return config_of(_stack_file_in(project, stack))


def _stack_file_in(project: Path, stack: str) -> Path:
    if (found := _project_file_in(project)) is None:
        raise EngineError("there is no Pulumi.yaml in the project's folder")
    return _stack_file(found, stack)


def slo_files_declared(project: Path, stack: str) -> tuple[str, ...]:
    """The files of objectives, alarms and routing that a stack of exactly this project declares. Raises EngineError."""
    if (found := _project_file_in(project)) is None:
        raise EngineError("there is no Pulumi.yaml in the project's folder")
    setting = config_of(_stack_file(found, stack)).get(SLOS)
    files = setting.get("files") if isinstance(setting, dict) else None
    return tuple(map(str, files)) if isinstance(files, list) else ()


def _project_file_in(folder: Path) -> Path | None:
    return next((path for suffix in SUFFIXES if (path := folder / f"Pulumi{suffix}").is_file()), None)


def _stack_file(project: Path, stack: str) -> Path:
    settings = _mapping(project)
    place = settings.get("stackConfigDir")
    if place is None and isinstance(settings.get("config"), str):  # the older name of the same setting
        place = settings["config"]
    name = f"{project.stem}.{stack.rpartition('/')[2]}{project.suffix}"
    return project.parent / str(place or "") / name


def _mapping(path: Path) -> dict[str, Any]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise EngineError(f"{path.name} cannot be read: {error.strerror}") from None
    return content_of(data, path)


def content_of(data: bytes, path: Path) -> dict[str, Any]:
    """The mapping in the bytes of such a file, in the language that its name says; empty when it holds none. Raises
    EngineError."""
    language = "JSON" if path.suffix == ".json" else "YAML"
    try:
        return copy.deepcopy(_parsed(data, language))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise EngineError(f"{path.name} is not readable as {language}: {' '.join(str(error).split())}") from None


@lru_cache(maxsize=16)
def _parsed(data: bytes, language: str) -> dict[str, Any]:
    """By the bytes themselves: the gates of each release look at the same file of the stack before."""
    content = json.loads(data) if language == "JSON" else yaml.safe_load(data)
    return content if isinstance(content, dict) else {}

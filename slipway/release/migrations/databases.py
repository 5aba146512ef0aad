"""The stack setting `databases`: where the migrations of a service run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from slipway.release.errors import EngineError, Problem
from slipway.release.escalation.receivers import Secret
from slipway.release.manifest.base import FrozenModel
from slipway.release.units import Seconds

SETTING = "databases"
KEY = f"releases:{SETTING}"
REMEDIES = {
    SETTING: f"Write {KEY}: {{checkout: {{kind: postgresql, url: {{env: CHECKOUT_DATABASE_URL}}}}}}, or leave it out: "
    "then whatever else you have runs the migrations",
}


class Database(FrozenModel):
    """A database that `psql` reaches from where `pulumi up` and `slipway rollback` run."""

    kind: Literal["postgresql"]
    url: Secret
    """Where `postgresql://user:password@host:port/name?sslmode=...` is: the address holds a password."""
    within: Annotated[Seconds, Field(gt=0)] = 300.0
    """The longest that one script may take."""


Databases = dict[str, Database]
"""By service."""


class _Held(FrozenModel):
    databases: Databases = {}


def database_of(config: Mapping[str, Any], service: str, path: Path) -> Database | None:
    """The database of a service in a stack file's configuration. Raises EngineError."""
    try:
        return _Held.model_validate({SETTING: config.get(KEY) or {}}).databases.get(service)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise EngineError(f"{path.name}: releases:{place}: {first['msg']}") from None


def without_a_service(databases: Databases, services: Iterable[str]) -> list[Problem]:
    """Databases of services that the stack does not have: most likely misspelt, and then nothing would be migrated."""
    known = sorted(services)
    return [
        Problem(
            f"{SETTING}.{name}",
            f"is no service of this stack (there: {', '.join(known) or 'none'})",
            "Write the service's name as in releases:services",
        )
        for name in sorted(databases.keys() - set(known))
    ]

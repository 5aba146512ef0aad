"""The settings of gates beyond the thresholds of readiness: where facts come from, whose statements count, and what the
gates on resources ask for."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, model_validator

from slipway.release.http_access import QueryAccess
from slipway.release.manifest.base import FrozenModel
from slipway.release.readiness import settings as thresholds
from slipway.release.units import Seconds
from slipway.release.urls import ServerUrl


class NoSettings(FrozenModel):
    """A gate that has nothing to set."""


class BudgetGate(QueryAccess, thresholds.BudgetSettings):
    """The error budget, and where its status comes from."""

    url: ServerUrl | None = None
    """A Prometheus server."""
    query: str | None = None
    """PromQL for the share of the budget that is left, 0 to 1; `{service}` stands for the service's name."""

    @model_validator(mode="after")
    def _both_or_neither(self) -> BudgetGate:
        if (self.url is None) != (self.query is None):
            raise ValueError("url and query go together: one of them alone asks nothing")
        return self

    def strict(self) -> BudgetGate:
        """Where a server is asked, no answer is refused, unless `required` is set to false explicitly."""
        if self.url is None or "required" in self.model_fields_set:
            return self
        return self.model_copy(update={"required": True})


class IntegrityGate(thresholds.IntegritySettings):
    """The artifact, and how its registry is reached."""

    plain_http: tuple[str, ...] = ()
    """`host:port` of registries without TLS, such as a sandbox's."""
    token_services: tuple[str, ...] = ()
    """Hosts outside of a registry's own domain that may get its credentials, because it sends there for tokens."""


class EvidenceGate(thresholds.EvidenceSettings):
    """Which evidence must be there, and whose statements count."""

    trust: str | dict[str, Any] = Field(default_factory=dict)
    """Trust roots: a YAML file beside this one, or the roots themselves."""


class ImageSettings(FrozenModel):
    """Where images are looked for."""

    opaque: tuple[str, ...] = ()
    """Types that are let through although their images cannot be seen; `kubernetes:helm.sh/v3:Release` is one."""


class ProbeSettings(FrozenModel):
    """Which probes every container needs."""

    liveness: bool = False


class LimitSettings(FrozenModel):
    """Which resources must be named. A limit on CPU throttles, so it is not asked for."""

    requests: tuple[str, ...] = ("cpu", "memory")
    limits: tuple[str, ...] = ("memory",)


class Other(FrozenModel):
    """A workload that is no release, and why."""

    name: Annotated[str, Field(min_length=1)]
    """`metadata.name`."""
    reason: Annotated[str, Field(min_length=10)]


class InPlaceSettings(FrozenModel):
    """What else may run in the stack."""

    others: tuple[Other, ...] = ()


class FlagOwnerSettings(FrozenModel):
    """Who may own a flag."""

    owners: tuple[str, ...] = ()
    """Teams that answer for flags; any when there are none."""


class FlagExpirySettings(FrozenModel):
    """How long flags may live."""

    grace: Seconds = 14 * thresholds.DAY
    """After its expiry a flag is warned of, and refused once this is over."""
    longest: Seconds = 365 * thresholds.DAY
    """From now on; a flag that is to live longer is no release flag."""


class AlarmSettings(FrozenModel):
    """The names under which alarms keep what is asked for: labels and annotations of Prometheus, tags of AWS."""

    labels: tuple[str, ...] = ("owner", "severity", "service", "slo")
    annotations: tuple[str, ...] = ("summary", "runbook_url")
    page_annotations: tuple[str, ...] = ("dashboard_url",)
    tags: tuple[str, ...] = ("owner", "severity", "service", "slo", "runbook")
    page_tags: tuple[str, ...] = ("dashboard",)

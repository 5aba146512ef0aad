"""The versions of the sample service: what each does wrong, and its image."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from sandbox import images

REPOSITORY = "sample"
SETTINGS_FILE = "/etc/sample.json"
RUNTIME = {"GOMAXPROCS": "1", "GOGC": "400"}
"""A replica shares a small machine with everything else: one processor and few collections keep it cheap."""


class Faults(BaseModel):
    """What a version does wrong; a version without any is healthy. Ratios are shares of requests from 0 to 1.

    The first group begins ``fault_after_seconds`` after ``fault_after``; the second says how a process starts and ends.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, populate_by_name=True)

    error_ratio: float = Field(0.0, ge=0, le=1)
    burst: int = Field(0, ge=0)
    """So many requests in a row fail together; the ratio stays."""
    seed: int = Field(0, ge=0)
    incomplete_ratio: float = Field(0.0, ge=0, le=1)
    """Answered with 200, but without ``checkout_completed_total``."""
    delay_ms: int = Field(0, ge=0)
    sticky_client_fault: str = ""
    """The client key (header ``x-client`` or cookie ``client``) whose requests all fail."""
    client_error_share: float = Field(0.0, ge=0, le=1)
    """So many of the clients, chosen by their keys, get nothing but errors."""
    fault_after_seconds: float = Field(0.0, ge=0)
    fault_after: Literal["start", "first-request"] = "start"

    never_ready: bool = False
    ready_after_seconds: float = Field(0.0, ge=0)
    crash_after_seconds: float | None = Field(None, ge=0)
    drain_seconds: float = Field(2.0, ge=0)

    def settings(self, version: str) -> bytes:
        """The settings file of this version."""
        return images.encode({"version": version, **self.model_dump(by_alias=True, exclude_defaults=True)})


def late_errors(
    after_seconds: float, error_ratio: float = 0.05, since: Literal["start", "first-request"] = "first-request"
) -> Faults:
    """A version that is healthy at first."""
    return Faults(error_ratio=error_ratio, fault_after_seconds=after_seconds, fault_after=since)


VERSIONS: Mapping[str, Faults] = {
    "v1": Faults(),
    "v2": Faults(),
    "v3": Faults(),
    "v4": Faults(),
    "errors-5": Faults(error_ratio=0.05),
    "errors-100": Faults(error_ratio=1.0),
    "slow": Faults(delay_ms=400),
    "never-ready": Faults(never_ready=True),
    "late-fault": late_errors(120, since="start"),
    "crash-loop": Faults(crash_after_seconds=1),
}
"""The versions that tests, the demo and benchmarks release, by name."""


def image(binary: Path, version: str, faults: Faults) -> images.Image:
    """The image of one version: the service and its settings, nothing else."""
    return images.build(
        {"/sample": binary, SETTINGS_FILE: faults.settings(version)},
        entrypoint=["/sample"],
        environment=RUNTIME,
        labels={"org.opencontainers.image.version": version},
    )


def publish(
    registry: str, binary: Path, versions: Mapping[str, Faults] = VERSIONS, repository: str = REPOSITORY
) -> dict[str, str]:
    """Push what the registry at ``registry`` (``host:port``) lacks; name to ``registry/repository@sha256:...``.

    Raises ``httpx2.HTTPError`` when the registry cannot be reached or refuses.
    """
    return {
        name: images.push(image(binary, name, faults), registry, repository, tag=name)
        for name, faults in versions.items()
    }

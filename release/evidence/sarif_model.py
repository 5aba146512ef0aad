"""The part of SARIF 2.1.0 (OASIS) that decides: typed strictly, so that a wrong type there is refused.

Section numbers are those of the OASIS standard.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from release.evidence.typed import Foreign

Level = Literal["none", "note", "warning", "error"]
Index = Annotated[int, Field(ge=-1)]


class Configuration(Foreign):
    """3.50 reportingConfiguration."""

    enabled: bool = True
    level: Level | None = None


class Rule(Foreign):
    """3.49 reportingDescriptor."""

    id: str
    guid: str | None = None
    default_configuration: Configuration = Configuration()
    properties: dict[str, Any] = {}


class Component(Foreign):
    """3.19 toolComponent."""

    name: str
    guid: str | None = None
    version: str | None = None
    rules: list[Rule] = []


class Tool(Foreign):
    """3.18 tool."""

    driver: Component
    extensions: list[Component] = []


class ComponentReference(Foreign):
    """3.54 toolComponentReference."""

    index: Index = -1
    name: str | None = None
    guid: str | None = None


class RuleReference(Foreign):
    """3.52 reportingDescriptorReference."""

    id: str | None = None
    index: Index = -1
    guid: str | None = None
    tool_component: ComponentReference | None = None


class Override(Foreign):
    """3.51 configurationOverride."""

    configuration: Configuration
    descriptor: RuleReference


class Invocation(Foreign):
    """3.20 invocation; whether the execution succeeded is required there."""

    execution_successful: bool
    rule_configuration_overrides: list[Override] = []


class Suppression(Foreign):
    """3.35 suppression; a missing status is as good as accepted."""

    kind: Literal["inSource", "external"]
    status: Literal["accepted", "underReview", "rejected"] = "accepted"


class Artifact(Foreign):
    """3.4 artifactLocation."""

    uri: str | None = None


class Region(Foreign):
    """3.30 region; lines count from 1."""

    start_line: int | None = None


class Physical(Foreign):
    """3.29 physicalLocation."""

    artifact_location: Artifact = Artifact()
    region: Region = Region()


class Location(Foreign):
    """3.28 location."""

    physical_location: Physical = Physical()


class Provenance(Foreign):
    """3.48 resultProvenance."""

    invocation_index: Index = -1


class Result(Foreign):
    """3.27 result."""

    rule_id: str | None = None
    rule_index: Index = -1
    rule: RuleReference | None = None
    kind: Literal["pass", "open", "informational", "notApplicable", "review", "fail"] = "fail"
    level: Level | None = None
    message: dict[str, Any]
    locations: list[Location] = []
    suppressions: list[Suppression] | None = None
    baseline_state: Literal["new", "unchanged", "updated", "absent"] | None = None
    provenance: Provenance = Provenance()
    properties: dict[str, Any] = {}


class Run(Foreign):
    """3.14 run. `results` missing or null means that nothing was analysed (3.14.23)."""

    tool: Tool
    results: list[Result] | None = None
    invocations: list[Invocation] = []
    external_property_file_references: dict[str, Any] | None = None


class Log(Foreign):
    """3.13 sarifLog."""

    version: Literal["2.1.0"]
    runs: Annotated[list[Run], Field(max_length=200)]
    inline_external_properties: list[Any] = []

"""The part of SARIF 2.1.0 (OASIS) that decides: typed strictly, so that a wrong type there is refused.

Section numbers are those of the OASIS standard.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from slipway.release.evidence.typed import Foreign

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
    notifications: list[Rule] = []
    """3.19.22: what the tool may say about its own run."""


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

    def shown(self) -> str:
        """`uri:line`, as far as they are known."""
        start = self.physical_location.region.start_line
        return f"{self.physical_location.artifact_location.uri or ''}{'' if start is None else f':{start}'}"


class Message(Foreign):
    """3.11 message; a reference to a text elsewhere stays a reference."""

    text: str | None = None
    markdown: str | None = None
    id: str | None = None


class Failure(Foreign):
    """3.59 exception."""

    kind: str | None = None
    message: str | None = None


class Notification(Foreign):
    """3.58 notification: what the tool says of its own run or configuration."""

    message: Message = Message()
    level: Level | None = None
    descriptor: RuleReference | None = None
    locations: list[Location] = []
    exception: Failure | None = None


class Invocation(Foreign):
    """3.20 invocation; whether the execution succeeded is required there."""

    execution_successful: bool
    exit_signal_name: str | None = None
    process_start_failure_message: str | None = None
    rule_configuration_overrides: list[Override] = []
    notification_configuration_overrides: list[Override] = []
    tool_execution_notifications: list[Notification] = []
    tool_configuration_notifications: list[Notification] = []


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
    message: Message
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

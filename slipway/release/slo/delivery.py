"""Where alarms are evaluated: by a Prometheus server, and how rules get there, or by CloudWatch; and the stack's
setting that says so."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field, model_validator

from slipway.release.http_access import PLAIN, QueryAccess
from slipway.release.manifest.base import FrozenModel, ObjectName
from slipway.release.slo.rules import INTERVAL, RuleGroup
from slipway.release.units import Seconds
from slipway.release.urls import ServerUrl

Labels = dict[str, str]
Folder = Annotated[str, Field(pattern=r"^/[^\x00-\x1f\x7f]*$")]
"""An absolute path."""


class PrometheusRules(FrozenModel):
    """PrometheusRule resources, which the Prometheus Operator loads; `labels` are those that its `ruleSelector` asks
    for."""

    kind: Literal["prometheus-rule"]
    labels: Labels = Field(default_factory=dict)


class ConfigMapRules(FrozenModel):
    """ConfigMaps, which the server mounts or a sidecar collects by their `labels`."""

    kind: Literal["config-map"]
    labels: Labels = Field(default_factory=dict)


class FileRules(FrozenModel):
    """Files in a folder that the server's `rule_files` name, on the machine where `pulumi up` runs. The server is told
    to reload, so it runs with `--web.enable-lifecycle`."""

    kind: Literal["file"]
    folder: Folder


class CloudWatchAlarms(FrozenModel):
    """Alarms of CloudWatch in the region of the stack's target, which is one of AWS."""

    kind: Literal["cloudwatch"]


RuleTarget: TypeAlias = PrometheusRules | ConfigMapRules | FileRules
"""The ways to a Prometheus server."""


class SloSetting(QueryAccess):
    """The stack's setting `releases:slos`."""

    files: Annotated[tuple[str, ...], Field(min_length=1)]
    """Files of objectives, alarms and routing, paths in the project."""
    target: Annotated[RuleTarget | CloudWatchAlarms, Field(discriminator="kind")]
    url: ServerUrl | None = None
    """The Prometheus server that evaluates the rules; that of releases:metrics, and how it is asked, when left out."""
    within: Annotated[Seconds, Field(gt=0)] = 300.0
    """How long it may take until a rule is evaluated: a kubelet takes two minutes to refresh a ConfigMap."""
    routing_name: ObjectName = "slipway-alertmanager"
    """Name of the object with Alertmanager's configuration."""
    host_metrics: Folder | None = None
    """Where `slipway watch` writes its signs of life: the folder of node_exporter's textfile collector on the host that
    watches, which the server scrapes. Every watched release then has an alarm for the absence of its watch."""

    @property
    def in_cloudwatch(self) -> bool:
        """Whether CloudWatch evaluates the alarms."""
        return isinstance(self.target, CloudWatchAlarms)

    @model_validator(mode="after")
    def _access_of_its_own_server(self) -> SloSetting:
        if self.url is None and (self.http is not None or self.parameters is not None):
            raise ValueError("http and parameters belong to a url of its own; write them beside that of metrics")
        return self


class RuleGroupInputs(QueryAccess):
    """The inputs of the resource `slipway:index:RuleGroup`: one group of rules, and the server that evaluates it. With
    `file` the resource writes that file and makes the server reload; else another resource brings the rules there."""

    group: Annotated[str, Field(min_length=1, description="Name of the group.")]
    interval: Annotated[int, Field(gt=0, description="Seconds between two evaluations.")] = INTERVAL
    rules: Annotated[
        tuple[dict[str, Any], ...], Field(min_length=1, description="The rules as a rule file holds them.")
    ]
    url: Annotated[ServerUrl, Field(description="The root of the Prometheus server that evaluates them.")]
    within: Annotated[Seconds, Field(gt=0, description="Seconds until they must be evaluated.")] = 300.0
    file: Annotated[
        str | None, Field(pattern=r"^/.*\.ya?ml$", description="A rule file to write, where the program runs.")
    ] = None

    @classmethod
    def of(
        cls, group: RuleGroup, target: RuleTarget, url: str, within: float, access: QueryAccess = PLAIN
    ) -> RuleGroupInputs:
        """The resource of one group."""
        file = f"{target.folder.rstrip('/')}/{group.name}.yaml" if isinstance(target, FileRules) else None
        return cls(
            group=group.name,
            interval=group.interval,
            rules=tuple(map(dict, group.rules)),
            url=url,
            within=within,
            file=file,
            http=access.http,
            parameters=access.parameters,
        )

    @property
    def content(self) -> dict[str, Any]:
        """The rule file with this group alone."""
        return {"groups": [RuleGroup(self.group, self.rules, self.interval).content()]}

    def to_wire(self) -> dict[str, Any]:
        """Plain JSON values with camelCase keys, None left out."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)

"""Where the rollouts of a stack run: on the host that runs `pulumi up`, or each in a Job of the cluster."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from slipway.release.manifest.artifact import PinnedImage
from slipway.release.manifest.base import FrozenModel
from slipway.release.target import DnsLabel
from slipway.release.units import Seconds

REMEDY = (
    "Write run: {in: cluster, image: repository@sha256:<64 hex>}, "
    "or leave it out: then rollouts run on the host of pulumi up"
)


class RunSetting(FrozenModel):
    """Where rollouts run. `in: cluster` makes a Job for each of them, and `pulumi up` follows it."""

    where: Annotated[
        Literal["host", "cluster"],
        Field(alias="in", description="host: where pulumi up runs. cluster: in a Job for each rollout."),
    ] = "host"
    image: Annotated[
        PinnedImage | None, Field(description="Slipway's image for the Job, by digest: repository@sha256:<64 hex>.")
    ] = None
    service_account: Annotated[DnsLabel, Field(description="The ServiceAccount of the Job.")] = "slipway-runner"
    secret: Annotated[
        DnsLabel | None,
        Field(description="A Secret whose keys are variables of the Job, for the secrets that receivers name."),
    ] = None
    metrics_secret: Annotated[
        DnsLabel | None,
        Field(
            description="A Secret with the files that metrics names (http.authorization.credentialsFile and the like), "
            "each under the file's name; the Job has them in a folder."
        ),
    ] = None
    start_within: Annotated[
        Seconds, Field(description="The Job's pod runs within so many seconds, else the update fails.")
    ] = 60.0
    on_lost_follower: Annotated[
        Literal["continue", "abort"],
        Field(description="What the Job does when no pulumi up has followed it for 60 s."),
    ] = "continue"

    @model_validator(mode="after")
    def _fits(self) -> RunSetting:
        if self.where == "cluster" and self.image is None:
            raise ValueError("needs image with in: cluster, by its digest: repository@sha256:<64 hex>")
        given = sorted(self.model_fields_set - {"where"}) if self.where == "host" else []
        if given:
            names = ", ".join(type(self).model_fields[name].alias or name for name in given)
            raise ValueError(f"has {names}, which is for in: cluster; write that, or leave it out")
        return self

    @property
    def account(self) -> str | None:
        """The ServiceAccount of the Jobs; None where there are none."""
        return self.service_account if self.in_cluster else None

    @property
    def in_cluster(self) -> bool:
        """Whether a Job runs the rollout."""
        return self.where == "cluster"

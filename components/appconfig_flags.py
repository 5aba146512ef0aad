"""What the flags of a stack on AWS stand on: the places in AppConfig where they are deployed."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from components.aws_objects import Application, ConfigurationProfile, DeploymentStrategy, Environment
from slipway.release.flags.flag_set_inputs import DEFAULT_NAME
from slipway.release.flags.of_target import AT_ONCE, STRATEGY
from slipway.release.target import AppConfigPlace
from slipway.release.tokens import APPCONFIG_FLAGS


@dataclass(kw_only=True, frozen=True)
class AppConfigFlagsArgs:
    """`place` as in `releases:target.appConfig`, `flags` the name of the set."""

    place: AppConfigPlace
    flags: str = DEFAULT_NAME


class AppConfigFlags(pulumi.ComponentResource):
    """An application with one environment, without monitors: these would roll a kill back; a profile for a set of
    flags, and the strategy that deploys to all clients at once. It is declared in a stack that lives longer than those
    which release."""

    profile: ConfigurationProfile

    def __init__(self, name: str, args: AppConfigFlagsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(APPCONFIG_FLAGS, name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        application = Application(name, {"name": args.place.application}, child)
        Environment(name, {"name": args.place.environment, "applicationId": application.id}, child)
        kind = {"locationUri": "hosted", "type": "AWS.Freeform"}
        self.profile = ConfigurationProfile(name, {"name": args.flags, "applicationId": application.id, **kind}, child)
        DeploymentStrategy(name, {"name": STRATEGY, **AT_ONCE, "replicateTo": "NONE"}, child)
        self.register_outputs({})

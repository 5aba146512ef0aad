"""Where the flags of a stack are deployed."""

from __future__ import annotations

from components import AppConfigFlags, AppConfigFlagsArgs
from slipway.release.target import AppConfigPlace
from tests.components.recorder import declare

PLACE = AppConfigPlace(application="shop", environment="prod")


def test_a_set_has_a_profile_in_an_environment_without_monitors_and_a_strategy_that_deploys_at_once() -> None:
    record = declare(lambda: AppConfigFlags("flags", AppConfigFlagsArgs(place=PLACE)) and None)
    assert record.one("aws:appconfig/application:Application").properties["name"] == "shop"
    environment = record.one("aws:appconfig/environment:Environment").properties
    assert (environment["name"], environment["applicationId"], "monitors" in environment) == ("prod", "flags-id", False)
    profile = record.one("aws:appconfig/configurationProfile:ConfigurationProfile").properties
    assert (profile["name"], profile["locationUri"], profile["type"]) == ("flags", "hosted", "AWS.Freeform")
    strategy = record.one("aws:appconfig/deploymentStrategy:DeploymentStrategy").properties
    assert (strategy["name"], strategy["growthFactor"]) == ("slipway-at-once", 100)
    assert strategy["deploymentDurationInMinutes"] == strategy["finalBakeTimeInMinutes"] == 0

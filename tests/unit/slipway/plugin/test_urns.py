"""What the plugin reads out of a resource's URN."""

from __future__ import annotations

from slipway.plugin.urns import forgetting, stack_name, stack_of

URN = "urn:pulumi:prod::shop::slipway:index:Canary$slipway:index:Rollout::checkout"


def test_what_a_stack_forgets_is_the_whole_component() -> None:
    component = "urn:pulumi:prod::shop::slipway:index:Canary::checkout"
    assert forgetting(URN) == f"pulumi state delete --target-dependents '{component}'"


def test_project_and_stack_are_those_of_the_urn() -> None:
    assert stack_of(URN) == "shop/prod"
    assert stack_name(URN) == "prod"

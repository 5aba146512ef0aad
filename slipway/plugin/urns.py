"""What a resource's URN says. `urn:pulumi:<stack>::<project>::<types of parents and its own>::<name>`."""

from __future__ import annotations


def stack_of(urn: str) -> str:
    """`project/stack` of a resource."""
    stack, _, rest = urn.removeprefix("urn:pulumi:").partition("::")
    return f"{rest.partition('::')[0]}/{stack}"


def stack_name(urn: str) -> str:
    """The stack's name alone."""
    return stack_of(urn).partition("/")[2]


def forgetting(urn: str) -> str:
    """The command that makes a stack forget a service's component with all that is in it, and deletes nothing."""
    parts = urn.split("::")
    component = "::".join([*parts[:2], parts[2].rpartition("$")[0] or parts[2], *parts[3:]])
    return f"pulumi state delete --target-dependents '{component}'"

"""Sets of flags in a cluster, found by a flag's key alone: what `kill`, `resume` and `flags` have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import click

from slipway.cli.options import Command, with_json, with_namespace, with_stack
from slipway.release.errors import ReleaseRefused
from slipway.release.flags.effective import EffectiveFlag
from slipway.release.flags.journal import Head
from slipway.release.target import Target
from slipway.rollout.flags.writer import FlagWriter


def with_set(command: Command) -> Command:
    """`--set`, passed as `flag_set`."""
    return click.option("--set", "flag_set", help="The set of flags, where several have a flag of this key.")(command)


def to_a_flag(command: Command) -> Command:
    """What a command about one flag has in common."""
    why = click.option("--reason", required=True, help="Why, for the record.")
    return click.argument("flag")(why(with_set(with_namespace(with_stack(with_json(command))))))


@dataclass(frozen=True, slots=True)
class Found:
    """A set of flags in a target, as it is now."""

    writer: FlagWriter
    head: Head

    @property
    def name(self) -> str:
        """The set's name."""
        return self.writer.name


def sets_in(where: Target, flag_set: str | None = None) -> list[Found]:
    """The sets of flags in a target, or the one that is named. Raises ClusterError."""
    from slipway.rollout.assemble import flag_sets_in

    return [_open(where, name) for name in ([flag_set] if flag_set is not None else flag_sets_in(where))]


def find_flag(where: Target, flag: str, flag_set: str | None) -> Found:
    """The set that has this flag. Raises ReleaseRefused where none or several have it."""
    sets = sets_in(where, flag_set)
    having = [found for found in sets if flag in found.head.declared.flags]
    if len(having) == 1:
        return having[0]
    if having:
        names = ", ".join(found.name for found in having)
        raise ReleaseRefused(f"{flag} is a flag of {names}; name the set with --set")
    known = sorted({key for found in sets for key in found.head.declared.flags})
    there = f"there are {', '.join(known)}" if known else "no `pulumi up` has declared flags there"
    raise ReleaseRefused(f"there is no flag {flag} in {where}; {there}")


def as_data(flag: EffectiveFlag) -> dict[str, Any]:
    """What is in force of one flag, for machines."""
    killed = flag.killed
    return {
        "off": flag.is_off,
        "default": flag.default,
        "percent": flag.percent,
        "targeting": flag.targeting is not None,
        "killed": None if killed is None else {"by": killed.by, "at": killed.at, "reason": killed.reason},
    }


def _open(where: Target, name: str) -> Found:
    from slipway.rollout.assemble import connect_flags

    writer = connect_flags(where, name)
    return Found(writer, writer.load())

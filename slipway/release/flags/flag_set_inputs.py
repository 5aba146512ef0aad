"""The inputs of the FlagSet resource: all flags of a stack, and where their document lies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import Field, JsonValue, ValidationError

from slipway.release.errors import InputError, Problem
from slipway.release.flags.journal import DocumentKind
from slipway.release.flags.load import OF_A_FLAG
from slipway.release.flags.model import DeclaredFlags, FeatureFlag
from slipway.release.flags.rules import problems_of_flag
from slipway.release.flags.targeting import problems_of_named_rule
from slipway.release.flags.use import FlagUse, ObservedFlags
from slipway.release.manifest.base import FrozenModel
from slipway.release.manifest.document import Document, show_location
from slipway.release.manifest.problems import problems_of
from slipway.release.target import DnsLabel, Targeted

DEFAULT_NAME = "flags"


def journal_name(flags: str) -> str:
    """The object with the journal of a set."""
    return f"slipway-flags-{flags}"


class FlagsSetting(FrozenModel):
    """`releases:flags`: the files of flags of a stack, and where the document goes that evaluators read."""

    files: Annotated[tuple[str, ...], Field(min_length=1)]
    name: Annotated[DnsLabel, Field(max_length=40)] = DEFAULT_NAME
    """Of the set, and of the object with the document."""
    document: DocumentKind = "config-map"
    used: FlagUse | None = None
    """Where evaluations are counted, for the gate flag-used."""


class FlagSetInputs(Targeted, DeclaredFlags):
    """All flags of a stack, written as one document: by declaration, kills and exposures together."""

    name: Annotated[
        DnsLabel, Field(max_length=40, description="The name of the set, and of the object with the document.")
    ] = DEFAULT_NAME
    document: Annotated[
        DocumentKind,
        Field(
            description="config-map, or feature-flag for the resource of the OpenFeature operator; app-config on AWS."
        ),
    ] = "config-map"
    used: Annotated[FlagUse | None, Field(description="Where evaluations are counted, for the gate flag-used.")] = None
    observed: ObservedFlags | None = None

    @property
    def identity(self) -> str:
        """The id of the resource."""
        return f"{self.where.identity_of(self.name)}/flags"

    @property
    def declared(self) -> DeclaredFlags:
        """The flags alone."""
        return DeclaredFlags(flags=self.flags, evaluators=self.evaluators)

    def to_wire(self) -> dict[str, Any]:
        """Plain JSON values with camelCase keys: what the engine stores and diffs."""
        return {
            **super().to_wire(),
            "name": self.name,
            "document": self.document,
            "flags": self.declared.flags_to_wire(),
        }


def parse(inputs: Mapping[str, Any]) -> FlagSetInputs:
    """Validate what a program declares. Raises InputError with every problem, the place of each in the inputs."""
    document = Document(data=dict(inputs))
    try:
        wanted = FlagSetInputs.model_validate(document.data, by_alias=True, by_name=False)
    except ValidationError as error:
        remedies = {
            f"flags.{key}.{name}": text for key in inputs.get("flags") or {} for name, text in OF_A_FLAG.items()
        }
        raise InputError("FlagSet", problems_of(error, FlagSetInputs, document, remedies)) from None
    if problems := list(_contradictions(wanted)):
        raise InputError("FlagSet", problems)
    return wanted


def recorded(inputs: Mapping[str, Any]) -> FlagSetInputs:
    """Inputs as a state has them: what an earlier version accepted is no problem. Raises InputError."""
    known = {info.alias or name for name, info in FlagSetInputs.model_fields.items()}
    return parse({key: value for key, value in inputs.items() if key in known})


def _contradictions(wanted: FlagSetInputs) -> Iterator[Problem]:
    for name, rule in wanted.evaluators.items():
        for found in problems_of_named_rule(rule, ("evaluators", name)):
            yield Problem(show_location(found.at), found.message, found.remedy)
    for key, flag in wanted.flags.items():
        for found in problems_of_flag(flag, list(wanted.evaluators)):
            yield Problem(show_location(("flags", key, *found.at)), found.message, found.remedy)


def one_flag(key: str, content: Mapping[str, Any], evaluators: Mapping[str, JsonValue]) -> FeatureFlag:
    """Validate one flag of a program. Raises InputError."""
    return parse({"namespace": "default", "flags": {key: dict(content)}, "evaluators": dict(evaluators)}).flags[key]

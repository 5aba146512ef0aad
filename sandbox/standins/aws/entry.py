"""What a row of the table says about one type."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.standins.aws.fields import Field

Json = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """An operation of the API. ``given`` are parameters beside those of the inputs: a text such as ``{arn}`` stands for
    what is known of the resource by that name. ``found`` is where the resource is in the answer."""

    method: str
    given: Mapping[str, Any] = field(default_factory=dict)
    found: str = ""
    whole: bool = False
    """Of an update: all inputs are sent, not only those that have changed."""
    when: str = ""
    """Of an update: members of the request whose change sends it, beside those that the operation itself takes."""
    needs: str = ""
    """Of an update: the input that has to be true for it."""


@dataclass(frozen=True)
class Tags:
    """Three calls; ``{tags}`` and ``{keys}`` stand for what is added and taken away, in the form of the API."""

    read: Call
    add: Call
    remove: Call
    names: tuple[str, str] | None = ("Key", "Value")
    """Of the members of a tag; None where tags are an object."""


@dataclass(frozen=True)
class Attributes:
    """Settings that the API keeps as a list of texts, read and written by calls of their own."""

    read: Call
    write: Call
    names: Mapping[str, str]
    """Input -> name of the attribute."""


@dataclass(frozen=True)
class Entry:
    """One type. The inputs that ``fields``, ``attributes`` and ``ignored`` do not name are refused, and stand in
    ``refused`` so that a test can tell that none was forgotten."""

    type: str
    """The token of its type."""
    args: str
    """The class of its inputs in pulumi_aws: ``ecs.cluster:ClusterArgs``."""
    service: str
    fields: tuple[Field, ...]
    create: Call
    read: Call
    delete: Call
    id: str
    """Where its id is in what Read finds."""
    outputs: Mapping[str, str]
    """Output -> where it is in what Read finds."""
    refused: str
    replaces: str
    """Inputs of which another value is another resource; ``*`` for all but those that ``update`` takes."""
    update: tuple[Call, ...] = ()
    ignored: str = ""
    """Inputs that only say how Pulumi behaves."""
    autonamed: str = ""
    tags: Tags | None = None
    attributes: Attributes | None = None
    unique: str = ""
    """Inputs that no two of them may share: where they stay the same, the old one is deleted before the new is made."""
    unread: str = ""
    """Inputs that the API does not tell, so that drift of them is not seen."""
    outward: Callable[[Json], Json] = lambda request: request
    """What fields cannot say of a request."""
    inward: Callable[[Json], Json] = lambda live: live
    """What fields cannot say of what Read finds."""
    pick: Callable[[Any, Json], Json | None] = lambda found, known: found
    """Which of what ``read`` finds it is, by what is known of it; None when it is not among that."""
    gone: tuple[str, ...] = ()
    """Codes of errors that say it does not exist."""
    alive: Callable[[Json], bool] = lambda live: True
    """Whether what Read finds still exists."""
    ready: Callable[[Json], bool] = lambda live: True
    """Whether what was made can be used."""

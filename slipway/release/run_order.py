"""What a Job of the cluster is told to do: one Rollout, on behalf of one stack. Written once and never changed."""

from __future__ import annotations

import json
from typing import Any, Literal

from pydantic import Field, ValidationError

from slipway.release.errors import InputError, Problem
from slipway.release.manifest.base import FrozenModel
from slipway.release.records.journal import Drill, Serving
from slipway.release.rollout_inputs import RolloutInputs

FORMAT = 1
"""The newest format of an order that this version reads and writes."""
SUBJECT = "the order of a rollout"


class RunOrder(FrozenModel):
    """`update` carries the rollout out, `remove` is the end of the service, `put-back` puts the traffic of an attempt
    back that no process ends any more. `id` is made by who orders; each process that carries the order out makes the id
    of its attempt from it."""

    format: int = FORMAT
    id: str = Field(pattern=r"^[a-z0-9]{4,20}$")
    task: Literal["update", "remove", "put-back"] = "update"
    stack: str = ""
    """`project/stack` on whose behalf it writes."""
    by: str = ""
    """Who ordered it: user and host of the `pulumi up`."""
    drill: Drill | None = None
    """The procedure that it rehearses."""
    wanted: RolloutInputs
    serving: Serving | None = None
    """What serves by the stack's state, for a journal that is lost."""
    attempt: str = ""
    """For `put-back`: whose traffic goes back."""
    reason: str = ""
    """For `put-back`: why that attempt has no process any more."""
    forget: str = ""
    """For `remove`: the command that makes the stack forget the service."""

    def attempt_of(self, process: str) -> str:
        """The id of the attempt that a process makes; `process` tells it from the others of this order."""
        return f"{self.id}-{process}"

    def to_json(self) -> str:
        """As it is stored."""
        return json.dumps(self.model_dump(mode="json", by_alias=True, exclude_none=True), sort_keys=True)


def is_attempt_of(order: str, attempt: str) -> bool:
    """Whether an attempt, or the holder of a Lease, belongs to this order."""
    return attempt.startswith(f"{order}-")


def read_order(text: str) -> RunOrder:
    """Raises InputError for what is no order, or one of a newer format."""
    try:
        document: Any = json.loads(text)
    except ValueError:
        raise InputError(SUBJECT, [Problem("order", "is no JSON", "Let pulumi up write it")]) from None
    found = document.get("format", FORMAT) if isinstance(document, dict) else FORMAT
    if isinstance(found, int) and found > FORMAT:
        remedy = "Name an image of the Slipway that pulumi up runs with in releases:run"
        raise InputError(SUBJECT, [Problem("format", f"is {found}, this image knows {FORMAT}", remedy)])
    try:
        return RunOrder.model_validate(document)
    except ValidationError as error:
        remedy = "Name an image of the Slipway that pulumi up runs with in releases:run"
        problems = [Problem(".".join(map(str, one["loc"])), one["msg"], remedy) for one in error.errors()]
        raise InputError(SUBJECT, problems) from None

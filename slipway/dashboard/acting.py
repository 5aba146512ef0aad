"""Orders that the page may give where it was started with actions: what is asked, and whether it may be."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from pydantic import Field, ValidationError

from slipway.release.errors import SlipwayError
from slipway.release.manifest.base import FrozenModel

Action = Literal["abort", "pause", "resume", "promote", "kill", "resume-flag"]


class Refused(SlipwayError):
    """An order that is not carried out."""


class Order(FrozenModel):
    """One order. `target` is its number on the page, `about` a service or a flag."""

    target: int
    about: str = Field(min_length=1, max_length=253)
    action: Action
    reason: str = Field(min_length=1, max_length=300)


@dataclass(frozen=True, slots=True)
class Acting:
    """`token` is made at each start; `perform` does what the command of that name does and says what became of it. It
    raises SlipwayError."""

    token: str
    perform: Callable[[Order], str]

    def carry_out(self, order: Order) -> str:
        """Raises Refused with the reason why it was not done."""
        try:
            return self.perform(order)
        except SlipwayError as error:
            raise Refused(str(error)) from None


def order_of(body: bytes, given: str, token: str) -> Order:
    """Raises Refused for a wrong token, and for what is no order."""
    if not hmac.compare_digest(given.encode(), token.encode()):
        raise Refused("this page may not act: open the address that `slipway dashboard` printed")
    try:
        return Order.model_validate_json(body)
    except ValidationError as error:
        first = error.errors()[0]
        raise Refused(f"{'.'.join(map(str, first['loc'])) or 'order'}: {first['msg']}") from None

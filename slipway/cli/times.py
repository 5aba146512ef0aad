"""Times on the command line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import click

from slipway.release.units import seconds


class Moment(click.ParamType[datetime]):
    """A day, a time, or a duration before now: `2026-11-01`, `2026-11-01T10:00:00Z`, `30d`. No zone means UTC."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            at = datetime.fromisoformat(str(value))
        except ValueError:
            try:
                return datetime.now(UTC) - timedelta(seconds=seconds(value))
            except (ValueError, OverflowError):
                self.fail(f"{value!r} is neither a time such as 2026-11-01 nor a duration such as 30d", param, ctx)
        return at if at.tzinfo is not None else at.replace(tzinfo=UTC)

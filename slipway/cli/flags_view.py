"""How a set of flags is shown."""

from __future__ import annotations

from typing import Any

from slipway.cli.flag_sets import Found, as_data
from slipway.release.flags.effective import EffectiveFlag, effective
from slipway.release.flags.journal import Record
from slipway.release.flags.words import killed_line, reach_of, when

HEADINGS = ("FLAG", "KIND", "WHO GETS WHAT", "SINCE", "BY", "OWNER", "EXPIRES")


def as_text(found: Found) -> str:
    """A table, and below it what was killed and what is not as it should be."""
    now, in_force = found.writer.now(), effective(found.head).flags
    rows = [HEADINGS, *(_row(flag, found.head.changed_last(key), now) for key, flag in sorted(in_force.items()))]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    lines = [f"{found.name} ({found.head.stack or 'declared by no stack'})"]
    lines += ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    lines += [killed_line(flag.killed, now) for _, flag in sorted(in_force.items()) if flag.killed is not None]
    if (problem := found.writer.problem()) is not None:
        lines.append(f"problem: {problem}; `pulumi up` puts it right, and so does a kill")
    return "\n".join(lines)


def as_history(found: Found) -> str:
    """Who changed what, when and why, oldest first."""
    now = found.writer.now()
    return "\n".join([found.name, *(_history_line(record, now) for record in found.head.records)])


def _history_line(record: Record, now: float) -> str:
    changed = sorted({*_keys(record.before), *_keys(record.after)})
    what = record.flag or ", ".join(changed) or "the set"
    return f"{record.number}  {when(record.at, now)}  {record.what} {what}  by {record.by}: {record.reason or '-'}"


def _keys(value: object) -> list[str]:
    return list(value) if isinstance(value, dict) else []


def as_json(found: Found, *, history: bool) -> dict[str, Any]:
    """The same for machines; with `history` the records as well."""
    records = [record.model_dump(mode="json", by_alias=True) for record in found.head.records]
    in_force = effective(found.head).flags
    return {
        "set": found.name,
        "stack": found.head.stack,
        "document": found.head.document,
        "problem": found.writer.problem(),
        "flags": {key: _data(flag, found.head.changed_last(key)) for key, flag in sorted(in_force.items())},
        **({"history": records} if history else {}),
    }


def _row(flag: EffectiveFlag, last: Record | None, now: float) -> tuple[str, ...]:
    since, by = (when(last.at, now), last.by) if last is not None else ("-", "-")
    expires = flag.flag.expires.isoformat() if flag.flag.expires is not None else "-"
    reach = f"{flag.default} (killed)" if flag.killed is not None else reach_of(flag)
    return (flag.key, flag.flag.kind, reach, since, by, flag.flag.owner, expires)


def _data(flag: EffectiveFlag, last: Record | None) -> dict[str, Any]:
    return {
        **as_data(flag),
        "kind": flag.flag.kind,
        "owner": flag.flag.owner,
        "expires": flag.flag.expires.isoformat() if flag.flag.expires is not None else None,
        "since": last.at if last is not None else None,
        "by": last.by if last is not None else None,
        "reason": last.reason if last is not None else None,
    }
